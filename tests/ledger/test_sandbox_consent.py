# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Consent given in the sandbox counts only there."""

import json

from odoo.modules.neutralize import get_neutralization_queries
from odoo.tests import tagged

from ...models.ledger.sms_consent_event import Statement
from ...tools import chain, consent
from ..common import phone_number
from ..privacy.common import PacketCase


@tagged("post_install", "-at_install")
class TestSandboxConsent(PacketCase):
    """A company tries out consent on the virtual phone, and then goes live."""

    def go(self, provider, company=None):
        """Change the carrier, as by the settings."""
        (company or self.company).write({"sms_provider": provider})

    def get_state(self, number=None, company=None, code="ticket"):
        """Return the state of a number for a purpose."""
        company = company or self.company
        found = self.env["sms.consent"]._get_found(company, number or self.number)
        answer = self.env["sms.consent"]._get_answer(found, self.purposes(code).id)
        return answer.state

    def get_listed(self, number=None):
        """Return whether a number is on Odoo's blacklist."""
        domain = [("number", "=", number or self.number)]
        return bool(self.env["phone.blacklist"].search_count(domain))

    def assertIntact(self, company=None):
        check = self.env["sms.consent.check"]._verify(company or self.company)
        self.assertEqual(check.state, "intact", check.findings)

    # === What counts ===

    def test_a_yes_on_the_virtual_phone_does_not_count_with_a_carrier(self):
        self.receive("SUPPORT")
        self.receive("YES")
        self.assertEqual(self.get_state(), "opted_in")
        for provider in ("twilio", "telnyx", "iap", False):
            with self.subTest(provider):
                self.go(provider)
                self.assertEqual(self.get_state(), "none")
                self.assertIntact()
                self.go("sandbox")
                self.assertEqual(self.get_state(), "opted_in")
                self.assertIntact()

    def test_no_text_leaves_by_it(self):
        self.receive("SUPPORT")
        self.receive("YES")
        self.go("iap")
        self.ticket._message_sms("Hi")
        message = self.messages_to().filtered(lambda it: it.body.startswith("Hi"))
        self.assertEqual((message.gate_verdict, message.state), ("block", "canceled"))

    def test_lists_are_marked_as_well(self):
        purpose = self.purposes("ticket")
        self.env["sms.consent.event"]._record_many(
            self.company,
            [
                Statement(phone_number(index), "granted", "import", purpose)
                for index in range(5)
            ],
        )
        events = self.env["sms.consent.event"].search(
            [("company_id", "=", self.company.id)]
        )
        self.assertTrue(all(events.mapped("sandbox")))
        self.go("twilio")
        self.assertEqual(self.get_state(phone_number(2)), "none")
        self.assertIntact()

    def test_what_is_real_is_not_marked(self):
        self.go("twilio")
        self.assertFalse(self.record_consent().sandbox)
        self.go("sandbox")
        self.assertEqual(self.get_state(), "opted_in")
        self.go("twilio")
        self.assertEqual(self.get_state(), "opted_in")

    def test_a_real_yes_comes_back(self):
        self.go("twilio")
        event = self.record_consent(method="paper")
        self.go("sandbox")
        self.receive("STOP")
        self.assertEqual(self.get_state(), "opted_out")
        self.assertTrue(self.get_listed())
        self.go("twilio")
        self.assertEqual(self.get_state(), "opted_in")
        self.assertFalse(self.get_listed())
        answer = self.env["sms.consent"].search(
            [("number", "=", self.number), ("state", "=", "opted_in")]
        )
        self.assertEqual(answer.event_id, event)
        self.assertIntact()

    def test_a_real_stop_comes_back(self):
        self.go("twilio")
        self.record_consent(event="revoked", method="keyword")
        self.assertTrue(self.get_listed())
        self.go("sandbox")
        self.receive("START")
        self.receive("SUPPORT")
        self.receive("YES")
        self.assertEqual(self.get_state(), "opted_in")
        self.assertFalse(self.get_listed())
        self.go("twilio")
        self.assertEqual(self.get_state(), "opted_out")
        self.assertTrue(self.get_listed())
        self.assertIntact()

    def test_a_stop_to_the_carriers_number_counts_after_the_sandbox(self):
        """The company tries something for an afternoon; its number goes on."""
        stranger = phone_number(31)
        self.go("twilio")
        for number in (self.number, stranger):
            self.record_consent(number=number)
        self.go("sandbox")
        self.bring("STOP")
        self.bring("Wrong number", number=stranger)
        self.run_events()
        for provider in ("sandbox", "twilio"):
            self.go(provider)
            self.assertEqual(self.get_state(), "opted_out")
            self.assertEqual(self.get_state(stranger), "opted_out")
        self.assertTrue(self.get_listed())
        self.assertIntact()

    def test_so_does_a_review_of_a_real_text(self):
        self.go("twilio")
        self.record_consent()
        self.go("sandbox")
        self.bring("Do not text me before nine")
        self.run_events()
        review = self.env["sms.consent.review"].search([("number", "=", self.number)])
        review.action_opt_out()
        self.go("twilio")
        self.assertEqual(self.get_state(), "opted_out")

    def test_so_does_an_opt_out_that_the_carrier_reports(self):
        self.go("twilio")
        self.record_consent()
        sms = self.env["sms.sms"].create({"number": self.number, "body": "Hello"})
        sms.provider = "twilio"
        self.go("sandbox")
        sms._record_carrier_opt_out("21610")
        self.go("twilio")
        self.assertEqual(self.get_state(), "opted_out")

    def test_a_yes_to_the_carriers_number_does_not(self):
        """It may answer what somebody has asked on the virtual phone."""
        self.receive("SUPPORT")
        self.bring("YES")
        self.run_events()
        self.assertEqual(self.get_state(), "opted_in")
        self.go("twilio")
        self.assertEqual(self.get_state(), "none")

    def test_a_real_page_opens_in_the_sandbox_and_what_is_said_there_counts(self):
        self.go("twilio")
        self.record_consent()
        links = self.env["sms.preference.link"]
        links._get_urls([(self.company, self.number)])
        real = links.search([("number", "=", self.number)])
        token = real._get_path().rpartition("/")[2]
        self.go("sandbox")
        links._get_urls([(self.company, self.number)])
        self.assertEqual(links._find_by_key(real.key), real)
        found = links._find_by_token(token)
        self.assertEqual(found, real)
        trace = self.env["sms.consent.form"]._get_trace("192.0.2.1", "Phone", "/page")
        found._take({"stop": "all"}, trace)
        self.go("twilio")
        self.assertEqual(self.get_state(), "opted_out")
        self.assertIntact()

    def test_many_at_once_in_a_fixed_number_of_queries(self):
        counts = []
        for amount in (3, 3, 60):
            self.env["sms.consent.event"]._record_many(
                self.company,
                [
                    Statement(
                        phone_number(300 + index),
                        "granted",
                        "import",
                        self.purposes("ticket"),
                    )
                    for index in range(amount)
                ],
            )
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            self.go("twilio")
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
            self.go("sandbox")
        self.assertEqual(counts[1], counts[2])  # the first also fills caches

    def test_each_company_has_its_own(self):
        other = self.make_company("Other", "sandbox")
        self.record_consent(company=other)
        self.record_consent()
        self.go("twilio")
        self.assertEqual(self.get_state(), "none")
        self.assertEqual(self.get_state(company=other), "opted_in")

    def test_another_field_of_the_company_changes_nothing(self):
        self.record_consent()
        self.company.write({"sms_provider": "sandbox", "phone": "+13035550199"})
        self.assertEqual(self.get_state(), "opted_in")

    # === Automatic events, and events of all companies ===

    def test_an_erasure_in_the_sandbox_counts_everywhere(self):
        """The evidence of the real opt-in is erased, so nothing proves it any more."""
        self.go("twilio")
        self.record_consent()
        self.go("sandbox")
        self.env["sms.erasure"]._erase(self.company, self.number, "request 1")
        self.go("twilio")
        self.assertEqual(self.get_state(), "none")
        self.assertIntact()

    def test_who_is_on_the_blacklist_stays_there(self):
        self.env["phone.blacklist"].create({"number": self.number})
        self.env.cr.precommit.run()
        self.assertEqual(self.get_state(), "opted_out")
        self.go("twilio")
        self.assertEqual(self.get_state(), "opted_out")
        self.assertTrue(self.get_listed())
        self.assertIntact()

    # === Other ways by which sandbox consent could spread ===

    def test_a_question_of_the_sandbox_is_not_answered_with_a_carrier(self):
        self.receive("SUPPORT")
        self.assertEqual(self.get_state(), "pending")
        self.go("iap")
        self.assertEqual(self.get_state(), "none")
        inbound = self.receive("YES")
        self.assertEqual(self.get_state(), "none")
        self.assertEqual(inbound.kind, "conversation")

    def test_nor_is_a_question_about_anything_else(self):
        """Nobody but the virtual phone was asked how it went."""
        self.record_consent()
        self.ticket._message_sms("How did it go? Reply 1 to 5.")
        asked = self.messages_to()[-1]
        question = self.env["sms.question"]._ask("rating", self.ticket, asked)
        self.run_outbox()
        self.go("twilio")
        self.bring("5")
        self.run_events()
        self.assertEqual(question.state, "open")
        self.go("sandbox")
        self.receive("5")
        self.assertEqual(question.state, "answered")

    def test_start_brings_nothing_of_the_sandbox_back(self):
        self.receive("SUPPORT")
        self.receive("YES")
        self.receive("STOP")
        self.go("iap")
        self.receive("START")
        self.assertNotEqual(self.get_state(), "opted_in")

    def test_a_list_is_imported_again(self):
        """The sandbox's events do not make a row of an import a duplicate."""
        self.record_consent()
        past = self.env["sms.consent"]
        self.assertEqual(past._get_counting_sql(self.company).code, "TRUE")
        self.go("twilio")
        self.assertIn("sandbox", past._get_counting_sql(self.company).code)

    def test_another_systems_request_is_recorded_again(self):
        say = self.env["sms.consent.api"].with_user(self.agent).record_consent
        statement = {
            "number": self.number,
            "purposes": ["ticket"],
            "how": "web",
            "happened_at": "2026-01-02T03:04:05Z",
            "wording": "I agree to texts about my tickets.",
            "source": "https://shop.example/orders/17",
            "message_ref": "crm-1",
            "company_id": self.company.id,
        }
        self.assertTrue(say(**statement)["recorded"])
        self.assertFalse(say(**statement)["recorded"])
        self.go("twilio")
        self.assertTrue(say(**statement)["recorded"])
        self.assertFalse(say(**statement)["recorded"])

    def test_a_page_opened_in_the_sandbox_is_shut_with_a_carrier(self):
        """Whoever used the virtual phone must not be able to agree for the customer."""
        links = self.env["sms.preference.link"]
        links._get_urls([(self.company, self.number)])
        path = links.search([("number", "=", self.number)])._get_path()
        token = path.rpartition("/")[2]
        self.assertTrue(links._find_by_token(token))
        self.go("twilio")
        self.assertFalse(links._find_by_token(token))
        links._get_urls([(self.company, self.number)])
        self.assertFalse(links._find_by_token(token), "though there is a real link")

    def test_a_subscription_of_the_sandbox_ends(self):
        area = self.env["sms.area"].create(
            {"name": "North", "takes_subscribers": True, "company_id": self.company.id}
        )
        subscribe = self.env["sms.subscription"]._subscribe
        nobody = self.env["res.partner"]
        tried = subscribe(self.company, self.number, area, "keyword", nobody)
        self.go("twilio")
        self.assertEqual(tried.state, "ended")
        real = subscribe(self.company, self.number, area, "keyword", nobody)
        self.go("sandbox")
        self.go("twilio")
        self.assertEqual(real.state, "active")

    # === Seals and display ===

    def test_it_is_sealed(self):
        event = self.record_consent()
        content = self.env["sms.consent.event"]._read_content(event.ids)[event.id]
        self.assertIs(content["sandbox"], True)
        self.env["sms.consent.link"]._seal(self.company)
        link = event.link_ids
        self.assertEqual(
            link.hash, chain.link_hash(link.previous_hash, link.sequence, content)
        )

    def test_it_is_in_the_list_and_found_by_the_filter(self):
        event = self.record_consent()
        self.go("twilio")
        real = self.record_consent()
        events = self.env["sms.consent.event"].with_user(self.compliance_officer)
        domain = [("company_id", "=", self.company.id), ("sandbox", "=", True)]
        self.assertEqual(events.search(domain), event)
        self.assertFalse(real.sandbox)
        views = events.get_views([(False, "list"), (False, "search")])["views"]
        self.assertIn('name="sandbox"', views["list"]["arch"])
        self.assertIn("('sandbox', '=', True)", views["search"]["arch"])

    def test_it_is_in_the_story(self):
        event = self.record_consent()
        story = self.env["sms.consent.story"]._tell(self.company, event.number_hash)
        [entry] = story["days"][0]["entries"]
        self.assertTrue(entry["sandbox"])
        self.assertIn("Said in the sandbox: it counts there alone.", entry["details"])

    def test_it_is_in_the_evidence(self):
        self.record_consent()
        facts = self.gather()
        self.assertTrue(facts["events"][0]["sandbox"])
        folder = self.make_packet(facts)
        [row] = self.read_table(folder, "events.csv")
        self.assertEqual(row["sandbox"], "True")
        self.assertEqual(self.verify(folder)[0], 0)
        document = json.loads((folder / "evidence.json").read_text("utf-8"))
        self.assertTrue(document["events"][0]["content"]["sandbox"])
        page = self.source._make_page(facts, "0" * 64)
        self.assertIn(b"in the sandbox: it counts there alone", page)
        self.go("twilio")
        folder = self.make_packet()
        document = json.loads((folder / "evidence.json").read_text("utf-8"))
        self.assertEqual({row["state"] for row in document["answers"]}, {"none"})
        self.assertEqual(self.verify(folder)[0], 0)

    def test_the_set_up_says_how_many_do_not_count(self):
        for index in range(12):
            self.record_consent(phone_number(index))
        self.record_consent(phone_number(20), event="revoked")
        self.assertIn(
            "12 consents given in the sandbox do not count with a carrier.",
            self.get_step(),
        )
        self.go("twilio")
        text = self.get_step()
        self.assertIn(
            "12 consents given in the sandbox do not count with Twilio.", text
        )
        self.assertIn("opt-outs given there (1)", text)

    def get_step(self):
        """Return the text of the set-up step about the sandbox."""
        steps = self.env["sms.onboarding"]._get_steps(self.company)
        return next(step["text"] for step in steps if step["key"] == "sandbox")

    # === Copies ===

    def test_a_neutralized_copy_is_intact(self):
        self.record_consent(phone_number(1))
        self.go("twilio")
        self.record_consent(phone_number(2))
        self.record_consent(phone_number(1), event="revoked", method="keyword")
        self.env.flush_all()
        for query in get_neutralization_queries(["base", "helpdesk_mgmt_sms"]):
            self.cr.execute(query)
        self.env.invalidate_all()
        self.env.registry.clear_cache()
        self.assertEqual(self.company.sms_provider, "sandbox")
        self.assertIntact()
        self.record_consent(phone_number(1), event=consent.RESTORED, method="keyword")
        self.record_consent(phone_number(3))
        self.assertIntact()
