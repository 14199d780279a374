# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging

from psycopg2 import OperationalError

from odoo import api, fields, models
from odoo.tools import SQL

from ..tools import appointments
from ..tools.appointment_changes import CALLED_OFF
from .sms_reminder import CANCELLED, FAILED, NO_SHOW, REMINDER, SENT

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
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id FROM sms_reminder
                 WHERE state = 'planned' AND due_at <= %s
              ORDER BY due_at, id
                 LIMIT %s
                   FOR UPDATE SKIP LOCKED
                """,
                fields.Datetime.now(),
                BATCH_SIZE,
            )
        )
        self.invalidate_model()
        return self.browse(row_id for (row_id,) in rows)

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
            end = appointments.get_end(row.start, row.is_allday, row._get_zone())
            if end <= now:
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
        for row in self._find_overtaken() - self.browse(it.id for it in reasons):
            reasons[row] = "replaced"
        for row, reason in reasons.items():
            row.write({"state": CANCELLED, "reason": reason})
        return self - self.browse(row.id for row in reasons)

    def _has_declined(self):
        """Tell if the customer is no longer invited, or does not come."""
        self.ensure_one()
        attendee = self.event_id.attendee_ids.filtered(
            lambda it: it.partner_id == self.partner_id
        )
        return not attendee or all(it.state == "declined" for it in attendee)

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

    def _get_zone(self):
        """Return the zone by whose clock the customer is told times."""
        events = self.env["calendar.event"]
        return events._get_sms_zone(self.partner_id, self.company_id)

    def _send(self):
        """Post the texts of rows and queue their messages, all at once."""
        if not self:
            return
        bodies = self._render_rows()
        empty = self.filtered(lambda row: not bodies.get(row.id))
        empty.write({"state": CANCELLED, "reason": "no_text"})
        rows = self - empty
        messages = rows._post(bodies)
        sms_sudo = (
            self.env["sms.sms"]
            .sudo()
            .create(
                [row._prepare_sms(bodies[row.id], messages[row.id]) for row in rows]
            )
        )
        self._notify(sms_sudo)
        for row, sms in zip(rows, sms_sudo, strict=True):
            row.write({"state": SENT, "sms_id": sms.id, "body": False})
        rows._after_sent(bodies)

    def _prepare_sms(self, body, message):
        """Return the values of a row's message."""
        self.ensure_one()
        rule = self._get_own_rule()
        end = appointments.get_end(self.start, self.is_allday, self._get_zone())
        return {
            "partner_id": self.partner_id.id,
            "number": self.partner_id.phone_sanitized or self.partner_id.phone,
            "body": body,
            "mail_message_id": message.id,
            "record_company_id": self.company_id.id,
            "purpose_id": rule.purpose_id,
            "template_id": rule.template_id,
            "expires_at": False if self.kind == NO_SHOW else end,
        }

    def _get_own_rule(self):
        """Return the rule that a row was made by, as it is today, or None."""
        self.ensure_one()
        rules = self._get_rules(self.company_id)
        found = [it for it in rules if it.automation_id == self.automation_id.id]
        if self.alarm_id:
            alarms = self._get_alarm_rules(self.event_id.ids, self.company_id)
            found = [
                it
                for it in alarms.get(self.event_id.id, ())
                if it.alarm_id == self.alarm_id.id
            ]
        if found:
            return found[0]
        return self._get_rule(self.company_id, self.kind, self.ticket_id)

    def _after_sent(self, bodies):
        """Await the answers to texts that say how to answer.

        :param dict bodies: text by row id
        """
        asked = []
        for row in self:
            template_sudo = self.env["sms.template"].sudo()
            rule = row._get_own_rule()
            template_sudo = template_sudo.browse(rule and rule.template_id or ())
            attendee = row.event_id.attendee_ids.filtered(
                lambda it, row=row: it.partner_id == row.partner_id
            )
            if attendee and "sms_answer_hint" in (template_sudo.body or ""):
                asked.append((attendee[0], row.sms_id, row))
        self.env["sms.question"]._ask_appointments(asked)
