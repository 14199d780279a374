# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random
from unittest.mock import patch

from odoo import SUPERUSER_ID, api, fields
from odoo.modules.registry import Registry
from odoo.tools import config

from ...tools import consent
from ..live import LiveCase

NUMBERS = [f"+1720555{line:04d}" for line in range(150, 160)]
WORDS = ("SUPPORT", "YES", "STOP", "START", "STOP")


class TestParallelTexts(LiveCase):
    """Fifty parallel texts of ten people: all recorded, one chain, right answers."""

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
        """Post a text as the carrier does, which repeats it after a conflict (503)."""
        sid = f"SM{number[1:]}{word}{id(word)}{Random().random()}"
        for _attempt in range(20):
            response = self.text(number, word, sid)
            if response.status_code < 500:
                break
        return response

    def _expected(self, number):
        """Return the number of events to expect, from the kinds of a number's texts."""
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
        return [(key, said.event, said.event_id) for key, said in self._read(number)]

    def _read(self, number):
        """Return pairs of purpose and statement of a number's events, oldest first."""
        with self.cursor() as cr:
            cr.execute(
                """
                SELECT event.purpose_id, event.event, event.method, event.happened_at,
                       event.id
                  FROM sms_consent_event event
                  JOIN sms_consent_evidence evidence ON evidence.id = event.evidence_id
                 WHERE evidence.number = %s ORDER BY event.id
                """,
                [number],
            )
            return [(key, consent.Said(*said)) for key, *said in cr.fetchall()]

    def _replay(self, number):
        """Return the answers by the pure rule, from the events in their order."""
        found = defaultdict(consent.Standing)
        for key, said in self._read(number):
            of_all = found[None] if key else None
            found[key] = consent.take(said, found[key], of_all)
        of_all = found[None]
        return {
            key: consent.show(standing, of_all).answer.state
            for key, standing in found.items()
            if standing.answer.event_id
        }

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
        # If the sealer is running just now, the check does not wait for it.
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


class TestOverlap(LiveCase):
    """An opt-in and a STOP in parallel transactions, neither seeing the other."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # The live database: load its modules without their tests.
        with patch.dict(config.options, test_enable=False):
            cls.registry = Registry(cls.database)
        cls.addClassCleanup(Registry.delete, cls.database)

    def test_a_stop_stands_whichever_is_committed_last(self):
        for number, order in (
            ("+17205550161", ("stop", "yes")),
            ("+17205550162", ("yes", "stop")),
        ):
            with self.subTest(order=order):
                self._overlap(number, order)
                states = self._read_states(number)
                self.assertEqual(states, {None: "opted_out"})

    def test_a_yes_that_was_said_later_stands(self):
        number = "+17205550163"
        self._overlap(number, ("stop", "yes"), yes_hours=-1, method="keyword")
        states = self._read_states(number)
        self.assertEqual(states, {None: "opted_out", "ticket": "opted_in"})

    def test_what_an_agent_says_after_a_stop_does_not_count(self):
        for number, order in (
            ("+17205550164", ("stop", "yes")),
            ("+17205550165", ("yes", "stop")),
        ):
            with self.subTest(order=order):
                self._overlap(number, order, yes_hours=-1)
                self.assertEqual(self._read_states(number), {None: "opted_out"})

    def _overlap(self, number, order, yes_hours=-24, method="in_person"):
        """Record a STOP of two hours ago in parallel with an opt-in before or after."""
        now = fields.Datetime.now().replace(microsecond=0)
        cursors = {name: self.registry.cursor() for name in order}
        try:
            for cr in cursors.values():
                cr.execute("SELECT 1")  # takes the snapshot
            ledgers = {
                name: api.Environment(cr, SUPERUSER_ID, {})["sms.consent.event"]
                for name, cr in cursors.items()
            }
            company = ledgers["stop"].env["res.company"].browse(self.company_id)
            ledgers["stop"]._record(
                company,
                number,
                consent.REVOKED,
                "keyword",
                happened_at=now - timedelta(hours=2),
            )
            said = now + timedelta(hours=yes_hours)
            purpose = ledgers["yes"].env.ref("helpdesk_mgmt_sms.sms_purpose_ticket")
            ledgers["yes"]._record(
                company.with_env(ledgers["yes"].env),
                number,
                consent.GRANTED,
                method,
                purpose,
                happened_at=said,
            )
            for name in order:
                cursors[name].commit()
        finally:
            for cr in cursors.values():
                cr.close()

    def _read_states(self, number):
        """Return the stored answers of a number, by code of purpose."""
        with self.cursor() as cr:
            cr.execute(
                """
                SELECT purpose.code, consent.state FROM sms_consent consent
                  LEFT JOIN sms_purpose purpose ON purpose.id = consent.purpose_id
                 WHERE consent.number = %s
                """,
                [number],
            )
            return dict(cr.fetchall())
