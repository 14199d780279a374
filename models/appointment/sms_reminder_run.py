# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
from datetime import timedelta

from psycopg2 import OperationalError

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools import appointments
from ...tools.appointments import ALL_DAY_OFFSET, CALLED_OFF, NOTICES
from ..core.batch_jobs import lock_next
from ..core.bulk_insert import as_arrays
from .sms_reminder import CANCELLED, FAILED, NO_SHOW, PLANNED, REMINDER, SENT
from .sms_reminder_plan import ReminderClock, Whereabouts

#: Columns of a planned reminder, with their type in the database.
COLUMNS = {
    "event_id": "int4",
    "partner_id": "int4",
    "company_id": "int4",
    "ticket_id": "int4",
    "subject_key": "text",
    "start": "timestamp",
    "is_allday": "bool",
    "offset_minutes": "int4",
    "due_at": "timestamp",
    "automation_id": "int4",
    "alarm_id": "int4",
}
#: What tells one reminder from others.
KEY_COLUMNS = ("event_id", "partner_id", "start", "offset_minutes")
KEY_KINDS = [COLUMNS[name] for name in KEY_COLUMNS]
#: Why a reminder is cancelled that holds again when the appointment does.
PASSING = ("moved", "called_off", "declined", "uninvited", "switched_off")
#: Writes planned reminders. One that was sent stays sent.
UPSERT = """
    INSERT INTO sms_reminder
        (%(names)s, kind, state, count, create_uid, create_date,
         write_uid, write_date)
    SELECT new.*, 'reminder', 'planned', 1, %(uid)s, %(now)s, %(uid)s,
           %(now)s
      FROM unnest(%(arrays)s) AS new (%(names)s)
    ON CONFLICT (event_id, partner_id, start, offset_minutes)
          WHERE kind = 'reminder'
    DO UPDATE SET state = 'planned', reason = NULL, sms_id = NULL,
                  due_at = EXCLUDED.due_at,
                  company_id = EXCLUDED.company_id,
                  automation_id = EXCLUDED.automation_id,
                  alarm_id = EXCLUDED.alarm_id
            WHERE sms_reminder.state = 'cancelled'
               OR sms_reminder.state = 'planned'
              AND (sms_reminder.due_at, sms_reminder.company_id)
                  IS DISTINCT FROM (EXCLUDED.due_at, EXCLUDED.company_id)
"""
#: Cancels the planned reminders of some events that no longer hold, and says why.
CANCEL_VOID = """
    UPDATE sms_reminder
       SET state = 'cancelled', reason = void.reason, write_date = %(now)s
      FROM (
          SELECT row.id,
                 CASE WHEN why.event_id IS NULL THEN 'uninvited'
                      ELSE COALESCE(NULLIF(why.reason, ''), 'moved')
                 END AS reason
            FROM sms_reminder row
       LEFT JOIN unnest(%(why)s) AS why (event_id, partner_id, reason)
              ON why.event_id = row.event_id
             AND why.partner_id = row.partner_id
           WHERE row.kind = 'reminder' AND row.state = 'planned'
             AND row.event_id = ANY(%(ids)s)
             AND NOT EXISTS (
                 SELECT FROM unnest(%(keys)s)
                        AS held (event_id, partner_id, start, minutes)
                  WHERE held.event_id = row.event_id
                    AND held.partner_id = row.partner_id
                    AND held.start = row.start
                    AND held.minutes = row.offset_minutes
             )
      ) AS void
     WHERE sms_reminder.id = void.id
"""
_logger = logging.getLogger(__name__)
#: Rows that are worked off between two commits.
BATCH_SIZE = 500


