# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.tools import SQL

from ..tools import appointments
from ..tools.appointments import BOOKED, CALLED_OFF
from .bulk_insert import create_many
from .sms_reminder import CANCELLED, GRACE, PLANNED, SENT


class SmsReminder(models.Model):
    """Booked, moved, called off: told once, of the whole change, when it stands."""

    _inherit = "sms.reminder"

    @api.model
    def _plan_notices(self, found, obstacles, touched):
        """Plan what customers are told of the changes of a transaction."""
        changes = self._find_changes(found, obstacles, touched)
        notices = [
            notice
            for notice in appointments.find_notices(changes)
            if notice.kind != BOOKED or notice.first.subject[1]
        ]
        pending = self._group_pending(notices)
        new_vals = []
        for notice in notices:
            key = notice.first.partner_id, notice.first.key
            older = pending.get(key, self)
            told = self._merge_pending(older, notice)
            if told:
                new_vals.append(self._prepare_notice(notice, *told, touched.at_once))
        self._store_known(changes)
        if new_vals:
            create_many(self, new_vals)
        self._wake_for([vals["due_at"] for vals in new_vals])

    @api.model
    def _merge_pending(self, older, notice):
        """Take back what has not left and is overtaken; return what is left to tell.

        :param older: the ``sms.reminder`` that have not left, the newest last
        :return: ``(kind, known)``, or None if the customer knows it all
        """
        kind, known = notice.kind, notice.known
        for row in reversed(older):
            if not appointments.follows(row.kind, row.start, notice):
                continue
            if not row._take_back():
                continue
            told = appointments.merge_changes(row.kind, row.known_start, notice)
            if told is None:
                row.reason = "undone"
                return None
            kind, known = told
            notice = notice._replace(kind=kind, known=known)
        return kind, known

    def _take_back(self):
        """Cancel a notice that has not left; say if it could be.

        What the outbox has locked is about to leave, and is told.
        """
        self.ensure_one()
        if self.state == SENT and not self._withdraw():
            return False
        self.write({"state": CANCELLED, "reason": "replaced"})
        return True

    def _withdraw(self):
        """Cancel the messages of rows that still wait in the outbox.

        :return: the ``sms.sms`` that were cancelled
        """
        self.env["sms.sms"].flush_model(["state"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id FROM sms_sms
                 WHERE id = ANY(%s) AND state = 'outgoing'
                   FOR UPDATE SKIP LOCKED
                """,
                self.sms_id.ids,
            )
        )
        waiting_sudo = self.env["sms.sms"].sudo().browse(sms_id for (sms_id,) in rows)
        if waiting_sudo:
            waiting_sudo._update_sms_state_and_trackers("canceled", "sms_replaced")
        return waiting_sudo

    @api.model
    def _prepare_notice(self, notice, kind, known, at_once):
        """Return the values of a new notice.

        A booking is told at once. A change waits a moment, so that it can be undone.

        :param set at_once: ids of the events whose customer waits for an answer
        """
        appointment, _is_loud, text = notice.first.subject
        now = fields.Datetime.now()
        is_late = kind != BOOKED and appointment.event_id not in at_once
        company = self.env["res.company"].browse(appointment.company_id)
        ticket = self.env["helpdesk.ticket"].browse(appointment.ticket_id or ())
        rule = self._get_rule(company, kind, ticket)
        return {
            "kind": kind,
            "state": PLANNED if rule else CANCELLED,
            "reason": False if rule else "no_text",
            "company_id": company.id,
            "event_id": appointment.event_id or False,
            "partner_id": appointment.partner_id,
            "ticket_id": appointment.ticket_id,
            "subject_key": appointment.key,
            "start": known if kind == CALLED_OFF else notice.start,
            "known_start": known,
            "is_allday": appointment.is_allday,
            "count": notice.count,
            "due_at": now + GRACE if is_late else now,
            "automation_id": rule.automation_id if rule else False,
            "body": text if kind == CALLED_OFF else False,
        }

    @api.model
    def _wake_for(self, moments):
        """Wake the cron for what is planned next: once, it looks further by itself."""
        if moments:
            first = min(moments)
            self._wake(first if first > fields.Datetime.now() else None)
