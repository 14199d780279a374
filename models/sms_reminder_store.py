# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.tools import SQL

from ..tools.appointments import NOTICES
from .sms_reminder import CANCELLED, PLANNED, REMINDER, SENT
from .sql_array import as_arrays

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
        :param list valid: keys (:data:`KEY_COLUMNS`) of what holds
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

        :param list valid: keys (:data:`KEY_COLUMNS`) of what holds
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
