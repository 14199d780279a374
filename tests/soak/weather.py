# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Faults of the soak: an unreliable carrier, killed nodes, a crashing database."""

import heapq
import itertools
import threading
import time
from contextlib import suppress
from urllib.parse import urlsplit

import psycopg2
import requests

from ...models.core import trail
from ..dispatch.common import MOODS, StormCase
from ..peer.twilio import ACCOUNT_SID
from ..peer.twilio_calls import PeerCall, is_call
from .cluster import PrivateCluster

#: Shortest and longest latency of the carrier, in seconds.
LATENCY = (0.02, 0.2)
#: Faults of the other tests, and two more: throttling with Retry-After, and slowness.
SOAK_MOODS = (*MOODS, (0.03, ("busy", 1)), (0.02, ("slow", 4)))
#: Sequences of delivery reports on a text, of which one is chosen; it may be none.
REPORTS = (
    ("delivered",),
    ("sent", "delivered"),
    ("delivered", "sent"),
    ("delivered", "delivered"),
    ("queued", "sent", "delivered", "sent"),
    (),
)
#: Delay of delivery reports in seconds: of nine in ten, and of the others.
SOON, LATE = (0, 0.5), (3, 15)
#: Twilio's error code for a landline, which makes the number unusable.
LANDLINE = "30006"
#: Seconds for which the database is down.
AWAY = 1.5


