# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models


class SmsComposer(models.TransientModel):
    """The composer counts what a text costs, and serves the agent's desk once."""

    _inherit = "sms.composer"

    desk_key = fields.Char(
        readonly=True,
        copy=False,
        help="Made up by the conversation's screen for one text, so that it is sent "
        "once however often it is asked for.",
    )
    sms_segment_price = fields.Float(compute="_compute_sms_segment_price")
    sms_segment_currency_id = fields.Many2one(
        "res.currency", compute="_compute_sms_segment_price"
    )

    _desk_key_unique = models.UniqueIndex(
        "(create_uid, desk_key) WHERE desk_key IS NOT NULL"
    )

    @api.depends("res_model", "res_id", "recipient_single_number_itf")
    def _compute_sms_segment_price(self):
        for composer in self:
            number = ""
            if composer.comment_single_recipient and composer.res_model:
                number = composer._get_sms_number(composer._get_records())
            price = composer._get_sms_company()._get_sms_segment_price(number)
            composer.sms_segment_price = price["amount"]
            composer.sms_segment_currency_id = price["currency_id"]
