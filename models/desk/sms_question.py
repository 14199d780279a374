# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import SUPERUSER_ID, models

from ...tools import keywords, replies, reply_codes


class SmsQuestion(models.Model):
    """The rating question about a closed ticket, answered with 1 to 5, or NO."""

    _inherit = "sms.question"

    def _take_rating(self, inbound):
        """Rate the ticket or reopen it; return whether the text was an answer."""
        router = self.env["sms.inbound.router"]
        is_no = router._find_action(inbound)[0] == keywords.NO
        reply = replies.read_rating(inbound.body, is_no)
        ticket = self.env["helpdesk.ticket"].browse(self.res_id).exists()
        is_asked = not self._is_unread() and not self._was_asked_otherwise(inbound)
        if not reply or not ticket or not is_asked:
            return False
        # Nobody would see it there, or it refuses what was asked since.
        is_meant = ticket.active and self._is_last_asked()
        if reply.value == replies.NOT_SOLVED and not is_meant:
            return False
        # As OdooBot: the customer rates, not one of our users.
        ticket = ticket.with_user(SUPERUSER_ID)
        self._note_answer(inbound, str(reply.value))
        if reply.value == replies.NOT_SOLVED:
            team = ticket.team_id.with_company(ticket.company_id)
            if ticket.stage_id.closed and (stage := team._get_sms_reopen_stage()):
                ticket.stage_id = stage
            router._converse(inbound, ticket=ticket.with_env(self.env))
            code = reply_codes.RATING_REOPENED
        else:
            inbound.write({"kind": "answer", "ticket_id": ticket.id})
            ticket._rate_by_sms(reply, inbound)
            code = reply_codes.RATING_DONE
        if not router._is_stopped(inbound):
            # Of several people with the number, they were asked.
            lang = self.company_id._find_sms_lang(self.partner_id.lang, self.number)
            router._say_reply(inbound, code, lang, ticket=ticket.number)
        return True

    def _was_asked_otherwise(self, inbound):
        """Return whether a colleague's last text to the number is about something else.

        "How many computers?" - "5" is not a rating, and a colleague waits for it.
        """
        last_sudo = self.env["sms.inbound.router"]._get_last_personal(inbound)
        about, here = last_sudo.mail_message_id, (self.res_model, self.res_id)
        is_since = bool(last_sudo) and self._is_before(last_sudo)
        return is_since and (about.model, about.res_id) != here
