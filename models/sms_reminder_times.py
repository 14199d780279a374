# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models

from ..tools.appointments import ALL_DAY_OFFSET
from .sms_reminder import REMINDER
from .sms_reminder_clock import ReminderClock
from .sms_reminder_store import KEY_COLUMNS


class SmsReminder(models.Model):
    """Which reminders there are of appointments, and when each leaves."""

    _inherit = "sms.reminder"

    @api.model
    def _plan_reminders(self, found, obstacles):
        """Plan the reminders of appointments, and cancel what no longer holds.

        :param list found: of ``Appointment``
        :param dict obstacles: why somebody gets none, by appointment
        """
        standing = [it for it in found if not obstacles[it]]
        valid, rows = self._find_reminders(standing)
        void = {(it.event_id, it.partner_id): obstacles[it] for it in found}
        # Who is invited twice is reminded as long as one of both invitations stands.
        void |= {(it.event_id, it.partner_id): "" for it in standing}
        self._cancel_void(void, valid)
        self._upsert_reminders(rows)
        self._withdraw_void(void, standing)
        self._restore_withdrawn(valid)
        self._wake_for([row["due_at"] for row in rows])

    @api.model
    def _find_reminders(self, standing):
        """Return the reminders of appointments that stand.

        :return: keys (:data:`KEY_COLUMNS`) of all that there may be, and the values of
            those that are still to come
        """
        partners = self.env["res.partner"].browse({it.partner_id for it in standing})
        partners.fetch(["tz", "lang", "country_id", "state_id", "phone_sanitized"])
        partner_of = {partner.id: partner for partner in partners}
        now = fields.Datetime.now()
        valid, rows = [], []
        for company, own in self._group_by_company(standing):
            clock = ReminderClock(company, now)
            for appointment, rule in self._match_rules(company, own):
                values = self._prepare_reminder(appointment, rule)
                valid.append([values[name] for name in KEY_COLUMNS])
                partner = partner_of[appointment.partner_id]
                values["due_at"] = clock.find_due(appointment, partner, rule)
                if values["due_at"]:
                    rows.append(values)
        return valid, rows

    @api.model
    def _group_by_company(self, appointments):
        """Yield each company with its appointments."""
        by_company = {}
        for it in appointments:
            by_company.setdefault(it.company_id, []).append(it)
        for company_id, own in by_company.items():
            yield self.env["res.company"].browse(company_id), own

    @api.model
    def _match_rules(self, company, appointments):
        """Yield each appointment of a company with each reminder that it gets.

        Of two at one time that of the automation: it says more than Odoo's alarm.
        """
        rules = [it for it in self._get_rules(company) if it.kind == REMINDER]
        events = self.env["calendar.event"].browse({it.event_id for it in appointments})
        alarms = self._get_alarm_rules(events, company)
        fitting = self._find_fitting(company, rules, appointments)
        for it in appointments:
            both = {rule.offset: rule for rule in alarms.get(it.event_id, ())}
            both |= {rule.offset: rule for rule in fitting[it.ticket_id]}
            for rule in both.values():
                # A day has no hours.
                if not it.is_allday or rule.offset >= ALL_DAY_OFFSET:
                    yield it, rule

    @api.model
    def _find_fitting(self, company, rules, appointments):
        """Return which rules are about the appointments of each ticket.

        :return: ``{ticket id or None: list of TextRule}``
        """
        ticket_ids = {it.ticket_id for it in appointments}
        tickets = self.env["helpdesk.ticket"].browse(filter(None, ticket_ids))
        fitting = {}
        for ticket in (tickets.browse(), *tickets):
            facts = self._get_ticket_facts(company, ticket)
            fitting[ticket.id or None] = [it for it in rules if it.fits(facts)]
        return fitting

    @api.model
    def _prepare_reminder(self, appointment, rule):
        """Return the values of a reminder, all but when it is due."""
        return {
            "event_id": appointment.event_id,
            "partner_id": appointment.partner_id,
            "company_id": appointment.company_id,
            "ticket_id": appointment.ticket_id,
            "subject_key": appointment.key,
            "start": appointment.start,
            "is_allday": appointment.is_allday,
            "offset_minutes": rule.offset // timedelta(minutes=1),
            "automation_id": rule.automation_id or None,
            "alarm_id": rule.alarm_id or None,
        }
