# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import random
from datetime import datetime, timedelta
from unittest.mock import patch

from odoo.tests import tagged

from ...models.ledger.sms_consent_event import CHUNK_SIZE, Statement
from ...models.ledger.sms_consent_evidence import PERSONAL_FIELDS
from ...tools import chain
from ...tools.consent import EVENTS, FOR_ALL_EVENTS, GRANTED, REVOKED, Answer
from ..common import SmsCase, phone_number

START = datetime(2026, 3, 2, 9)
FACTS = ("name", "wording", "note", "address", "device", "page", "witness")


@tagged("post_install", "-at_install")
class TestRecordMany(SmsCase):
    """Recording many statements has the same result as recording them one by one."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ledger = cls.env["sms.consent.event"]
        cls.other_company = cls.make_company("Other")
        cls.all_purposes = cls.purposes("ticket", "appointment", "alert")
        cls.wordings = cls.env["sms.wording"]._get_published(
            cls.company, cls.all_purposes
        )

    def make_statement(self, rng):
        """Return a random statement of one of a few people."""
        event = rng.choice(EVENTS)
        purposes = self.env["sms.purpose"].concat(
            *rng.sample(list(self.all_purposes), rng.randint(1, 3))
        )
        if event in FOR_ALL_EVENTS and rng.random() < 0.5:
            purposes = None
        facts = {name: rng.choice((False, "", "é “x”")) for name in FACTS}
        return Statement(
            phone_number(rng.randrange(4)),
            event,
            rng.choice(("import", "api", "paper")),
            purposes,
            START + timedelta(minutes=rng.randrange(40)),
            rng.choice((None, self.wordings)),
            {
                **facts,
                "res_model": "res.partner",
                "res_id": rng.choice((0, self.customer.id)),
            },
        )

    def read_answers(self, company):
        """Return a company's answers; events as their position among its own."""
        events = self.ledger.search([("company_id", "=", company.id)], order="id")
        place = {event.id: index for index, event in enumerate(events)}
        answers = self.env["sms.consent"].search([("company_id", "=", company.id)])
        return {
            (a.number_hash, a.number, a.purpose_id): (
                a.state, a.since, place[a.event_id.id]
            )
            for a in answers
        }  # fmt: skip

    def read_events(self, company):
        """Return a company's events and their evidence, without random values."""
        events = self.ledger.search([("company_id", "=", company.id)], order="id")
        names = [
            *("number_hash", "purpose_id", "event", "method", "happened_at"),
            *("user_id", "wording_id", "wording_digest", "number", "message_ref"),
            *("res_model", "res_id"),
        ]
        rows = [[event[name] for name in names] for event in events]
        evidence = events.sudo().evidence_id
        for row, event in zip(rows, events, strict=True):
            row += [event.sudo().evidence_id[name] or False for name in FACTS]
            known = event.sudo().evidence_id
            content = {name: known[name] or None for name in PERSONAL_FIELDS}
            self.assertEqual(event.evidence_digest, chain.digest(content))
            self.assertTrue(event.recorded_at)
        return rows, len(evidence)

    def test_any_sequence_gives_what_one_by_one_gives(self):
        """Record them one by one in one company and at once in another."""
        for seed in range(25):
            rng = random.Random(seed)
            companies = [
                self.env["res.company"].create(
                    {"name": f"{side} {seed}", "logo": False}
                )
                for side in ("One by one", "At once")
            ]
            one_by_one, at_once = companies
            for _batch in range(3):
                rows = [self.make_statement(rng) for _row in range(rng.randrange(12))]
                for row in rows:
                    self.ledger._record(one_by_one, *row[:6], **row.facts)
                self.ledger._record_many(at_once, rows)
            with self.subTest(seed=seed):
                self.assertEqual(*map(self.read_answers, companies))
                self.assertEqual(*map(self.read_events, companies))

    def test_the_chain_holds_over_both(self):
        rng = random.Random(7)
        rows = [self.make_statement(rng) for _row in range(40)]
        self.record_consent(company=self.other_company)
        count = self.ledger._record_many(self.other_company, rows)
        self.record_consent(company=self.other_company)
        check = self.env["sms.consent.check"]._verify(self.other_company)
        self.assertEqual((check.state, check.link_count), ("intact", count + 2))

    def test_the_gate_sees_it_at_once(self):
        """Also if the transaction has read the answer before."""
        key = (self.company.id, self.number)
        answers = self.env["sms.consent"]
        self.assertFalse(answers._get_answers(*map(lambda x: [x], key))[key])
        purpose = self.purposes("ticket")
        self.assertEqual(self.ticket.sms_consent_state, "none")
        self.ledger._record_many(
            self.company, [Statement(self.number, GRANTED, "import", purpose)]
        )
        found = answers._get_answers(*map(lambda x: [x], key))[key]
        self.assertEqual(found[purpose.id].state, "opted_in")
        self.assertEqual(self.ticket.sms_consent_state, "opted_in")

    def test_an_old_consent_does_not_undo_a_stop(self):
        self.receive("STOP")
        self.ledger._record_many(
            self.company,
            [Statement(self.number, GRANTED, "import", self.all_purposes, START)],
        )
        self.assertEqual(self.ticket.sms_consent_state, "opted_out")

    def test_a_stop_that_came_in_meanwhile_stands(self):
        """As if committed by another transaction while the batch was written."""
        self.receive("STOP")
        agreed = self.record_consent(method="import", happened_at=START)
        # As computed without seeing the STOP.
        self.env["sms.consent"]._upsert(
            self.company,
            {
                (agreed.number_hash, agreed.purpose_id.id): (
                    Answer("opted_in", agreed.id),
                    agreed.happened_at,
                )
            },
            {agreed.number_hash: self.number},
        )
        self.env["sms.consent"]._settle_overlaps(self.company.id, [agreed.number_hash])
        self.assertEqual(self.ticket.sms_consent_state, "opted_out")
        anew = self.record_consent(method="keyword", event="confirmed")
        self.env["sms.consent"]._settle_overlaps(self.company.id, [anew.number_hash])
        self.assertEqual(self.ticket.sms_consent_state, "opted_in")

    def test_it_looks_again_when_it_is_committed(self):
        with patch.object(type(self.env["sms.consent"]), "_settle_overlaps") as looked:
            self.ledger._record_many(
                self.company,
                [Statement(self.number, GRANTED, "import", self.all_purposes)],
            )
            self.assertFalse(looked.called)
            self.cr.postcommit.run()
        self.assertEqual(looked.call_count, 1)

    def test_what_one_by_one_refuses_is_refused(self):
        purpose = self.purposes("ticket")
        good = Statement(self.number, GRANTED, "import", purpose)
        for bad in (
            good._replace(purposes=self.env["sms.purpose"]),
            good._replace(purposes=None),
            good._replace(event="agreed"),
            good._replace(method="carrier pigeon"),
            good._replace(facts={"salt": "x"}),
        ):
            with self.subTest(bad=bad), self.assertRaises(ValueError):
                self.ledger._record_many(self.company, [good, bad])

    def test_the_number_of_queries_does_not_grow(self):
        def record(first, count):
            purpose = self.purposes("ticket")
            self.ledger._record_many(
                self.company,
                (
                    Statement(f"+1303555{n:04}", event, "import", purpose)
                    for n in range(first, first + count)
                    for event in (GRANTED, REVOKED)
                ),
            )

        record(0, 1)
        few = self.count_queries(record, 1000, 5)
        many = self.count_queries(record, 2000, 500)
        self.assertLess(500 * 2, CHUNK_SIZE)
        self.assertLessEqual(many, few)

    def test_nothing_is_no_trouble(self):
        self.assertEqual(self.ledger._record_many(self.company, []), 0)
