# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime
from typing import NamedTuple

from odoo import api, fields, models

from ..tools import appointments, zones
from .calendar_event_visit import CONFIRMED

#: Context: what is told to whom, by event; only our own code can put it there.
FACTS_KEY = "sms_appointment_facts"


class AppointmentFacts(NamedTuple):
    """What one text tells one person of one event.

    :param int partner_id: who reads it
    :param datetime start: the time that it tells (UTC)
    :param bool is_allday: the time is a day
    :param datetime known: the time that the reader knew before (UTC), or None
    :param int count: occurrences of the series that it is about
    """

    partner_id: int
    start: datetime
    is_allday: bool = False
    known: datetime | None = None
    count: int = 1


class CalendarEvent(models.Model):
    """What templates can tell of an appointment, in its reader's zone and language.

    An event may have several customers: the context ``sms_appointment_facts`` holds
    :class:`AppointmentFacts` by event id. Without it the first customer reads.
    """

    _inherit = "calendar.event"

    sms_customer_name = fields.Char(compute="_compute_sms_words", compute_sudo=True)
    sms_technician_name = fields.Char(compute="_compute_sms_words", compute_sudo=True)
    sms_when = fields.Char(
        "Date and Time in Words", compute="_compute_sms_words", compute_sudo=True
    )
    sms_when_soon = fields.Char(
        "Today or Tomorrow in Words", compute="_compute_sms_words", compute_sudo=True
    )
    sms_old_when = fields.Char(
        "Time Before a Move", compute="_compute_sms_words", compute_sudo=True
    )
    sms_start_time = fields.Char(
        "Hour in Words", compute="_compute_sms_words", compute_sudo=True
    )
    sms_ticket_note = fields.Char(
        "Ticket in Brackets", compute="_compute_sms_words", compute_sudo=True
    )
    sms_series_note = fields.Char(
        "Number of Dates", compute="_compute_sms_words", compute_sudo=True
    )
    sms_answer_hint = fields.Char(
        "How to Answer", compute="_compute_sms_words", compute_sudo=True
    )

    @api.depends(
        *("start", "allday", "partner_ids.tz", "ticket_id.number", "user_id"),
        *("technician_id", "sms_confirmation", "sms_company_id"),
    )
    @api.depends_context("lang", FACTS_KEY)
    def _compute_sms_words(self):
        """Put the facts of each event into its reader's words."""
        facts_of = self.env.context.get(FACTS_KEY) or {}
        for event in self:
            facts = facts_of.get(event.id)
            if not isinstance(facts, AppointmentFacts):
                facts = AppointmentFacts(
                    event.sms_customer_id.id, event.start, event.allday
                )
            event.update(event._get_sms_words(facts))

    def _get_sms_words(self, facts):
        """Return the words of one event for one reader, by field."""
        self.ensure_one()
        reader = self.env["res.partner"].browse(facts.partner_id)
        technician = self.technician_id or self.user_id
        number = self.ticket_id.number
        words = {
            "sms_customer_name": reader.name or self.env._("there"),
            "sms_technician_name": technician.name or self.sms_company_id.name,
            "sms_ticket_note": f" ({self.env._('ticket #%s', number)})"
            if number
            else "",
            "sms_series_note": "",
            "sms_answer_hint": self._get_sms_answer_hint(),
        }
        if facts.count > 1:
            words["sms_series_note"] = self.env._(", the first of %s", facts.count)
        if not facts.start:
            blank = ("sms_when", "sms_when_soon", "sms_old_when", "sms_start_time")
            return words | dict.fromkeys(blank, False)
        spoken = self._say_sms_time(facts.start, facts.is_allday, reader)
        known = facts.known and self._say_sms_time(facts.known, facts.is_allday, reader)
        return words | {
            "sms_when": self._join_sms_time(spoken),
            "sms_when_soon": self._join_sms_time(spoken, is_near=True),
            "sms_old_when": known and self._join_sms_time(known),
            "sms_start_time": spoken.clock,
        }

    def _say_sms_time(self, start, is_allday, reader):
        """Return a time as the reader says it, see :func:`appointments.say`."""
        company = self.sms_company_id or self.env.company
        here = company._get_sms_place().zones[0]
        zone = self._get_sms_zone(reader, company)
        lang = self.env.context.get("lang") or reader.lang or company.partner_id.lang
        now = fields.Datetime.now()
        return appointments.say(start, is_allday, zone, here, lang, now)

    @api.model
    def _get_sms_zone(self, reader, company):
        """Return the name of the zone by whose clock a customer is told times."""
        place = self._get_sms_reader_place(reader, company)
        here = company._get_sms_place().zones[0]
        return appointments.pick_zone(reader.tz, place.zones, here)

    @api.model
    def _get_sms_reader_place(self, reader, company):
        """Return where a customer may be, as the gate sees it.

        :rtype: tools.zones.Place
        """
        codes = self.env["sms.gate"]
        return zones.locate(
            reader.phone_sanitized or "",
            reader.tz or "",
            codes._get_code("res.country", reader.country_id.id),
            codes._get_code("res.country.state", reader.state_id.id),
            company._get_sms_place(),
        )

    @api.model
    def _join_sms_time(self, spoken, is_near=False):
        """Return a time in words: "Tue, Dec 5 at 2:00 PM (Denver time)".

        :param appointments.Spoken spoken: its parts
        :param bool is_near: say today and tomorrow; a text that may wait must not
        """
        day = spoken.date
        if is_near and spoken.day == appointments.TODAY:
            day = self.env._("today")
        elif is_near and spoken.day == appointments.TOMORROW:
            day = self.env._("tomorrow, %s", day)
        elif is_near:
            day = self.env._("on %s", day)
        if not spoken.clock:
            return day
        words = self.env._("%(day)s at %(time)s", day=day, time=spoken.clock)
        if spoken.place:
            words = self.env._(
                "%(when)s (%(city)s time)", when=words, city=spoken.place
            )
        return words

    def _get_sms_answer_hint(self):
        """Return by which digits a customer answers.

        No carrier keyword: CANCEL, YES and STOP mean something else to it.
        """
        if self.sms_confirmation == CONFIRMED:
            return self.env._("Reply 2 to reschedule, 3 to call off.")
        return self.env._("Reply 1 to confirm, 2 to reschedule, 3 to call off.")

    @api.model
    def mail_allowed_qweb_expressions(self):
        """Let managers write templates with what is safe to tell a customer."""
        return super().mail_allowed_qweb_expressions() + (
            "object.sms_customer_id.lang",
            "object.sms_customer_name",
            "object.sms_technician_name",
            "object.sms_when",
            "object.sms_when_soon",
            "object.sms_old_when",
            "object.sms_start_time",
            "object.sms_ticket_note",
            "object.sms_series_note",
            "object.sms_answer_hint",
            "object.sms_preference_url",
            "object.ticket_id.number",
            "object.location",
        )
