# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The weather of the soak: a moody carrier, nodes that die, a database that crashes."""

import heapq
import itertools
import threading
import time
from contextlib import suppress
from urllib.parse import urlsplit

import psycopg2
import requests

from ..dispatch.common import MOODS, StormCase
from ..peer.twilio import ACCOUNT_SID
from ..peer.twilio_calls import PeerCall, is_call
from .cluster import PrivateCluster

#: Seconds that the carrier takes at least and at most.
LATENCY = (0.02, 0.2)
#: Besides the moods of the tests: too fast, with the pause that it asks for, and slow.
SOAK_MOODS = (*MOODS, (0.03, ("busy", 1)), (0.02, ("slow", 4)))
#: The reports on a text, in the order in which they come; sometimes there are none.
REPORTS = (
    ("delivered",),
    ("sent", "delivered"),
    ("delivered", "sent"),
    ("delivered", "delivered"),
    ("queued", "sent", "delivered", "sent"),
    (),
)
#: Seconds by which a report is late: most of them, and some.
SOON, LATE = (0, 0.5), (3, 15)
#: A number that the carrier says is a landline: it ends the number.
LANDLINE = "30006"
#: Seconds for which the database is away.
AWAY = 1.5


class WeatherCase(StormCase):
    """Two nodes with processes, a supervisor, a cluster of their own, and the carrier.

    The nodes run as ``docs/scaling.md`` says. The carrier reports late, in any order,
    again, or not at all.
    """

    workers = 1
    #: Numbers that cannot be texted.
    landlines = frozenset()

    @classmethod
    def setUpClass(cls):
        cls.cluster = PrivateCluster()
        cls.addClassCleanup(cls.cluster.remove)
        cls.cluster.make()
        #: What the nodes that have ended had logged.
        cls.logs = []
        super().setUpClass()

    @classmethod
    def prepare_database(cls):
        """Copy the database into the cluster that is going to crash."""
        cls.cluster.take(cls.database)
        cls.db_port = cls.cluster.port

    @classmethod
    def make_server(cls, cron_threads=2):
        """Return one more node, with the crons that Odoo has by default."""
        return super().make_server(cron_threads)

    def setUp(self):
        super().setUp()
        #: Final reports that were answered by 200, by the carrier's id.
        self.reported = {}
        self.is_calm = False
        #: Times at which a node or the database was ended.
        self.blows = []
        #: Heap of what the carrier still does: (when, place, function, its arguments).
        self.agenda, self.places = [], itertools.count()
        self.addCleanup(self.keep_agenda())

    # === The carrier ===

    def choose(self, form):
        """Note when a post came, take a while, and say what is done with it."""
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
        """Report on a message in a while; a call is answered, and taken by key."""
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
        # Of texts in lists the carrier may not be asked for reports.
        if "StatusCallback" in message:
            self.later(delay, self.deliver_reports, message, statuses)
        return None

    def later(self, delay, work, *args):
        """Do something in so many seconds, while the weather lasts."""
        with self.lock:
            at = time.monotonic() + delay
            heapq.heappush(self.agenda, (at, next(self.places), work, args))

    def keep_agenda(self):
        """Do what is due.

        :return: function that ends it
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
        """Post a webhook to a node that is alive, as the proxy before them does.

        :raises requests.ConnectionError: none is
        """
        headers = {"X-Twilio-Signature": self.validator.compute_signature(url, form)}
        for node in self.get_nodes():
            with suppress(requests.RequestException):
                address = node.url + urlsplit(url).path
                return requests.post(address, data=form, headers=headers, timeout=20)
        raise requests.ConnectionError("no node answers")

    def pick_up(self, call):
        """Answer a call, and take the alert by key 1."""
        phone = PeerCall(call, self.post_signed)
        phone.answer()
        if phone.key_url:
            phone.press("1")
        phone.end()

    # === The nodes ===

    def get_nodes(self):
        """Return both nodes, in any order."""
        nodes = [self.server, self.other]
        with self.lock:
            self.random.shuffle(nodes)
        return nodes

    def supervise(self):
        """Start nodes again that have ended, as a supervisor does.

        :return: function that ends it
        """
        over = threading.Event()

        def look():
            while not over.wait(0.5):
                for name in ("server", "other"):
                    node = getattr(self, name)
                    if node.process.poll() is not None:
                        self.restart(name)
                        self.logs.append(node.read_log())

        thread = threading.Thread(target=look, daemon=True)
        thread.start()

        def end():
            over.set()
            thread.join()

        return end

    def kill_node(self, name):
        """End a node with all of its processes at once."""
        self.blows.append(time.time())
        getattr(self, name).kill()

    def crash_database(self):
        """Let PostgreSQL crash, and come back."""
        self.blows.append(time.time())
        self.cluster.crash()
        time.sleep(AWAY)
        self.cluster.start()
        self.blows.append(time.time())

    # === The database ===

    def query(self, query, params=None):
        """Return the rows of a query; None while the database is away."""
        try:
            with self.cursor() as cr:
                cr.execute(query, params)
                return cr.fetchall()
        except (psycopg2.OperationalError, psycopg2.InterfaceError):
            return None
