# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A broadcast under stress: STOPs arrive, it is paused, its server is killed.

300 people; ``HELPDESK_SMS_CHAOS_PEOPLE=5000`` makes it more.
"""

import html
import os
import re
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from psycopg2 import InterfaceError, OperationalError

from odoo.sql_db import db_connect
from odoo.tests import tagged
from odoo.tools import SQL

from ..live import LiveCase

PEOPLE = int(os.environ.get("HELPDESK_SMS_CHAOS_PEOPLE", "300"))
#: One in this many people texts STOP meanwhile.
STOP_EVERY = 10
TOWN = "Chaosville"
TIMEOUT = 120 + PEOPLE // 10
#: Seconds that the carrier takes for each text at first.
SLOW = 2
#: The states of messages that each label below the progress bar counts.
SHOWN = {
    "delivered": ("sent",),
    "sent": ("pending",),
    "being sent": ("process", "unknown"),
    "waiting": ("outgoing",),
    "not delivered": ("error",),
    "blocked": ("canceled",),
}


def number_of(index):
    """Return the number of a person (E.164)."""
    return f"+1415555{index:04d}"


class ChaosCase(LiveCase):
    """A company that texts everybody who has not opted out, during these tests."""

    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(cls.calm)
        super().setUpClass()
        policy = {
            "sms_consent_policy": "opt_out",
            "sms_approve_from": 0,
            "sms_relaxation_reason": "Tests",
        }
        cls.rpc("res.company", "write", [cls.company_id], policy)

    @classmethod
    def calm(cls):
        """Restore the consent policy for the other tests."""
        with db_connect(cls.database).cursor() as cr:
            cr.execute("UPDATE res_company SET sms_consent_policy = 'opt_in'")


@tagged("long")
class TestBroadcastChaos(ChaosCase):
    """Nobody is texted twice or after STOP, and the screen shows what is true."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rpc(
            "res.partner",
            "create",
            [
                {"name": f"P{n}", "phone": number_of(n), "city": TOWN}
                for n in range(PEOPLE)
            ],
        )

    def setUp(self):
        super().setUp()
        self.peer.taken.clear()
        self.peer.choose = self.choose
        self.addCleanup(setattr, self.peer, "choose", lambda form: None)
        self.lock = threading.Lock()
        self.posts = 0
        self.reached = {share: threading.Event() for share in ("some", "half", "most")}
        self.paused = threading.Event()
        self.pool = ThreadPoolExecutor(4)
        self.addCleanup(self.pool.shutdown, cancel_futures=True)
        self.stopped = {}

    # === What happens meanwhile ===

    def choose(self, form):
        """Count the broadcast's texts, and signal when enough of them were posted.

        The carrier is slow until the pause: otherwise nothing would be left to pause
        when the machine is busy with other tests.
        """
        if form["Body"].startswith("[System Alert]"):
            with self.lock:
                self.posts += 1
                share = self.posts / PEOPLE
            for name, limit in (("some", 0.1), ("half", 0.4), ("most", 0.6)):
                if share >= limit:
                    self.reached[name].set()
            if self.reached["some"].is_set():
                self.paused.wait(SLOW)
        return None

    def stop(self, index):
        """Text STOP from a number, again until a server takes it."""
        number = number_of(index)
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            with suppress(OSError):  # the server is just being killed
                if self.text(number, "STOP", sid=f"SM{index:032x}").ok:
                    self.stopped[number] = time.time()
                    return
            time.sleep(0.2)
        raise AssertionError(f"the STOP of {number} is not taken")

    def stop_many(self, part):
        """Text STOP from one of three parts of those who stop; return the futures."""
        indexes = list(range(0, PEOPLE, STOP_EVERY))[part::3]
        return [self.pool.submit(self.stop, index) for index in indexes]

    def wait(self, name):
        """Wait until this share of the texts was posted."""
        self.assertTrue(self.reached[name].wait(TIMEOUT), f"not {name} are texted")

    # === The broadcast ===

    def look(self, *names):
        """Return some fields of the broadcast."""
        return self.rpc("sms.broadcast", "read", [self.broadcast_id], names)[0]

    def wait_state(self, *states):
        """Wait until the broadcast is in one of some states."""
        deadline = time.monotonic() + TIMEOUT
        while (state := self.look("state")["state"]) not in states:
            if time.monotonic() > deadline:
                raise AssertionError(f"{states} expected, got {state}")
            self.wake()
            time.sleep(0.5)

    def wake(self):
        """Make the crons due, and notify them as Odoo's scheduler would."""
        with suppress(OperationalError, InterfaceError):
            self.wake_crons("ir_cron_sms_dispatch", "ir_cron_sms_broadcast")
        with db_connect("postgres").cursor() as cr:
            cr.execute("SELECT pg_notify('cron_trigger', %s)", [self.database])

    def press(self, button):
        """Press a button; again if it fails, because somebody texts at that moment."""
        for attempt in range(5):
            try:
                return self.rpc("sms.broadcast", button, [self.broadcast_id])
            except OSError:
                if attempt == 4:
                    raise
                time.sleep(0.5)
        return None

    def read_states(self):
        """Return how many messages of the broadcast are in which state."""
        with self.cursor() as cr:
            cr.execute(
                "SELECT state, count(*) FROM sms_sms WHERE broadcast_id = %s"
                " GROUP BY state",
                [self.broadcast_id],
            )
            return Counter(dict(cr.fetchall()))

    def wait_idle(self):
        """Wait until no text of the broadcast can leave any more."""
        deadline = time.monotonic() + TIMEOUT
        while any(
            self.read_states()[state] for state in ("outgoing", "process", "unknown")
        ):
            if time.monotonic() > deadline:
                raise AssertionError(f"it does not end: {self.read_states()}")
            self.settle()
            self.wake()
            time.sleep(0.5)

    def settle(self):
        """Make claims of the killed server, retries and lookups due now."""
        with suppress(OperationalError), self.cursor() as cr:
            cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
            cr.execute(
                """
                UPDATE sms_sms
                   SET claimed_at = claimed_at - interval '1 minute',
                       not_before = LEAST(not_before, now() AT TIME ZONE 'UTC'),
                       lookup_at = CASE WHEN lookup_at IS NOT NULL
                                        THEN now() AT TIME ZONE 'UTC' END
                 WHERE broadcast_id = %s AND state IN ('process', 'unknown', 'outgoing')
                """,
                [self.broadcast_id],
            )

    # === The run ===

    def test_stops_a_pause_a_kill(self):
        self.make()
        self.press("action_check")
        self.wait_state("checked")
        self.assertEqual(self.look("reached_count")["reached_count"], PEOPLE)
        self.press("action_send")
        self.wait("some")
        stops = self.stop_many(0)
        self.press("action_pause")
        self.paused.set()
        self.check_that_it_pauses()
        stops += self.stop_many(1)
        self.press("action_resume")
        self.wait("half")
        self.server.kill()
        stops += self.stop_many(2)
        time.sleep(1)
        self.server.start()
        self.wait_state("sent")
        for stop in stops:
            stop.result(TIMEOUT)
        self.wait_idle()
        self.check_nobody_twice()
        self.check_nobody_after_stop()
        self.check_screen()

    def make(self):
        """Make the broadcast, as a manager does."""
        area_id = self.rpc("sms.area", "create", {"name": TOWN, "cities": TOWN})
        self.broadcast_id = self.rpc(
            "sms.broadcast",
            "create",
            {
                "name": "Chaos",
                "area_ids": [(6, 0, [area_id])],
                "is_emergency": True,
                "emergency_reason": "A test",
            },
        )

    def check_that_it_pauses(self):
        """Check that nothing more leaves, apart from what was already claimed."""
        deadline = time.monotonic() + TIMEOUT
        while self.read_states()["process"] and time.monotonic() < deadline:
            time.sleep(0.1)
        before = self.posts
        self.wake()
        time.sleep(3)
        self.assertEqual(self.posts, before, "a text left while it was paused")
        self.assertLess(before, PEOPLE, "there is nothing left to pause")

    def check_nobody_twice(self):
        """Check that nobody was texted twice, and nobody left out without a STOP."""
        taken = Counter(
            message["To"]
            for message in self.peer.taken
            if message["Body"].startswith("[System Alert]")
        )
        self.assertFalse([number for number, count in taken.items() if count > 1])
        silent = {number_of(n) for n in range(PEOPLE)} - taken.keys()
        self.assertLessEqual(silent, self.stopped.keys())
        states = self.read_states()
        self.assertEqual(sum(states.values()), PEOPLE)
        self.assertEqual(states["canceled"], len(silent))
        with self.cursor() as cr:
            cr.execute(
                """
                SELECT count(*), count(DISTINCT number), count(DISTINCT sms_id)
                  FROM sms_broadcast_recipient WHERE broadcast_id = %s
                """,
                [self.broadcast_id],
            )
            self.assertEqual(cr.fetchone(), (PEOPLE,) * 3)

    def check_nobody_after_stop(self):
        """Check that the gate let no text pass after its STOP was answered.

        A text that passed the gate before may still have been on its way.
        """
        with self.cursor() as cr:
            cr.execute(
                """
                SELECT number, EXTRACT(EPOCH FROM gate_checked_at)::float FROM sms_sms
                 WHERE broadcast_id = %s AND number = ANY(%s) AND state != 'canceled'
                """,
                [self.broadcast_id, list(self.stopped)],
            )
            passed = dict(cr.fetchall())
        self.assertEqual(len(self.stopped), len(range(0, PEOPLE, STOP_EVERY)))
        late = {
            number: (asked, self.stopped[number])
            for number, asked in passed.items()
            if asked > self.stopped[number]
        }
        self.assertFalse(late)
        self.assertLess(len(passed), len(self.stopped), "no STOP came in time")

    def check_screen(self):
        """Check that the form's counts are those of the rows."""
        seen = self.look("progress_html", "state", "is_live")
        self.assertEqual((seen["state"], seen["is_live"]), ("sent", False))
        words = re.sub("<[^>]+>", " ", html.unescape(seen["progress_html"]))
        states = self.read_states()
        for label, names in SHOWN.items():
            count = sum(states[name] for name in names)
            found = re.search(rf"([\d,]+) {label}(?: ·|\s*$)", words)
            shown = int(found[1].replace(",", "")) if found else 0
            self.assertEqual(shown, count, f"{label}: {words}")
        left = re.search(r"([\d,]+) have opted out", words)[1].replace(",", "")
        self.assertEqual(int(left), len(range(0, PEOPLE, STOP_EVERY)))


