# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from functools import partial
from uuid import uuid4

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from ...tools import appointments
from ..consent.sms_consent_mixin import SubjectColumns
from .sms_reminder_plan import Whereabouts

#: Context of Odoo's own reminder by text where ours go to the customers.
WITHOUT_CUSTOMERS_KEY = "sms_without_customers"
#: Where a transaction keeps which events it has changed, until it is about to end.
TOUCHED_KEY = "helpdesk_mgmt_sms.appointments"
#: Context of who moves an appointment as its customer asked: they wait for the answer.
AT_ONCE_KEY = "sms_tell_at_once"
#: In whose name texts leave, and to whom: the user must have a right to both.
VISIT_FIELDS = {"ticket_id", "res_model_id", "res_id", "sms_enabled", "partner_ids"}
#: What decides about texts to customers; other changes of an event are none of ours.
WATCHED_FIELDS = {
    *("start", "stop", "start_date", "stop_date", "allday", "duration", "active"),
    *("partner_ids", "attendee_ids", "user_id", "technician_id", "ticket_id"),
    *("res_id", "res_model_id", "alarm_ids", "sms_enabled", "recurrency"),
}
#: How far ahead a free time is looked for, and how near at least.
HORIZON = timedelta(days=14)
NOTICE = timedelta(hours=3)


