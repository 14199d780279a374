# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import time
from collections import Counter

from odoo import api, fields, models
from odoo.tools import SQL

from .sms_dispatcher import LINGER, PATIENCE

#: Seconds beyond the cron's time in which texts of other accounts still leave while one
#: waits for its carrier: longer than a carrier's time-out.
OVERTIME = 15.0
#: Seconds ahead from which on a later run looks again. What waits for somebody, as a
#: paused broadcast does, must not be planned for by every run until then.
FAR_AWAY = 24 * 3600.0


class SmsDispatcher(models.AbstractModel):
    """The end of a run: what is in flight ends, and what has not begun waits again."""

    _inherit = "sms.dispatcher"

    @api.model
    def _is_open(self, poster, run):
        """Tell if more may be claimed; else what has not begun waits again.

        When the time is over nobody needs to wait for those whose carrier is slow: the
        others go on until what is in flight has ended.
        """
        if run.seconds_left > 0:
            return True
        if run.over_at is None:
            run.over_at = time.monotonic()
            self._withdraw(poster)
            return False
        if time.monotonic() - run.over_at < OVERTIME:
            run.slow = poster.get_slow(run.over_at)
            if run.slow:
                return True
        self._withdraw(poster)
        return False

    @api.model
    def _withdraw(self, poster):
        """Let wait again what was claimed and has not begun to be posted."""
        if calls := poster.withdraw():
            self._in_new_transaction(self._release, calls)

    @api.model
    def _release(self, calls):
        """Let wait again what was claimed, and surely has not been posted.

        Its slots are free again: a sender that is busy for long would else stand still
        at the end of each run. Not those that have passed: what others have booked for
        now would leave together with what is booked in place of these.

        :param calls: list of ``Call``
        :return: the messages that wait again
        """
        attempts = self._lock([call.sms_id for call in calls])
        slots, lookups, now = {}, [], time.monotonic()
        for call in calls:
            if attempts.get(call.sms_id) != call.attempt:
                continue
            if call.kind == "send":
                slots[call.sms_id] = call.slot if call.due > now else 0.0
            else:
                lookups.append(call.sms_id)
        released = self.env.execute_query(
            SQL(
                """
                UPDATE sms_sms
                   SET state = 'outgoing', attempts = attempts - 1,
                       tried_at = CASE WHEN attempts > 1 THEN tried_at END
                 WHERE id = ANY(%s) AND state = 'process' AND report_rank = 0
             RETURNING sender_id, id
                """,
                list(slots),
            )
        )
        seconds = Counter()
        for sender_id, sms_id in released:
            seconds[sender_id] += slots[sms_id]
        self.env["sms.sender.pace"]._give_back(seconds)
        self.env.cr.execute(
            SQL(
                "UPDATE sms_sms SET lookup_at = %s"
                " WHERE id = ANY(%s) AND lookup_at IS NOT NULL",
                fields.Datetime.now(),
                lookups,
            )
        )
        self.env["sms.sms"].invalidate_model()
        return self.env["sms.sms"].browse(sms_id for _sender_id, sms_id in released)

    @api.model
    def _wait_for_due(self):
        """Wait for what is due in a moment.

        :return: the seconds that were waited, 0 if nothing is due so soon
        """
        due = self._get_next_due()
        self._commit()
        if due is None or due > LINGER:
            return 0
        pause = min(max(due, 0.05), PATIENCE)
        time.sleep(pause)
        return pause

    @api.model
    def _hand_over(self, done):
        """Say when the outbox must run again, now that this run ends.

        :param int done: how many calls the cron has not been told of yet
        """
        due = self._get_next_due()
        if due is None:
            self._commit(done, remaining=0)
            return
        if LINGER < due < FAR_AWAY:
            at = fields.Datetime.add(fields.Datetime.now(), seconds=due)
            self._wake(at)
        self._commit(done, remaining=0 if due > LINGER else 1)
