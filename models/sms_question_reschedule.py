# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import plaintext2html

from ..tools import appointments, reply_codes
from ..tools.names import tidy_name
from .calendar_event_texts import AppointmentFacts
from .sms_question_appointment import TIME
from .sms_reminder_whereabouts import Whereabouts

#: How long offered times may be chosen.
OFFER_LIFE = timedelta(days=2)


class SmsQuestion(models.Model):
    """Another time for an appointment, chosen by text; and what we are told of it."""

    _inherit = "sms.question"

    def _offer_times(self, inbound):
        """Offer the technician's next free times, or hand over to a person."""
        attendee = self._get_attendee()
        attendee.do_tentative()
        times = attendee.event_id._find_free_times()
        if not times:
            self._hand_over(inbound)
            return
        details = {"times": [fields.Datetime.to_string(it) for it in times]}
        now = fields.Datetime.now()
        self._ask_next(TIME, inbound, details, now + OFFER_LIFE)
        words = [self._say_when(it) for it in times]
        self._reply(inbound, reply_codes.APPOINTMENT_TIMES, choices=self._number(words))
        self._tell_technician(inbound, self.env._("asks for another time"))

    def _take_appointment_time(self, inbound):
        """Move the appointment to the time that the customer has chosen."""
        offered = (self.details or {}).get("times") or []
        number = appointments.read_choice(inbound.body, len(offered))
        attendee = self._get_attendee()
        if number is None or not attendee:
            return False
        self._note_answer(inbound, str(number))
        inbound.write({"kind": "answer", "ticket_id": attendee.event_id.ticket_id.id})
        if not number:
            self._hand_over(inbound)
            return True
        start = fields.Datetime.to_datetime(offered[number - 1])
        self._move_to(inbound, start)
        return True

    def _move_to(self, inbound, start):
        """Move the appointment if the time is still free, else offer others.

        Counted for the technician, so that of two customers who choose at once the
        later one starts over and finds the time taken.
        """
        attendee = self._get_attendee()
        event = attendee.event_id
        if not event._may_change_by_text():
            self._reply(inbound, reply_codes.APPOINTMENT_LATE)
            return
        technician = event.technician_id or event.user_id
        self.env["sms.rate.limit"]._is_over("appointments", str(technician.id or 0))
        if not event._is_free_at(start):
            self._offer_times(inbound)
            return
        if not event._move_by_text(start):
            self._hand_over(inbound)
            return
        attendee.state = "accepted"
        self._tell_technician(inbound, self.env._("has chosen another time"))

    def _hand_over(self, inbound):
        """Let a person find another time: as conversation on the ticket.

        Without a ticket the technician is told, and what they get says it all.
        """
        event = self.env["calendar.attendee"].sudo().browse(self.res_id).event_id
        if event.ticket_id:
            router = self.env["sms.inbound.router"]
            router._converse(inbound, ticket=event.ticket_id.with_env(self.env))
        self._reply(inbound, reply_codes.APPOINTMENT_PERSON)
        self._tell_technician(
            inbound, self.env._("wants another time and waits for your call or text")
        )

    # ------------------------------------------------------------------
    # Saying it
    # ------------------------------------------------------------------

    def _say_when(self, start=None):
        """Return the appointment's time, or another one, as the customer says it."""
        attendee = self.env["calendar.attendee"].sudo().browse(self.res_id)
        event, partner = attendee.event_id, attendee.partner_id
        is_allday = event.allday and not start
        facts = AppointmentFacts(partner.id, start or event.start, is_allday)
        lang = self.env["sms.reply"]._get_lang(self.company_id, partner)
        whereabouts = Whereabouts(event._get_texting_company())
        words = event.with_context(lang=lang)._get_sms_words(facts, whereabouts)
        return words["sms_when"]

    @api.model
    def _number(self, choices):
        """Return choices with the figures by which they are chosen, one a line."""
        return "\n".join(f"{number}: {it}" for number, it in enumerate(choices, 1))

    def _reply(self, inbound, code, **fillers):
        """Answer the customer; who has opted out meanwhile is only obeyed."""
        router = self.env["sms.inbound.router"]
        if router._is_stopped(inbound):
            return
        event = self.env["calendar.attendee"].sudo().browse(self.res_id).event_id
        technician = event.technician_id or event.user_id
        name = tidy_name(technician.name)
        fillers = {"when": self._say_when(), "technician": name, **fillers}
        router._say_reply(inbound, code, **fillers)

    def _tell_technician(self, inbound, what):
        """Notify the technician and note it on the ticket.

        :param str what: what the customer does, in words that follow their name
        """
        attendee = self.env["calendar.attendee"].sudo().browse(self.res_id)
        event = attendee.event_id.with_user(SUPERUSER_ID)
        technician = event.technician_id or event.user_id
        words = self.env._(
            "%(who)s %(what)s (%(when)s)",
            who=attendee.partner_id.name,
            what=what,
            when=event.with_context(tz=technician.tz).display_time,
        )
        body = plaintext2html(words)
        if technician:
            event.message_notify(
                partner_ids=technician.partner_id.ids,
                subject=words[:120],
                body=body,
                author_id=attendee.partner_id.id,
            )
        if event.ticket_id:
            event.ticket_id._message_log(body=body, author_id=attendee.partner_id.id)