class CalendarEvent(models.Model):
    """An appointment knows its customers and shows if they may be texted."""

    _name = "calendar.event"
    _inherit = ["calendar.event", "sms.consent.mixin"]

    sms_customer_id = fields.Many2one(
        "res.partner",
        "Customer",
        compute="_compute_sms_customer_id",
        compute_sudo=True,
        help="The first attendee who is no colleague.",
    )

    @api.depends("partner_ids", "ticket_id.partner_id", "technician_id", "user_id")
    def _compute_sms_customer_id(self):
        for event in self:
            event.sms_customer_id = event._get_sms_customers()[:1]

    def _get_sms_customers(self):
        """Return the attendees who are texted: who is none of us.

        The customer of the linked ticket is one even if they work here, as those of an
        internal helpdesk do; not so who comes to them.
        """
        self.ensure_one()
        ticket_customer = self.ticket_id.partner_id
        ours = self.technician_id.partner_id | self.user_id.partner_id
        return self.partner_ids.filtered(
            lambda partner: (
                all(user.share for user in partner.user_ids)
                or (partner in ticket_customer and partner not in ours)
            )
        )

    @api.model
    def _get_sms_customer_sql(self, event, partner):
        """Return the condition that a contact is a customer of an event.

        The same rule as :meth:`_get_sms_customers`.

        :param str event: alias of ``calendar_event``
        :param str partner: alias of ``res_partner``, an attendee
        """
        return SQL(
            """(
                NOT EXISTS (
                    SELECT FROM res_users "user"
                     WHERE "user".partner_id = %(partner)s
                       AND "user".active AND NOT "user".share
                ) OR (
                    EXISTS (
                        SELECT FROM helpdesk_ticket ticket
                         WHERE ticket.id = %(ticket)s
                           AND ticket.partner_id = %(partner)s
                    ) AND NOT EXISTS (
                        SELECT FROM res_users "user"
                         WHERE "user".partner_id = %(partner)s
                           AND "user".id IN (%(technician)s, %(organizer)s)
                    )
                )
            )""",
            partner=SQL.identifier(partner, "id"),
            ticket=SQL.identifier(event, "ticket_id"),
            technician=SQL.identifier(event, "technician_id"),
            organizer=SQL.identifier(event, "user_id"),
        )

    def _get_sms_subject_fields(self):
        return (
            *("partner_ids.phone_sanitized", "sms_company_id"),
            *("ticket_id", "technician_id", "user_id"),
        )

    def _get_sms_subjects(self):
        rules = self.env["sms.purpose.rule"]
        subjects = {}
        for event in self:
            company = event.sms_company_id or self.env.company
            purpose = rules._find_for_model(company, self._name)
            number = event.sms_customer_id.phone_sanitized
            subjects[event.id] = company, number, purpose
        return subjects

    def _get_sms_subject_columns(self, alias):
        """Find the customer as :meth:`_compute_sms_customer_id` does."""
        self.env["res.partner"].flush_model(["phone_sanitized", "complete_name"])
        self.env["res.users"].flush_model(["partner_id", "share", "active"])
        number = SQL(
            """(
                SELECT partner.phone_sanitized
                  FROM calendar_event_res_partner_rel attendee
                  JOIN res_partner partner ON partner.id = attendee.res_partner_id
                 WHERE attendee.calendar_event_id = %s AND partner.active
                   AND %s
              ORDER BY partner.complete_name, partner.id DESC
                 LIMIT 1
            )""",
            SQL.identifier(alias, "id"),
            self._get_sms_customer_sql(alias, "partner"),
        )
        company = SQL(
            "COALESCE(%s, %s)",
            SQL.identifier(alias, "sms_company_id"),
            self.env.company.id,
        )
        rules = self.env["sms.purpose.rule"]
        cases = [
            SQL("WHEN %s THEN %s", it.id, rules._find_for_model(it, self._name).id)
            for it in self.env["res.company"].sudo().search([])
        ]
        purpose = SQL("CASE %s %s END", company, SQL(" ").join(cases))
        return SubjectColumns(company, number, purpose)

    def _get_sms_typed_number(self):
        return self.sms_customer_id.phone

    # ------------------------------------------------------------------
    # Odoo's own reminders by text: colleagues keep them, customers get ours
    # ------------------------------------------------------------------

    def _texts_customers(self):
        self.ensure_one()
        company = self.sudo().sms_company_id
        return self.sms_enabled and bool(company) and company._uses_sms_outbox()

    def _do_sms_reminder(self, alarms):
        ours = self.filtered(lambda event: event._texts_customers())
        super(CalendarEvent, self - ours)._do_sms_reminder(alarms)
        without = ours.with_context(**{WITHOUT_CUSTOMERS_KEY: True})
        return super(CalendarEvent, without)._do_sms_reminder(alarms)

    def _message_sms_with_template(
        self,
        template=False,
        template_xmlid=False,
        template_fallback="",
        partner_ids=False,
        **kwargs,
    ):
        """Text nobody twice: see :meth:`_do_sms_reminder`."""
        if self.env.context.get(WITHOUT_CUSTOMERS_KEY):
            customers = self.sudo()._get_sms_customers()
            partner_ids = list(set(partner_ids or ()) - set(customers.ids))
            if not partner_ids:
                return self.env["mail.message"]
        return super()._message_sms_with_template(
            template=template,
            template_xmlid=template_xmlid,
            template_fallback=template_fallback,
            partner_ids=partner_ids,
            **kwargs,
        )

    # ------------------------------------------------------------------
    # Notes what a transaction changes, and has it looked at once, when it ends
    # ------------------------------------------------------------------

    # A calendar throws away a series and makes it anew in the middle of a change: who
    # hangs on each step would text two hundred times, and what never happened. Nothing
    # is sent here: rows of ``sms.reminder`` are planned, which a cron works off.

    @api.model_create_multi
    def create(self, vals_list):
        """Plan the texts about new appointments; those booked by OCA's bookings too."""
        for vals in vals_list:
            if vals.get("resource_booking_ids"):
                vals.setdefault("sms_enabled", True)
            if vals.get("recurrency"):
                vals.setdefault("sms_series_key", uuid4().hex)
        events = super().create(vals_list).with_env(self.env)
        # No constraint: those are checked in sudo here.
        events._check_ticket_and_customers()
        events._touch_appointments()
        return events

    def write(self, vals):
        """Plan anew what hangs on the changed appointments.

        Whose technician is the organizer has the new organizer for one.
        """
        if "user_id" in vals and "technician_id" not in vals:
            own = self.filtered(lambda event: event.technician_id == event.user_id)
            own.with_context(dont_notify=True).write({"technician_id": vals["user_id"]})
        # Odoo takes values out of it.
        is_watched = bool(WATCHED_FIELDS & vals.keys())
        is_visit = bool(VISIT_FIELDS & vals.keys())
        result = super().write(vals)
        if is_visit:
            self._check_ticket_and_customers()
        if is_watched:
            self._touch_appointments()
        return result

    def unlink(self):
        """Remember who knows of the appointments, while they are there."""
        self.env["sms.reminder"].sudo()._note_gone(self.sudo().attendee_ids)
        return super().unlink()

    def web_read(self, specification):
        """Show who saves a form what has been planned by it.

        It is read before the transaction ends, which is when that is done.
        """
        if TOUCHED_KEY in self.env.cr.precommit.data:
            self._plan_touched(self.env(user=SUPERUSER_ID, su=True, context={}))
        return super().web_read(specification)

    def _apply_recurrence_values(self, values, future=True):
        for event in self.filtered(lambda event: values and not event.sms_series_key):
            event.sms_series_key = uuid4().hex
        return super()._apply_recurrence_values(values, future=future)

    def _touch_appointments(self):
        """Have these events looked at when the transaction is about to end.

        What a synchronisation with another calendar brings is not announced: its
        changes have the context ``dont_notify``.
        """
        if not self.ids:
            return
        touched = self._get_touched_appointments()
        is_loud = not self.env.context.get("dont_notify")
        for event_id in self.ids:
            touched.events[event_id] = touched.events.get(event_id) or is_loud
        if self.env.context.get(AT_ONCE_KEY):
            touched.at_once.update(self.ids)

    @api.model
    def _get_touched_appointments(self):
        """Return what this transaction has changed so far."""
        precommit = self.env.cr.precommit
        if TOUCHED_KEY not in precommit.data:
            precommit.data[TOUCHED_KEY] = Touched()
            env = self.env(user=SUPERUSER_ID, su=True, context={})
            precommit.add(partial(self._plan_touched, env))
        return precommit.data[TOUCHED_KEY]

    @staticmethod
    def _plan_touched(env):
        touched = env.cr.precommit.data.pop(TOUCHED_KEY, None)
        if touched:
            env["sms.reminder"]._plan(touched)

    # ------------------------------------------------------------------
    # When an appointment could be instead
    # ------------------------------------------------------------------

    def _may_change_by_text(self):
        """Tell if the customer may change it: bookings have a deadline."""
        return all(booking.is_modifiable for booking in self._get_bookings())

    def _find_free_times(self):
        """Return the technician's next free times (UTC), three at most."""
        self.ensure_one()
        now = fields.Datetime.now()
        return appointments.find_free(
            *self._get_hours(now, now + HORIZON),
            self.stop - self.start,
            now + NOTICE,
        )

    def _is_free_at(self, start):
        """Tell if the technician is free for it at a time (UTC)."""
        self.ensure_one()
        duration = self.stop - self.start
        hours = self._get_hours(start - timedelta(days=1), start + timedelta(days=2))
        is_to_come = start > fields.Datetime.now()
        return is_to_come and appointments.is_free(start, duration, *hours)

    def _get_hours(self, start, end):
        """Return when technician and customers can, and when they are busy (UTC).

        They can in the working hours of the technician, by day where the customers are.

        :return: two lists of ``(start, end)``
        """
        aware = start.replace(tzinfo=UTC), end.replace(tzinfo=UTC)
        customers = self._get_sms_customers()
        work = self._get_work(*aware)
        whereabouts = Whereabouts(self._get_texting_company())
        for customer in customers:
            zone = whereabouts.get_zone(customer)
            work = appointments.keep_daytime(work, zone)
        people = (self.technician_id or self.user_id).partner_id | customers
        busy = people.sudo()._get_busy_calendar_events(*aware)
        events = self.env["calendar.event"].union(*busy.values()) - self
        return work, [
            (event.start, event.stop)
            for event in events
            if not self._is_declined_by(event, people)
        ]

    def _get_work(self, start, end):
        """Return when somebody works who can come (UTC).

        What was booked is bound to what can be booked; else it is the technician.

        :param datetime start: aware, as ``end``
        :return: list of ``(start, end)``
        """
        company = self._get_texting_company()
        technician = (self.technician_id or self.user_id).sudo()
        calendar = technician.resource_calendar_id or company.resource_calendar_id
        bookings = self._get_bookings()
        if bookings:
            found = bookings[0]._get_intervals(start, end)
        elif not calendar:  # nobody has said when people work
            found = [(start, end)]
        else:
            resource = technician.resource_ids.filtered(
                lambda it: it.company_id == company
            )[:1]
            by_resource = calendar._work_intervals_batch(start, end, resources=resource)
            found = by_resource[resource.id]
        return [
            tuple(it.astimezone(UTC).replace(tzinfo=None) for it in pair[:2])
            for pair in found
        ]

    @api.model
    def _is_declined_by(self, event, people):
        own = event.attendee_ids.filtered(lambda it: it.partner_id in people)
        return bool(own) and all(it.state == "declined" for it in own)

    def _move_by_text(self, start):
        """Move the appointment for its customer, in the organizer's name.

        :param datetime start: UTC
        """
        self.ensure_one()
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

    # ------------------------------------------------------------------
    # Other apps' ways with appointments, where they are installed
    # ------------------------------------------------------------------

    def _get_bookings(self):
        """Return the event's bookings of OCA's ``resource_booking``; mostly none.

        With a customer's rights, as in its portal: its managers may always change them.
        """
        self.ensure_one()
        if "resource_booking_ids" not in self._fields:
            return ()
        return self.sudo().with_context(using_portal=True).resource_booking_ids


@dataclass
class Touched:
    """What a transaction has changed of appointments.

    :param dict events: whether a change is to be announced, by event id
    :param list gone: see :meth:`SmsReminder._note_gone`
    :param set at_once: ids of the events whose change is told without delay
    """

    events: dict = field(default_factory=dict)
    gone: list = field(default_factory=list)
    at_once: set = field(default_factory=set)
