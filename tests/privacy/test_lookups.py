# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json
from datetime import timedelta

from psycopg2.errors import RestrictViolation

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from ...models.privacy.sms_evidence_lookup import EXPORT, NOTHING, READ, STORY
from ..common import SmsCase, phone_number
from ..web import WebCase


@tagged("post_install", "-at_install")
class LookupCase(SmsCase):
    """A customer and others in the ledger, and the log of who looks at them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.event = cls.record_consent(name="Dana Customer")
        cls.hash = cls.event.number_hash
        cls.lookups = cls.env["sms.evidence.lookup"]
        cls.env.flush_all()

    def call(self, user, model, method, *args, **options):
        """Call a method as a user does over RPC."""
        return call_kw(self.env[model].with_user(user), method, args, options)

    def find(self):
        """Return the log: user, kind, model, number of rows, hashes of the numbers."""
        return [
            (row.user_id, row.kind, row.res_model, row.row_count, row.number_hashes)
            for row in self.lookups.search([], order="id")
        ]

    def get_answer(self):
        """Return the customer's answer."""
        return self.env["sms.consent"].search([("number", "=", self.number)])


class TestLookups(LookupCase):
    """Who looks at whom is logged."""

    def test_who_reads_consents_events_and_evidence(self):
        officer = self.compliance_officer
        for model, record, names in (
            ("sms.consent", self.get_answer(), ["number", "state"]),
            ("sms.consent.event", self.event, ["name"]),
            ("sms.consent.evidence", self.event.evidence_id, ["note"]),
        ):
            self.call(officer, model, "read", record.ids, names)
            self.assertEqual(
                self.find()[-1], (officer, READ, model, 1, self.hash), model
            )
        self.assertEqual(len(self.find()), 3)

    def test_nobody_tells_the_log_when_it_was(self):
        """Users may store any defaults; an old row would be deleted tonight."""
        officer, past = self.compliance_officer, "2001-01-01 00:00:00"
        self.env["ir.default"].with_user(officer).set(
            "sms.evidence.lookup", "happened_at", past, user_id=True
        )
        ids = self.event.evidence_id.ids
        self.call(officer, "sms.consent.evidence", "read", ids, ["note"])
        [row] = self.lookups.search([])
        self.assertGreater(row.happened_at, fields.Datetime.now() - timedelta(days=1))

    def test_lists_forms_and_searches_are_reads(self):
        specification = {"number": {}, "state": {}}
        for method, args in (
            ("web_search_read", [[], specification]),
            ("web_read", [self.get_answer().ids, specification]),
            ("search_read", [[], ["number"]]),
            ("read", [self.get_answer().ids]),
        ):
            before = len(self.find())
            self.call(self.agent, "sms.consent", method, *args)
            rows = self.find()
            self.assertEqual(len(rows), before + 1, method)
            self.assertEqual(rows[-1][:3], (self.agent, READ, "sms.consent"))

    def test_names_and_groups_tell_numbers_too(self):
        officer = self.compliance_officer
        call = self.call
        [found] = call(officer, "sms.consent", "name_search", self.number)
        self.assertEqual(found[0], self.get_answer().id)
        domain = [("number", "=", self.number)]
        groups = call(
            officer, "sms.consent", "formatted_read_group", domain, ["number"]
        )
        self.assertEqual(groups[0]["number"], self.number)
        call(officer, "sms.consent", "web_read_group", domain, ["number"])
        entry = (officer, READ, "sms.consent", 1, self.hash)
        self.assertEqual(self.find(), [entry] * 3)
        call(officer, "sms.consent", "formatted_read_group", domain, ["state"])
        self.assertEqual(len(self.find()), 3)

    def test_pivot_tables_totals_and_copies_tell_numbers_too(self):
        domain = [("number", "=", self.number)]
        colors = {"field": "state", "colors": {"opted_in": "success"}}
        for method, *args in (
            ("formatted_read_grouping_sets", domain, [[], ["number"]]),
            ("formatted_read_group", domain, [], ["number:max"]),
            ("read_progress_bar", domain, "number", colors),
            ("copy_data", self.get_answer().ids),
        ):
            before = len(self.find())
            found = self.call(self.agent, "sms.consent", method, *args)
            self.assertIn(self.number, str(found), method)
            entry = (self.agent, READ, "sms.consent", 1, self.hash)
            self.assertEqual(self.find()[before:], [entry], method)
        # Figures tell nobody's number.
        sets = [["state"], []]
        self.call(self.agent, "sms.consent", "formatted_read_grouping_sets", [], sets)
        self.assertEqual(len(self.find()), 4)

    def test_the_story_of_a_number(self):
        self.get_answer().with_user(self.agent).get_story()
        self.assertEqual(
            self.find(), [(self.agent, STORY, "sms.consent", 1, self.hash)]
        )

    def test_a_search_that_finds_nothing_is_an_answer_too(self):
        stranger = phone_number(44)
        for domain in (
            [("number", "=", stranger)],
            [("searched_number", "ilike", "303-555-0144")],
        ):
            self.call(
                self.agent, "sms.consent", "web_search_read", domain, {"number": {}}
            )
        hashes = self.env["sms.consent.key"]._hash([stranger])
        row = (self.agent, NOTHING, "sms.consent", 0, hashes[stranger])
        self.assertEqual(self.find(), [row, row])

    def test_an_export_from_a_list(self):
        self.agent.group_ids += self.env.ref("base.group_allow_export")
        self.ticket._message_sms("Hello")
        sms = self.messages_to()
        self.call(self.agent, "sms.sms", "export_data", sms.ids, ["number", "body"])
        self.assertEqual(self.find(), [(self.agent, EXPORT, "sms.sms", 1, self.hash)])
        consents = self.get_answer()
        self.call(self.agent, "sms.consent", "export_data", consents.ids, ["number"])
        self.assertEqual(
            self.find()[-1], (self.agent, EXPORT, "sms.consent", 1, self.hash)
        )
        purposes = self.purposes("ticket")
        self.call(self.agent, "sms.purpose", "export_data", purposes.ids, ["name"])
        self.call(self.agent, "res.partner", "export_data", [], ["name"])
        self.assertEqual(len(self.find()), 2, "what is about nobody is nobody's")

    def test_who_may_not_look_is_not_on_it(self):
        with self.assertRaises(AccessError):
            self.call(self.employee, "sms.consent", "read", self.get_answer().ids)
        self.assertEqual(self.find(), [])

    def test_work_is_no_lookup(self):
        """Sending, receiving and the gate read on their own, whoever is working."""
        self.ticket.with_user(self.own_agent)._message_sms("Hello")
        self.receive("STOP")
        self.run_outbox()
        names = ["company_id", "purpose_id", "state"]
        self.call(self.agent, "sms.consent", "read", self.get_answer().ids, names)
        self.assertEqual(self.find(), [])

    def test_of_many_it_says_how_many(self):
        for index in range(1, 30):
            self.record_consent(phone_number(index))
        self.call(self.agent, "sms.consent", "search_read", [], ["number"])
        [row] = self.find()
        self.assertEqual(row[3:], (30, False))

    def test_it_takes_as_many_queries_for_many(self):
        def look(limit):
            options = {"limit": limit}
            self.call(
                self.agent, "sms.consent", "search_read", [], ["number"], **options
            )

        for index in range(1, 19):
            self.record_consent(phone_number(index))
        look(1)
        few = self.count_queries(look, 1)
        self.assertEqual(self.count_queries(look, 19), few)

    def test_companies_have_a_line_each(self):
        other = self.make_company("Other")
        self.record_consent(company=other)
        consents = self.env["sms.consent"].with_user(self.agent)
        consents = consents.with_context(
            allowed_company_ids=[self.company.id, other.id]
        )
        consents.search_read([], ["number"])
        found = self.lookups.search([]).company_id
        self.assertEqual(found, self.company + other)

    def test_officers_find_who_looked_up_a_number(self):
        self.get_answer().with_user(self.agent).get_story()
        self.env["sms.consent"].with_user(self.manager).search_read([], ["number"])
        lookups = self.lookups.with_user(self.compliance_officer)
        for typed in (self.number, "(303) 555-0100"):
            found = lookups.search([("searched_number", "ilike", typed)])
            self.assertEqual(found.user_id, self.agent | self.manager)
        self.assertFalse(lookups.search([("searched_number", "ilike", "303 555 0133")]))
        self.assertEqual(found[0].label, "Text Message Consent")
        for user in (self.agent, self.manager, self.administrator):
            with self.assertRaises(AccessError):
                self.lookups.with_user(user).search([])

    def test_it_names_nobody_who_was_looked_up(self):
        self.call(self.agent, "sms.consent", "search_read", [], ["number", "name"])
        lookups = self.lookups.search([])
        self.assertEqual(len(lookups), 1)
        words = json.dumps(lookups.read(), default=str)
        self.assertNotIn(self.number, words)
        self.assertNotIn("Dana", words)


