# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from ..models.sms_consent import STATE_SELECTION


class SmsComposer(models.TransientModel):
    """The composer shows the consent of whom it is about to text."""

    _inherit = "sms.composer"

    sms_consent_state = fields.Selection(
        STATE_SELECTION,
        string="Consent",
        compute="_compute_sms_consent_state",
        help="Of the record's own number. Empty while another one is typed.",
    )

    @api.depends("recipient_single_number_itf", "res_model", "res_id")
    def _compute_sms_consent_state(self):
        for composer in self:
            composer.sms_consent_state = False
            model = self.env.get(composer.res_model)
            is_single = composer.comment_single_recipient and composer.res_id
            if not is_single or not isinstance(model, self.pool["sms.consent.mixin"]):
                continue
            record = composer._get_records()
            _company, number, _purpose = record._get_sms_subjects()[record.id]
            typed = composer.recipient_single_number_itf or number
            if number and record._phone_format(number=typed) == number:
                composer.sms_consent_state = record.sms_consent_state
