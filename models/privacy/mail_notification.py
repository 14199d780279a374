# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.fields import Domain


class MailNotification(models.Model):
    """Notifications, which have the number of a text and the carrier's words."""

    _name = "mail.notification"
    _inherit = ["mail.notification", "sms.personal.data"]

    @api.model
    def _get_personal_domain(self, company, numbers):
        domain = Domain("mail_message_id.record_company_id", "=", company.id)
        return domain & Domain("sms_number", "in", numbers)

    def _describe_personal(self):
        """Count nothing: they belong to the texts."""
        return []

    def _forget(self):
        # Without a number it is empty already, and has the gate's reason.
        named = self.filtered("sms_number")
        named.write({"sms_number": False, "failure_reason": False})
        self.mail_message_id._forget_sms_text()
