# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models

from ..tools import phone


class SmsComposer(models.TransientModel):
    """A composer lies in the database for a while after it was used: it forgets too."""

    _name = "sms.composer"
    _inherit = ["sms.composer", "sms.personal.data"]

    @api.model
    def _find_personal(self, company, numbers):
        """Return the forms that have texted some numbers and are not cleared away yet.

        They name the number, or else the record that it was texted from.
        """
        sms_model = self.env["sms.sms"]
        messages = sms_model._find_personal(company, numbers).mail_message_id
        records = {(message.model, message.res_id) for message in messages}

        def is_about(composer):
            """Tell if one of the numbers, or of their messages, is in a composer."""
            typed = [composer.recipient_single_number_itf or ""]
            typed += (composer.numbers or "").split(",")
            named = any(phone.is_written(text, n) for text in typed for n in numbers)
            texted = composer._get_records()
            return named or any((r._name, r.id) in records for r in texted or ())

        return self.search([]).filtered(is_about)

    def _describe_personal(self):
        """Say nothing: Odoo deletes them within a day anyway."""
        return []

    def _forget(self):
        """Delete the forms: what was sent is a message."""
        self.unlink()
