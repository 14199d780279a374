# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

SUBSCRIBED = "subscribed"


class SmsReply(models.Model):
    """The answer to who subscribes to an area by its word.

    Placeholder besides: {areas}.
    """

    _inherit = "sms.reply"

    code = fields.Selection(
        selection_add=[
            (SUBSCRIBED, "After an area's word, from who has agreed to alerts already")
        ],
        ondelete={SUBSCRIBED: "cascade"},
    )
