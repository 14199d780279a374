# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models

from ..tools import verdicts

#: What is shown of a text that leaves.
LEAVING = {"waiting", "sending", "checking", "sent", "delivered", "read"}


class Sent(list):
    """Collects what a composer has made. As part of a context it needs a hash."""

    __hash__ = object.__hash__


class SmsComposer(models.TransientModel):
    """Says what has become of the texts: on their way, held, or not sent."""

    _inherit = "sms.composer"

    def action_send_sms(self):
        """Send, close the dialog, and tell what came of it, where our outbox sends.

        :return: an action, or what Odoo returns
        """
        if not self.env.company.sudo()._uses_sms_outbox():
            return super().action_send_sms()
        sent = Sent()
        composer = self.with_context(sms_sent=sent)
        super(SmsComposer, composer).action_send_sms()
        return self._get_sms_notice(self._find_sent(sent))

    def _action_send_sms(self):
        made = super()._action_send_sms()
        sent = self.env.context.get("sms_sent")
        if isinstance(sent, Sent) and isinstance(made, models.BaseModel):
            sent.append(made)
        return made

    def _find_sent(self, made):
        """Return the texts among what was made: they, or the messages of a chatter."""
        texts_sudo = self.env["sms.sms"].sudo()
        found_sudo = texts_sudo.browse()
        for records in made:
            if records._name == "sms.sms":
                found_sudo |= records.sudo().exists()
            else:
                domain = [("mail_message_id", "in", records.ids)]
                found_sudo |= texts_sudo.search(domain)
        return found_sudo

    def _get_sms_notice(self, texts_sudo):
        """Return the action that tells how some texts are."""
        count = len(texts_sudo)
        held, stopped = self._count_sent(texts_sudo)
        message = self.env._(
            "Texts on their way: %(leaving)s. Held: %(held)s. Not sent: %(stopped)s.",
            leaving=count - held - stopped,
            held=held,
            stopped=stopped,
        )
        if count == 1:
            message = self._describe_sent(texts_sudo)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning" if held or stopped else "success",
                "message": message,
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _count_sent(self, texts_sudo):
        """Return how many of some texts are held, and how many were not sent."""
        held = stopped = 0
        domain = [("id", "in", texts_sudo.ids)]
        by = ["state", "gate_verdict"]
        for state, verdict, count in texts_sudo._read_group(domain, by, ["__count"]):
            if state in ("error", "canceled"):
                stopped += count
            elif verdict == verdicts.HOLD:
                held += count
        return held, stopped

    def _describe_sent(self, text_sudo):
        """Return what has become of one text, for the one who wrote it."""
        if text_sudo.shown_state in LEAVING:
            return self.env._("The text is on its way.")
        return ". ".join(filter(None, (text_sudo.shown_label, text_sudo.shown_reason)))
