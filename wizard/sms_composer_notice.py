# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models


class Sent(list):
    """Collects the records a composer has created; hashable, to be in a context."""

    __hash__ = object.__hash__


class SmsComposer(models.TransientModel):
    """Shows the outcome of sending: on the way, held, or not sent."""

    _inherit = "sms.composer"

    def action_send_sms(self):
        """Send, close the dialog, and show the outcome, if our outbox sends.

        :return: an action, or Odoo's result
        """
        if not self.env.company.sudo()._uses_sms_outbox():
            return super().action_send_sms()
        sent = Sent()
        super(SmsComposer, self.with_context(sms_sent=sent)).action_send_sms()
        return self._find_sent(sent)._get_outcome_notice()

    def _action_send_sms(self):
        made = super()._action_send_sms()
        sent = self.env.context.get("sms_sent")
        if isinstance(sent, Sent) and isinstance(made, models.BaseModel):
            sent.append(made)
        return made

    def _find_sent(self, made):
        """Return the texts from created ``sms.sms`` or ``mail.message`` records."""
        texts_sudo = self.env["sms.sms"].sudo()
        found_sudo = texts_sudo.browse()
        for records in made:
            if records._name == "sms.sms":
                found_sudo |= records.sudo().exists()
            else:
                domain = [("mail_message_id", "in", records.ids)]
                found_sudo |= texts_sudo.search(domain)
        return found_sudo
