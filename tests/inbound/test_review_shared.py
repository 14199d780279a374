# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from ...providers.account import LONG_CODE
from ...providers.twilio import TwilioProvider
from ..clock import freeze_time
from .common import DOUBTFUL, ReviewCase

SHARED_NUMBER = "+13035559902"


@tagged("post_install", "-at_install")
class TestSharedNumber(ReviewCase):
    """A doubtful text to a number that two companies share concerns both."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other, cls.third = (cls.make_company(name) for name in ("Other", "Third"))
        for company in cls.company | cls.other:
            cls.env["sms.sender"].create(
                {
                    "company_id": company.id,
                    "provider": TwilioProvider.code,
                    "address": SHARED_NUMBER,
                    "kind": LONG_CODE,
                }
            )
        for company in cls.other | cls.third:
            cls.record_consent(company=company)
        cls.others_officer = new_test_user(
            cls.env,
            "sms-others-officer",
            groups="helpdesk_mgmt_sms.group_sms_compliance",
            company_id=cls.other.id,
            company_ids=[(6, 0, cls.other.ids)],
        )

    def text(self, body=DOUBTFUL, sid="SM1"):
        """Receive a text to the shared number, in the first company."""
        form = {"MessageSid": sid, "From": self.number, "To": SHARED_NUMBER}
        event = TwilioProvider.parse_inbound({**form, "Body": body})
        return self.env["sms.inbound"]._receive(self.company, event)

    def find(self, company):
        """Return the reviews of a company, oldest first."""
        return self.reviews.search([("company_id", "=", company.id)], order="id")

    def state_in(self, company, code="ticket"):
        """Return the number's answer for a purpose in a company."""
        found = self.env["sms.consent"]._get_found(company, self.number)
        purpose = self.purposes(code)
        return self.env["sms.consent"]._get_answer(found, purpose.id).state

    def send_in(self, company):
        """Return a new message of a company."""
        return self.send(record_company_id=company.id)

    def test_a_new_holder_restores_nobodys_consent_in_either(self):
        self.text("You have the wrong number")
        self.text("START", "SM2")
        for company in self.company | self.other:
            self.assertNotEqual(self.state_in(company), "opted_in", company.name)

    def test_it_waits_to_be_read_in_both_and_in_no_third(self):
        inbound = self.text()
        self.assertFalse(self.text(), "a repeat opens nothing")
        own, others = self.find(self.company), self.find(self.other)
        for review in own, others:
            self.assertRecordValues(
                review,
                [
                    {
                        "number": self.number,
                        "body": DOUBTFUL,
                        "received_at": inbound.received_at,
                        "state": "open",
                    }
                ],
            )
        self.assertFalse(self.find(self.third))
        for company in (self.company, self.other):
            self.assertBlocked(self.send_in(company), "ticket", "under_review")
        self.assertSent(self.send_in(self.third), "ticket")

    def test_the_others_read_the_words_alone(self):
        inbound = self.text()
        self.assertEqual(inbound.partner_id, self.customer)
        own = self.find(self.company).with_user(self.compliance_officer)
        self.assertEqual((own.partner_id, own.ticket_id), (self.customer, self.ticket))
        others = self.find(self.other).with_user(self.others_officer)
        self.assertEqual(others.body, DOUBTFUL)
        self.assertFalse(others.partner_id or others.ticket_id)
        with self.assertRaises(AccessError):
            own.with_user(self.others_officer).read(["body"])

    def test_who_has_stopped_one_of_them_is_in_no_doubt_there(self):
        self.record_consent(company=self.other, event="revoked")
        self.text()
        self.assertEqual(len(self.find(self.company)), 1)
        self.assertFalse(self.find(self.other))

    def test_an_opt_out_that_either_reads_holds_in_both(self):
        for index, (user, company) in enumerate(
            (
                (self.compliance_officer, self.company),
                (self.others_officer, self.other),
            )
        ):
            with self.subTest(company=company.name):
                for each in self.company | self.other:
                    self.record_consent(company=each)
                waiting = self.send_in(self.company) | self.send_in(self.other)
                with freeze_time("2026-11-02 18:00:00"):
                    self.text(sid=f"SM{index}")
                review = self.find(company)[-1]
                with freeze_time("2026-11-02 18:04:00"):
                    review.with_user(user).action_opt_out()
                for each in self.company | self.other:
                    self.assertEqual(self.state_in(each), "opted_out")
                    self.assertEqual(set(self.find(each).mapped("state")), {"opt_out"})
                    event = self.events(company=each)[-1]
                    self.assertEqual(event.user_id, user)
                    self.assertEqual(event.happened_at, datetime(2026, 11, 2, 18))
                    self.assertEqual(event.res_id, self.find(each)[-1].id)
                self.assertEqual(set(waiting.mapped("gate_reason")), {"opted_out"})
                self.assertEqual(self.state_in(self.third), "opted_in")
                confirmations = self.messages_to().filtered("exemption")
                self.assertEqual(len(confirmations), index + 1)
                self.assertEqual(confirmations.record_company_id, self.company)

    def test_conversation_is_each_companys_own_reading(self):
        self.text()
        self.find(self.company).with_user(self.compliance_officer).action_conversation()
        self.assertSent(self.send_in(self.company), "ticket")
        self.assertBlocked(self.send_in(self.other), "ticket", "under_review")
        self.assertEqual(self.find(self.other).state, "open")

    def test_what_one_has_decided_the_other_does_not_undo(self):
        """One company takes it for conversation, the other for an opt-out."""
        self.text()
        self.find(self.company).action_conversation()
        self.find(self.other).with_user(self.others_officer).action_opt_out()
        self.assertEqual(self.find(self.company).state, "conversation")
        self.assertEqual(self.state_in(self.company), "opted_in")
        self.assertEqual(self.state_in(self.other), "opted_out")

    def test_both_at_once_are_decided_once(self):
        self.text()
        (self.find(self.company) | self.find(self.other)).action_opt_out()
        for company in self.company | self.other:
            events = self.events(company=company)
            self.assertEqual(events.mapped("event").count("revoked"), 1)

    def test_a_yes_to_either_is_one_to_who_has_asked_last(self):
        asked = self.env["sms.opt.in"]._ask(
            self.other,
            self.number,
            self.purposes("alert"),
            "web",
            self.env["res.partner"],
        )
        self.assertEqual(self.text("Yes").kind, "confirm")
        self.assertEqual(self.state_in(self.other, "alert"), "opted_in")
        self.assertEqual(self.events(company=self.other)[-1].wording, asked.wording)
        [answer] = self.messages_to().filtered(
            lambda it: it.exemption == "opt_in_confirmation"
        )
        self.assertEqual(answer.record_company_id, self.other)
        self.assertFalse(answer.partner_id)

    def test_a_yes_settles_it_for_who_has_asked(self):
        self.text()
        subject = (self.other, self.number, self.purposes("alert"), "web")
        self.env["sms.opt.in"]._ask(*subject, self.env["res.partner"])
        self.assertEqual(self.text("Yes", "SM2").kind, "confirm")
        self.assertEqual(self.find(self.other).state, "conversation")
        self.assertEqual(self.find(self.company).state, "open")

    def activate_scope(self, company):
        """Let a STOP end only what it answers, in one company."""
        for purpose_class in ("informational", "marketing"):
            self.env["sms.scope.rule"].create(
                {
                    "name": "By purpose",
                    "company_id": company.id,
                    "effective_from": "2026-01-01",
                    "purpose_class": purpose_class,
                    "scope": "purpose",
                    "source": "A test",
                    "relaxation_reason": "The carrier leaves opt-outs to us.",
                }
            )

    def send_sent(self, company, purpose):
        """Send a message of a company."""
        message = self.send(purpose, record_company_id=company.id)
        message.sudo().state = "sent"

    def test_a_stop_ends_what_the_last_text_of_either_was_about(self):
        for company in self.company | self.other:
            self.activate_scope(company)
            self.record_consent(None, "ticket", "marketing", company=company)
        self.send_sent(self.company, "ticket")
        self.send_sent(self.other, "marketing")
        self.text("STOP")
        self.assertEqual(self.state_in(self.other, "marketing"), "opted_out")
        self.assertEqual(self.state_in(self.other), "opted_in")
        answer = self.get_answer("opt_out_confirmation")
        self.assertEqual(answer.record_company_id, self.other)
        self.assertIn("Other: ", answer.body)

    def test_a_stop_ends_all_if_it_does_in_either(self):
        self.activate_scope(self.company)
        self.record_consent(None, "alert", company=self.other)
        self.send_sent(self.company, "ticket")
        self.text("STOP")
        self.assertEqual(self.state_in(self.other, "alert"), "opted_out")

    def get_answer(self, exemption):
        """Return the only answer with an exemption."""
        return self.messages_to().filtered(lambda it: it.exemption == exemption)

    def test_a_start_is_answered_by_who_texts_them_again(self):
        self.record_consent(None, "ticket", "alert", event="expired", method="time")
        self.text("STOP")
        self.text("START", "SM2")
        self.assertEqual(self.state_in(self.other), "opted_in")
        answer = self.get_answer("start")
        self.assertEqual(answer.record_company_id, self.other)
        self.assertIn("Other: you will get text messages again", answer.body)

    def test_a_stop_that_ends_something_in_either_is_confirmed(self):
        self.record_consent(event="revoked", company=self.company)
        self.text("STOP")
        self.assertEqual(self.state_in(self.other), "opted_out")
        self.assertEqual(len(self.get_answer("opt_out_confirmation")), 1)
        self.text("STOP", "SM2")
        self.assertEqual(len(self.get_answer("opt_out_confirmation")), 1)

    def test_the_evidence_of_each_names_its_own_contact(self):
        self.customer.company_id = self.company
        theirs = self.make_customer(self.number, "Theirs", company_id=self.other.id)
        self.text("Please stop texting me")
        for company, partner in ((self.company, self.customer), (self.other, theirs)):
            self.assertEqual(self.events(company=company)[-1].name, partner.name)
        theirs.phone = False
        self.text("START", "SM2")
        self.assertFalse(self.events(company=self.other)[-1].name)

    def test_a_later_text_settles_it_in_both(self):
        for index, (body, state) in enumerate(
            (("STOP", "opt_out"), ("START", "conversation"))
        ):
            with self.subTest(body=body):
                for company in self.company | self.other:
                    self.record_consent(
                        company=company, event="confirmed", method="keyword"
                    )
                self.text(sid=f"SM{index}")
                self.text(body, sid=f"SM{body}")
                for company in self.company | self.other:
                    self.assertEqual(self.find(company)[-1].state, state)
