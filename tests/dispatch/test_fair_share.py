# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
import time

from ..common import ANY_HOUR
from ..peer.twilio import ACCOUNT_SID, AUTH_TOKEN
from .common import OutboxCase

_logger = logging.getLogger(__name__)

SLOW_NUMBER = "+13035550144"
#: Seconds, longer than an adapter's timeout.
HANGS = 12
#: Texts of the slow company, more than one account may have claimed; of the other.
SLOW_TEXTS, SOUND_TEXTS = 600, 300
#: Seconds, longer than a run, the carrier's timeout and the start of the next run.
TRICKLE = 25
#: Seconds within which a single text must be sent, on a busy machine.
AT_ONCE = 3
NUMBERS = [f"+1212555{line:04d}" for line in range(6000, 6300)]


class TestFairShare(OutboxCase):
    """If the carrier of one company hangs, the other company's texts are still sent."""

    slow_id = 0

    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(cls.forget_slow_company)
        super().setUpClass()
        [country_id] = cls.rpc("res.country", "search", [("code", "=", "US")])
        number = {"number": SLOW_NUMBER, "country_id": country_id}
        cls.slow_id = cls.rpc("res.company", "create", {"name": "Zeno's"})
        account = {
            "sms_provider": "twilio",
            "country_id": country_id,
            "sms_twilio_account_sid": ACCOUNT_SID,
            "sms_twilio_auth_token": AUTH_TOKEN,
            "sms_twilio_number_ids": [(0, 0, number)],
            **ANY_HOUR,
        }
        cls.rpc("res.company", "write", [cls.slow_id], account)
        everybody = {"sms_consent_policy": "opt_out", "sms_relaxation_reason": "Tests"}
        cls.rpc("res.company", "write", [cls.company_id, cls.slow_id], everybody)
        sender_ids = cls.rpc("sms.sender", "search", [("provider", "=", "twilio")])
        cls.rpc("sms.sender", "write", sender_ids, {"rate": 0})

    @classmethod
    def forget_slow_company(cls):
        """Restore the database for the other tests."""
        with cls.cursor() as cr:
            cr.execute(
                """
                DELETE FROM sms_sms WHERE number LIKE '+12125556%%';
                UPDATE res_company SET sms_consent_policy = 'opt_in' WHERE id = %s;
                UPDATE res_company SET sms_provider = NULL, active = FALSE
                 WHERE id = %s;
                DELETE FROM sms_sender WHERE company_id = %s;
                """,
                [cls.company_id, cls.slow_id, cls.slow_id],
            )

    def setUp(self):
        super().setUp()
        self.peer.release.clear()
        self.peer.choose = lambda form: (
            ("hang", HANGS) if form.get("From") == SLOW_NUMBER else None
        )
        self.addCleanup(setattr, self.peer, "choose", lambda form: None)

    def queue(self, count, words, company_id=None, purpose="ticket"):
        """Make ``count`` texts, by default of the company whose carrier answers."""
        [purpose_id] = self.rpc("sms.purpose", "search", [("code", "=", purpose)])
        common = {
            "purpose_id": purpose_id,
            "record_company_id": company_id or self.company_id,
        }
        rows = [
            {"number": NUMBERS[index % len(NUMBERS)], "body": f"{words} {index}"}
            for index in range(count)
        ]
        self.rpc("sms.sms", "create", [{**row, **common} for row in rows])

    def count_posts(self, words):
        """Return how many texts beginning with ``words`` the carrier has received."""
        return sum(
            message["Body"].startswith(words) for message in list(self.peer.messages)
        )

    def wait_posted(self, words, count, timeout=60):
        """Wait until the carrier has received ``count`` texts; return the seconds."""
        start = time.monotonic()
        while (found := self.count_posts(words)) < count:
            self.assertLess(time.monotonic() - start, timeout, f"{found} of {count}")
            time.sleep(0.02)
        return time.monotonic() - start

    def time_of(self, count, words, **values):
        """Return the seconds from making texts until the carrier has received them."""
        start = time.monotonic()
        self.queue(count, words, **values)
        self.wait_posted(words, count)
        return time.monotonic() - start

    def count_claimed(self):
        """Return how many texts of the slow company are claimed."""
        return self.count(
            "sms_sms",
            "record_company_id = %s AND state = 'process'",
            [self.slow_id],
        )

    def test_an_account_that_hangs_keeps_no_other_waiting(self):
        alone = self.time_of(SOUND_TEXTS, "Alone")
        self.queue(SLOW_TEXTS, "Slow", self.slow_id)
        self.wait_posted("Slow", 64)
        beside = self.time_of(SOUND_TEXTS, "Beside")
        urgent = self.time_of(1, "Urgent", purpose="alert")
        _logger.info("alone %.1f s, beside %.1f s, urgent %.1f", alone, beside, urgent)
        self.assertLess(beside, 2 * alone + 1)
        self.assertLess(urgent, AT_ONCE)
        self._check_trickle()
        self._check_end()

    def _check_trickle(self):
        """Check that single texts are sent at once, also while runs end and begin."""
        end = time.monotonic() + TRICKLE
        longest, count = 0, 0
        while time.monotonic() < end:
            count += 1
            longest = max(longest, self.time_of(1, f"Drop {count}."))
            self.assertLessEqual(self.count_claimed(), 256)
            time.sleep(0.4)
        _logger.info("the slowest of %d single texts took %.1f s", count, longest)
        self.assertLess(longest, AT_ONCE)
        # The slow account is not given up: its texts are posted all the time.
        self.assertGreater(self.count_posts("Slow"), 64)
        self.assertEqual(self.count_posts("Slow"), len(self._get_slow_bodies()))

    def _get_slow_bodies(self):
        """Return the set of the slow company's texts that were posted."""
        return {
            message["Body"]
            for message in self.peer.messages
            if message["Body"].startswith("Slow")
        }

    def _check_end(self):
        """Check that nothing is lost when the server stops, nor what it has claimed."""
        self.assertGreater(self.count_claimed(), 0)
        self.server.stop()
        self.assertEqual(self.count_posts("Slow"), len(self._get_slow_bodies()))
        with self.cursor() as cr:
            cr.execute(
                "SELECT state, count(*) FROM sms_sms WHERE record_company_id = %s"
                " GROUP BY state",
                [self.slow_id],
            )
            states = dict(cr.fetchall())
        known = states["process"] + states["unknown"]
        self.assertEqual(states["outgoing"] + known, SLOW_TEXTS)
        self.assertGreaterEqual(known, self.count_posts("Slow"))
