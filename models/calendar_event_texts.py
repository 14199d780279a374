# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime
from functools import partial
from typing import NamedTuple

from odoo import api, fields, models

from ..tools import appointments
from ..tools.names import tidy_name, tidy_title
from .calendar_event_visit import CONFIRMED
from .sms_reminder_whereabouts import Whereabouts

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
    sms_title = fields.Char(
        "Subject for Texts", compute="_compute_sms_words", compute_sudo=True
    )
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
        *("name", "start", "allday", "partner_ids.tz", "ticket_id.number", "user_id"),
        *("technician_id", "sms_confirmation", "sms_company_id"),
    )
    @api.depends_context("lang", FACTS_KEY)
    def _compute_sms_words(self):
        """Put the facts of each event into its reader's words."""
        facts_of = self.env.context.get(FACTS_KEY) or {}
        known = {}
        for event in self:
            company = event._get_texting_company()
            if company not in known:
                known[company] = Whereabouts(company)
            facts = facts_of.get(event.id)
            if not isinstance(facts, AppointmentFacts):
                facts = AppointmentFacts(
                    event.sms_customer_id.id, event.start, event.allday
                )
            event.update(event._get_sms_words(facts, known[company]))

    def _get_sms_words(self, facts, whereabouts):
        """Return the words of one event for one reader, by field.

        :param AppointmentFacts facts: what is told
        :param Whereabouts whereabouts: of the company that texts
        """
        self.ensure_one()
        reader = self.env["res.partner"].browse(facts.partner_id)
        technician = self.technician_id or self.user_id
        number = self.ticket_id.number
        words = {
            "sms_customer_name": tidy_name(reader.name) or self.env._("there"),
            "sms_technician_name": tidy_name(technician.name)
            or self.sms_company_id.name,
            "sms_title": tidy_title(self.name),
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
        lang = self.env.context.get("lang") or reader.lang
        say = partial(
            appointments.say,
            is_allday=facts.is_allday,
            zone_name=whereabouts.get_zone(reader),
            company_zone=whereabouts.here,
            lang=lang or self._get_texting_company().partner_id.lang,
            now=fields.Datetime.now(),
        )
        spoken = say(facts.start)
        known = facts.known and say(facts.known)
        return words | {
            "sms_when": self._join_sms_time(spoken),
            "sms_when_soon": self._join_sms_time(spoken, is_near=True),
            "sms_old_when": known and self._join_sms_time(known),
            "sms_start_time": spoken.clock,
        }

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
            "object.sms_title",
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