@tagged("long")
class TestGoingOn(ChaosCase):
    """A broadcast is resumed while the outbox is putting its texts aside."""

    number = "+15095556110"

    def wait_until_put_aside(self):
        """Wait until the outbox is putting texts aside, which takes a while."""
        deadline = time.monotonic() + TIMEOUT
        while not self.count(
            "pg_stat_activity",
            "datname = %s AND wait_event = 'PgSleep'",
            [self.database],
        ):
            self.assertLess(time.monotonic(), deadline, "nothing is put aside")
            time.sleep(0.05)

    def test_no_text_stays_behind(self):
        aside = "NEW.broadcast_id IS NOT NULL AND NEW.not_before > '9000-01-01'"
        self.slow_down("sms_sms", 3, SQL(aside), SQL("UPDATE"))
        broadcast_id = self.rpc("sms.broadcast", "create", {"name": "Gone on with"})
        with self.cursor() as cr:
            cr.execute(
                "UPDATE sms_broadcast SET state = 'paused' WHERE id = %s",
                [broadcast_id],
            )
        [purpose_id] = self.rpc("sms.purpose", "search", [("code", "=", "alert")])
        self.rpc(
            "sms.sms",
            "create",
            {
                "number": self.number,
                "body": "The network is down.",
                "purpose_id": purpose_id,
                "broadcast_id": broadcast_id,
            },
        )
        self.wait_until_put_aside()
        self.rpc("sms.broadcast", "action_resume", [broadcast_id])
        self.peer.wait_for(self.number, timeout=30)
        self.wait_state(self.number, "pending")
