# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

#: Part of every link.
LINK_SIGN = "://"


class SmsTemplate(models.Model):
    """Adds the template's setting to count clicks on its links."""

    _inherit = "sms.template"

    counts_clicks = fields.Boolean(
        help="Replace links in its texts with short links that count clicks. Clicks "
        "by bots are not counted, and who clicked is not recorded.",
    )
