# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import threading
import time

from .cluster import PrivateCluster
from .common import StormCase

MESSAGES = 600
#: At so many posts the database crashes.
CRASHES = (60, 150, 240, 330)
#: Seconds for which it is away: nobody can connect.
AWAY = 1.0
#: Seconds that the carrier takes to answer: some answers are always outstanding.
LATENCY = 0.1


class TestRestartedDatabase(StormCase):
    """PostgreSQL crashes and comes back while two nodes send: nothing lost, nor twice.

    In a cluster of its own: the suite's serves the other tests. The nodes run as
    ``docs/scaling.md`` says: with processes for crons, and under a supervisor.
    """

    workers = 1

    @classmethod
    def setUpClass(cls):
        cls.cluster = PrivateCluster()
        cls.addClassCleanup(cls.cluster.remove)
        cls.cluster.make()
        super().setUpClass()

    @classmethod
    def prepare_database(cls):
        """Copy the database into the cluster that is going to crash."""
        cls.cluster.take(cls.database)
        cls.db_port = cls.cluster.port

    def setUp(self):
        super().setUp()
        self.posts = 0
        self.due_crashes = threading.Semaphore(0)
        self.addCleanup(self.keep_time())
        self.addCleanup(self.supervise())

    def supervise(self):
        """Start nodes again that have ended, as a supervisor does.

        :return: function that ends it
        """
        over = threading.Event()

        def look():
            while not over.wait(0.5):
                for name in ("server", "other"):
                    if getattr(self, name).process.poll() is not None:
                        self.restart(name)

        thread = threading.Thread(target=look, daemon=True)
        thread.start()

        def end():
            over.set()
            thread.join()

        return end

    def choose(self, _form):
        """Count the posts, and take them after a moment; at some a crash is due."""
        with self.lock:
            self.posts += 1
            if self.posts in CRASHES:
                self.due_crashes.release()
        time.sleep(LATENCY)

    def test_the_database_crashes_again_and_again(self):
        words = "Crash"
        self.queue(MESSAGES, words)
        for _crash in CRASHES:
            self.assertTrue(self.due_crashes.acquire(timeout=60), "nothing is sent")
            self.cluster.crash()
            time.sleep(AWAY)
            self.cluster.start()
        self.wait_states(words, ("process", "unknown", "pending", "sent"), 60)
        # Whose answers could not be written down: their time is over.
        time.sleep(1)
        self.assertGreater(self.read_states(words).get("process", 0), 0)
        self.let_time_pass()
        self.wait_sent(words)
        self.check_taken(words)
