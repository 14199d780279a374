# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

#: What a text without a link has not.
LINK_SIGN = "://"


class SmsTemplate(models.Model):
    """Whether who follows the links of a template's texts is counted."""

    _inherit = "sms.template"

    counts_clicks = fields.Boolean(
        help="Links in its texts become short links of this Odoo, which lead on and "
        "are counted. Robots are not. Who clicked is not noted.",
    )
