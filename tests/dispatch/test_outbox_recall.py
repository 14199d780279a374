# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
import time
from collections import defaultdict

from .common import OutboxCase

_logger = logging.getLogger(__name__)

LEAVER = "+12125557000"
STAYERS = [f"+12125557{line:03d}" for line in range(100, 140)]
#: Texts to each, in all more than one account may have in flight; all get claimed.
EACH = 5
LEAVER_TEXTS = 40
#: Seconds that the carrier takes to answer a request.
SLOW = 4
#: Seconds after a STOP within which a last text to its number may be sent.
WITHIN = 2


class TestRecall(OutboxCase):
    """A STOP recalls texts that were claimed already, with a slow carrier."""

    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(cls.forget)
        super().setUpClass()
        everybody = {"sms_consent_policy": "opt_out", "sms_relaxation_reason": "Tests"}
        cls.rpc("res.company", "write", [cls.company_id], everybody)

    @classmethod
    def forget(cls):
        """Restore the database for the other tests."""
        with cls.cursor() as cr:
            cr.execute(
                """
                DELETE FROM sms_sms WHERE number LIKE '+12125557%%';
                UPDATE res_company SET sms_consent_policy = 'opt_in' WHERE id = %s
                """,
                [cls.company_id],
            )

    def setUp(self):
        super().setUp()
        self.arrivals = defaultdict(list)
        self.peer.release.clear()
        self.peer.choose = self.take_slowly
        self.addCleanup(setattr, self.peer, "choose", lambda form: None)
        self.addCleanup(self.peer.release.set)

    def take_slowly(self, form):
        """Note when a request came, and answer it slowly."""
        self.arrivals[form["To"]].append((time.monotonic(), form["Body"]))
        return ("slow", SLOW)

    def queue(self, leaver):
        """Make texts to many people, with those to the leaver spread among them."""
        [purpose_id] = self.rpc("sms.purpose", "search", [("code", "=", "ticket")])
        numbers = STAYERS * EACH
        step = len(numbers) // LEAVER_TEXTS
        for index in range(LEAVER_TEXTS):
            numbers.insert(index * (step + 1), leaver)
        rows = [
            {"number": number, "body": f"{leaver} {index}", "purpose_id": purpose_id}
            for index, number in enumerate(numbers)
        ]
        self.rpc("sms.sms", "create", rows)

    def wait(self, condition, what):
        """Wait until a condition is true, for at most 90 seconds."""
        deadline = time.monotonic() + 90
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.05)

    def count_rows(self, number, states):
        """Return how many texts to a number are in the given states."""
        condition = "number = %s AND state = ANY(%s)"
        return self.count("sms_sms", condition, [number, list(states)])

    def leave(self, leaver):
        """Text STOP while many texts are claimed; return when it was answered."""
        self.queue(leaver)
        self.wait(
            lambda: (
                len(self.arrivals[leaver]) > 3
                and self.count_rows(leaver, ["process"]) > 10
            ),
            "nothing is claimed and posted",
        )
        self.assertEqual(self.text(leaver, "STOP").status_code, 200)
        return time.monotonic()

    def check_all_ended(self, leaver, stopped_at):
        """Check that each text to the leaver was either sent in time or is blocked."""
        ended = ("canceled", "pending", "sent")
        self.wait(
            lambda: self.count_rows(leaver, ended) == LEAVER_TEXTS + 1, "not all ended"
        )
        # Without the confirmation of the STOP.
        posts = [it for it in self.arrivals[leaver] if it[1].startswith(leaver)]
        latest = max(moment for moment, _body in posts) - stopped_at
        _logger.info("the last of %d posts left %.2f s after", len(posts), latest)
        self.assertLess(latest, WITHIN)
        bodies = [body for _moment, body in posts]
        self.assertEqual(len(bodies), len(set(bodies)), "none leaves twice")
        blocked = [
            message
            for message in self.read_messages(leaver)
            if message["state"] == "canceled"
        ]
        self.assertEqual(len(blocked) + len(posts), LEAVER_TEXTS)
        for message in blocked:
            self.assertEqual(message["failure_type"], "sms_optout")
            self.assertEqual(message["gate_verdict"], "block")
            self.assertNotIn(message["body"].split(" Reply")[0], bodies)

    def test_no_claimed_text_leaves_after_a_stop(self):
        stopped_at = self.leave(LEAVER)
        self.check_all_ended(LEAVER, stopped_at)
        # No other texts were lost or sent twice.
        count = len(STAYERS) * EACH
        self.wait(lambda: self._count_stayers() == count, "texts are missing")
        bodies = [body for to in STAYERS for _moment, body in self.arrivals[to]]
        self.assertEqual(len(bodies), len(set(bodies)))
        self.assertEqual(len(bodies), count)

    def _count_stayers(self):
        """Return how many texts to the others the carrier has received."""
        return sum(len(self.arrivals[number]) for number in STAYERS)
