# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import Form
from odoo.tools import SQL

from ...models.ledger.sms_consent_event import Statement
from ...models.ledger.sms_consent_key import KEY_VARIABLE
from ...tools import consent
from ..common import SmsCase, phone_number


class TestDetails(SmsCase):
    """The explanation why a number may be texted or not, with the one next step."""

    def explain(self, user=None, record=None):
        """Return the details that a user gets, by default the agent for the ticket."""
        record = (record or self.ticket).with_user(user or self.agent)
        return record.get_sms_consent_details()

    def explain_purpose(self, code="ticket", **options):
        """Return the details about one purpose."""
        purpose = self.purposes(code)
        found = self.explain(**options)["purposes"]
        return next(told for told in found if told["id"] == purpose.id)

    def test_nothing_said_yet(self):
        told = self.explain()
        self.assertEqual((told["state"], told["label"]), ("none", "No consent"))
        self.assertEqual(told["number"], "+1 303-555-0100")
        self.assertEqual(told["purposes"][0]["id"], self.purposes("ticket").id)
        self.assertEqual(told["purposes"][0]["facts"], ["Nothing has been said yet"])
        self.assertEqual(told["button"]["kind"], "record")

    def test_a_yes_says_since_when_how_and_by_whom(self):
        wording = self.env["sms.wording"]._get_published(
            self.company, self.purposes("ticket")
        )
        self.agent.tz = "America/Denver"
        self.env["sms.consent.event"].with_user(self.agent).sudo()._record(
            self.company,
            self.number,
            "granted",
            "in_person",
            self.purposes("ticket"),
            happened_at="2026-05-03 20:02:00",
            wordings=wording,
            wording="I agree to everything",
        )
        told = self.explain_purpose()
        self.assertEqual((told["state"], told["label"]), ("opted_in", "May text"))
        when, how, who = told["facts"]
        self.assertEqual(" ".join(when.split()), "Since May 3, 2026, 2:02 PM")
        self.assertEqual(how, "Said in person")
        self.assertEqual(who, f"Entered by {self.agent.name}")
        self.assertEqual(told["wording"], wording.display_name)
        self.assertEqual(told["words"], "I agree to everything")
        button = self.explain()["button"]
        self.assertEqual(button["context"], {"default_decision": "revoked"})

    def test_each_purpose_has_its_own_state(self):
        self.record_consent(None, "ticket", "alert")
        states = {told["name"]: told["state"] for told in self.explain()["purposes"]}
        names = self.purposes("ticket", "alert", "appointment").grouped("code")
        self.assertEqual(
            states,
            {
                names["ticket"].name: "opted_in",
                names["alert"].name: "opted_in",
                names["appointment"].name: "none",
            },
        )

    def test_a_question_says_when_to_ask_again(self):
        self.receive("SUPPORT")
        told = self.explain()
        self.assertEqual(told["state"], "pending")
        self.assertRegex(told["advice"], "They were asked on .* ask again after")
        self.assertFalse(told["button"])

    def test_an_opt_out_is_the_persons_alone_to_undo(self):
        self.record_consent()
        self.receive("STOP")
        for user in (self.agent, self.manager):
            told = self.explain(user)
            self.assertEqual(told["state"], "opted_out")
            self.assertIn("by texting START", told["advice"])
            self.assertFalse(told["button"])
        self.assertEqual(self.explain_purpose("alert")["state"], "opted_out")

    def test_a_start_is_not_promised_to_who_opted_out_in_another_way(self):
        self.record_consent(event="revoked", method="web")
        told = self.explain()
        self.assertNotIn("START", told["advice"])
        self.assertIn("by a signed form dated later", told["advice"])
        self.assertFalse(told["button"])

    def test_what_an_agent_was_told_an_agent_may_be_told_anew(self):
        self.record_consent(event="revoked", method="phone")
        told = self.explain()
        self.assertIn("If they agree again, record it", told["advice"])
        self.assertEqual(told["button"]["kind"], "record")

    def test_a_doubtful_text_leads_who_may_to_the_queue(self):
        self.record_consent()
        inbound = self.receive("hello")
        self.env["sms.consent.review"]._open(inbound, self.company, "May be one")
        for user, kind in (
            (self.agent, False),
            (self.manager, "review"),
            (self.compliance_officer, "review"),
        ):
            told = self.explain(user, record=self.customer)
            with self.subTest(user=user.login):
                self.assertIn("may be an opt-out", told["advice"])
                self.assertTrue(told["purposes"])
                self.assertEqual(told["button"] and told["button"]["kind"], kind)

    def test_what_expired_says_when(self):
        self.record_consent()
        self.record_consent(event="expired", method="time")
        told = self.explain_purpose()
        self.assertEqual(told["state"], "none")
        self.assertTrue(told["facts"][0].startswith("Ended on "), told["facts"])

    def test_an_opt_out_policy_says_that_texts_leave_all_the_same(self):
        self.company.sms_consent_policy = "opt_out"
        told = self.explain()
        self.assertEqual(told["state"], "none")
        self.assertIn("everyone who has not", told["advice"])

    def test_a_number_that_is_missing_or_no_number(self):
        for number, advice in (
            (False, "No phone number: add one"),
            ("extension 12", "Not a usable phone number: correct it"),
        ):
            self.ticket.partner_phone = number
            told = self.explain()
            with self.subTest(number=number):
                self.assertEqual(told["advice"], advice)
                self.assertEqual(told["number"], number or "")
                self.assertFalse(told["purposes"])
                self.assertFalse(told["button"])

    def test_a_wrong_key_hides_nothing_but_the_answer(self):
        self.record_consent()
        self.env.invalidate_all()
        self.env["sms.consent"]._forget_answers()
        with patch.dict("os.environ", {KEY_VARIABLE: "another"}):
            self.assertFalse(self.ticket.with_user(self.agent).sms_consent_state)
            told = self.explain()
        self.assertIn("key is wrong", told["advice"])
        self.assertFalse(told["purposes"])

    def test_erased_evidence_says_so(self):
        self.record_consent(wording="My words").evidence_id._erase()
        told = self.explain_purpose()
        self.assertEqual(told["state"], "opted_in")
        self.assertIn("The evidence was erased", told["facts"])
        self.assertFalse(told["words"])

    def test_who_may_read_the_record_is_told_of_it(self):
        event = self.env["calendar.event"].create(
            {
                "name": "Visit",
                "start": fields.Datetime.now(),
                "stop": fields.Datetime.now() + timedelta(hours=1),
                "partner_ids": [(6, 0, self.customer.ids)],
            }
        )
        self.record_consent(None, "appointment")
        for user in (self.own_agent, self.team_agent, self.agent, self.manager):
            with self.subTest(user=user.login):
                self.assertEqual(self.explain(user)["state"], "none")
                self.assertEqual(self.explain(user, event)["state"], "opted_in")
        told = self.explain(self.compliance_officer, self.customer)
        self.assertEqual(told["state"], "opted_in")
        self.assertFalse(told["button"], "an officer records nothing")

    def test_a_private_appointment_tells_others_nothing(self):
        event = self.env["calendar.event"].create(
            {
                "name": "Visit",
                "privacy": "private",
                "user_id": self.agent.id,
                "start": fields.Datetime.now(),
                "stop": fields.Datetime.now() + timedelta(hours=1),
                "partner_ids": [(6, 0, (self.customer | self.agent.partner_id).ids)],
            }
        )
        self.record_consent(None, "appointment")
        for user, state in (
            (self.own_agent, "none"),
            (self.manager, "none"),
            (self.agent, "opted_in"),
        ):
            with self.subTest(user=user.login):
                self.env.flush_all()
                self.env.invalidate_all()
                told = self.explain(user, event)
                self.assertEqual(told["state"], state)
                self.assertEqual(bool(told["number"]), state == "opted_in")
                self.env.invalidate_all()
                [values] = event.with_user(user).read(["sms_consent_state"])
                self.assertEqual(values["sms_consent_state"], state)

    def test_the_state_is_not_for_customers_with_a_login(self):
        self.record_consent()
        own = self.portal_user.partner_id.with_user(self.portal_user)
        for name in ("sms_consent_state", "sms_is_bound"):
            with self.subTest(name=name):
                self.assertTrue(own.has_access("read"))
                self.assertFalse(own.fields_get([name]))
                with self.assertRaises(AccessError):
                    own.read([name])
        for operator, value in (("=", "opted_in"), ("!=", "opted_out")):
            with self.assertRaises(AccessError):
                own.search_count([("sms_consent_state", operator, value)])

    def test_others_are_refused(self):
        others_ticket = self.make_ticket(self.customer, user_id=self.agent.id)
        for user, record in (
            (self.employee, self.customer),
            (self.portal_user, self.portal_user.partner_id),
            (self.env.ref("base.public_user"), self.ticket),
            (self.own_agent, others_ticket),
            (self.compliance_officer, self.ticket),
        ):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.explain(user, record)

    def test_another_companys_answer_is_its_own(self):
        other = self.make_company("Other")
        self.record_consent(company=other)
        self.assertEqual(self.explain()["state"], "none")
        ticket = self.make_ticket(self.customer, company_id=other.id)
        agent = self.agent.with_company(other)
        told = ticket.with_user(agent).with_company(other).get_sms_consent_details()
        self.assertEqual(told["state"], "opted_in")

    def test_the_queries_do_not_grow_with_the_purposes(self):
        def count():
            self.explain()
            self.env["sms.consent"]._forget_answers()
            return self.count_queries(self.explain)

        purposes = self.env["sms.purpose"].create(
            [{"name": f"More {i}", "code": f"more_{i}"} for i in range(20)]
        )
        self.record_consent(None, "ticket", "marketing")
        count()  # fills caches
        few = count()
        self.record_consent(None, *purposes.mapped("code"))
        self.assertEqual(len(self.explain()["purposes"]), 24)
        self.assertEqual(count(), few)

    def test_the_composer_shows_it_for_the_records_own_number(self):
        self.record_consent()
        composer = (
            self.env["sms.composer"]
            .with_user(self.agent)
            .with_context(
                default_composition_mode="comment",
                default_res_model="helpdesk.ticket",
                default_res_id=self.ticket.id,
            )
        )
        with Form(composer) as form:
            form.body = "Hello"
            self.assertEqual(form.sms_consent_state, "opted_in")
            form.recipient_single_number_itf = phone_number(7)
            self.assertFalse(form.sms_consent_state)


