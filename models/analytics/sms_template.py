# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

#: Part of every link.
LINK_SIGN = "://"


class SmsTemplate(models.Model):
    """The template's choice to count clicks on its links."""

    _inherit = "sms.template"

    counts_clicks = fields.Boolean(
        help="Links in its texts become short links of this Odoo, which lead on and "
        "are counted. Robots are not. Who clicked is not noted.",
    )
