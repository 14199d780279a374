# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.tools import SQL

from .batch_retry import DATABASE_FAULTS, try_work_off
from .sms_broadcast import CHECKED, CHECKING, DRAFT, PAUSED, RUNNING, SENT
from .sms_broadcast_recipient import HELD, NEW, QUEUED, WILL
from .sms_purpose import ALERT
from .sms_sms_many import BATCH_SIZE, Recipient
from .sql_array import as_arrays


class SmsBroadcastJob(models.Model):
    """The work of a broadcast: asks the gate about everybody, then queues the texts.

    What a batch queues and whom it marks as queued is committed together, so a job
    that was killed goes on where it stood, and nobody is texted twice.
    """

    _inherit = "sms.broadcast"

    @api.model
    def _wake(self):
        """Let the cron go on as soon as this transaction is committed."""
        self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_broadcast").sudo()._trigger()

    @api.model
    def _run_broadcasts(self):
        """Go on with every broadcast that is running, batch by batch (cron).

        Emergencies first.
        """
        running = [("state", "in", RUNNING)]
        while broadcast := self.search(running, order="is_emergency DESC, id", limit=1):
            done = try_work_off(broadcast, broadcast._work_off, DATABASE_FAULTS)
            if done is None:
                done = broadcast._stop_for_fault()
            left = self.search_count(running)
            if not self.env["ir.cron"]._commit_progress(done, remaining=left) and left:
                return

    def _stop_for_fault(self):
        """Stop what cannot go on, so that it keeps no other broadcast waiting.

        Not where a button was faster: what was cancelled meanwhile stays so.

        :return: how many were stopped
        """
        self._wait_for_row()
        if self.state not in RUNNING:
            return 0
        self.state = DRAFT if self.state == CHECKING else PAUSED
        self.message_post(
            body=self.env._(
                "It was stopped by a fault of the server, which an administrator finds "
                "in its log. Nobody gets it twice: go on when it is mended."
            ),
            partner_ids=self.user_id.partner_id.ids,
        )
        return 1

    def _work_off(self):
        """Check or queue the next recipients, and move on when there are none.

        Nothing, where a button was faster that paused or cancelled it.

        :return: how many it were
        """
        self.ensure_one()
        self._wait_for_row()
        if self.state not in RUNNING:
            return 0
        job = self.with_company(self.company_id)
        if job.state == CHECKING:
            batch = job._get_batch([NEW])
            job._judge(batch)
            if len(batch) < BATCH_SIZE:
                job.write({"state": CHECKED, "checked_at": fields.Datetime.now()})
        else:
            batch = job._get_batch([WILL, HELD])
            job._queue(batch)
            if len(batch) < BATCH_SIZE:
                job.state = SENT
        return len(batch)

    def _wait_for_row(self):
        """Let the job and a button have the broadcast one after the other.

        Waits, where Odoo's own lock gives up: a pause must get in between two batches.
        Who comes after a change starts over, as with every conflict.
        """
        self.env.cr.execute(
            SQL("SELECT 1 FROM sms_broadcast WHERE id = %s FOR NO KEY UPDATE", self.id)
        )

    def _get_batch(self, outcomes):
        """Return the next recipients with some outcomes."""
        return self.env["sms.broadcast.recipient"].search(
            [("broadcast_id", "=", self.id), ("outcome", "in", outcomes)],
            order="id",
            limit=BATCH_SIZE,
        )

    def _get_message_values(self):
        """Return what all of the messages have in common."""
        return {
            "broadcast_id": self.id,
            "incident_id": self.incident_id.id,
            "keeps_hours": not self.is_emergency,
        }

    def _queue(self, recipients):
        """Make the messages to some recipients. The gate has the last word on each.

        News replace what still waits.
        """
        recipients = self._leave_out_muted(recipients)
        if not recipients:
            return
        words = self._get_words(set(recipients.mapped("lang")))
        recipients.partner_id.fetch(["name"])
        [messages] = self.env["sms.sms"]._queue_many(
            self.company_id,
            self.env["sms.purpose"]._get(ALERT),
            [
                Recipient(
                    recipient.partner_id.id,
                    recipient.number,
                    self._fill_in(words[recipient.lang], recipient),
                )
                for recipient in recipients
            ],
            **self._get_message_values(),
        )
        self.env.flush_all()
        pairs = zip(recipients.ids, messages.ids, strict=True)
        self.env.cr.execute(
            SQL(
                """
                UPDATE sms_broadcast_recipient own
                   SET outcome = %s, sms_id = new.sms_id
                  FROM unnest(%s) AS new (id, sms_id)
                 WHERE own.id = new.id
                """,
                QUEUED,
                as_arrays(pairs, "int4", "int4"),
            )
        )
        recipients.invalidate_recordset()
        if self._is_follow_up():
            self._replace_waiting(recipients)
