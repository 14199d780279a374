# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
import os
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from random import Random
from urllib.parse import urlsplit

import requests
from psycopg2 import InterfaceError, OperationalError

from .live import LiveCase
from .peer import ACCOUNT_SID

_logger = logging.getLogger(__name__)

SEED = 20261125
MESSAGES = 2000
KILLS = 20
#: Seconds for which nobody can connect to the carrier.
DOWN = float(os.environ.get("HELPDESK_SMS_DOWN_SECONDS", "5"))
#: Share of the posts: what the carrier does with them instead of taking them.
MOODS = (
    (0.05, ("error", 429, 20429)),
    (0.01, ("error", 500, 20500)),
    (0.01, ("taken", 500, 20500)),
    (0.01, "drop"),
    (0.01, "lose"),
    # Longer than the adapter waits.
    (0.01, ("hang", 12)),
)
#: The last two texts to each of so many numbers have the same words.
TWINS = 40
NUMBERS = [f"+1212555{line:04d}" for line in range(5000, 5500)]
#: A public address in front of all nodes: who is alive answers.
PUBLIC_URL = "http://nodes.example"


class StormCase(LiveCase):
    """Two Odoo nodes with a dispatcher each, and a carrier in a bad mood."""

    @classmethod
    def setUpClass(cls):
        # After both nodes have ended: cleanups run from the last to the first.
        cls.addClassCleanup(cls.calm_storm)
        super().setUpClass()
        cls.other = cls.make_server(2).start()
        cls.addClassCleanup(lambda: cls.other.stop())
        cls.configure_storm()

    @classmethod
    def configure_storm(cls):
        """Shorten the pauses, let both dispatchers work, and everybody be texted."""
        values = {"sms_consent_policy": "opt_out", "sms_lax_reason": "Tests"}
        cls.rpc("res.company", "write", [cls.company_id], values)
        cls.set_parameter("web.base.url", PUBLIC_URL)
        cls.set_parameter("helpdesk_mgmt_sms.in_flight", "16")
        with cls.cursor() as cr:
            cr.execute(
                """
                UPDATE sms_fault SET first_pause = 1, max_pause = 1
                 WHERE fault IN ('too_fast', 'no_connection', 'no_answer');
                UPDATE ir_cron SET active = TRUE WHERE NOT active AND id IN (
                    SELECT res_id FROM ir_model_data
                     WHERE name = 'ir_cron_sms_dispatch_2'
                );
                -- A speed from which 429 slows it down to what still ends the test.
                UPDATE sms_sender SET rate = 2000 WHERE provider = 'twilio';
                """
            )

    @classmethod
    def calm_storm(cls):
        """Leave the database to the other tests as it was."""
        with cls.cursor() as cr:
            cr.execute(
                """
                UPDATE res_company SET sms_consent_policy = 'opt_in' WHERE id = %s;
                DELETE FROM ir_config_parameter
                 WHERE key = 'helpdesk_mgmt_sms.in_flight';
                UPDATE sms_fault fault
                   SET first_pause = was.first_pause, max_pause = was.max_pause
                  FROM (VALUES ('too_fast', 1, 30), ('no_connection', 5, 300),
                               ('no_answer', 60, 600))
                    AS was (fault, first_pause, max_pause)
                 WHERE fault.fault = was.fault;
                UPDATE ir_cron SET active = FALSE WHERE id IN (
                    SELECT res_id FROM ir_model_data
                     WHERE name = 'ir_cron_sms_dispatch_2'
                );
                """,
                [cls.company_id],
            )

    def setUp(self):
        super().setUp()
        self.random = Random(SEED)  # noqa: S311  # the same storm each time
        self.lock = threading.Lock()
        self.reports = ThreadPoolExecutor(4)
        self.addCleanup(self.reports.shutdown, cancel_futures=True)
        self.peer.release.clear()
        self.peer.taken.clear()
        self.peer.choose = self.choose
        self.peer.on_taken = self.report_taken
        self.addCleanup(setattr, self.peer, "choose", lambda form: None)
        self.addCleanup(setattr, self.peer, "on_taken", lambda message: None)

    # ------------------------------------------------------------------
    # The carrier
    # ------------------------------------------------------------------

    def choose(self, _form):
        """Return what the carrier does with a post."""
        with self.lock:
            dice = self.random.random()
        for share, mood in MOODS:
            if dice < share:
                return mood
            dice -= share
        return None

    def report_taken(self, message):
        """Report on a message as soon as it is taken: twice, and out of order."""
        message["status"] = "delivered"
        with self.lock:
            statuses = self.random.choice(
                (
                    ("delivered",),
                    ("sent", "delivered"),
                    ("delivered", "sent"),
                    ("delivered", "delivered"),
                    (),
                )
            )
        for status in statuses:
            self.reports.submit(self.deliver_report, message, status)

    def deliver_report(self, message, status):
        """Post a signed report to a node that is alive; none: the report is lost."""
        form = {
            "MessageSid": message["sid"],
            "MessageStatus": status,
            "AccountSid": ACCOUNT_SID,
        }
        url = message["StatusCallback"]
        headers = {"X-Twilio-Signature": self.validator.compute_signature(url, form)}
        for server in (self.server, self.other):
            try:
                return requests.post(
                    server.url + urlsplit(url).path,
                    data=form,
                    headers=headers,
                    timeout=10,
                )
            except requests.RequestException:
                continue

    # ------------------------------------------------------------------
    # The nodes
    # ------------------------------------------------------------------

    def restart(self, name):
        """Start a node again, at its address."""
        again = self.make_server(2)
        again.port = getattr(self, name).port
        setattr(type(self), name, again.start())

    def keep_time(self):
        """Wake the nodes each second, as new messages do.

        :return: function that ends it
        """
        over = threading.Event()

        def tick():
            while not over.wait(1):
                # A database that is just being restarted is woken a second later.
                with suppress(OperationalError, InterfaceError):
                    self.wake_crons("ir_cron_sms_dispatch", "ir_cron_sms_dispatch_2")
                    with self.cursor("postgres") as cr:
                        cr.execute(
                            "SELECT pg_notify('cron_trigger', %s)", [self.database]
                        )

        thread = threading.Thread(target=tick, daemon=True)
        thread.start()

        def end():
            over.set()
            thread.join()

        return end

    def let_time_pass(self):
        """Let ten minutes pass for what was left behind, and what is overdue."""
        with self.cursor() as cr:
            cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
            cr.execute(
                """
                UPDATE sms_sms
                   SET claimed_at = claimed_at - interval '10 minutes',
                       lookup_at = CASE WHEN lookup_at IS NOT NULL
                                        THEN now() AT TIME ZONE 'UTC' END
                 WHERE state IN ('process', 'unknown', 'pending')
                """
            )

    # ------------------------------------------------------------------
    # The messages
    # ------------------------------------------------------------------

    def queue(self, count, words, twins=0):
        """Make so many messages by one call, to some numbers in turn."""
        rows = []
        [purpose_id] = self.rpc("sms.purpose", "search", [("code", "=", "ticket")])
        for index in range(count):
            turn, person = divmod(index, len(NUMBERS))
            if person < twins:
                turn = min(turn, 2)
            row = {"number": NUMBERS[person], "body": f"{words} {turn}"}
            rows.append({**row, "purpose_id": purpose_id})
        self.rpc("sms.sms", "create", rows)
        self.wanted = Counter((row["number"], row["body"]) for row in rows)

    def read_states(self, words):
        """Return how many of the messages are in which state."""
        with self.cursor() as cr:
            cr.execute(
                "SELECT state, count(*) FROM sms_sms WHERE body LIKE %s GROUP BY state",
                [f"{words} %"],
            )
            return dict(cr.fetchall())

    def wait_states(self, words, wanted, timeout):
        """Wait until the messages are in no other than the wanted states.

        :raises AssertionError: after ``timeout`` seconds
        """
        deadline = time.monotonic() + timeout
        while not (states := self.read_states(words)).keys() <= set(wanted):
            if time.monotonic() > deadline:
                raise AssertionError(f"only {wanted} expected, got {states}")
            time.sleep(0.5)

    def wait_sent(self, words):
        """Wait until all are sent; who has not been reported on is asked about."""
        self.wait_states(words, ("pending", "sent"), 120)
        self.let_time_pass()
        self.wait_states(words, ("sent",), 120)

    def check_taken(self, words):
        """Check that the carrier has each message once: none twice, none not at all."""
        taken = Counter()
        uuids = Counter()
        twins = {key for key, count in self.wanted.items() if count > 1}
        for message in self.peer.taken:
            key = message["To"], message["Body"].partition("\n")[0]
            if not key[1].startswith(words):
                continue
            taken[key] += 1
            if key not in twins:
                uuids[message["StatusCallback"]] += 1
        self.assertEqual(len(taken), len(self.wanted))
        lost, twice = self.wanted - taken, taken - self.wanted
        self.assertFalse(lost, f"lost: {lost}")
        self.assertFalse(twice, f"sent twice: {twice}")
        self.assertEqual(set(uuids.values()), {1})
        self.assertEqual(self.read_states(words), {"sent": sum(self.wanted.values())})