class TestSearch(SmsCase):
    """Records are found by their number's state, as the badge shows it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        said = {
            "none": (),
            "opted_in": (("granted", "ticket", "appointment"),),
            "pending": (("requested", "ticket", "appointment"),),
            "opted_out": (("revoked",),),
            "in_after_stop": (("revoked",), ("granted", "ticket", "appointment")),
            "out_after_yes": (("granted", "ticket", "appointment"), ("revoked",)),
            "asked_after_stop": (("revoked",), ("requested", "ticket", "appointment")),
            "restored": (
                ("granted", "ticket", "appointment"),
                ("revoked",),
                ("restored",),
            ),
            "one_out": (("revoked", "ticket", "appointment"), ("granted", "alert")),
            "expired": (
                ("granted", "ticket", "appointment"),
                ("expired", "ticket", "appointment"),
            ),
            "other_purpose": (("granted", "alert"),),
        }
        cls.customers = cls.env["res.partner"]
        for index, (name, events) in enumerate(said.items(), 20):
            number = phone_number(index)
            cls.customers |= cls.make_customer(number, name)
            for event, *codes in events:
                method = "time" if event == "expired" else "keyword"
                cls.record_consent(number, *codes, event=event, method=method)
        cls.customers |= cls.make_customer(False, "no number")
        cls.tickets = cls.env["helpdesk.ticket"].union(
            *(cls.make_ticket(customer) for customer in cls.customers)
        )
        cls.events = cls.env["calendar.event"].create(
            [
                {
                    "name": customer.name,
                    "start": "2026-12-01 10:00:00",
                    "stop": "2026-12-01 11:00:00",
                    "partner_ids": [(6, 0, (customer | cls.agent.partner_id).ids)],
                }
                for customer in cls.customers
            ]
        )

    def check(self, records, operator, value, expected):
        """Check that a search finds exactly the expected records."""
        found = records.search(
            [("id", "in", records.ids), ("sms_consent_state", operator, value)]
        )
        self.assertEqual(found.sorted("id"), expected.sorted("id"))

    def test_each_state_is_found_as_it_is_shown(self):
        for records in (self.customers, self.tickets, self.events):
            shown = records.grouped("sms_consent_state")
            self.assertEqual(len(shown), 4, "all states are among them")
            for state in consent.STATES:
                own = shown[state]
                with self.subTest(model=records._name, state=state):
                    self.check(records, "=", state, own)
                    self.check(records, "!=", state, records - own)
                    self.check(records, "not in", [state], records - own)

    def test_several_states_at_once(self):
        for records in (self.customers, self.tickets, self.events):
            shown = records.grouped("sms_consent_state")
            wanted = shown["none"] | shown["opted_out"]
            with self.subTest(model=records._name):
                self.check(records, "in", ["none", "opted_out"], wanted)
                self.check(records, "not in", ["none", "opted_out"], records - wanted)
                self.check(records, "in", list(consent.STATES), records)
                self.check(records, "=", False, records.browse())
                self.check(records, "!=", False, records)
                self.assertEqual(
                    records.filtered_domain([("sms_consent_state", "=", "none")]),
                    shown["none"],
                )

    def test_a_change_is_found_at_once(self):
        customer = self.make_customer(phone_number(50), "Moves")
        self.check(customer, "=", "none", customer)
        customer.phone = phone_number(21)
        self.check(customer, "=", "opted_in", customer)
        self.receive("STOP", phone_number(21))
        self.check(customer, "=", "opted_out", customer)

    def test_another_companys_answers_count_for_nothing(self):
        other = self.make_company("Other")
        number = phone_number(51)
        customer = self.make_customer(number, "Of two")
        ticket = self.make_ticket(customer)
        others = self.make_ticket(customer, company_id=other.id)
        self.record_consent(number, "ticket", company=other)
        self.check(customer, "=", "none", customer)
        self.check(customer.with_company(other), "=", "opted_in", customer)
        both = (ticket | others).with_user(self.agent)
        both = both.with_context(allowed_company_ids=(self.company | other).ids)
        self.check(both, "=", "opted_in", others)
        self.check(
            both.with_context(allowed_company_ids=other.ids), "=", "none", both[:0]
        )

    def test_a_contact_of_one_company_shows_the_consent_that_its_texts_need(self):
        other = self.make_company("Other")
        number = phone_number(53)
        customer = self.make_customer(number, "Theirs", company_id=other.id)
        self.record_consent(number, "ticket")
        companies = (self.company | other).ids
        customer = customer.with_user(self.agent).with_context(
            allowed_company_ids=companies
        )
        self.assertEqual(customer.sms_consent_state, "none")
        self.check(customer, "=", "none", customer)
        context = customer.action_record_sms_consent()["context"]
        self.assertEqual(context["default_company_id"], other.id)
        self.record_consent(number, "ticket", company=other)
        self.check(customer, "=", "opted_in", customer)

    def test_a_tickets_purpose_is_its_companys(self):
        other = self.make_company("Other")
        self.env["sms.purpose.rule"].create(
            {
                "level": "model",
                "model": "helpdesk.ticket",
                "company_id": other.id,
                "purpose_id": self.purposes("alert").id,
            }
        )
        number = phone_number(52)
        customer = self.make_customer(number, "Of two")
        ticket = self.make_ticket(customer)
        others = self.make_ticket(customer, company_id=other.id)
        for company in self.company | other:
            self.record_consent(number, "alert", company=company)
        self.check(ticket | others, "=", "opted_in", others)
        self.assertEqual(others.sms_consent_state, "opted_in")

    def test_the_index_on_numbers_serves_it(self):
        """For few contacts among many answers, the table is not scanned."""
        purposes = self.purposes("ticket")
        self.env["sms.consent.event"]._record_many(
            self.company,
            [
                Statement(f"+1303{index:07}", "granted", "import", purposes)
                for index in range(5000)
            ],
        )
        self.env.cr.execute("ANALYZE sms_consent")
        query = self.customers._search(
            [
                ("id", "in", self.customers.ids[:2]),
                ("sms_consent_state", "=", "opted_in"),
            ]
        )
        self.env.cr.execute(SQL("EXPLAIN %s", query.select()))
        plan = "\n".join(row[0] for row in self.env.cr.fetchall())
        self.assertNotIn("Seq Scan on sms_consent", plan)
        left = self.customers._search([("sms_consent_state", "=", "opted_out")])
        self.env.cr.execute(SQL("EXPLAIN %s", left.select()))
        plan = "\n".join(row[0] for row in self.env.cr.fetchall())
        self.assertIn("sms_consent_few_index", plan, "they are few among many")
        self.assertNotIn("Seq Scan on sms_consent", plan)
