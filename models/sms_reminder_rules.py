# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta
from typing import NamedTuple

from odoo import api, models
from odoo.tools import SQL

from ..tools import automation
from ..tools.automation import Facts
from .sms_reminder import REMINDER


class TextRule(NamedTuple):
    """One text about appointments: which, when, out of what and for what purpose.

    :param str kind: value of ``sms.reminder.kind``
    :param timedelta offset: of a reminder, how long before the appointment
    :param int template_id: ``sms.template``
    :param int purpose_id: ``sms.purpose``
    :param int automation_id: the ``sms.automation`` that says so, or 0
    :param int alarm_id: the ``calendar.alarm`` of type SMS that it stands in for, or 0
    :param automation.Rule conditions: for which tickets' appointments; None: for all
    """

    kind: str
    offset: timedelta
    template_id: int
    purpose_id: int
    automation_id: int = 0
    alarm_id: int = 0
    conditions: automation.Rule | None = None

    def fits(self, facts):
        """Tell if it is about an appointment.

        :param automation.Facts facts: the ticket of the appointment
        """
        return not self.conditions or automation.fits(self.conditions, facts)


class SmsReminder(models.Model):
    """Which texts there are about appointments."""

    _inherit = "sms.reminder"

    @api.model
    def _get_rules(self, company):
        """Return the rules of a company: those of its automations.

        :rtype: tuple[TextRule]
        """
        return self.env["sms.automation"]._get_appointment_rules(company)

    @api.model
    def _get_rule(self, company, kind, ticket=None):
        """Return the first rule for a kind of texts that fits, or None.

        :param ticket: ``helpdesk.ticket`` of the appointment, may be empty
        """
        facts = self._get_ticket_facts(company, ticket)
        return next(
            (
                rule
                for rule in self._get_rules(company)
                if rule.kind == kind and rule.fits(facts)
            ),
            None,
        )

    def _find_own_rules(self):
        """Return the rule that each row was made by, as it is today.

        Where that is gone the first one takes its place that fits.

        :return: :class:`TextRule`, or None, by row id
        """
        found = {}
        for company, rows in self.grouped("company_id").items():
            by_automation = {it.automation_id: it for it in self._get_rules(company)}
            events = rows.filtered("alarm_id").event_id
            by_alarm = {
                (event_id, rule.alarm_id): rule
                for event_id, rules in self._get_alarm_rules(events, company).items()
                for rule in rules
            }
            for row in rows:
                if row.alarm_id:
                    rule = by_alarm.get((row.event_id.id, row.alarm_id.id))
                else:
                    rule = by_automation.get(row.automation_id.id)
                found[row.id] = rule or self._get_rule(company, row.kind, row.ticket_id)
        return found

    @api.model
    def _get_ticket_facts(self, company, ticket):
        """Return what the filters of automations look at.

        :rtype: automation.Facts
        """
        ticket_sudo = (ticket or self.env["helpdesk.ticket"]).sudo()
        return Facts(
            company.id,
            ticket_sudo.team_id.id or 0,
            ticket_sudo.stage_id.id or 0,
            ticket_sudo.category_id.id or 0,
            ticket_sudo.priority or "",
        )

    @api.model
    def _read_sms_alarms(self, events):
        """Return the alarms by text of events: ``(event id, alarm id, minutes)``."""
        self.env["calendar.alarm"].flush_model()
        return self.env.execute_query(
            SQL(
                """
                SELECT rel.calendar_event_id, alarm.id, alarm.duration_minutes
                  FROM calendar_alarm_calendar_event_rel rel
                  JOIN calendar_alarm alarm ON alarm.id = rel.calendar_alarm_id
                 WHERE alarm.alarm_type = 'sms' AND rel.calendar_event_id = ANY(%s)
                """,
                events.ids,
            )
        )

    @api.model
    def _get_alarm_rules(self, events, company):
        """Return what stands in for Odoo's own reminders by text, by event.

        Somebody has put them on the event, so the customer gets them; by our reminder,
        which is in their own zone and never goes twice.

        :param events: ``calendar.event``
        :return: ``{event id: list of TextRule}``
        """
        if not events:
            return {}
        rows = self._read_sms_alarms(events)
        shipped = self.env.ref(
            "calendar_sms.sms_template_data_calendar_reminder", False
        )
        own = self._get_rule(company, REMINDER)
        purpose = self.env["sms.purpose"]._get("appointment")
        alarms = self.env["calendar.alarm"].browse(
            {alarm_id for _, alarm_id, _ in rows}
        )
        template_of = {alarm.id: alarm.sms_template_id for alarm in alarms}
        found = {}
        for event_id, alarm_id, minutes in rows:
            template = template_of[alarm_id]
            if own and (not template or template == shipped):
                template_id = own.template_id
            else:
                template_id = template.id
            rule = TextRule(
                REMINDER,
                timedelta(minutes=minutes),
                template_id,
                purpose.id,
                alarm_id=alarm_id,
            )
            found.setdefault(event_id, []).append(rule)
        return found
