# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import fields, models

from ...tools import keywords, reply_codes
from ..inbound.sms_inbound_router import CONFIRMATION
from .sms_question import APPOINTMENT, ATTENDEE_MODEL

#: STOP words that people also use about an appointment.
CANCEL = frozenset(("CANCEL", "CANCELAR"))


class SmsInboundRouter(models.AbstractModel):
    """Asks whether a CANCEL, which is an opt-out, meant the appointment too."""

    _inherit = "sms.inbound.router"

    def _confirm_stop(self, inbound, purposes=None):
        """Ask in the one confirmation of a CANCEL whether the appointment is meant.

        47 CFR 64.1200(a)(12) allows the confirmation to ask what was meant; the opt-out
        stands with or without an answer.
        """
        words = keywords.normalize(inbound.body or "").split()
        is_cancel = len(words) <= 2 and not CANCEL.isdisjoint(words)  # "please cancel"
        is_ours = is_cancel and not inbound.opt_out_type
        if attendee := is_ours and self._find_next_appointment(inbound):
            return self._ask_if_meant(inbound, attendee, purposes)
        return super()._confirm_stop(inbound, purposes)

    def _find_next_appointment(self, inbound):
        """Return the number's next invitation that was announced by text.

        Not that of a contact who has typed the number and has not confirmed it: its
        owner was told nothing, and must not read of it.
        """
        unproven = self.env["sms.number.claim"]._query_unproven(inbound.number)
        now = fields.Datetime.now()
        domain = [
            ("partner_id.phone_sanitized", "=", inbound.number),
            ("partner_id", "not in", unproven),
            # A whole day begins early, and is not over then.
            ("sms_told_start", ">", now - timedelta(days=2)),
            ("state", "!=", "declined"),
            ("event_id.active", "=", True),
            ("event_id.sms_company_id", "=", inbound.company_id.id),
        ]
        attendees_sudo = self.env[ATTENDEE_MODEL].sudo()
        found_sudo = attendees_sudo.search(domain, order="sms_told_start, id")
        return found_sudo.filtered(lambda it: it.event_id._get_sms_end() > now)[:1]

    def _ask_if_meant(self, inbound, attendee, purposes):
        """Confirm the opt-out, and ask whether to cancel the appointment too."""
        inbound.kind = "stop"
        question_sudo = self.env["sms.question"]._ask_about(
            APPOINTMENT,
            attendee,
            inbound,
            partner_id=attendee.partner_id.id,
            expires_at=attendee.event_id._get_sms_end(),
            details={},
        )
        replies = self.env["sms.reply"]
        purposes = purposes or self.env["sms.purpose"]
        code, when = reply_codes.STOP_APPOINTMENT, question_sudo._say_when()
        company, lang = inbound.company_id, question_sudo._get_lang()
        body = replies._render_for(code, company, lang, purposes, when=when)
        replies._queue_text(
            body,
            company,
            inbound.number,
            inbound.partner_id,
            asked_at=inbound.received_at,
            purpose_id=(purposes[:1] or purposes._get("ticket")).id,
            exemption=CONFIRMATION,
        )
