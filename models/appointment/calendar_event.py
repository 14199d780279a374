# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from functools import partial
from uuid import uuid4

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools import TICKET_MODEL, appointments
from ...tools.appointments import MOVED
from ..consent.sms_consent_mixin import SubjectColumns
from .sms_reminder import ReminderClock, Whereabouts

#: Context key that excludes customers from Odoo's own text reminder: they get ours.
WITHOUT_CUSTOMERS_KEY = "sms_without_customers"
#: Key in ``cr.precommit.data`` of the events that a transaction has changed.
TOUCHED_KEY = "helpdesk_mgmt_sms.appointments"
#: Context key of a move that the customer asked for, to be confirmed without delay.
AT_ONCE_KEY = "sms_tell_at_once"
#: Fields that determine sender and recipients of texts; the user needs rights to both.
VISIT_FIELDS = {"ticket_id", "res_model_id", "res_id", "sms_enabled", "partner_ids"}
#: Fields whose change may affect texts to customers.
WATCHED_FIELDS = (
    VISIT_FIELDS
    | {"start", "stop", "start_date", "stop_date", "allday", "duration", "active"}
    | {"attendee_ids", "user_id", "technician_id", "alarm_ids", "recurrency"}
)
START_FIELDS = {"start", "start_date", "allday"}
#: Latest and earliest free time offered, counted from now.
HORIZON, NOTICE = timedelta(days=14), timedelta(hours=3)
OPEN, CONFIRMED, MAYBE, DECLINED = ("open", "confirmed", "maybe", "declined")
#: The customer's answer by the invitation's state, in order of urgency, a refusal last.
CONFIRMATION_OF = {
    "needsAction": OPEN,
    "tentative": MAYBE,
    "accepted": CONFIRMED,
    "declined": DECLINED,
}


@dataclass
class Touched:
    """Changes of appointments in a transaction.

    :param dict events: whether a change is announced, by event id
    :param list gone: see :meth:`SmsReminder._note_gone`
    :param set at_once: ids of events whose change is announced without delay
    """

    events: dict = field(default_factory=dict)
    gone: list = field(default_factory=list)
    at_once: set = field(default_factory=set)


