# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Everything at once, in bad weather, for a while.

Three minutes; ``bin/bench soak`` takes an hour.
"""

import os
import re
import sys
import time
from collections import Counter

from .gauges import Gauges
from .load import LoadCase
from .verdict import Verdict

MINUTES = float(os.environ.get("HELPDESK_SMS_SOAK_MINUTES", "3"))
#: Less than so many minutes is the short form.
SHORT = 10
#: Seconds between two kills, and when the database crashes, as a share of the time.
KILL_EVERY = 30 if MINUTES < SHORT else 60
CRASHES = (0.5,) if MINUTES < SHORT else (0.35, 0.7)
#: Seconds for which nothing ends any more: what is open then is stuck.
PATIENCE = 90
#: What has not ended: it waits, is on its way, or its end is not known yet.
READ_OPEN = """
    SELECT count(*) FROM sms_sms
     WHERE state IN ('process', 'unknown', 'pending')
        OR state = 'outgoing' AND not_before < now() AT TIME ZONE 'UTC' + interval '1 h'
"""
HASTEN = """
    UPDATE sms_sms SET lookup_at = now() AT TIME ZONE 'UTC'
     WHERE state IN ('unknown', 'pending')
       AND lookup_at > now() AT TIME ZONE 'UTC' + interval '5 s';
    UPDATE sms_report_fetch
       SET next_at = now() AT TIME ZONE 'UTC', full_at = now() AT TIME ZONE 'UTC'
     WHERE next_at > now() AT TIME ZONE 'UTC' + interval '5 s'
       AND next_at < now() AT TIME ZONE 'UTC' + %s * interval '1 s'
"""
#: Seconds for which a read of the carrier's list may be under way; then it was left.
LEASE = 110
#: What is still to be done, besides sending.
CRONS = tuple(
    f"ir_cron_sms_{it}" for it in ("broadcast", "reminder", "report_fetch", "webhook")
)


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

        The first node is killed once, the other one again and again: how the memory of
        one grows shows only in a long life.
        """
        begin, seconds = time.monotonic(), MINUTES * 60
        blows = [
            (float(at), self.kill_node, ("other",))
            for at in range(KILL_EVERY, int(seconds), KILL_EVERY)
        ]
        blows[0] = (KILL_EVERY, self.kill_node, ("server",))
        # Between two kills: a node that nothing happens to must stand it.
        blows += [
            (share * seconds - KILL_EVERY / 3, self.crash_database, ())
            for share in CRASHES
        ]
        for at, strike, args in sorted(blows, key=lambda it: it[0]):
            time.sleep(max(begin + at - time.monotonic(), 0))
            strike(*args)
        time.sleep(max(begin + seconds - time.monotonic(), 0))

    def settle(self):
        """Let everything end, in calm weather.

        Both nodes are killed first: then what they had claimed is nobody's, and time
        may pass for it. It is enough that the number of what is open goes down.
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
        """Return how much has not ended, and is left for crons to do."""
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
        """Let the carrier be asked soon about what is not known to have arrived.

        :param int within: seconds; a read that is under way stays as it is
        """
        with self.cursor() as cr:
            cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
            cr.execute(HASTEN, [within])

    def describe(self, verdict):
        """Return the verdict as text, with what the nodes have logged."""
        logs = [*self.logs, self.server.read_log(), self.other.read_log()]
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
