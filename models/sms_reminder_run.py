# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging

from psycopg2 import OperationalError

from odoo import api, fields, models
from odoo.tools import SQL

from ..tools import appointments
from ..tools.appointments import CALLED_OFF
from .row_lock import lock_next
from .sms_reminder import FAILED, NO_SHOW, REMINDER, SENT
from .sms_reminder_whereabouts import Whereabouts
from .sql_array import as_arrays

_logger = logging.getLogger(__name__)

#: Rows that are worked off between two commits.
BATCH_SIZE = 500


class SmsReminder(models.Model):
    """Works off what is due: the message is made in the transaction that notes it."""

    _inherit = "sms.reminder"

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
        """Wake the cron when the next row is due."""
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
        """Tell if the customer is no longer invited, or does not come."""
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

        :param TextRule rule: what it is made by
        :param str body: the text
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
