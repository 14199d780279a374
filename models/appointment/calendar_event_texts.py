# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime
from functools import partial
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL
from odoo.tools.translate import LazyTranslate

from ...tools import appointments
from ...tools.actions import notify, reload_view
from ...tools.appointments import BOOKED, CALLED_OFF, MOVED
from ...tools.moments import get_locale, tidy_hour
from ...tools.names import tidy_name, tidy_title
from ..core.moments import get_spoken_lang
from .calendar_event import CONFIRMED
from .sms_reminder import NO_SHOW, ON_THE_WAY, PLANNED, SENT, Whereabouts

#: Context key: :class:`AppointmentFacts` by event id; only our code can set it.
FACTS_KEY = "sms_appointment_facts"
WORDS = {"compute": "_compute_sms_words"}

DESK_GROUP = "helpdesk_mgmt.group_helpdesk_user_own"
_lt = LazyTranslate(__name__)
#: What a customer was not told, and why, by the kind of the text.
UNTOLD = {
    BOOKED: _lt("%(customer)s was not told about the booking. %(reason)s"),
    MOVED: _lt("%(customer)s was not told about the new time. %(reason)s"),
    CALLED_OFF: _lt("%(customer)s was not told about the cancellation. %(reason)s"),
}
UNTOLD_OTHERWISE = _lt("%(customer)s did not get the last text. %(reason)s")


class AppointmentFacts(NamedTuple):
    """Facts that a text tells one person about an event.

    :param int partner_id: id of the reader
    :param datetime start: the start to tell (UTC)
    :param bool is_allday: whether the start is a whole day
    :param datetime known: the start that the reader knew before (UTC), or None
    :param int count: number of occurrences of the series that the text is about
    :param bool is_known_allday: whether the start that they knew is a whole day
    """

    partner_id: int
    start: datetime
    is_allday: bool = False
    known: datetime | None = None
    count: int = 1
    is_known_allday: bool = False