class TestKept(LookupCase):
    """Nobody changes the log, and old entries are deleted."""

    def setUp(self):
        super().setUp()
        self.get_answer().with_user(self.agent).get_story()
        self.row = self.lookups.search([])
        self.env.flush_all()

    def age(self, **time):
        """Add an entry as if it had been logged earlier."""
        at = fields.Datetime.now() - timedelta(**time)
        return self.lookups.create(
            {
                "company_id": self.company.id,
                "user_id": self.agent.id,
                "kind": READ,
                "res_model": "sms.consent",
                "happened_at": at,
            }
        )

    def test_it_cannot_be_changed_or_deleted(self):
        with self.assertRaises(UserError):
            self.row.write({"user_id": self.manager.id})
        with self.assertRaises(UserError):
            self.row.unlink()
        for statement in (
            "UPDATE sms_evidence_lookup SET kind = 'export'",
            "DELETE FROM sms_evidence_lookup",
            "TRUNCATE sms_evidence_lookup",
        ):
            with (
                self.subTest(statement=statement),
                mute_logger("odoo.sql_db"),
                self.assertRaises(RestrictViolation),
                self.cr.savepoint(),
            ):
                self.env.cr.execute(SQL(statement))

    def test_it_goes_after_three_years(self):
        old, young = self.age(days=3 * 366), self.age(days=3 * 365 - 2)
        self.env.flush_all()
        self.lookups._gc_lookups()
        self.assertFalse(old.exists())
        self.assertTrue((young | self.row).exists())