class WeatherCase(StormCase):
    """Run two nodes with workers, a supervisor, a private cluster, and the carrier.

    The nodes run as ``docs/scaling.md`` says. The carrier reports late, in any order,
    repeatedly, or not at all.
    """

    workers = 1
    #: Numbers that cannot be texted.
    landlines = frozenset()

    @classmethod
    def setUpClass(cls):
        cls.cluster = PrivateCluster()
        cls.addClassCleanup(cls.cluster.remove)
        cls.cluster.make()
        #: Logs of the nodes that have ended.
        cls.logs = []
        super().setUpClass()

    @classmethod
    def prepare_database(cls):
        """Copy the database into the private cluster, which is going to crash."""
        cls.cluster.take(cls.database)
        cls.db_port = cls.cluster.port
        # An earlier test that has failed may have left texts waiting.
        with cls.cursor() as cr:
            cr.execute(
                "UPDATE sms_sms SET state = 'canceled'"
                " WHERE state IN ('outgoing', 'process', 'unknown')"
            )

    @classmethod
    def make_server(cls, cron_threads=2):
        """Return one more node, with Odoo's default number of cron threads."""
        server = super().make_server(cron_threads)
        server.options = ("--log-handler", f"{trail.__name__}:DEBUG")
        return server

    def setUp(self):
        super().setUp()
        #: Final reports that were answered with 200, by the carrier's id of the text.
        self.reported = {}
        self.is_calm = False
        #: Times of kills, and of the database's crashes and restarts.
        self.blows = []
        #: Heap of what the carrier will do: (when, counter, function, arguments).
        self.agenda, self.places = [], itertools.count()
        self.addCleanup(self.keep_agenda())

    # === The carrier ===

    def choose(self, form):
        """Note when a request came, wait for the latency, and choose its fault."""
        form["At"] = time.time()
        if self.is_calm:
            return None
        with self.lock:
            dice, pause = self.random.random(), self.random.uniform(*LATENCY)
        time.sleep(pause)
        for share, mood in SOAK_MOODS:
            if dice < share:
                return mood
            dice -= share
        return None

    def report_taken(self, message):
        """Schedule the reports on a message, or picking up a call."""
        if is_call(message):
            message["status"] = "completed"
            return self.later(self.random.uniform(*SOON), self.pick_up, message)
        is_dead = message["To"] in self.landlines
        message["status"] = "undelivered" if is_dead else "delivered"
        message["error_code"] = int(LANDLINE) if is_dead else None
        with self.lock:
            dice = self.random.random()
            statuses = self.random.choice(REPORTS)
            delay = self.random.uniform(*(LATE if dice < 0.1 else SOON))
        if is_dead:
            statuses = ("sent", "undelivered")
        # Texts of broadcasts have no callback address: their reports are fetched.
        if "StatusCallback" in message:
            self.later(delay, self.deliver_reports, message, statuses)
        return None

    def later(self, delay, work, *args):
        """Schedule a function in ``delay`` seconds, unless the test ends before."""
        with self.lock:
            at = time.monotonic() + delay
            heapq.heappush(self.agenda, (at, next(self.places), work, args))

    def keep_agenda(self):
        """Start a thread that does what is due on the agenda.

        :return: function that stops it
        """
        over = threading.Event()

        def look():
            while not over.wait(0.05):
                with self.lock:
                    due = []
                    while self.agenda and self.agenda[0][0] <= time.monotonic():
                        due.append(heapq.heappop(self.agenda))
                for _at, _place, work, args in due:
                    self.reports.submit(work, *args)

        thread = threading.Thread(target=look, daemon=True)
        thread.start()

        def end():
            over.set()
            thread.join()

        return end

    def deliver_reports(self, message, statuses):
        """Post the reports on a message, one after the other."""
        for status in statuses:
            response = self.deliver_report(message, status)
            if response.ok and status in ("delivered", "undelivered"):
                self.reported[message["sid"]] = status

    def deliver_report(self, message, status):
        """Post a signed report on a message; return the response."""
        form = {
            "MessageSid": message["sid"],
            "MessageStatus": status,
            "AccountSid": ACCOUNT_SID,
        }
        if status == "undelivered":
            form["ErrorCode"] = LANDLINE
        return self.post_signed(message["StatusCallback"], form)

    def post_signed(self, url, form):
        """Post a webhook to a node that answers, as a reverse proxy does.

        :raises requests.ConnectionError: if no node answers
        """
        headers = {"X-Twilio-Signature": self.validator.compute_signature(url, form)}
        for node in self.get_nodes():
            with suppress(requests.RequestException):
                address = node.url + urlsplit(url).path
                return requests.post(address, data=form, headers=headers, timeout=20)
        raise requests.ConnectionError("no node answers")

    def pick_up(self, call):
        """Answer a call, and acknowledge the alert by key 1."""
        phone = PeerCall(call, self.post_signed)
        phone.answer()
        if phone.key_url:
            phone.press("1")
        phone.end()

    # === The nodes ===

    def get_nodes(self):
        """Return both nodes, in random order."""
        nodes = [self.server, self.other]
        with self.lock:
            self.random.shuffle(nodes)
        return nodes

    def supervise(self):
        """Start a thread that restarts nodes that have ended, as a supervisor does.

        Odoo ends if the database is away when it starts a worker, and does not start
        until the database is back.

        :return: function that stops it
        """
        over = threading.Event()

        def look():
            while not over.wait(0.5):
                for name in ("server", "other"):
                    node = getattr(self, name)
                    if not node.is_running and self.query("SELECT 1"):
                        self.logs.append(node.read_log())
                        self.restart(name)

        thread = threading.Thread(target=look, daemon=True)
        thread.start()

        def end():
            over.set()
            thread.join()

        return end

    def kill_node(self, name):
        """Kill a node with all of its processes."""
        self.blows.append(time.time())
        getattr(self, name).kill()

    def crash_database(self):
        """Crash PostgreSQL, and start it again."""
        self.blows.append(time.time())
        self.cluster.crash()
        time.sleep(AWAY)
        self.cluster.start()
        self.blows.append(time.time())

    # === The database ===

    def query(self, query, params=None):
        """Return the rows of a query; None while the database is down."""
        try:
            with self.cursor() as cr:
                cr.execute(query, params)
                return cr.fetchall()
        except (psycopg2.OperationalError, psycopg2.InterfaceError):
            return None
