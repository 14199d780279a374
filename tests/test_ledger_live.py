# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from random import Random

from ..tools import consent
from .live import LiveCase

NUMBERS = [f"+1720555{line:04d}" for line in range(150, 160)]
WORDS = ("SUPPORT", "YES", "STOP", "START", "STOP")


class TestParallelTexts(LiveCase):
    """Fifty texts of ten people at once: nothing lost, one chain, the right answers."""

    def test_fifty_commands_at_once(self):
        texts = [(number, word) for number in NUMBERS for word in WORDS]
        Random(20261125).shuffle(texts)  # noqa: S311  # an order, not a secret
        with ThreadPoolExecutor(len(texts)) as pool:
            responses = list(pool.map(lambda text: self._text(*text), texts))
        self.assertEqual({response.status_code for response in responses}, {200})
        for number in NUMBERS:
            with self.subTest(number):
                self.assertEqual(self.count("sms_inbound", "number = %s", [number]), 5)
                self.assertEqual(self.count_events(number), self._expected(number))
                self.assertEqual(self._answers(number), self._replay(number))
        self._check_chain()

    def _text(self, number, word):
        """Text as the carrier passes it on: it tries again after a conflict (503)."""
        sid = f"SM{number[1:]}{word}{id(word)}{Random().random()}"
        for _attempt in range(20):
            response = self.text(number, word, sid)
            if response.status_code < 500:
                break
        return response

    def _expected(self, number):
        """Return how many events the texts of a number make, by what each one was."""
        kinds = self.rpc(
            "sms.inbound", "search_read", [("number", "=", number)], ["kind"]
        )
        events = self._read_events(number)
        asked = sum(event == consent.REQUESTED for _p, event, _id in events)
        confirmed = sum(event == consent.CONFIRMED for _p, event, _id in events)
        restored = sum(event == consent.RESTORED for _p, event, _id in events)
        stops = sum(row["kind"] == "stop" for row in kinds)
        self.assertEqual(stops, 2, "every STOP is recorded")
        return stops + asked + confirmed + restored

    def _read_events(self, number):
        """Return purpose, event and id of a number's events, oldest first."""
        with self.cursor() as cr:
            cr.execute(
                """
                SELECT event.purpose_id, event.event, event.id
                  FROM sms_consent_event event
                  JOIN sms_consent_evidence evidence ON evidence.id = event.evidence_id
                 WHERE evidence.number = %s ORDER BY event.id
                """,
                [number],
            )
            return cr.fetchall()

    def _replay(self, number):
        """Return the answers that the rule gives for the events in their order."""
        answers = defaultdict(consent.Answer)
        for purpose_id, event, event_id in self._read_events(number):
            answers[purpose_id] = consent.next_answer(
                answers[purpose_id], event, event_id, for_all=purpose_id is None
            )
        return {key: answer.state for key, answer in answers.items()}

    def _answers(self, number):
        """Return the stored answers of a number, by purpose."""
        with self.cursor() as cr:
            cr.execute(
                "SELECT purpose_id, state FROM sms_consent WHERE number = %s", [number]
            )
            return dict(cr.fetchall())

    def _check_chain(self):
        """Verify the ledger as a compliance officer does."""
        group = self.rpc(
            "ir.model.data",
            "search_read",
            [
                ("module", "=", "helpdesk_mgmt_sms"),
                ("name", "=", "group_sms_compliance"),
            ],
            ["res_id"],
        )
        self.rpc(
            "res.users", "write", [self.uid], {"group_ids": [(4, group[0]["res_id"])]}
        )
        # The sealer may be at it just now: then the check leaves it to its work.
        for _attempt in range(30):
            action = self.rpc("sms.consent.check", "action_verify", [])
            [check] = self.rpc("sms.consent.check", "read", [action["res_id"]])
            if not check["unsealed_count"]:
                break
            time.sleep(0.5)
        self.assertEqual(check["state"], "intact")
        self.assertEqual(check["unsealed_count"], 0)
        with self.cursor() as cr:
            cr.execute(
                "SELECT count(*) FROM sms_consent_event WHERE company_id = %s",
                [self.company_id],
            )
            self.assertEqual(check["link_count"], cr.fetchone()[0])