class CalendarEvent(models.Model):
    """An appointment whose customers are told, reminded and asked by text.

    A visit is an appointment about a ticket, of a technician with a customer. Nothing
    is sent here: changes are collected, and planned as ``sms.reminder`` once, when the
    transaction ends. Odoo's calendar deletes and recreates a whole series during a
    change; texts at each step would be hundreds, mostly about things that never
    happened.
    """

    _name = "calendar.event"
    _inherit = ["calendar.event", "sms.consent.mixin", "sms.personal.data"]

    ticket_id = fields.Many2one(
        "helpdesk.ticket",
        compute="_compute_ticket_id",
        store=True,
        readonly=False,
        index="btree_not_null",
    )
    ticket_number = fields.Char(related="ticket_id.number", string="Ticket Number")
    technician_id = fields.Many2one(
        "res.users",
        compute="_compute_technician_id",
        store=True,
        readonly=False,
        domain=[("share", "=", False)],
        index="btree_not_null",
        help="The person who visits the customer and is notified of their answer. "
        "Defaults to the organizer.",
    )
    sms_customer_id = fields.Many2one(
        "res.partner",
        "Customer",
        compute="_compute_sms_customer_id",
        help="The first attendee who is not a colleague.",
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
        help="Text the customer when this appointment is booked, moved or cancelled, "
        "and remind them of it. Only if they agreed to texts.",
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
        help="What the customer answered, by text or email. Empty if no customer is "
        "invited.",
    )
    sms_is_begun = fields.Boolean(compute="_compute_sms_is_begun")
    sms_series_key = fields.Char(
        help="Identifies the occurrences of a series, even when it is created again."
    )
    sms_reminder_ids = fields.One2many(
        "sms.reminder",
        "event_id",
        "Texts to the Customer",
        readonly=True,
        groups="helpdesk_mgmt.group_helpdesk_user_own",
    )

    # === The visit ===

    @api.depends("res_model", "res_id")
    def _compute_ticket_id(self):
        for event in self:
            if event.res_model == TICKET_MODEL and event.res_id:
                event.ticket_id = event.res_id

    @api.depends("user_id")
    def _compute_technician_id(self):
        """Default to the organizer, unless somebody else was chosen."""
        for event in self:
            if not event.technician_id or event.technician_id == event._origin.user_id:
                event.technician_id = event.user_id

    @api.depends("ticket_id.company_id", "technician_id", "user_id")
    def _compute_sms_company_id(self):
        for event in self:
            event.sms_company_id = (
                event.ticket_id.company_id
                or event._get_sms_technician().company_id
                or event.user_id.company_id
                or self.env.company
            )

    @api.depends("ticket_id")
    def _compute_sms_enabled(self):
        """Enable texts for visits; leave meetings of other apps as they are."""
        for event in self:
            event.sms_enabled = event.sms_enabled or bool(event.ticket_id)

    @api.depends("partner_ids", "ticket_id.partner_id", "technician_id", "user_id")
    @api.depends_context("uid")
    def _compute_sms_customer_id(self):
        shown = self._filter_sms_shown()
        (self - shown).sms_customer_id = False
        for event in shown:
            event.sms_customer_id = event.sudo()._get_sms_customers()[:1]

    def _filter_sms_shown(self):
        """Leave out others' private appointments, which Odoo shows as busy."""
        if self.env.su:
            return self
        return self.filtered(lambda it: not it._check_private_event_conditions())

    @api.depends(
        "attendee_ids.state",
        "partner_ids",
        "ticket_id.partner_id",
        "technician_id",
        "user_id",
    )
    def _compute_sms_confirmation(self):
        """Take the customer's answer, or of several the most urgent one."""
        for event in self:
            customers = event._get_sms_customers()
            states = {
                attendee.state or "needsAction"
                for attendee in event.attendee_ids
                if attendee.partner_id in customers
            }
            found = (CONFIRMATION_OF[it] for it in CONFIRMATION_OF if it in states)
            event.sms_confirmation = next(found, False)

    @api.model
    def _order_sms_confirmations(self, states, _domain):
        """Order the columns by urgency instead of alphabetically."""
        selection = self._fields["sms_confirmation"].selection
        return [state for state, _label in selection if state in states]

    @api.depends("start", "allday")
    def _compute_sms_is_begun(self):
        for event in self:
            event.sms_is_begun = bool(event.start) and event._has_sms_begun()

    def _has_sms_begun(self):
        """Return whether it has begun, an all-day one with its day at our place."""
        begins = self.start
        if self.allday:
            begins = appointments.get_day_start(begins, self._get_sms_zone())
        return begins <= fields.Datetime.now()

    def _get_sms_end(self):
        """Return when texts about it expire (UTC): at its start, or with its day."""
        if self.allday:
            return appointments.get_day_end(self.start, self._get_sms_zone())
        return self.start

    def _get_sms_zone(self):
        return self._get_sms_company()._get_sms_zone()

    @api.onchange("technician_id")
    def _onchange_technician_id(self):
        self.partner_ids |= self.technician_id.partner_id

    def action_view_ticket(self):
        """Open the ticket of the visit."""
        self.ensure_one()
        return self.ticket_id._get_records_action(context={})

    def _get_sms_technician(self):
        return self.technician_id or self.user_id

    def _get_sms_company(self):
        return self.sudo().sms_company_id or self.env.company

    # === Customers and their consent ===

    def _get_sms_customers(self):
        """Return the attendees who neither are nor were colleagues.

        The customer of the linked ticket counts even if they work here, as in an
        internal helpdesk, unless they are the technician or organizer.
        """
        self.ensure_one()
        ticket_customer = self.ticket_id.partner_id
        ours = self.technician_id.partner_id | self.user_id.partner_id
        return self.partner_ids.filtered(
            lambda partner: (
                all(it.share for it in partner.with_context(active_test=False).user_ids)
                or (partner in ticket_customer and partner not in ours)
            )
        )

    @api.model
    def _get_sms_customer_sql(self, event, partner):
        """Return :meth:`_get_sms_customers` as an SQL condition on two aliases."""
        return SQL(
            """(
                NOT EXISTS (
                    SELECT FROM res_users "user" WHERE "user".partner_id = %(partner)s
                       AND NOT "user".share
                ) OR EXISTS (
                    SELECT FROM helpdesk_ticket ticket
                     WHERE ticket.id = %(ticket)s AND ticket.partner_id = %(partner)s
                ) AND NOT EXISTS (
                    SELECT FROM res_users "user" WHERE "user".partner_id = %(partner)s
                       AND "user".id IN (%(technician)s, %(organizer)s)
                )
            )""",
            partner=SQL.identifier(partner, "id"),
            ticket=SQL.identifier(event, "ticket_id"),
            technician=SQL.identifier(event, "technician_id"),
            organizer=SQL.identifier(event, "user_id"),
        )

    def _get_sms_subject_fields(self):
        return (
            "partner_ids.phone_sanitized",
            "sms_company_id",
            "ticket_id",
            "technician_id",
            "user_id",
        )

    def _get_sms_subjects(self):
        rules = self.env["sms.purpose.rule"]
        subjects = {}
        for event in self:
            company = event.sms_company_id or self.env.company
            purpose = rules._find_for_model(company, self._name)
            number = event._get_sms_shown_customer().phone_sanitized
            subjects[event.id] = company, number, purpose
        return subjects

    def _get_sms_shown_customer(self):
        """Return the customer; none of a private appointment of others, even in sudo.

        Consent is read in sudo, and would tell whom the appointment is with.
        """
        return self.sudo(False).sms_customer_id.with_env(self.env)

    def _get_sms_subject_columns(self, alias):
        """Find the customer as :meth:`_compute_sms_customer_id` does."""
        self.env["res.partner"].flush_model(["phone_sanitized", "complete_name"])
        self.env["res.users"].flush_model(["partner_id", "share"])
        number = SQL(
            """(
                SELECT partner.phone_sanitized
                  FROM calendar_event_res_partner_rel attendee
                  JOIN res_partner partner ON partner.id = attendee.res_partner_id
                 WHERE attendee.calendar_event_id = %s AND partner.active AND %s
              ORDER BY partner.complete_name, partner.id DESC LIMIT 1
            )""",
            SQL.identifier(alias, "id"),
            self._get_sms_customer_sql(alias, "partner"),
        )
        own_company = SQL.identifier(alias, "sms_company_id")
        company = SQL("COALESCE(%s, %s)", own_company, self.env.company.id)
        return SubjectColumns(company, number, self._get_sms_purpose_sql(company))

    def _get_sms_typed_number(self):
        return self._get_sms_shown_customer().phone

    # === Odoo's own reminders by text ===

    # Colleagues still get them; customers get ours.

    def _do_sms_reminder(self, alarms):
        ours = self.filtered(
            lambda it: it.sms_enabled and it.sudo().sms_company_id._uses_sms_outbox()
        )
        super(CalendarEvent, self - ours)._do_sms_reminder(alarms)
        without = ours.with_context(**{WITHOUT_CUSTOMERS_KEY: True})
        return super(CalendarEvent, without)._do_sms_reminder(alarms)

    def _message_sms_with_template(self, *args, **kwargs):
        """Skip the customers, who get our reminder: see :meth:`_do_sms_reminder`."""
        if self.env.context.get(WITHOUT_CUSTOMERS_KEY):
            customers = self.sudo()._get_sms_customers()
            left = set(kwargs.get("partner_ids") or ()) - set(customers.ids)
            if not left:
                return self.env["mail.message"]
            kwargs["partner_ids"] = list(left)
        return super()._message_sms_with_template(*args, **kwargs)

    # === Changes, noted until the transaction ends ===

    @api.model_create_multi
    def create(self, vals_list):
        """Plan the texts about new appointments, also for OCA's resource bookings."""
        for vals in vals_list:
            if vals.get("resource_booking_ids"):
                vals.setdefault("sms_enabled", True)
            if vals.get("recurrency"):
                vals["sms_series_key"] = vals.get("sms_series_key") or uuid4().hex
        events = super().create(vals_list).with_env(self.env)
        # Not a constraint, which would be checked in sudo here.
        events._check_sms_visit_rights()
        events._touch_sms_reminders()
        return events

    def write(self, vals):
        """Plan again the texts about the changed appointments.

        A technician who was the organizer is replaced by the new organizer.
        """
        if "user_id" in vals and "technician_id" not in vals:
            own = self.filtered(lambda event: event.technician_id == event.user_id)
            own.with_context(dont_notify=True).write({"technician_id": vals["user_id"]})
        names = set(vals)  # Odoo pops values from it
        is_move = bool(START_FIELDS & names)
        former = {it: (it.start, it.allday) for it in self.sudo() if is_move}
        invited = self.sudo() if "partner_ids" in names else ()
        guests = {it: it._get_sms_customers() for it in invited}
        result = super().write(vals)
        self._reopen_sms_answers(former)
        # Colleagues may come and go: they get no texts.
        kept = (it for it in guests if it.exists())
        is_guests = any(it._get_sms_customers() != guests[it] for it in kept)
        if is_guests or (VISIT_FIELDS - {"partner_ids"}) & names:
            self._check_sms_visit_rights()
        if WATCHED_FIELDS & names:
            self._touch_sms_reminders()
        return result

    def copy(self, default=None):
        """Copy it as an appointment of its own, also one of a series."""
        return super().copy({"sms_series_key": False, **(default or {})})

    def _reopen_sms_answers(self, former):
        """Take back customers' answers for a time to which the appointment was moved.

        What comes from another calendar has its own answers, but only of people whose
        e-mail address it knows.

        :param dict former: former start (UTC) and whether it was all day, by event
        """
        if not former:
            return
        moved = self.sudo().exists().filtered("sms_enabled")
        moved = moved.filtered(lambda it: (it.start, it.allday) != former[it])
        answered = moved.attendee_ids.filtered(
            lambda it: (
                it.state in ("accepted", "tentative")
                and it.partner_id in it.event_id._get_sms_customers()
            )
        )
        if self.env.context.get("dont_notify"):
            answered = answered._filter_sms_without_email()
        answered.state = "needsAction"

    def _reset_attendees_status(self):
        """Keep customers' answers to a time that stays: a series only gets longer."""
        kept = self.attendee_ids.filtered(lambda it: it.sms_told_start == self.start)
        states = [(it, it.state) for it in kept]
        result = super()._reset_attendees_status()
        for attendee, state in states:
            attendee.state = state
        return result

    def unlink(self):
        """Collect the people to be told before the appointments are deleted."""
        self.env["sms.reminder"].sudo()._note_gone(self.sudo().attendee_ids)
        return super().unlink()

    def web_read(self, specification):
        """Plan before reading, so that a saved form shows the planned texts."""
        if TOUCHED_KEY in self.env.cr.precommit.data:
            self._plan_sms_touched(self.env(user=SUPERUSER_ID, su=True, context={}))
        return super().web_read(specification)

    def _apply_recurrence_values(self, values, future=True):
        for event in self.filtered(lambda event: values and not event.sms_series_key):
            event.sms_series_key = uuid4().hex
        return super()._apply_recurrence_values(values, future=future)

    def _check_sms_visit_rights(self):
        """Check the user's rights to the ticket, and to text so many customers.

        Texts about a visit are sent by the ticket's company, and answers to them are
        noted on the ticket.

        :raises AccessError: if the ticket is not readable, or the customers too many
        """
        if self.env.su:
            return
        self.ticket_id.check_access("read")
        for event in self.filtered("sms_enabled"):
            customers = event.partner_ids.filtered("partner_share")
            self.env.user._check_sms_bulk_right(event.sms_company_id, len(customers))

    def _touch_sms_reminders(self):
        """Have the texts about these events planned when the transaction ends.

        Changes from a synchronization with another calendar are not announced: they
        have the context key ``dont_notify``.
        """
        if not self.ids:
            return
        touched = self._get_sms_touched()
        is_import = self.env["helpdesk.ticket"]._is_sms_history()
        is_loud = not (is_import or self.env.context.get("dont_notify"))
        for event_id in self.ids:
            touched.events[event_id] = touched.events.get(event_id) or is_loud
        if self.env.context.get(AT_ONCE_KEY):
            touched.at_once.update(self.ids)

    @api.model
    def _plan_sms_again(self, domain):
        """Plan and return a domain's future appointments again; announce nothing."""
        future = Domain("start", ">", fields.Datetime.now())
        events = self.search(domain & future & Domain("sms_enabled", "=", True))
        events.with_context(dont_notify=True)._touch_sms_reminders()
        return events

    @api.model
    def _get_sms_touched(self):
        precommit = self.env.cr.precommit
        if TOUCHED_KEY not in precommit.data:
            precommit.data[TOUCHED_KEY] = Touched()
            env = self.env(user=SUPERUSER_ID, su=True, context={})
            precommit.add(partial(self._plan_sms_touched, env))
        return precommit.data[TOUCHED_KEY]

    @staticmethod
    def _plan_sms_touched(env):
        if touched := env.cr.precommit.data.pop(TOUCHED_KEY, None):
            env["sms.reminder"]._plan(touched)

    # === Another time ===

    def _may_change_by_sms(self):
        """Return whether the customer may change it: bookings have a deadline."""
        return all(booking.is_modifiable for booking in self._get_sms_bookings())

    def _find_sms_free_times(self):
        """Return the technician's next free times (UTC), three at most.

        The appointment's present time is excluded, as the customer wants another. A
        technician who has left has none.
        """
        if not all(self._get_sms_technician().mapped("active")):
            return []
        now = fields.Datetime.now()
        work, busy = self._get_sms_hours(now, now + HORIZON)
        busy = [*busy, (self.start, self.stop)]
        return appointments.find_free(work, busy, self.stop - self.start, now + NOTICE)

    def _is_sms_time_free(self, start):
        """Return whether technician and customers are free for it at a time (UTC)."""
        if start <= fields.Datetime.now():
            return False
        day = timedelta(days=1)
        hours = self._get_sms_hours(start - day, start + 2 * day)
        return appointments.is_free(start, self.stop - self.start, *hours)

    def _get_sms_hours(self, start, end):
        """Return the possible hours for the appointment, and the busy ones (UTC).

        Possible are the technician's working hours during daytime at the customers'
        place, without public holidays.

        :return: two lists of ``(start, end)``
        """
        aware = start.replace(tzinfo=UTC), end.replace(tzinfo=UTC)
        customers = self._get_sms_customers()._origin
        technician = self._get_sms_technician().partner_id._origin
        work = self._get_sms_work(*aware)
        whereabouts = Whereabouts(self._get_sms_company())
        for person in customers or technician:
            work = appointments.keep_daytime(work, whereabouts.get_zone(person))
        people = technician | customers
        zones = {whereabouts.get_zone(person) for person in people}
        busy = []
        # All-day events are stored by UTC, so that their days begin and end elsewhen.
        around = start - timedelta(days=1), end + timedelta(days=1)
        by_person = people.sudo()._get_busy_calendar_events(*around)
        # Not every technician is invited to a visit that was handed to them.
        visits = [("technician_id", "in", self._get_sms_technician().ids)]
        visits += [("start", "<", around[1]), ("stop", ">", around[0])]
        found = self.sudo().search([*visits, ("show_as", "=", "busy")])
        for event in self.browse(found.ids).union(*by_person.values()) - self:
            own = event.attendee_ids.filtered(lambda it: it.partner_id in people)
            if not own or set(own.mapped("state")) != {"declined"}:
                facts = event.start, event.stop, event.allday
                busy += [appointments.get_span(*facts, zone) for zone in zones]
        return work, busy

    def _get_sms_work(self, start, end):
        """Return the working hours (UTC) of the technician or the booked resource.

        Without a working schedule, all hours from Monday to Friday are assumed.

        :param datetime start: aware, as ``end``
        :return: list of ``(start, end)``
        """
        company = self._get_sms_company()
        technician = self._get_sms_technician().sudo()
        calendar = technician.resource_calendar_id or company.resource_calendar_id
        if bookings := self._get_sms_bookings():
            found = bookings[0]._get_intervals(start, end)
        elif not calendar:
            found = [(start, end)]
        else:
            own = technician.resource_ids.filtered(lambda it: it.company_id == company)
            resource = own[:1]
            by_resource = calendar._work_intervals_batch(start, end, resources=resource)
            found = by_resource[resource.id]
        spans = [
            tuple(it.astimezone(UTC).replace(tzinfo=None) for it in pair[:2])
            for pair in found
        ]
        place = company._get_sms_place()
        where = place.zones[0], next(iter(place.regions), ("", ""))
        has_weekends = bool(bookings or calendar)
        return appointments.keep_business_days(spans, *where, has_weekends)

    def _get_sms_bookings(self):
        """Return the event's bookings of OCA's ``resource_booking``; usually none.

        In the portal's context, where the deadline for changes applies even if the
        user manages bookings.
        """
        self.ensure_one()
        if "resource_booking_ids" not in self._fields:
            return ()
        return self.sudo().with_context(using_portal=True).resource_booking_ids

    def _tells_sms_moves(self, customer):
        """Return whether a customer gets a text now when it is moved: not at night."""
        company = self._get_sms_company()
        rule = self.env["sms.reminder"]._get_rule(company, MOVED, self.ticket_id)
        clock = ReminderClock(company, fields.Datetime.now())
        return bool(rule) and self.sms_enabled and clock.is_open(customer, rule)

    def _move_by_sms(self, start):
        """Move it to a time (UTC) as the organizer; return whether that worked."""
        user = self.user_id if self.user_id.active else self.env.user
        event = self.with_user(user).sudo().with_context(**{AT_ONCE_KEY: True})
        values = {"start": start, "stop": start + (self.stop - self.start)}
        if event.allday:
            values["allday"] = False
        try:
            with self.env.cr.savepoint():
                event.write(values)
                self.env.flush_all()
        except (UserError, ValidationError):
            return False
        return True
