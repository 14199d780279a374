# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class ResCompany(models.Model):
    """The company's choice to count clicks in texts without a template."""

    _inherit = "res.company"

    sms_counts_clicks = fields.Boolean(
        "Count Clicks on Links in Texts",
        help="Links in broadcasts, and in what your people write themselves, become "
        "short links of this Odoo, which lead on and are counted. Robots are not. A "
        "template says for itself if its links are counted.",
    )
