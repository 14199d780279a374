# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields, models
from odoo.fields import Domain
from odoo.tools import frozendict, plaintext2html
from odoo.tools.translate import LazyTranslate

from ...tools import appointments, keywords, replies, reply_codes
from ...tools.appointments import CALL_OFF, CONFIRM, MOVE
from ...tools.names import tidy_name
from ...tools.verdicts import HAVE_GOT
from ..core.bulk_insert import create_many
from ..inbound.sms_question import OPEN, REPLACED
from .calendar_event_texts import FACTS_KEY, AppointmentFacts

_lt = LazyTranslate(__name__)
APPOINTMENT, WHICH, TIME = ("appointment", "appointment_which", "appointment_time")
# Notes to the technician.
CONFIRMED = _lt("%(who)s has confirmed the appointment (%(when)s).")
TOO_LATE = _lt("%(who)s asks for a change, which is too late by text (%(when)s).")
CALLED_OFF = _lt("%(who)s has cancelled the appointment (%(when)s).")
ASKS = _lt("%(who)s asks for another time (%(when)s).")
CHOSEN = _lt("%(who)s has chosen another time (%(when)s).")
WAITS = _lt("%(who)s wants another time and waits for your call or text (%(when)s).")
ATTENDEE_MODEL = "calendar.attendee"
#: How long offered times may be chosen.
OFFER_LIFE = timedelta(days=2)


