# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Mixed load while the carrier misbehaves, servers are killed and the database crashes.

It takes three minutes here; ``bin/bench soak`` runs it for an hour.
"""

import os
import re
import sys
import time
from collections import Counter

from odoo.tests import tagged

from .gauges import Gauges
from .load import LoadCase
from .verdict import Verdict

MINUTES = float(os.environ.get("HELPDESK_SMS_SOAK_MINUTES", "3"))
#: Below this number of minutes it is the short form.
SHORT = 10
#: Seconds between two kills; crashes of the database, as shares of the duration.
KILL_EVERY = 30 if MINUTES < SHORT else 60
CRASHES = (0.5,) if MINUTES < SHORT else (0.35, 0.7)
#: Seconds without progress after which open work counts as stuck.
PATIENCE = 90
#: Texts that have not ended: waiting, on their way, or with an unknown outcome.
READ_OPEN = """
    SELECT count(*) FROM sms_sms
     WHERE state IN ('process', 'unknown', 'pending')
        OR state = 'outgoing' AND not_before < now() AT TIME ZONE 'UTC' + interval '1 h'
"""
HASTEN = """
    UPDATE sms_sms SET lookup_at = now() AT TIME ZONE 'UTC'
     WHERE id IN (SELECT id FROM sms_sms
                   WHERE state IN ('unknown', 'pending')
                     AND lookup_at > now() AT TIME ZONE 'UTC' + interval '5 s'
                     FOR UPDATE SKIP LOCKED);
    UPDATE sms_report_fetch
       SET next_at = now() AT TIME ZONE 'UTC', full_at = now() AT TIME ZONE 'UTC'
     WHERE next_at > now() AT TIME ZONE 'UTC' + interval '5 s'
       AND next_at < now() AT TIME ZONE 'UTC' + %s * interval '1 s'
"""
#: Seconds within which reads of the carrier's list are moved up. One that is under way
#: has a lease of 120 seconds, and so counts as abandoned after ten.
LEASE = 110
#: Scheduled actions that have work left at the end, besides sending.
CRONS = tuple(
    f"ir_cron_sms_{it}" for it in ("broadcast", "reminder", "report_fetch", "webhook")
)


@tagged("long")
class TestSoak(LoadCase):
    """Nothing is lost, nothing leaves twice, STOP holds, and nothing grows."""

    def test_a_while_of_everything(self):
        self.gauges = Gauges(self).start()
        end_supervision = self.supervise()
        pool = self.work()
        try:
            self.strike()
        finally:
            self.over.set()
            pool.shutdown()
        self.gauges.stop()
        self.settle()
        end_supervision()
        verdict = Verdict(self).check()
        sys.stderr.write(f"{self.describe(verdict)}\n")
        self.assertFalse(verdict.faults, "\n".join(verdict.lines))

    def strike(self):
        """Kill nodes and crash the database, until the time is over.

        The first node is killed only once, the other one again and again: growth of
        memory shows only in a process that lives long.
        """
        begin, seconds = time.monotonic(), MINUTES * 60
        blows = [
            (float(at), self.kill_node, ("other",))
            for at in range(KILL_EVERY, int(seconds), KILL_EVERY)
        ]
        blows[0] = (KILL_EVERY, self.kill_node, ("server",))
        # Between two kills: nodes that are up must survive the crash.
        blows += [
            (share * seconds - KILL_EVERY / 3, self.crash_database, ())
            for share in CRASHES
        ]
        for at, strike, args in sorted(blows, key=lambda it: it[0]):
            time.sleep(max(begin + at - time.monotonic(), 0))
            strike(*args)
        time.sleep(max(begin + seconds - time.monotonic(), 0))

    def settle(self):
        """Wait until all work has ended, with the carrier's faults switched off.

        Both nodes are killed first, so that nobody holds what they had claimed, and its
        time may be moved on. Waiting goes on as long as less and less is open.
        """
        self.is_calm = True
        for name in ("server", "other"):
            self.kill_node(name)
        self.let_time_pass()
        self.hasten(24 * 3600)
        end_time = self.keep_time()
        try:
            left, moved_at = None, time.monotonic()
            while left != 0 and time.monotonic() < moved_at + PATIENCE:
                time.sleep(3)
                found = self.count_open()
                if found != left:
                    left, moved_at = found, time.monotonic()
                self.hasten()
        finally:
            end_time()

    def count_open(self):
        """Return how much is still open, and wake the crons that work on it."""
        states = "('checking', 'leaving', 'queueing')"
        planned = self.query(
            f"SELECT 1 FROM sms_broadcast WHERE state IN {states}"
            " UNION ALL SELECT 1 FROM sms_reminder"
            " WHERE state = 'planned' AND due_at < now() AT TIME ZONE 'UTC'"
            " UNION ALL SELECT 1 FROM sms_webhook_event WHERE is_failed IS NOT TRUE"
        )
        self.wake_crons(*CRONS)
        return len(planned) + self.query(READ_OPEN)[0][0]

    def hasten(self, within=LEASE):
        """Make lookups of texts and reads of the carrier's list due now.

        :param int within: seconds; reads that are due later stay as they are, since
            they may be under way
        """
        with self.cursor() as cr:
            cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
            cr.execute(HASTEN, [within])

    def read_logs(self):
        """Return the log of each server, also of those that were killed."""
        return [*self.logs, self.server.read_log(), self.other.read_log()]

    def describe(self, verdict):
        """Return the verdict as text, with the most frequent errors of the logs."""
        logs = self.read_logs()
        errors = Counter(
            re.sub(r"\d+", "N", line)[:110]
            for log in logs
            for line in re.findall(
                r"^\S+ \S+ \d+ (?:ERROR|CRITICAL) \S+ (.*)$", log, re.M
            )
        )
        logged = [f"       {count} x {line}" for line, count in errors.most_common(12)]
        return "\n".join(
            [
                f"\nThe soak of {MINUTES:g} minutes, load {os.getloadavg()[0]:.1f}:",
                *verdict.lines,
                f"Errors in the logs of {len(logs)} servers:",
                *logged,
                "FAILED" if verdict.faults else "PASSED",
            ]
        )
