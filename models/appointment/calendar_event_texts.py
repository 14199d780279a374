# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime
from functools import partial
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...tools import TICKET_MODEL, appointments
from ...tools.names import tidy_name, tidy_title
from .sms_reminder import NO_SHOW, ON_THE_WAY, PLANNED, SENT
from .sms_reminder_plan import Whereabouts

#: Context: what is told to whom, by event; only our own code can put it there.
FACTS_KEY = "sms_appointment_facts"
OPEN, CONFIRMED, MAYBE, DECLINED = ("open", "confirmed", "maybe", "declined")
#: Where the states of a customer's invitation show, the best of several customers last.
CONFIRMATION_OF = {
    "declined": DECLINED,
    "needsAction": OPEN,
    "tentative": MAYBE,
    "accepted": CONFIRMED,
}


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

    ticket_id = fields.Many2one(
        "helpdesk.ticket",
        compute="_compute_ticket_id",
        store=True,
        readonly=False,
        index="btree_not_null",
        ondelete="set null",
    )
    ticket_number = fields.Char(related="ticket_id.number", string="Ticket Number")
    technician_id = fields.Many2one(
        "res.users",
        compute="_compute_technician_id",
        store=True,
        readonly=False,
        domain=[("share", "=", False)],
        index="btree_not_null",
        ondelete="set null",
        help="Who comes to the customer, and is told what they answer. By default who "
        "organizes it.",
    )
    sms_company_id = fields.Many2one(
        "res.company",
        "Texts Are Sent By",
        compute="_compute_sms_company_id",
        compute_sudo=True,
        store=True,
        help="The company of the ticket, else of the technician, else of the "
        "organizer.",
    )
    sms_enabled = fields.Boolean(
        "Text the Customer",
        compute="_compute_sms_enabled",
        store=True,
        readonly=False,
        help="Whether the customer gets texts about this appointment: when it is "
        "booked, moved or called off, and reminders. Only if they agreed to them.",
    )
    sms_confirmation = fields.Selection(
        [
            (OPEN, "Not confirmed"),
            (MAYBE, "Wants another time"),
            (CONFIRMED, "Confirmed"),
            (DECLINED, "Declined"),
        ],
        string="Customer's Answer",
        group_expand="_order_sms_confirmations",
        compute="_compute_sms_confirmation",
        compute_sudo=True,
        store=True,
        help="What the customer has answered, by text or by mail. Empty: no customer "
        "is invited.",
    )
    sms_is_begun = fields.Boolean(compute="_compute_sms_is_begun")
    sms_series_key = fields.Char(
        help="Tells the occurrences of a series, also when it is made anew."
    )

    sms_reminder_ids = fields.One2many(
        "sms.reminder",
        "event_id",
        "Texts to the Customer",
        readonly=True,
        groups="helpdesk_mgmt.group_helpdesk_user_own",
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
        """Return the words of one event for one reader, by field."""
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

    # ------------------------------------------------------------------
    # A visit: an appointment about a ticket, of a technician with a customer
    # ------------------------------------------------------------------

    @api.depends("res_model", "res_id")
    def _compute_ticket_id(self):
        for event in self:
            if event.res_model == TICKET_MODEL and event.res_id:
                event.ticket_id = event.res_id

    def _check_ticket_and_customers(self):
        """Refuse a ticket that the user may not read, and more customers than they may.

        Texts about a visit leave in the name of the ticket's company, and answers to
        them are noted on the ticket.

        :raises AccessError: for either
        """
        if self.env.su:
            return
        self.ticket_id.check_access("read")
        for event in self.filtered("sms_enabled"):
            customers = event.partner_ids.filtered("partner_share")
            self.env.user._check_may_text_at_once(event.sms_company_id, len(customers))

    @api.depends("user_id")
    def _compute_technician_id(self):
        """Follow the organizer, unless somebody else was named."""
        for event in self:
            former = event._origin.user_id
            if not event.technician_id or event.technician_id == former:
                event.technician_id = event.user_id

    @api.depends("ticket_id.company_id", "technician_id", "user_id")
    def _compute_sms_company_id(self):
        for event in self:
            event.sms_company_id = (
                event.ticket_id.company_id
                or event.technician_id.company_id
                or event.user_id.company_id
                or self.env.company
            )

    def _get_texting_company(self):
        return self.sudo().sms_company_id or self.env.company

    @api.depends("ticket_id")
    def _compute_sms_enabled(self):
        """Text about visits; other apps' meetings stay as they are."""
        for event in self:
            event.sms_enabled = event.sms_enabled or bool(event.ticket_id)

    @api.depends(
        "attendee_ids.state",
        *("partner_ids", "ticket_id.partner_id", "technician_id", "user_id"),
    )
    def _compute_sms_confirmation(self):
        """Take the answer of the customer; of several the one that needs most care."""
        order = list(CONFIRMATION_OF)
        for event in self:
            customers = event._get_sms_customers()
            attendees = event.attendee_ids.filtered(
                lambda it, customers=customers: it.partner_id in customers
            )
            states = sorted(
                {attendee.state or "needsAction" for attendee in attendees},
                key=order.index,
            )
            waiting = [state for state in states if state != "declined"] or states
            event.sms_confirmation = CONFIRMATION_OF.get(next(iter(waiting), ""), False)

    @api.model
    def _order_sms_confirmations(self, states, _domain):
        """Show first what needs care: columns else stand in the alphabet's order."""
        selection = self._fields["sms_confirmation"].selection
        return [state for state, _label in selection if state in states]

    @api.depends("start")
    def _compute_sms_is_begun(self):
        now = fields.Datetime.now()
        for event in self:
            event.sms_is_begun = bool(event.start) and event.start <= now

    @api.onchange("technician_id")
    def _onchange_technician_id(self):
        self.partner_ids |= self.technician_id.partner_id

    def action_view_ticket(self):
        """Open the ticket of the visit."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": TICKET_MODEL,
            "res_id": self.ticket_id.id,
            "view_mode": "form",
        }

    def _check_texting(self):
        """Refuse to text about an appointment of which nobody is to be told.

        :raises UserError: without a customer, or where texts are switched off
        """
        self.ensure_one()
        self.check_access("write")
        if not self.sms_enabled:
            raise UserError(
                self.env._(
                    "Texts are switched off for this appointment: switch on "
                    "“Text the Customer” first."
                )
            )
        if not self.sms_customer_id:
            raise UserError(self.env._("No customer is invited: add one first."))

    # ------------------------------------------------------------------
    # What the technician tells the customer by a button
    # ------------------------------------------------------------------

    def action_sms_on_the_way(self):
        """Tell the customer that the technician is on the way."""
        return self._plan_by_button(ON_THE_WAY)

    def action_sms_no_show(self):
        """Note that the customer was not there, and offer them another date."""
        if self.start > fields.Datetime.now():
            raise UserError(self.env._("The appointment is still to come."))
        return self._plan_by_button(NO_SHOW)

    def _plan_by_button(self, kind):
        """Plan a text to each customer, once; tell the user what happens.

        :raises UserError: where nobody is to be texted, or it was sent before
        """
        self._check_texting()
        event_sudo = self.sudo()
        rows_sudo = self.env["sms.reminder"].sudo()
        company, ticket = event_sudo.sms_company_id, event_sudo.ticket_id
        rule = rows_sudo._get_rule(company, kind, ticket)
        if not rule:
            raise UserError(
                self.env._(
                    "No text is set for this: a helpdesk manager can make an "
                    "automation that says what to send."
                )
            )
        customers = event_sudo._get_untold_customers(kind)
        if not customers:
            raise UserError(self.env._("The customer has been told already."))
        vals = event_sudo._prepare_text_now(kind, rule)
        rows_sudo.create([{**vals, "partner_id": it.id} for it in customers])
        rows_sudo._wake()
        return self._say_who_is_told(customers)

    def _get_untold_customers(self, kind):
        """Return the customers who come, and have not had a text of a kind.

        :param str kind: a value of ``sms.reminder.kind``
        """
        told = self.env["sms.reminder"].search(
            [
                *(("event_id", "=", self.id), ("kind", "=", kind)),
                *(("start", "=", self.start), ("state", "in", (PLANNED, SENT))),
            ]
        )
        declined = self.attendee_ids.filtered(lambda it: it.state == "declined")
        return self._get_sms_customers() - told.partner_id - declined.partner_id

    def _prepare_text_now(self, kind, rule):
        """Return the values of a text that leaves now, all but to whom."""
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

    def _say_who_is_told(self, customers):
        """Return the action that tells the user whom the text goes to."""
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "%s will be told by text.", ", ".join(customers.mapped("name"))
                ),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }
