# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict
from datetime import datetime, timedelta
from typing import NamedTuple

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools import appointments, automation, quiet_hours
from ...tools.appointments import BOOKED, CALLED_OFF, MOVED, get_latest_end
from ...tools.geography import read_number
from ..core.ir_cron import to_minutes

REMINDER, ON_THE_WAY, NO_SHOW = ("reminder", "on_the_way", "no_show")
PLANNED, SENT, CANCELLED, FAILED = ("planned", "sent", "cancelled", "failed")
#: Delay before a change is announced, in case it is undone at once.
GRACE = timedelta(minutes=1)
#: Rows are deleted this long after the appointment.
KEPT = timedelta(days=365)


class TextRule(NamedTuple):
    """Rule for a text about appointments: kind, time, template and purpose.

    :param str kind: value of ``sms.reminder.kind``
    :param timedelta offset: how long before the appointment a reminder is sent
    :param int automation_id: the ``sms.automation`` that defines it, or 0
    :param int alarm_id: the ``calendar.alarm`` of type SMS that it replaces, or 0
    :param automation.Rule conditions: filter on the appointments' tickets; None: all
    """

    kind: str
    offset: timedelta
    template_id: int
    purpose_id: int
    automation_id: int = 0
    alarm_id: int = 0
    conditions: automation.Rule | None = None


class Appointment(NamedTuple):
    """An event for one customer, as stored in the database."""

    attendee_id: int
    event_id: int
    partner_id: int
    company_id: int
    ticket_id: int
    key: str
    start: datetime
    stop: datetime
    is_allday: bool
    known: datetime | None
    is_active: bool
    is_enabled: bool
    is_customer: bool
    answer: str | None

    def get_obstacle(self, companies, now):
        """Return why the customer gets no texts, as ``sms.reminder.reason``, or "".

        :param set companies: ids of companies that use our outbox
        """
        if not self.is_active:
            return "called_off"
        if not self.is_enabled or self.company_id not in companies:
            return "switched_off"
        if not self.is_customer:
            return "uninvited"
        if self.answer == "declined":
            return "declined"
        last = self.stop if self.is_allday else self.start
        return "too_late" if get_latest_end(last, self.is_allday) <= now else ""

    def knows_of_more(self, now):
        """Return whether the customer was told of a time that has not passed."""
        known = self.known
        return bool(known) and get_latest_end(known, self.is_allday) > now


class SmsReminder(models.Model):
    """A text about an appointment, planned for a time or already sent.

    Planned when the transaction that changes the calendar ends, and sent by a cron,
    once: the message and the row's new state are committed together, and a reminder has
    one row per occurrence, person and offset, however often it is planned.
    """

    _name = "sms.reminder"
    _inherit = "sms.setup.mixin"
    _description = "Text about an Appointment"
    _order = "due_at desc, id desc"
    _rec_name = "kind"

    kind = fields.Selection(
        [
            (BOOKED, "Booked"),
            (MOVED, "Moved"),
            (CALLED_OFF, "Called off"),
            (REMINDER, "Reminder"),
            (ON_THE_WAY, "On the way"),
            (NO_SHOW, "No-show"),
        ],
        string="Text",
        required=True,
        readonly=True,
    )
    state = fields.Selection(
        [
            (PLANNED, "Planned"),
            (SENT, "Text created"),
            (CANCELLED, "Cancelled"),
            (FAILED, "Failed"),
        ],
        required=True,
        readonly=True,
        default=PLANNED,
    )
    reason = fields.Selection(
        [
            ("moved", "The appointment was moved"),
            ("called_off", "The appointment was cancelled"),
            ("declined", "The customer has declined"),
            ("uninvited", "The customer is no longer invited"),
            ("switched_off", "Texts are switched off"),
            ("opted_out", "The customer has opted out"),
            ("undone", "The change was undone"),
            ("replaced", "A newer text says it all"),
            ("too_late", "It would have come too late"),
            ("no_text", "No text is set for it"),
            ("bad_text", "Its text cannot be filled in: correct the template"),
        ],
        readonly=True,
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="cascade"
    )
    event_id = fields.Many2one(
        "calendar.event", "Appointment", readonly=True, index=True
    )
    partner_id = fields.Many2one(
        "res.partner",
        "Customer",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    ticket_id = fields.Many2one(
        "helpdesk.ticket", readonly=True, index="btree_not_null"
    )
    subject_key = fields.Char(
        readonly=True, help="Tells the appointment, or the series that it is of."
    )
    start = fields.Datetime(
        "Starts On", required=True, readonly=True, help="The time that the text tells."
    )
    known_start = fields.Datetime(
        "Moved From", readonly=True, help="The time that the customer knew before."
    )
    is_allday = fields.Boolean(readonly=True)
    count = fields.Integer("Dates", default=1, readonly=True)
    offset_minutes = fields.Integer("Minutes Before", readonly=True)
    due_at = fields.Datetime("Planned For", required=True, readonly=True)
    automation_id = fields.Many2one(
        "sms.automation", readonly=True, index="btree_not_null"
    )
    alarm_id = fields.Many2one(
        "calendar.alarm",
        readonly=True,
        help="Odoo's own text reminder, which this one replaces.",
    )
    body = fields.Text(
        readonly=True, help="Already filled in, because the appointment is deleted."
    )
    sms_id = fields.Many2one(
        "sms.sms", "Message", readonly=True, index="btree_not_null"
    )
    sms_label = fields.Char("Outcome", compute="_compute_sms_label", compute_sudo=True)

    _reminder_unique = models.UniqueIndex(
        "(event_id, partner_id, start, offset_minutes) WHERE kind = 'reminder'"
    )
    _due_index = models.Index("(due_at, id) WHERE state = 'planned'")
    _notice_index = models.Index(
        "(partner_id, subject_key) WHERE kind IN ('booked', 'moved', 'called_off') "
        "AND state IN ('planned', 'sent')"
    )

    @api.depends("state", "reason", "sms_id.state")
    def _compute_sms_label(self):
        """Show the state of the message, or else why there is none."""
        reasons = dict(self._fields["reason"]._description_selection(self.env))
        for row in self:
            words = [reasons.get(row.reason)]
            if row.state == SENT:
                words = [row.sms_id.shown_label, row.sms_id.shown_reason]
            row.sms_label = ": ".join(filter(None, words))

    def action_try_again(self):
        """Plan failed texts again, after their template was corrected."""
        self.check_access("write")
        failed = self.sudo().filtered(lambda row: row.state == FAILED)
        now = fields.Datetime.now()
        failed.write({"state": PLANNED, "reason": False, "due_at": now})
        self._wake()

    @api.model
    def _wake(self, moments=None):
        """Wake the cron for the earliest time (UTC), or now; it then wakes itself."""
        moments = [fields.Datetime.now()] if moments is None else moments
        if moments:
            first = to_minutes([min(moments)])
            self.env["ir.cron"]._wake_sms("ir_cron_sms_reminder", first)

    @api.autovacuum
    def _gc_old(self):
        limit = fields.Datetime.now() - KEPT
        self.sudo().search([("start", "<", limit)], limit=10_000).unlink()

    # === Rules ===

    @api.model
    def _get_rule(self, company, kind, ticket=None):
        """Return the first :class:`TextRule` of a kind that fits, or None."""
        return next(iter(self._get_rules(company, kind, ticket)), None)

    @api.model
    def _get_rules(self, company, kind, ticket=None):
        """Return the :class:`TextRule` items of a kind that fit, in order."""
        automations = self.env["sms.automation"]
        ticket_sudo = (ticket or self.env["helpdesk.ticket"]).sudo()
        facts = automations._get_facts(ticket_sudo)._replace(company_id=company.id)
        return [
            rule
            for rule in automations._get_appointment_rules(company)
            if rule.kind == kind and automation.fits(rule.conditions, facts)
        ]

    def _find_own_rules(self):
        """Return each row's current :class:`TextRule`, or None, by row id.

        If its own rule is gone, the first fitting one takes its place.
        """
        found = {}
        for company, rows in self.grouped("company_id").items():
            automated = self.env["sms.automation"]._get_appointment_rules(company)
            events = rows.filtered("alarm_id").event_id
            alarms = self._get_alarm_rules(events, company)
            for row in rows:
                rules = alarms[row.event_id.id] if row.alarm_id else automated
                key = row.automation_id.id or 0, row.alarm_id.id or 0
                own = (it for it in rules if (it.automation_id, it.alarm_id) == key)
                rule = next(own, None)
                found[row.id] = rule or self._get_rule(company, row.kind, row.ticket_id)
        return found

    @api.model
    def _get_alarm_rules(self, events, company):
        """Return the rules that replace Odoo's own text reminders, by event.

        Somebody has put them on the event, so the customer gets them, but through our
        reminders, which use the customer's time zone and are never sent twice.

        :return: ``{event id: list of TextRule}``
        """
        found = defaultdict(list)
        if not events:
            return found
        shipped = self.env.ref(
            "calendar_sms.sms_template_data_calendar_reminder", False
        )
        own = self._get_rule(company, REMINDER)
        purpose = self.env["sms.purpose"]._get("appointment")
        events.fetch(["alarm_ids"])
        for event in events:
            for alarm in event.alarm_ids.filtered(lambda it: it.alarm_type == "sms"):
                template = alarm.sms_template_id.filtered(
                    lambda it: not it.is_internal and it.company_id <= company
                )
                is_default = own and (not template or template == shipped)
                rule = TextRule(
                    REMINDER,
                    timedelta(minutes=alarm.duration_minutes),
                    own.template_id if is_default else template.id,
                    purpose.id,
                    alarm_id=alarm.id,
                )
                found[event.id].append(rule)
        return found

    @api.model
    def _find_obstacles(self, found):
        """Return why customers get no texts, or "", by :class:`Appointment`."""
        companies = self.env["res.company"].browse({it.company_id for it in found})
        texting = {it.id for it in companies.exists() if it._uses_sms_outbox()}
        now = fields.Datetime.now()
        return {it: it.get_obstacle(texting, now) for it in found}

    @api.model
    def _read_appointments(self, condition):
        """Return an :class:`Appointment` for each event and person texted about it.

        These are its customers and whoever was told of it before. One query.

        :param SQL condition: on ``event`` and ``attendee``
        """
        self.env["calendar.event"].flush_model()
        self.env["calendar.attendee"].flush_model()
        self.env["helpdesk.ticket"].flush_model(["partner_id"])
        self.env["res.users"].flush_model(["partner_id", "share"])
        customer = self.env["calendar.event"]._get_sms_customer_sql("event", "partner")
        query = """
            SELECT attendee.id, event.id, partner.id, event.sms_company_id,
                   event.ticket_id,
                   COALESCE(event.sms_series_key, 'event ' || event.id),
                   event.start, event.stop, COALESCE(event.allday, FALSE),
                   attendee.sms_told_start, event.active,
                   COALESCE(event.sms_enabled, FALSE), %(customer)s, attendee.state
              FROM calendar_event event
              JOIN calendar_attendee attendee ON attendee.event_id = event.id
              JOIN res_partner partner ON partner.id = attendee.partner_id
             WHERE %(condition)s AND (%(customer)s OR attendee.sms_told_start NOTNULL)
          ORDER BY event.start, event.id, attendee.id
        """
        query = SQL(query, customer=customer, condition=condition)
        return [Appointment(*row) for row in self.env.execute_query(query)]


class Whereabouts:
    """Places and time zones of one company's customers, located as by the gate.

    Many people live in few places, so each place is looked up once.
    """

    def __init__(self, company):
        self._company = company
        #: Name of the company's time zone.
        self.here = company._get_sms_zone()
        self._known = {}

    def get_zone(self, partner):
        """Return the name of the time zone in which to tell a customer times."""
        return self.find(partner)[1]

    def find(self, partner):
        """Return place and time zone of a customer."""
        reader, number = partner._get_sms_reader(), partner.phone_sanitized or ""
        key = reader.address, read_number(number)
        if key not in self._known:
            place = self._company.env["sms.gate"]._locate(self._company, number, reader)
            zone = appointments.pick_zone(reader.tz, place.zones, self.here)
            self._known[key] = place, zone
        return self._known[key]


class ReminderClock(Whereabouts):
    """Calculates when one company's customers are reminded, in local time.

    The quiet hours of a place are looked up once.
    """

    def __init__(self, company, now):
        super().__init__(company)
        self._now = now
        self._keeps_hours = company._keeps_sms_quiet_hours()
        self._hours = {}

    def find_due(self, appointment, partner, rule):
        """Return when a reminder is due (UTC), or None: see ``tools.appointments``.

        :param Appointment appointment: what it is about
        :param partner: ``res.partner`` to remind
        :param TextRule rule: how long before, for what purpose
        """
        place, zone = self.find(partner)
        return appointments.find_due(
            appointments.get_anchor(appointment.start, appointment.is_allday, zone),
            rule.offset,
            self._now,
            place.zones,
            self._get_hours(place, rule.purpose_id),
            f"{appointment.event_id}/{appointment.partner_id}",
        )

    def is_open(self, partner, rule):
        """Return whether a text may leave to a customer at this hour."""
        place, _zone = self.find(partner)
        hours = self._get_hours(place, rule.purpose_id)
        return quiet_hours.is_open(self._now, place.zones, hours)

    def _get_hours(self, place, purpose_id):
        key = place, purpose_id
        if key not in self._hours:
            env = self._company.env
            purpose = env["sms.purpose"].browse(purpose_id)
            quiet_class = purpose._get_rules(env.lang, self._company).quiet_class
            self._hours[key] = ()
            if self._keeps_hours and quiet_class != quiet_hours.URGENT:
                select = env["sms.quiet.hours"]._select
                self._hours[key] = select(self._company, place, quiet_class)
        return self._hours[key]