class SmsReminder(models.Model):
    """Keeps the planned reminders in line with the calendar, each in one statement."""

    _inherit = "sms.reminder"

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
        arrays = as_arrays(
            [[row[name] for name in COLUMNS] for row in rows], *COLUMNS.values()
        )
        self.flush_model()
        self.env.cr.execute(
            SQL(
                UPSERT,
                names=SQL(", ").join(map(SQL.identifier, COLUMNS)),
                arrays=arrays,
                uid=self.env.uid,
                now=fields.Datetime.now(),
            )
        )

    @api.model
    def _cancel_void(self, void, valid):
        """Cancel the planned reminders that no longer hold.

        What is due already and waits for the cron holds as long as the appointment.

        :param dict void: why somebody gets none, or empty, by event and person
        """
        self.flush_model()
        self.env.cr.execute(
            SQL(
                CANCEL_VOID,
                now=fields.Datetime.now(),
                ids=list({event_id for event_id, _partner_id in void}),
                why=as_arrays(
                    [(*key, reason) for key, reason in void.items()],
                    *("int4", "int4", "text"),
                ),
                keys=as_arrays(valid, *KEY_KINDS),
            )
        )

    @api.model
    def _withdraw_void(self, void, standing):
        """Take back what was handed over, still waits, and tells what is not so.

        :param dict void: why somebody gets none, or empty, by event and person
        :param list standing: the ``Appointment`` that are to be
        """
        starts = {(it.event_id, it.partner_id): it.start for it in standing}
        rows = self.search(
            [
                ("event_id", "in", list({event_id for event_id, _partner_id in void})),
                *(("kind", "=", REMINDER), ("state", "=", SENT)),
            ]
        )
        wrong = rows.filtered(
            lambda row: starts.get((row.event_id.id, row.partner_id.id)) != row.start
        )
        if not wrong:
            return
        withdrawn = wrong._withdraw()
        wrong.filtered(lambda row: row.sms_id in withdrawn)._cancel(
            lambda row: (
                void.get((row.event_id.id, row.partner_id.id), "uninvited") or "moved"
            )
        )

    def _cancel(self, get_reason):
        """Cancel rows.

        :param get_reason: called with each row, returns a value of ``reason``
        """
        reasons = [(row.id, get_reason(row)) for row in self]
        if not reasons:
            return
        self.flush_recordset()
        self.env.cr.execute(
            SQL(
                """
                UPDATE sms_reminder
                   SET state = %s, reason = why.reason, write_date = %s
                  FROM unnest(%s) AS why (id, reason)
                 WHERE sms_reminder.id = why.id
                """,
                CANCELLED,
                fields.Datetime.now(),
                as_arrays(reasons, "int4", "text"),
            )
        )
        self.invalidate_recordset(["state", "reason", "write_date"])

    @api.model
    def _restore_withdrawn(self, valid):
        """Remind after all of what was due when it was cancelled, and holds again.

        Who drags an appointment away and back would else leave its customer without.
        So too where quiet hours hold it: it is not due yet, but planned anew it would
        be too late. Not whoever is told by a notice now: that says it all.
        """
        restored = self.env.execute_query(
            SQL(
                """
                UPDATE sms_reminder
                   SET state = %(planned)s, reason = NULL, sms_id = NULL
                  FROM unnest(%(keys)s)
                       AS held (event_id, partner_id, start, minutes)
                 WHERE sms_reminder.event_id = held.event_id
                   AND sms_reminder.partner_id = held.partner_id
                   AND sms_reminder.start = held.start
                   AND sms_reminder.offset_minutes = held.minutes
                   AND kind = 'reminder' AND state = 'cancelled'
                   AND reason = ANY(%(passing)s)
                   AND (due_at <= write_date OR due_at > %(now)s)
                   AND NOT EXISTS (
                       SELECT FROM sms_reminder notice
                        WHERE notice.partner_id = sms_reminder.partner_id
                          AND notice.subject_key = sms_reminder.subject_key
                          AND notice.state = 'planned'
                          AND notice.kind = ANY(%(notices)s)
                   )
             RETURNING sms_reminder.id
                """,
                planned=PLANNED,
                keys=as_arrays(valid, *KEY_KINDS),
                passing=list(PASSING),
                now=fields.Datetime.now(),
                notices=list(NOTICES),
            )
        )
        if restored:
            self._wake()

    # ------------------------------------------------------------------
    # Which reminders there are of appointments, and when each leaves
    # ------------------------------------------------------------------

    @api.model
    def _plan_reminders(self, found, obstacles):
        """Plan the reminders of appointments, and cancel what no longer holds.

        :param list found: of ``Appointment``
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
        """Return the reminders of appointments that stand."""
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

    # ------------------------------------------------------------------
    # Works off what is due: the message is made in the transaction that notes it
    # ------------------------------------------------------------------

    @api.model
    def _run(self):
        """Hand over all that is due, in batches, and look when the next is (a cron)."""
        while rows := self._lock_due():
            rows._hand_over()
            is_full = len(rows) == BATCH_SIZE
            cron = self.env["ir.cron"]
            has_time = cron._commit_progress(len(rows), remaining=int(is_full))
            if is_full and not has_time:
                return
        self._wake_next()

    @api.model
    def _lock_due(self):
        """Return the next rows that are due; another worker passes over them."""
        due = SQL("state = 'planned' AND due_at <= %s", fields.Datetime.now())
        return lock_next(self, due, SQL("due_at, id"), BATCH_SIZE)

    @api.model
    def _wake_next(self):
        [(due,)] = self.env.execute_query(
            SQL("SELECT min(due_at) FROM sms_reminder WHERE state = 'planned'")
        )
        if due:
            self._wake(due)

    def _hand_over(self):
        """Make the messages of rows, as far as they still hold.

        One text that cannot be filled in does not keep the others from leaving.
        """
        current = self._cancel_stale()
        try:
            with self.env.cr.savepoint():
                current._send()
        except OperationalError:
            raise  # a conflict with another transaction: Odoo starts the batch over
        except Exception:  # whatever a template of a manager raises
            if len(current) > 1:
                for row in current:
                    row._hand_over()
                return
            _logger.exception("Text %s about an appointment was not made", current.id)
            current.write({"state": FAILED, "reason": "bad_text"})

    def _cancel_stale(self):
        """Cancel what no longer holds, if planning has missed it; return the rest."""
        now = fields.Datetime.now()
        reasons = {}
        for row in self:
            if row.kind == NO_SHOW:
                continue
            if row._get_end() <= now:
                reasons[row] = "too_late"
            elif row.kind == CALLED_OFF:
                continue
            elif not row.event_id.active:
                reasons[row] = "called_off"
            elif not row.event_id.sms_enabled:
                reasons[row] = "switched_off"
            elif row._has_declined():
                reasons[row] = "declined"
            elif row.event_id.start != row.start:
                reasons[row] = "moved"
        standing = self.filtered(lambda row: row not in reasons)
        reasons |= dict.fromkeys(standing._find_overtaken(), "replaced")
        cancelled = self.filtered(lambda row: row in reasons)
        cancelled._cancel(reasons.get)
        return self - cancelled

    def _get_attendees(self):
        """Return the customer's invitations: two after a merge of contacts."""
        self.ensure_one()
        partner = self.partner_id
        return self.event_id.attendee_ids.filtered(lambda it: it.partner_id == partner)

    def _has_declined(self):
        return all(it.state == "declined" for it in self._get_attendees())

    def _find_overtaken(self):
        """Return the reminders of which another, nearer one is due as well.

        After a standstill nobody is reminded twice in one minute.
        """
        nearest, overtaken = {}, self.browse()
        reminders = self.filtered(lambda row: row.kind == REMINDER)
        for row in reminders.sorted("offset_minutes"):
            key = row.event_id, row.partner_id
            if key in nearest:
                overtaken |= row
            nearest[key] = row
        return overtaken

    def _get_end(self):
        """Return from when the text has lost its point (UTC)."""
        self.ensure_one()
        if not self.is_allday:
            return self.start
        zone = Whereabouts(self.company_id).get_zone(self.partner_id)
        return appointments.get_end(self.start, True, zone)

    def _send(self):
        """Post the texts of rows and queue their messages, all at once."""
        if not self:
            return
        rules = self._find_own_rules()
        bodies = self._render_rows(rules)
        empty = self.filtered(lambda row: not bodies.get(row.id))
        empty._cancel(lambda _row: "no_text")
        rows = self - empty
        messages = rows._post(bodies)
        sms_sudo = (
            self.env["sms.sms"]
            .sudo()
            .create(
                [
                    row._prepare_sms(rules[row.id], bodies[row.id], messages[row.id])
                    for row in rows
                ]
            )
        )
        self._notify(sms_sudo)
        rows._note_sent(sms_sudo)
        rows._await_answers(rules, sms_sudo)

    def _prepare_sms(self, rule, body, message):
        """Return the values of a row's message.

        :param message: ``mail.message`` that shows it
        """
        self.ensure_one()
        return {
            "partner_id": self.partner_id.id,
            "number": self.partner_id.phone_sanitized or self.partner_id.phone,
            "body": body,
            "mail_message_id": message.id,
            "record_company_id": self.company_id.id,
            "expires_at": False if self.kind == NO_SHOW else self._get_end(),
            "purpose_id": rule.purpose_id,
            "template_id": rule.template_id,
        }

    def _note_sent(self, messages):
        """Note which message each row has become.

        :param messages: ``sms.sms``, one for each row
        """
        self.flush_recordset()
        pairs = zip(self.ids, messages.ids, strict=True)
        self.env.cr.execute(
            SQL(
                """
                UPDATE sms_reminder
                   SET state = %s, sms_id = new.sms_id, body = NULL, write_date = %s
                  FROM unnest(%s) AS new (id, sms_id)
                 WHERE sms_reminder.id = new.id
                """,
                SENT,
                fields.Datetime.now(),
                as_arrays(pairs, "int4", "int4"),
            )
        )
        self.invalidate_recordset(["state", "sms_id", "body", "write_date"])

    def _await_answers(self, rules, messages):
        """Await the answers to texts that say how to answer.

        :param dict rules: :class:`TextRule` by row id
        :param messages: ``sms.sms``, one for each row
        """
        templates_sudo = self.env["sms.template"].sudo()
        template_ids = {rules[row.id].template_id for row in self}
        asking_ids = {
            template.id
            for template in templates_sudo.browse(template_ids).exists()
            if "sms_answer_hint" in (template.body or "")
        }
        asked = []
        for row, sms in zip(self, messages, strict=True):
            attendee = row._get_attendees()[:1]
            if attendee and rules[row.id].template_id in asking_ids:
                asked.append((attendee, sms, row))
        self.env["sms.question"]._ask_appointments(asked)