class TestKilledDispatchers(StormCase):
    """SIGKILL at random, in mid-post: nothing is lost, nothing is sent twice."""

    def setUp(self):
        super().setUp()
        _logger.info("The storm's seed is %s", SEED)
        self.thresholds = self.random.sample(range(30, MESSAGES * 3 // 5), KILLS)
        self.posts = 0
        self.due_kills = threading.Semaphore(0)

    def choose(self, form):
        """Count the posts; at some of them a node is killed."""
        with self.lock:
            self.posts += 1
            if self.posts in self.thresholds:
                self.due_kills.release()
        return super().choose(form)

    def kill_as_due(self):
        """Kill a node whenever one is due, and start it again.

        :return: how often
        """
        restarts = {}
        with ThreadPoolExecutor(2) as pool:
            for _kill in range(KILLS):
                self.assertTrue(self.due_kills.acquire(timeout=120), "nothing is sent")
                while not (alive := self.find_alive(restarts)):
                    time.sleep(0.1)
                name = self.random.choice(alive)
                time.sleep(self.random.uniform(0, 0.1))
                getattr(self, name).kill()
                restarts[name] = pool.submit(self.restart, name)
        for restart in restarts.values():
            restart.result()

    def find_alive(self, restarts):
        """Return the names of the nodes that run."""
        return [
            name
            for name in ("server", "other")
            if name not in restarts or restarts[name].done()
        ]

    def test_a_storm_of_kills(self):
        words = "Storm"
        end_time = self.keep_time()
        self.addCleanup(end_time)
        self.queue(MESSAGES, words, TWINS)
        self.kill_as_due()
        self.wait_states(words, ("process", "unknown", "pending", "sent"), 120)
        # Those who have left something behind are dead; then their time runs out.
        for name in ("server", "other"):
            getattr(self, name).kill()
        time.sleep(1)
        self.let_time_pass()
        for name in ("server", "other"):
            self.restart(name)
        self.wait_sent(words)
        self.check_taken(words)


class TestCarrierDown(StormCase):
    """The carrier is down: what waits leaves later, once."""

    def choose(self, form):
        """Count the posts; at one of them something happens."""
        with self.lock:
            self.posts = getattr(self, "posts", 0) + 1
            if self.posts == 150:
                self.happens.set()
        return None

    def setUp(self):
        super().setUp()
        self.posts = 0
        self.happens = threading.Event()
        self.addCleanup(self.keep_time())

    def test_the_carrier_is_down(self):
        words = "Down"
        self.queue(500, words)
        self.assertTrue(self.happens.wait(30), "nothing is sent")
        self.peer.go_down()
        time.sleep(DOWN)
        waiting = self.read_states(words).get("outgoing", 0)
        self.assertGreater(waiting, 0)
        self.peer.come_back()
        self.wait_states(words, ("process", "unknown", "pending", "sent"), 60)
        time.sleep(1)
        self.let_time_pass()
        self.wait_sent(words)
        self.check_taken(words)
