# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..tools import appointments
from ..tools.appointments import ALL_DAY_OFFSET
from .sms_reminder import REMINDER

#: Columns of a planned reminder, with their type in the database.
COLUMNS = {
    "event_id": "int",
    "partner_id": "int",
    "company_id": "int",
    "ticket_id": "int",
    "subject_key": "text",
    "start": "timestamp",
    "is_allday": "bool",
    "offset_minutes": "int",
    "due_at": "timestamp",
    "automation_id": "int",
    "alarm_id": "int",
}
#: What tells one reminder from others.
KEY_COLUMNS = ("event_id", "partner_id", "start", "offset_minutes")


class SmsReminder(models.Model):
    """When customers are reminded, by the clock and the quiet hours where they are."""

    _inherit = "sms.reminder"

    @api.model
    def _plan_reminders(self, found, obstacles):
        """Plan the reminders of appointments, and cancel what no longer holds.

        :param list found: of ``Appointment``
        :param dict obstacles: why somebody gets none, by appointment
        """
        standing = [it for it in found if not obstacles[it]]
        valid, rows = self._find_reminders(standing)
        moved = {(it.event_id, it.partner_id): "moved" for it in standing}
        void = {(it.event_id, it.partner_id): obstacles[it] or "moved" for it in found}
        self._cancel_void({it.event_id for it in found}, valid, void | moved)
        self._upsert_reminders(rows)
        self._withdraw_void(void, standing)
        self._wake_for([row["due_at"] for row in rows])

    @api.model
    def _find_reminders(self, standing):
        """Return the reminders of appointments that stand.

        :return: keys (:data:`KEY_COLUMNS`) of all that there may be, and the values of
            those that are still to come
        """
        now = fields.Datetime.now()
        tickets = self.env["helpdesk.ticket"].browse(
            {it.ticket_id for it in standing if it.ticket_id}
        )
        valid, rows = [], []
        companies = self.env["res.company"].browse({it.company_id for it in standing})
        partners = self.env["res.partner"].browse({it.partner_id for it in standing})
        partners.fetch(["tz", "lang", "country_id", "state_id", "phone_sanitized"])
        for company in companies:
            own = [it for it in standing if it.company_id == company.id]
            rules = [it for it in self._get_rules(company) if it.kind == REMINDER]
            alarms = self._get_alarm_rules({it.event_id for it in own}, company)
            for appointment in own:
                clock = self._get_clock(company, appointment)
                both = {it.offset: it for it in alarms.get(appointment.event_id, ())}
                ticket = tickets.browse(appointment.ticket_id or ()).with_prefetch(
                    tickets.ids
                )
                facts = self._get_ticket_facts(company, ticket)
                both |= {it.offset: it for it in rules if it.fits(facts)}
                for rule in both.values():
                    if appointment.is_allday and rule.offset < ALL_DAY_OFFSET:
                        continue
                    values = self._prepare_reminder(appointment, rule)
                    valid.append([values[name] for name in KEY_COLUMNS])
                    values["due_at"] = self._find_due(appointment, rule, now, *clock)
                    if values["due_at"]:
                        rows.append(values)
        return valid, rows

    @api.model
    def _get_clock(self, company, appointment):
        """Return by which zone a customer is told times, and where they may be."""
        partner = self.env["res.partner"].browse(appointment.partner_id)
        events = self.env["calendar.event"]
        place = events._get_sms_reader_place(partner, company)
        return events._get_sms_zone(partner, company), place, company

    @api.model
    def _find_due(self, appointment, rule, now, zone, place, company):
        """Return when a reminder leaves (UTC), or None: see ``tools.appointments``."""
        purpose = self.env["sms.purpose"].browse(rule.purpose_id)
        rules = ()
        if company._keeps_quiet_hours():
            quiet_class = purpose._get_rules(self.env.lang).quiet_class
            rules = self._select_hours(company, place, quiet_class)
        anchor = appointments.get_anchor(appointment.start, appointment.is_allday, zone)
        key = f"{appointment.event_id}/{appointment.partner_id}"
        return appointments.find_due(anchor, rule.offset, now, place.zones, rules, key)

    @api.model
    def _select_hours(self, company, place, quiet_class):
        """Return the quiet hours of a place as the gate knows them."""
        if quiet_class == "urgent":
            return ()
        return tuple(self.env["sms.quiet.hours"]._select(company, place, quiet_class))

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

    @api.model
    def _upsert_reminders(self, rows):
        """Write planned reminders: each once, whatever is planned again.

        One that was sent stays sent; one that was cancelled, and holds again, is
        planned again.
        """
        if not rows:
            return
        # Somebody may be invited twice, after a merge of contacts.
        rows = list(
            {tuple(row[it] for it in KEY_COLUMNS): row for row in rows}.values()
        )
        arrays = [
            SQL("%s::" + kind + "[]", [row[name] for row in rows])
            for name, kind in COLUMNS.items()
        ]
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO sms_reminder
                    (%(names)s, kind, state, count, create_uid, create_date,
                     write_uid, write_date)
                SELECT new.*, 'reminder', 'planned', 1, %(uid)s, %(now)s, %(uid)s,
                       %(now)s
                  FROM unnest(%(arrays)s) AS new (%(names)s)
                ON CONFLICT (event_id, partner_id, start, offset_minutes)
                      WHERE kind = 'reminder'
                DO UPDATE SET state = 'planned', reason = NULL,
                              due_at = EXCLUDED.due_at,
                              company_id = EXCLUDED.company_id,
                              automation_id = EXCLUDED.automation_id,
                              alarm_id = EXCLUDED.alarm_id
                        WHERE sms_reminder.state = 'cancelled'
                           OR sms_reminder.state = 'planned'
                          AND (sms_reminder.due_at, sms_reminder.company_id)
                              IS DISTINCT FROM (EXCLUDED.due_at, EXCLUDED.company_id)
                """,
                names=SQL(", ").join(map(SQL.identifier, COLUMNS)),
                arrays=SQL(", ").join(arrays),
                uid=self.env.uid,
                now=fields.Datetime.now(),
            )
        )

    @api.model
    def _cancel_void(self, event_ids, valid, void):
        """Cancel the planned reminders that no longer hold.

        What is due already and waits for the cron holds as long as the appointment.

        :param list valid: keys (:data:`KEY_COLUMNS`) of what holds
        :param dict void: why not, by event and person
        """
        self.flush_model()
        columns = list(zip(*valid, strict=True)) or [()] * len(KEY_COLUMNS)
        reasons = [(*key, reason) for key, reason in void.items()] or [(0, 0, "")]
        self.env.cr.execute(
            SQL(
                """
                WITH why AS (
                    SELECT * FROM unnest(%(events)s::int[], %(partners)s::int[],
                                         %(reasons)s::text[])
                               AS why (event_id, partner_id, reason)
                )
                UPDATE sms_reminder
                   SET state = 'cancelled',
                       reason = COALESCE((
                           SELECT why.reason FROM why
                            WHERE why.event_id = sms_reminder.event_id
                              AND why.partner_id = sms_reminder.partner_id
                            LIMIT 1
                       ), 'uninvited')
                 WHERE kind = 'reminder' AND state = 'planned'
                   AND event_id = ANY(%(ids)s)
                   AND (event_id, partner_id, start, offset_minutes) NOT IN (
                       SELECT * FROM unnest(%(k0)s::int[], %(k1)s::int[],
                                            %(k2)s::timestamp[], %(k3)s::int[])
                   )
                """,
                ids=list(event_ids),
                **{
                    name: list(column)
                    for name, column in zip(
                        ("events", "partners", "reasons"),
                        zip(*reasons, strict=True),
                        strict=True,
                    )
                },
                **{f"k{index}": list(column) for index, column in enumerate(columns)},
            )
        )

    @api.model
    def _withdraw_void(self, void, standing):
        """Take back what was handed over, still waits, and tells what is not so.

        A notice is taken back where what it says is told anew.
        """
        if not void:
            return
        starts = {(it.event_id, it.partner_id): it.start for it in standing}
        rows = self.search(
            [
                ("event_id", "in", [event_id for event_id, _partner_id in void]),
                *(("kind", "=", REMINDER), ("state", "=", "sent")),
                ("sms_id.state", "=", "outgoing"),
            ]
        )
        wrong = rows.filtered(
            lambda row: starts.get((row.event_id.id, row.partner_id.id)) != row.start
        )
        if wrong:
            wrong._withdraw()