class CalendarEvent(models.Model):
    """Fields for templates about an appointment, in its reader's zone and language.

    An event may have several customers: the context key ``sms_appointment_facts`` holds
    :class:`AppointmentFacts` by event id. Without it the reader is the first customer.
    """

    _inherit = "calendar.event"

    sms_customer_name = fields.Char(**WORDS)
    sms_technician_name = fields.Char(**WORDS)
    sms_title = fields.Char("Subject for Texts", **WORDS)
    sms_when = fields.Char("Date and Time in Words", **WORDS)
    sms_when_soon = fields.Char("Today or Tomorrow in Words", **WORDS)
    sms_old_when = fields.Char("Time Before a Move", **WORDS)
    sms_start_time = fields.Char("Hour in Words", **WORDS)
    sms_ticket_note = fields.Char("Ticket in Brackets", **WORDS)
    sms_series_note = fields.Char("Number of Dates", **WORDS)
    sms_answer_hint = fields.Char("How to Answer", **WORDS)

    sms_untold_id = fields.Many2one(
        "sms.sms",
        "Text That Never Arrived",
        compute="_compute_sms_untold",
        compute_sudo=True,
        groups=DESK_GROUP,
    )
    sms_untold_note = fields.Char(
        compute="_compute_sms_untold", compute_sudo=True, groups=DESK_GROUP
    )
    sms_untold_ways = fields.Char(compute="_compute_sms_untold_ways", groups=DESK_GROUP)

    @api.depends(
        "name",
        "start",
        "allday",
        "partner_ids.tz",
        "ticket_id.number",
        "user_id",
        "technician_id",
        "sms_confirmation",
        "sms_company_id",
    )
    @api.depends_context("lang", "uid", FACTS_KEY)
    def _compute_sms_words(self):
        facts_of = self.env.context.get(FACTS_KEY) or {}
        shown = self._filter_sms_shown()
        for field in self._get_sms_word_fields():
            (self - shown)[field.name] = False
        for company, events in shown.grouped(lambda it: it._get_sms_company()).items():
            whereabouts = Whereabouts(company)
            for event in events:
                facts = facts_of.get(event.id)
                if not isinstance(facts, AppointmentFacts):
                    customer = event.sms_customer_id
                    facts = AppointmentFacts(customer.id, event.start, event.allday)
                event.update(event.sudo()._get_sms_words(facts, whereabouts))

    def _get_sms_words(self, facts, whereabouts):
        reader = self.env["res.partner"].browse(facts.partner_id)
        name = tidy_name(self._get_sms_technician().name) or self.sms_company_id.name
        number = self.ticket_id.number
        ticket_note = f" ({self.env._('ticket #%s', number)})" if number else ""
        words = dict.fromkeys((it.name for it in self._get_sms_word_fields()), "")
        words |= {
            "sms_customer_name": tidy_name(reader.name),
            "sms_technician_name": name,
            "sms_title": tidy_title(self.name),
            "sms_ticket_note": ticket_note,
            "sms_answer_hint": self._get_sms_answer_hint(),
        }
        if facts.count > 1:
            words["sms_series_note"] = self.env._(", the first of %s", facts.count)
        if not facts.start:
            return words
        say = partial(
            appointments.say,
            zone_name=whereabouts.get_zone(reader),
            company_zone=whereabouts.here,
            lang=get_spoken_lang(self.env),
            now=fields.Datetime.now(),
        )
        spoken = say(facts.start, facts.is_allday)
        return words | {
            "sms_when": self._join_sms_time(spoken),
            "sms_when_soon": self._join_sms_time(spoken, is_near=True),
            "sms_old_when": facts.known
            and self._join_sms_time(say(facts.known, facts.is_known_allday)),
            "sms_start_time": spoken.clock,
        }

    @api.model
    def _join_sms_time(self, spoken, is_near=False):
        """Return a time in words: "Tue, Dec 5 at 2:00 PM (Denver time)"."""
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
        words = tidy_hour(words, get_locale(get_spoken_lang(self.env)))
        if spoken.place:
            return self.env._("%(when)s (%(city)s time)", when=words, city=spoken.place)
        return words

    def _get_sms_answer_hint(self):
        """Return how to answer: by digits, as CANCEL, YES and STOP are keywords."""
        if self.sms_confirmation == CONFIRMED:
            return self.env._("Reply 2 to reschedule, 3 to cancel.")
        return self.env._("Reply 1 to confirm, 2 to reschedule, 3 to cancel.")

    @api.model
    def mail_allowed_qweb_expressions(self):
        """Add the expressions that are safe to tell a customer, for managers."""
        return super().mail_allowed_qweb_expressions() + (
            *(f"object.{field.name}" for field in self._get_sms_word_fields()),
            "object.sms_customer_id.lang",
            "object.sms_preference_url",
            "object.ticket_id.number",
            "object.location",
        )

    @api.model
    def _get_sms_word_fields(self):
        """Return the fields that :meth:`_compute_sms_words` fills in."""
        return self.pool.field_computed[self._fields["sms_when"]]

    # === The technician's buttons ===

    def action_sms_on_the_way(self):
        """Tell the customer that the technician is on the way."""
        if self._get_sms_end() <= fields.Datetime.now():
            raise UserError(self.env._("The appointment has begun: call instead."))
        return self._plan_sms_by_button(ON_THE_WAY)

    def action_sms_no_show(self):
        """Text a customer who was not there, to offer another date."""
        if not self._has_sms_begun():
            raise UserError(self.env._("The appointment is still to come."))
        return self._plan_sms_by_button(NO_SHOW)

    def _plan_sms_by_button(self, kind):
        """Plan a text to each customer, once, and notify the user of its recipients.

        :raises AccessError: unless the user works in the company that would send it
        :raises UserError: if nobody is to be texted, or everybody was before
        """
        self.ensure_one()
        self.check_access("write")
        self._get_sms_company().with_env(self.env)._check_sms_user()
        rule = self._get_sms_rule_of_button(kind)
        self._serialize_sms_buttons()
        event_sudo = self.sudo()
        customers = event_sudo._get_sms_untold_customers(kind)
        if not customers:
            raise UserError(self.env._("The customer has been told already."))
        rows_sudo = self.env["sms.reminder"].sudo()
        vals = event_sudo._prepare_sms_reminder(kind, rule)
        rows_sudo.create([{**vals, "partner_id": it.id} for it in customers])
        rows_sudo._wake()
        names = ", ".join(customers.mapped("name"))
        return notify(self.env._("%s will be told by text.", names), next=reload_view())

    def _serialize_sms_buttons(self):
        """Wait for others who press a button of this appointment at this moment.

        The row is changed, not only locked: so the transaction of whoever comes second
        conflicts, and Odoo repeats it with what the first has planned.
        """
        query = "UPDATE calendar_event SET write_date = write_date WHERE id = %s"
        self.env.cr.execute(SQL(query, self.id))

    def _get_sms_rule_of_button(self, kind):
        """Return the :class:`TextRule` by which a button texts the customer.

        :raises UserError: if the appointment has no customer to text, or no rule
        """
        if not self.sms_enabled:
            raise UserError(
                self.env._(
                    "Texts are switched off for this appointment: switch on "
                    "“Text the Customer” first."
                )
            )
        if not self.sms_customer_id:
            raise UserError(self.env._("No customer is invited: add one first."))
        event_sudo = self.sudo()
        rule = event_sudo.env["sms.reminder"]._get_rule(
            event_sudo.sms_company_id, kind, event_sudo.ticket_id
        )
        if not rule:
            raise UserError(
                self.env._(
                    "No text is set for this. A helpdesk manager can create an "
                    "automation that defines what to send."
                )
            )
        return rule

    def _get_sms_untold_customers(self, kind):
        """Return the customers who have not declined nor had a text of the kind."""
        domain = [("event_id", "=", self.id), ("start", "=", self.start)]
        domain += [("kind", "=", kind), ("state", "in", (PLANNED, SENT))]
        told = self.env["sms.reminder"].search(domain)
        declined = self.attendee_ids.filtered(lambda it: it.state == "declined")
        return self._get_sms_customers() - told.partner_id - declined.partner_id

    def _prepare_sms_reminder(self, kind, rule):
        """Return the values of a text to be sent now, without its recipient."""
        return {
            "kind": kind,
            "company_id": self.sms_company_id.id,
            "event_id": self.id,
            "ticket_id": self.ticket_id.id,
            "subject_key": self.sms_series_key or f"event {self.id}",
            "start": self.start,
            "is_allday": self.allday,
            "due_at": fields.Datetime.now(),
            "automation_id": rule.automation_id,
        }

    # === Texts that were never received ===

    # Not on fields of texts: each change of a text would trigger a search here.
    @api.depends("sms_customer_id", "privacy", "sms_company_id")
    @api.depends_context("uid", "lang", "allowed_company_ids")
    def _compute_sms_untold(self):
        """Find the newest text of each event that its recipient never got.

        Those of other companies say nothing, nor do others' private appointments: whom
        they are with is private.
        """
        self.sms_untold_id = self.sms_untold_note = False
        shown = self.sudo(False)._filter_sms_shown().sudo()
        shown = shown.filtered(lambda it: it.sms_company_id in self.env.companies)
        stored = shown.filtered(lambda event: event.id and event.sms_customer_id)
        if not stored:
            return
        domain = [("model", "=", self._name), ("res_id", "in", stored.ids)]
        about = [("mail_message_id", "any", domain)]
        untold_sudo = self.env["sms.sms"].search(about, order="id")._filter_untold()
        newest = {sms.mail_message_id.res_id: sms for sms in untold_sudo}
        for event in stored:
            if sms := newest.get(event.id):
                event.sms_untold_id = sms
                event.sms_untold_note = event._tell_sms_untold(sms)

    # Not a related field: what it would follow cannot be searched for.
    @api.depends("sms_untold_id")
    @api.depends_context("uid")
    def _compute_sms_untold_ways(self):
        for event in self:
            event.sms_untold_ways = event.sudo().sms_untold_id.ways

    def _tell_sms_untold(self, sms):
        row = self.sms_reminder_ids.filtered(lambda it: it.sms_id == sms)[:1]
        name = sms.partner_id.name or sms.number or self.env._("The customer")
        facts = {"customer": name, "reason": sms.shown_reason or sms.shown_label}
        note = self.env._(UNTOLD.get(row.kind, UNTOLD_OTHERWISE))
        return note % facts

    def _get_sms_untold(self):
        """Return the text with the user's rights; empty if the page is outdated."""
        self.ensure_one()
        self.check_access("read")
        return self.sms_untold_id.sudo(False)

    def action_sms_untold_record(self):
        """Record the customer's consent, and send the text that they never got."""
        return self._get_sms_untold()._take_way("record")

    def action_sms_untold_again(self):
        """Send the text again that the customer never got."""
        return self._get_sms_untold()._take_way("again")

    def action_sms_untold_other(self):
        """Send it to another number."""
        return self._get_sms_untold()._take_way("other")

    def action_sms_untold_call(self):
        """Call the customer instead."""
        return self._get_sms_untold()._take_way("call")

    def action_sms_untold_told(self):
        """Note that the customer was told in another way."""
        return self._get_sms_untold()._note_told()
