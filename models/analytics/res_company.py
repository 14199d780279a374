# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class ResCompany(models.Model):
    """Adds the setting to count clicks in texts without a template."""

    _inherit = "res.company"

    sms_counts_clicks = fields.Boolean(
        "Count Clicks on Links in Texts",
        help="Replace links in broadcasts and in texts written by users with short "
        "links that count clicks. Clicks by bots are not counted. Templates have "
        "their own setting.",
    )
