# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models


class MailNotification(models.Model):
    """Erases the number of a text and the carrier's message from notifications."""

    _name = "mail.notification"
    _inherit = ["mail.notification", "sms.personal.data"]
    _personal_company = "mail_message_id.record_company_id"
    _personal_number = "sms_number"
    _is_counted = False

    def _forget(self):
        # Without a number it is already erased, and has the gate's reason.
        named = self.filtered("sms_number")
        named.write({"sms_number": False, "failure_reason": False})
        self.mail_message_id._forget_sms_text()
