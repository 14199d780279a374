# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Domain

from ..tools import appointments, reply_codes
from ..tools.appointments import CALL_OFF, CONFIRM
from .bulk_insert import create_many
from .sms_question import OPEN, REPLACED

APPOINTMENT, WHICH, TIME = ("appointment", "appointment_which", "appointment_time")
ATTENDEE_MODEL = "calendar.attendee"


class SmsQuestion(models.Model):
    """1 to confirm an appointment, 2 to reschedule, 3 to call off.

    Asked about an invitation, so that each customer of an appointment answers for
    themselves. Of several appointments that a figure could mean none is guessed: the
    customer is asked which, and what they want is kept until they say so.
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

    # ------------------------------------------------------------------
    # Asking
    # ------------------------------------------------------------------

    @api.model
    def _ask_appointments(self, asked):
        """Note that customers were asked about appointments, all at once.

        :param list asked: ``(calendar.attendee, sms.sms, sms.reminder)``; a message
            that the gate has blocked asks nobody
        """
        asked = [it for it in asked if it[1].state != "canceled"]
        # Of two texts about one appointment the last one asks.
        asked = list(
            {attendee: (attendee, *rest) for attendee, *rest in asked}.values()
        )
        ids = [attendee.id for attendee, _sms, _row in asked]
        older_sudo = self.sudo().search(
            Domain("kind", "in", (APPOINTMENT, TIME))
            & Domain("state", "=", OPEN)
            & Domain("res_model", "=", ATTENDEE_MODEL)
            & Domain("res_id", "in", ids)
        )
        older_sudo.write({"state": REPLACED})
        vals_list = [
            {
                "company_id": sms.record_company_id.id,
                "number": sms.number,
                "partner_id": sms.partner_id.id,
                "kind": APPOINTMENT,
                "res_model": ATTENDEE_MODEL,
                "res_id": attendee.id,
                "sms_id": sms.id,
                "expires_at": sms.expires_at,
                "details": {"is_series": row.count > 1},
            }
            for attendee, sms, row in asked
        ]
        if vals_list:
            create_many(self.sudo(), vals_list)

    def _ask_next(self, kind, inbound, details, expires_at):
        """Note what the customer is asked in answer to their answer."""
        self.ensure_one()
        self._end(kind, self._get_attendee(), REPLACED)
        return self.sudo().create(
            {
                "company_id": self.company_id.id,
                "number": self.number,
                "partner_id": inbound.partner_id.id or self.partner_id.id,
                "kind": kind,
                "res_model": ATTENDEE_MODEL,
                "res_id": self.res_id,
                "expires_at": expires_at,
                "details": details,
            }
        )

    def _get_attendee(self):
        """Return the invitation, as far as it still stands and is to come."""
        self.ensure_one()
        attendee = self.env[ATTENDEE_MODEL].sudo().browse(self.res_id).exists()
        event = attendee.event_id
        is_over = not event.active or event.stop <= fields.Datetime.now()
        return attendee.browse() if is_over else attendee

    # ------------------------------------------------------------------
    # Taking the answer
    # ------------------------------------------------------------------

    def _take_appointment(self, inbound):
        """Do what the customer wants with the appointment; say if that is plain."""
        action = appointments.read_action(inbound.body)
        if not action or not self._get_attendee():
            return False
        meant = self._find_meant(inbound, action)
        if len(meant) > 1:
            meant._ask_which(inbound, action)
        else:
            (meant or self)._do(inbound, action)
        return True

    def _find_meant(self, inbound, action):
        """Return the open questions about appointments that an answer may mean.

        Who has confirmed one, and confirms, means another.
        """
        found = self._find_open(inbound).filtered(
            lambda it: it.kind == APPOINTMENT and it._get_attendee()
        )
        states = {CONFIRM: ("accepted",)}.get(action, ()) + ("declined",)
        left = found.filtered(lambda it: it._get_attendee().state not in states)
        return left.sorted(lambda it: it._get_attendee().event_id.start)

    def _ask_which(self, inbound, action):
        """Ask which of several appointments is meant."""
        first = self[0]
        details = {"action": action, "questions": self.ids}
        end = max(self.mapped("expires_at"))
        first._ask_next(WHICH, inbound, details, end)
        times = [it._say_when() for it in self]
        first._reply(
            inbound, reply_codes.APPOINTMENT_WHICH, choices=self._number(times)
        )

    def _take_appointment_which(self, inbound):
        """Do with the appointment that the customer names what they wanted."""
        details = self.details or {}
        asked = self.browse(details.get("questions") or ()).exists()
        number = appointments.read_choice(inbound.body, len(asked))
        if number is None:
            return False
        self._note_answer(inbound, str(number))
        if not number:
            self._hand_over(inbound)
            return True
        chosen = asked[number - 1]
        if not chosen._get_attendee():
            chosen._hand_over(inbound)
            return True
        chosen._do(inbound, details["action"])
        return True

    def _do(self, inbound, action):
        """Do one of ``appointment_answers.ACTIONS`` with the appointment."""
        self._note_answer(inbound, action)
        event = self._get_attendee().event_id
        inbound.write({"kind": "answer", "ticket_id": event.ticket_id.id})
        if action == CONFIRM:
            self._confirm(inbound)
        elif not event._may_change_by_text():
            self._reply(inbound, reply_codes.APPOINTMENT_LATE)
            self._tell_technician(
                inbound, self.env._("asks for a change, which is too late by text")
            )
        elif action == CALL_OFF:
            self._call_off(inbound)
        else:
            self._offer_times(inbound)

    def _confirm(self, inbound):
        """Accept the invitation, as the button in its mail does."""
        attendees = self._get_answered()
        attendees[:1].do_accept()
        attendees[1:].state = "accepted"
        # Who has confirmed may still need another time, by the same text.
        self.state = OPEN
        self._reply(inbound, reply_codes.APPOINTMENT_CONFIRMED)
        self._tell_technician(inbound, self.env._("has confirmed the appointment"))

    def _call_off(self, inbound):
        """Decline the invitation, as the button in its mail does."""
        attendees = self._get_answered()
        attendees[:1].do_decline()
        attendees[1:].state = "declined"
        self._reply(inbound, reply_codes.APPOINTMENT_CALLED_OFF)
        self._tell_technician(inbound, self.env._("has called off the appointment"))

    def _get_answered(self):
        """Return the invitations that an answer is for: of a series all to come."""
        attendee = self._get_attendee()
        key = attendee.event_id.sms_series_key
        if not (self.details or {}).get("is_series") or not key:
            return attendee
        return attendee.search(
            [
                *(
                    ("event_id.sms_series_key", "=", key),
                    ("event_id.active", "=", True),
                ),
                ("event_id.start", ">=", attendee.event_id.start),
                ("partner_id", "=", attendee.partner_id.id),
            ]
        ).sorted(lambda it: it.event_id.start)