class TestErasedNumber(LookupCase):
    """An opt-out whose number was erased can still be found by the number."""

    def setUp(self):
        super().setUp()
        self.receive("STOP")
        erasures = self.env["sms.erasure"].with_user(self.compliance_officer)
        erasures._erase(self.company, self.number, "Letter 117")
        self.env.invalidate_all()

    def test_by_the_whole_number_in_any_form(self):
        for model in ("sms.consent", "sms.consent.event"):
            records = self.env[model].with_user(self.compliance_officer)
            for typed in (self.number, "303-555-0100", " (303) 555 0100 "):
                found = records.search([("searched_number", "ilike", typed)])
                self.assertTrue(found, (model, typed))
                self.assertEqual(set(found.mapped("number_hash")), {self.hash})
                self.assertFalse(any(found.mapped("number")))

    def test_a_part_finds_those_who_are_there(self):
        self.record_consent(phone_number(1))
        consents = self.env["sms.consent"].with_user(self.compliance_officer)
        found = consents.search([("searched_number", "ilike", "5550")])
        self.assertEqual(found.mapped("number"), [phone_number(1)])

    def test_a_stranger_is_not_found(self):
        consents = self.env["sms.consent"].with_user(self.compliance_officer)
        self.assertFalse(consents.search([("searched_number", "ilike", "3035550155")]))


class TestOverHttp(WebCase, LookupCase):
    """RPC calls of the web client, with the cursor that Odoo gives them."""

    def test_a_list_in_the_browser_is_recorded(self):
        self.authenticate("sms-agent", "sms-agent")
        answer = self.url_open(
            "/web/dataset/call_kw/sms.consent/web_search_read",
            json={
                "params": {
                    "model": "sms.consent",
                    "method": "web_search_read",
                    "args": [],
                    "kwargs": {"domain": [], "specification": {"number": {}}},
                }
            },
        ).json()
        self.assertEqual(answer["result"]["length"], 1)
        [row] = self.find()
        self.assertEqual(row[:3], (self.agent, READ, "sms.consent"))
