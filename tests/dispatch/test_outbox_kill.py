# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from odoo.tests import tagged

from .common import SEED, StormCase

_logger = logging.getLogger(__name__)

MESSAGES = 2000
KILLS = 20
#: Seconds for which the carrier is down.
DOWN = float(os.environ.get("HELPDESK_SMS_DOWN_SECONDS", "5"))
#: Number of phone numbers to which the last two texts have the same body.
TWINS = 40


@tagged("long")
class TestKilledDispatchers(StormCase):
    """After random SIGKILLs during posts, nothing is lost and nothing is sent twice."""

    def setUp(self):
        super().setUp()
        _logger.info("The storm's seed is %s", SEED)
        self.thresholds = self.random.sample(range(30, MESSAGES * 3 // 5), KILLS)
        self.posts = 0
        self.due_kills = threading.Semaphore(0)

    def choose(self, form):
        """Count the requests; some of them make a kill due."""
        with self.lock:
            self.posts += 1
            if self.posts in self.thresholds:
                self.due_kills.release()
        return super().choose(form)

    def kill_as_due(self):
        """Kill a node whenever a kill is due, and start it again.

        :return: number of kills
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
        """Return the names of the running nodes."""
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
        self.wait_states(
            words, ("behind", "process", "unknown", "pending", "sent"), 120
        )
        # Kill both, so that nobody holds the claims left behind; then expire these.
        for name in ("server", "other"):
            getattr(self, name).kill()
        time.sleep(1)
        self.let_time_pass()
        for name in ("server", "other"):
            self.restart(name)
        self.wait_sent(words)
        self.check_taken(words)


@tagged("long")
class TestCarrierDown(StormCase):
    """While the carrier is down texts wait, and are sent once afterwards."""

    def choose(self, form):
        """Count the requests; the 150th triggers the event."""
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
        self.wait_states(
            words, ("behind", "process", "unknown", "pending", "sent"), 120
        )
        time.sleep(1)
        self.let_time_pass()
        self.wait_sent(words)
        self.check_taken(words)