class SmsQuestion(models.Model):
    """Questions about an appointment: 1 to confirm, 2 to reschedule, 3 to cancel.

    Asked about an invitation, so that each customer answers for themselves. If a digit
    could mean several appointments, the customer is asked which one, and the wanted
    action is kept until they answer.
    """

    _inherit = "sms.question"

    kind = fields.Selection(
        selection_add=[
            (APPOINTMENT, "Appointment"),
            (WHICH, "Which appointment"),
            (TIME, "Another time for an appointment"),
        ],
        ondelete=dict.fromkeys((APPOINTMENT, WHICH, TIME), "cascade"),
    )
    details = fields.Json(
        readonly=True, help="What the numbered choices mean, and what was wanted."
    )

    # === Asking ===

    @api.model
    def _ask_appointments(self, asked):
        """Open questions about appointments, all at once.

        :param list asked: ``(calendar.attendee, sms.sms, sms.reminder)`` tuples;
            messages that the gate has blocked are ignored
        """
        # Of two texts about one appointment the last one asks.
        asked = {it[0]: it for it in asked if it[1].state != "canceled"}
        older_sudo = self.sudo().search(
            Domain("kind", "in", (APPOINTMENT, TIME))
            & Domain("state", "=", OPEN)
            & Domain("res_model", "=", ATTENDEE_MODEL)
            & Domain("res_id", "in", [attendee.id for attendee in asked])
        )
        older_sudo.state = REPLACED
        vals_list = [
            {
                **self._prepare(APPOINTMENT, attendee, sms, sms.expires_at),
                "details": {"is_series": row.count > 1},
            }
            for attendee, sms, row in asked.values()
        ]
        if vals_list:
            create_many(self.sudo(), vals_list)

    @api.model
    def _ask_about(self, kind, attendee, inbound, **values):
        """Open a question that is asked in reply to a text."""
        self._end(kind, attendee, REPLACED)
        return self.sudo().create(
            {
                "kind": kind,
                "res_model": attendee._name,
                "res_id": attendee.id,
                "company_id": inbound.company_id.id,
                "number": inbound.number,
                "partner_id": inbound.partner_id.id or attendee.partner_id.id,
                **values,
            }
        )

    def _get_invitation(self):
        """Return the ``calendar.attendee``, in sudo, even if its event is over."""
        return self.env[ATTENDEE_MODEL].sudo().browse(self.res_id)

    def _get_attendee(self):
        """Return the ``calendar.attendee``, in sudo; empty if its event is over."""
        attendee = self._get_invitation().exists()
        event, now = attendee.event_id, fields.Datetime.now()
        if event.active and appointments.get_latest_end(event.stop, event.allday) > now:
            return attendee
        return attendee.browse()

    # === Answers ===

    def _take_appointment(self, inbound):
        """Run the wanted action; return whether the text names one."""
        router = self.env["sms.inbound.router"]
        is_yes = router._read_answer(inbound) == keywords.YES
        said = router._get_said(inbound)
        action = CONFIRM if is_yes else appointments.read_action(said)
        if not action:
            return False
        if (is_yes or replies.is_thanks(said)) and not self._is_last_asked():
            return False
        meant = self._find_meant(inbound, action)
        is_there = bool(self._get_attendee())
        if is_there and self._may_mean(action):
            # The confirmation of a CANCEL has asked about this one by its time.
            if self.sms_id and len(meant) > 1:
                meant._ask_which(inbound, action)
            else:
                (self.sms_id and meant or self)._do(inbound, action)
            return True
        # They may mean it all the same, and not simply the next one.
        is_read = self._may_mean(MOVE) if is_there else self.sms_id.state in HAVE_GOT
        if is_read and meant:
            meant._ask_which(inbound, action)
            return True
        return False

    def _find_meant(self, inbound, action):
        """Return the open questions about appointments that an answer may mean.

        A confirmation can only mean an appointment that is not confirmed yet.
        """
        states = ("accepted", "declined") if action == CONFIRM else ("declined",)
        found = self._find_open(inbound).filtered(
            lambda it: (
                it.kind == APPOINTMENT
                and it._get_attendee()
                and it._get_attendee().state not in states
                and it._may_mean(action)
            )
        )
        return found.sorted(lambda it: it._get_attendee().event_id.start)

    def _may_mean(self, action):
        """Return whether the customer has read what an answer would be about.

        If the text that asks is still held, or failed, they may know the appointment by
        an earlier one. A time that none has told cannot be confirmed, as after a move.
        """
        is_read = Domain("sms_id.state", "in", HAVE_GOT)
        if not self._is_unread():
            if action != CONFIRM or not self.sms_id:
                return True
            is_read |= Domain("sms_id", "=", self.sms_id.id)
        attendee = self._get_attendee()
        own = Domain("event_id", "=", attendee.event_id.id)
        if key := attendee.event_id.sms_series_key:
            own |= Domain("subject_key", "=", key)
        own &= Domain("partner_id", "=", attendee.partner_id.id)
        starts = self.env["sms.reminder"].search(own & is_read).mapped("start")
        return attendee.event_id.start in starts if action == CONFIRM else bool(starts)

    def _ask_which(self, inbound, action):
        """Ask which one is meant; after a STOP, a person has to find out."""
        router = self.env["sms.inbound.router"]
        if router._is_stopped(inbound):
            router._converse(inbound)
            return
        self._ask_about(
            WHICH,
            self[0]._get_attendee(),
            inbound,
            expires_at=max(self.mapped("expires_at")),
            details={"action": action, "questions": self.ids},
        )
        choices = self._number([it._say_when() for it in self])
        self[0]._reply(inbound, reply_codes.APPOINTMENT_WHICH, choices=choices)

    def _take_appointment_which(self, inbound):
        """Run the wanted action on the appointment that the customer names."""
        details = self.details or {}
        asked = self.browse(details.get("questions") or ()).exists()
        number = appointments.read_choice(inbound.body, len(asked))
        if number is None:
            return False
        self._note_answer(inbound, str(number))
        chosen, action = asked[number - 1] if number else self, details["action"]
        is_open = chosen.state == OPEN and bool(chosen._get_attendee())
        if number and is_open and chosen._may_mean(action):
            chosen._do(inbound, action)
        else:
            chosen._hand_over(inbound)
        return True

    def _do(self, inbound, action):
        """Run one of ``appointments.ACTIONS`` on the appointment."""
        self._note_answer(inbound, action)
        event = self._get_attendee().event_id
        inbound.write({"kind": "answer", "ticket_id": event.ticket_id.id})
        attendees = self._get_answered()
        count = len(attendees)
        if action == CONFIRM:
            attendees[:1].do_accept()
            attendees[1:].state = "accepted"
            # After confirming they may still need another time, by the same text.
            self.state = OPEN
            self._reply(inbound, reply_codes.APPOINTMENT_CONFIRMED, count)
            self._tell_technician(CONFIRMED, count)
        elif not event._may_change_by_sms():
            self._reply(inbound, reply_codes.APPOINTMENT_LATE)
            self._tell_technician(TOO_LATE)
        elif action == CALL_OFF:
            attendees[:1].do_decline()
            attendees[1:].state = "declined"
            self._reply(inbound, reply_codes.APPOINTMENT_CALLED_OFF, count)
            self._tell_technician(CALLED_OFF, count)
        else:
            self._offer_times(inbound)

    def _get_answered(self):
        """Return the invitations that an answer covers: all to come of a series.

        But not the dates that were declined by themselves.
        """
        attendee = self._get_attendee()
        key = attendee.event_id.sms_series_key
        if not (self.details or {}).get("is_series") or not key:
            return attendee
        found = attendee.search(
            [
                ("event_id.sms_series_key", "=", key),
                ("event_id.active", "=", True),
                ("event_id.start", ">=", attendee.event_id.start),
                ("partner_id", "=", attendee.partner_id.id),
            ]
        ).sorted(lambda it: it.event_id.start)
        off = found.filtered(lambda it: it.state == "declined")
        return found if attendee in off else found - off

    # === Another time ===

    def _offer_times(self, inbound):
        """Offer the technician's next free times, or hand over to a person."""
        attendee = self._get_attendee()
        attendee.do_tentative()
        times = attendee.event_id._find_sms_free_times()
        if not times or self.env["sms.inbound.router"]._is_stopped(inbound):
            self._hand_over(inbound)
            return
        self._ask_about(
            TIME,
            attendee,
            inbound,
            expires_at=fields.Datetime.now() + OFFER_LIFE,
            details={"times": [fields.Datetime.to_string(it) for it in times]},
        )
        choices = self._number([self._say_when(it) for it in times])
        self._reply(inbound, reply_codes.APPOINTMENT_TIMES, choices=choices)
        self._tell_technician(ASKS)

    def _take_appointment_time(self, inbound):
        offered = (self.details or {}).get("times") or []
        number = appointments.read_choice(inbound.body, len(offered))
        if number is None:
            return False
        self._note_answer(inbound, str(number))
        attendee = self._get_attendee()
        inbound.write({"kind": "answer", "ticket_id": attendee.event_id.ticket_id.id})
        if number and attendee:
            self._move_to(inbound, fields.Datetime.to_datetime(offered[number - 1]))
        else:
            self._hand_over(inbound)
        return True

    def _move_to(self, inbound, start):
        """Move the appointment if the time is still free, else offer others.

        A counter of the technician serializes customers who choose at the same time:
        Odoo retries the later one, which finds the time taken.
        """
        attendee = self._get_attendee()
        event = attendee.event_id
        if not event._may_change_by_sms():
            self._reply(inbound, reply_codes.APPOINTMENT_LATE)
            return
        technician = event._get_sms_technician()
        self.env["sms.rate.limit"]._is_over("appointments", str(technician.id or 0))
        if not event._is_sms_time_free(start):
            self._offer_times(inbound)
        elif not event._move_by_sms(start):
            self._hand_over(inbound)
        else:
            attendee.state = "accepted"
            if not event._tells_sms_moves(attendee.partner_id):
                self._reply(inbound, reply_codes.APPOINTMENT_CONFIRMED)
            self._tell_technician(CHOSEN)

    def _hand_over(self, inbound):
        """Hand over to the technician, and to the conversation on the ticket."""
        router, invitation = self.env["sms.inbound.router"], self._get_invitation()
        if not invitation.exists():
            router._converse(inbound)
            return
        if ticket := invitation.event_id.ticket_id:
            router._converse(inbound, ticket=ticket.with_env(self.env))
        self._reply(inbound, reply_codes.APPOINTMENT_PERSON)
        self._tell_technician(WAITS)

    # === Words ===

    def _say_when(self, start=None, count=1):
        event = self._get_told_event(start, count).with_context(lang=self._get_lang())
        return event.sms_when + event.sms_series_note

    def _get_told_event(self, start=None, count=1):
        """Return the event, whose fields for texts tell a start, and of so many dates.

        :param datetime start: UTC, default the event's
        """
        attendee = self._get_invitation()
        event, reader = attendee.event_id, attendee.partner_id
        is_allday = event.allday and not start
        start = start or event.start
        facts = AppointmentFacts(reader.id, start, is_allday, count=count)
        return event.with_context(**{FACTS_KEY: frozendict({event.id: facts})})

    def _get_lang(self):
        partner = self._get_invitation().partner_id
        return self.company_id._find_sms_lang(partner.lang, self.number)

    @api.model
    def _number(self, choices):
        return "\n".join(f"{number}: {it}" for number, it in enumerate(choices, 1))

    def _reply(self, inbound, code, count=1, **fillers):
        """Reply to the customer, unless they have opted out meanwhile."""
        router = self.env["sms.inbound.router"]
        if not router._is_stopped(inbound):
            name = tidy_name(self._get_invitation().event_id._get_sms_technician().name)
            fillers |= {"when": self._say_when(count=count), "technician": name}
            router._say_reply(inbound, code, self._get_lang(), **fillers)

    def _tell_technician(self, note, count=1):
        """Notify the technician, in their language, and note it on the ticket.

        If they have left: the organizer, or else the company's managers.
        """
        attendee = self._get_invitation()
        event = self._get_told_event(count=count).with_user(SUPERUSER_ID)
        people = event._get_sms_technician()
        if not all(people.mapped("active")):
            people = event.user_id.filtered("active")
            people = people or self.company_id._get_sms_managers()
        lang = self.company_id._pick_sms_lang(people[:1].lang)
        reader = event.with_context(tz=people[:1].tz, lang=lang)
        words = reader.env._(note)
        when = reader.display_time + reader.sms_series_note
        words %= {"who": attendee.partner_id.name, "when": when}
        body = plaintext2html(words)
        if people:
            event.message_notify(
                partner_ids=people.partner_id.ids,
                subject=words[:120],
                body=body,
                author_id=attendee.partner_id.id,
            )
        if event.ticket_id:
            event.ticket_id._message_log(body=body, author_id=attendee.partner_id.id)
