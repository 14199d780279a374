# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime, timedelta

from odoo import fields
from odoo.tests import tagged

from ...providers.account import LONG_CODE
from ...providers.faults import GONE, LANDLINE
from ...providers.outbound import DeliveryReport
from ...providers.twilio import TwilioProvider
from ..common import OtherOrder, phone_number
from .common import LedgerCase


@tagged("post_install", "-at_install")
class TestOwnWords(LedgerCase):
    """A person opts out in their own words."""

    def setUp(self):
        super().setUp()
        self.record_consent(None, "ticket", "alert")

    def test_a_plain_phrase_is_a_stop(self):
        for index, text in enumerate(
            (
                "Please stop texting me",
                "No me escriban más",
                "Ne m'écrivez plus svp",
                "Bitte keine SMS mehr",
            ),
            start=1,
        ):
            number = phone_number(index)
            with self.subTest(text=text):
                self.record_consent(number)
                inbound = self.receive(text, number)
                event = self.events(number)[-1]
                self.assertRecordValues(
                    event,
                    [
                        {
                            "event": "revoked",
                            "method": "keyword",
                            "purpose_id": False,
                            "note": text,
                            "message_ref": inbound.provider_sid,
                            "res_model": "sms.inbound",
                            "res_id": inbound.id,
                        }
                    ],
                )
                self.assertEqual(inbound.kind, "stop")
                self.assertFalse(inbound.ticket_id)
                [confirmation] = self.messages_to(number)
                self.assertEqual(confirmation.exemption, "opt_out_confirmation")

    def test_it_cancels_what_waits_and_is_confirmed_once(self):
        self.ticket._message_sms("Hello", put_in_queue=True)
        waiting = self.messages_to()
        self.receive("please stop texting me")
        self.receive("I said stop texting me")
        self.receive("STOP")
        self.assertBlocked(waiting, "ticket", "opted_out")
        self.assertEqual(self.exemptions(), ["opt_out_confirmation"])

    def test_who_came_back_and_leaves_again_is_told_so(self):
        for count in (1, 2):
            self.receive("STOP")
            self.assertEqual(self.exemptions(), ["opt_out_confirmation"] * count)
            self.record_consent(event="confirmed", method="keyword")
        self.receive("STOP")
        self.receive("STOP")
        self.assertEqual(self.exemptions(), ["opt_out_confirmation"] * 3)

    def test_a_number_by_which_two_companies_send_is_one_sender(self):
        """Its texts are received by one of them; a STOP to it means both."""
        number = "+13035559901"
        shared, third = (self.make_company(name) for name in ("Shared", "Third"))
        for company in (self.company, shared):
            self.env["sms.sender"].create(
                {
                    "company_id": company.id,
                    "provider": TwilioProvider.code,
                    "address": number,
                    "kind": LONG_CODE,
                }
            )
        policy = self.env["sms.fault"]._get_policy(LANDLINE)
        unusable = self.env["sms.unusable.number"]
        for company in (shared, third):
            self.record_consent(company=company)
            unusable._note_many(company, [self.number], policy)
        answer = self.env["sms.consent"]
        for body, state in (("STOP", "opted_out"), ("START", "opted_in")):
            form = {"MessageSid": f"SM{body}", "From": self.number, "To": number}
            event = TwilioProvider.parse_inbound({**form, "Body": body})
            self.env["sms.inbound"]._receive(self.company, event)
            found = {
                company: answer._get_answer(
                    answer._get_found(company, self.number), self.purposes("ticket").id
                ).state
                for company in (self.company, shared, third)
            }
            with self.subTest(body):
                self.assertEqual(
                    found,
                    {self.company: state, shared: state, third: "opted_in"},
                )
            self.assertEqual(self.messages_to().record_company_id, self.company)
        # It can be texted from the number that it has texted.
        self.assertEqual(unusable.search([]).company_id, third)

    def test_a_carriers_block_that_outlives_a_new_consent_is_entered(self):
        self.receive("STOP")
        self.record_consent(method="keyword")
        [message] = self.messages_to().filtered("exemption")
        message._record_carrier_opt_out("21610")
        self.assertEqual(self.events()[-1].method, "carrier")
        self.assertEqual(self.state("ticket"), "opted_out")

    def test_a_refusal_that_is_older_than_their_start_ends_nothing(self):
        """Reports of long lists are read minutes or hours later."""
        self.record_consent(method="keyword")
        words = {"number": self.number, "body": "Hello"}
        words["purpose_id"] = self.purposes("ticket").id
        old, new = self.env["sms.sms"].create([words, {**words, "body": "Again"}])
        now = fields.Datetime.now()
        for message, minutes in ((old, -5), (new, 5)):
            claimed_at = now + timedelta(minutes=minutes)
            values = {"provider": "twilio", "carrier_id": f"SM{message.id}"}
            message.write({**values, "state": "pending", "claimed_at": claimed_at})
        self.receive("STOP")
        self.receive("START")
        for message, state in ((old, "opted_in"), (new, "opted_out")):
            form = {"MessageSid": message.carrier_id, "MessageStatus": "failed"}
            report = TwilioProvider.parse_report({**form, "ErrorCode": "21610"})
            message._record_report(report)
            self.assertEqual((message.state, self.state("ticket")), ("error", state))

    def test_keywords_come_first(self):
        """A manager's joining keyword takes precedence over a phrase."""
        self.env["sms.keyword"].create(
            {
                "word": "NO MORE TEXTS PLEASE",
                "action": "join",
                "purpose_ids": [(6, 0, self.purposes("appointment").ids)],
            }
        )
        self.assertEqual(self.receive("no more texts please").kind, "join")

    def test_a_word_for_what_nobody_can_join_any_more_is_conversation(self):
        purposes = self.purposes("appointment")
        self.env["sms.keyword"].create(
            {"word": "CLUB", "action": "join", "purpose_ids": purposes.ids}
        )
        purposes.active = False
        self.assertEqual(self.receive("club").kind, "conversation")
        self.assertFalse(self.messages_to())

    def test_ordinary_sentences_go_to_the_ticket(self):
        for text in ("please stop by at 5", "can you cancel my 3pm appointment?"):
            with self.subTest(text=text):
                inbound = self.receive(text)
                self.assertEqual(inbound.kind, "conversation")
                self.assertEqual(inbound.ticket_id, self.ticket)
        self.assertEqual(self.state("ticket"), "opted_in")
        self.assertFalse(self.env["sms.consent.review"].search([]))

    def test_a_huge_text_is_conversation(self):
        inbound = self.receive("please do stop by " * 6000)
        self.assertEqual(inbound.kind, "conversation")


@tagged("post_install", "-at_install")
class TestWrongNumber(LedgerCase):
    """If a stranger has the number, its consent was another person's."""

    def setUp(self):
        super().setUp()
        self.record_consent(None, "ticket", "alert")

    def test_it_ends_everything_and_says_so(self):
        self.receive("Wrong number")
        for code in ("ticket", "alert", "marketing"):
            self.assertEqual(self.state(code), "opted_out")
        expired = self.events().filtered(lambda event: event.event == "expired")
        self.assertEqual(set(expired.purpose_id.mapped("code")), {"ticket", "alert"})
        revoked = self.events()[-1]
        self.assertEqual((revoked.event, revoked.method), ("revoked", "keyword"))
        self.assertEqual(revoked.note, "Wrong number. In their words: Wrong number")

    def test_it_is_confirmed_once_without_naming_the_customer(self):
        self.receive("sorry you have the wrong number")
        self.receive("wrong number")
        [confirmation] = self.messages_to()
        self.assertEqual(confirmation.exemption, "opt_out_confirmation")
        self.assertNotIn(self.customer.name, confirmation.body)

    def test_a_start_of_the_stranger_brings_nothing_back(self):
        self.receive("wrong number")
        for text in ("START", "YES"):
            self.receive(text)
            for code in ("ticket", "alert"):
                self.assertEqual(self.state(code), "none")
        self.assertIn("SUPPORT", self.messages_to()[-1].body)

    def test_nor_what_had_been_left_before(self):
        self.record_consent(None, "ticket", event="revoked", method="keyword")
        self.receive("wrong number")
        self.receive("START")
        self.assertEqual(self.state("ticket"), "opted_out")
        self.assertEqual(self.state("alert"), "none")

    def test_a_wrong_day_is_no_wrong_number(self):
        """A person reads it: it may mean what we wrote, about an appointment say."""
        for text in ("Wrong day", "wrong time.", "This is wrong", "día equivocado"):
            with self.subTest(text):
                self.assertEqual(self.receive(text).kind, "conversation")
                self.assertEqual(self.state("ticket"), "opted_in")

    def test_a_quoted_text_of_ours_says_nothing(self):
        """It tells how to STOP; a like would have held all texts for a review."""
        ours = f"Hi Dana, this is a reminder. Reply 1 to confirm. {self.footer}"
        for text in (f"Liked “{ours}”", f"👎 to “{ours}”", f"1\n> Hi. {self.footer}"):
            with self.subTest(text):
                self.assertEqual(self.receive(text).kind, "conversation")
                self.assertEqual(self.state("ticket"), "opted_in")
        self.assertFalse(
            self.env["sms.consent.review"].search([("number", "=", self.number)])
        )

    def test_the_stranger_may_join_as_themselves(self):
        self.receive("wrong number")
        self.receive("SUPPORT")
        self.receive("YES")
        self.assertEqual(self.state("ticket"), "opted_in")


@tagged("post_install", "-at_install")
class TestStart(LedgerCase):
    """START undoes opt-outs by text, and restores only what was once granted."""

    def test_after_a_stop(self):
        self.record_consent(None, "ticket")
        self.receive("STOP")
        self.receive("START")
        self.assertEqual(self.state("ticket"), "opted_in")
        self.assertEqual(self.state("alert"), "none")
        self.assertEqual(self.events()[-1].event, "restored")

    def test_after_their_own_words(self):
        self.record_consent(None, "ticket")
        self.receive("please stop texting me")
        self.receive("START")
        self.assertEqual(self.state("ticket"), "opted_in")

    def test_after_the_carriers_block(self):
        self.record_consent(None, "ticket")
        self.record_consent(event="revoked", method="carrier")
        self.receive("START")
        self.assertEqual(self.state("ticket"), "opted_in")

    def test_not_after_an_opt_out_in_another_way(self):
        for index, method in enumerate(
            ("phone", "in_person", "written", "web", "paper", "api", "import"), start=1
        ):
            number = phone_number(index)
            with self.subTest(method=method):
                self.record_consent(number, "ticket")
                self.record_consent(number, event="revoked", method=method)
                for text in ("START", "UNSTOP", "YES"):
                    self.receive(text, number)
                    self.assertEqual(self.state("ticket", number), "opted_out")
                self.assertIn("SUPPORT", self.messages_to(number)[-1].body)

    def test_a_stop_on_top_of_it_changes_nothing(self):
        self.record_consent(None, "ticket")
        self.record_consent(event="revoked", method="phone")
        self.receive("STOP")
        self.receive("START")
        self.assertEqual(self.state("ticket"), "opted_out")

    def test_who_has_stopped_nothing_gets_nothing(self):
        self.receive("START")
        self.assertEqual(self.state("ticket"), "none")
        self.assertFalse(self.events())


@tagged("post_install", "-at_install")
class TestGoneNumber(LedgerCase):
    """The carrier reports that the number no longer exists."""

    def report(self, code="30005"):
        """Send a message, and record the carrier's error about its number."""
        message = self.env["sms.sms"].create(
            {
                "number": self.number,
                "body": "Hello",
                "purpose_id": self.purposes("ticket").id,
            }
        )
        if message.state == "outgoing":
            # The last attempt, by the rule for this fault.
            message.write({"provider": "twilio", "state": "process", "attempts": 2})
            sid = f"SM{message.id}"
            message._record_report(
                TwilioProvider.parse_report(
                    {
                        "MessageSid": sid,
                        "MessageStatus": "undelivered" if code else "delivered",
                        "ErrorCode": code,
                    }
                )
            )
        return message

    def setUp(self):
        super().setUp()
        self.record_consent(None, "ticket", "alert")

    def test_twilios_code(self):
        for code, is_gone in (("30005", True), ("30003", False), ("21610", False)):
            report = TwilioProvider.parse_report(
                {"MessageSid": "SM1", "MessageStatus": "undelivered", "ErrorCode": code}
            )
            self.assertEqual(report.fault == GONE, is_gone)

    def test_two_in_a_row_end_the_consent(self):
        self.report()
        self.assertEqual(self.state("ticket"), "opted_in")
        self.report()
        self.assertEqual(self.state("ticket"), "none")
        self.assertEqual(self.state("alert"), "none")
        event = self.events()[-1]
        self.assertEqual((event.event, event.method), ("expired", "carrier"))
        self.assertIn("30005", event.note)

    def test_a_delivery_between_them_makes_it_a_fault_on_the_way(self):
        self.report()
        self.report(code="")
        self.report()
        self.assertEqual(self.state("ticket"), "opted_in")

    def test_other_failures_end_nothing(self):
        self.report(code="30003")
        self.report(code="30003")
        self.assertEqual(self.state("ticket"), "opted_in")

    def test_a_number_that_has_texted_since_can_be_texted(self):
        """What was sent before their text is reported late."""
        values = {"number": self.number, "purpose_id": self.purposes("ticket").id}
        old = self.env["sms.sms"].create({**values, "body": "Hello"})
        claimed_at = fields.Datetime.now() - timedelta(minutes=5)
        sent = {"provider": "twilio", "carrier_id": "SM1", "state": "pending"}
        old.write({**sent, "claimed_at": claimed_at})
        self.receive("My printer is on fire")
        answer = self.env["sms.sms"].create({**values, "body": "Leave the room"})
        form = {"MessageSid": "SM1", "MessageStatus": "undelivered"}
        old._record_report(TwilioProvider.parse_report({**form, "ErrorCode": "30006"}))
        self.assertEqual((old.state, answer.state), ("error", "outgoing"))
        self.assertFalse(self.env["sms.unusable.number"].search([]))

    def test_a_text_that_arrives_after_all_proves_the_number(self):
        message = self.report(code="30006")
        unusable = self.env["sms.unusable.number"].search([])
        self.assertEqual((message.state, unusable.number), ("error", self.number))
        message._record_report(DeliveryReport(message.carrier_id, "delivered"))
        self.assertEqual((message.state, unusable.exists().ids), ("sent", []))

    def test_an_opt_out_stays_one(self):
        self.report()
        self.record_consent(event="revoked")
        messages = self.messages_to()
        messages._record_gone("30005")
        self.assertEqual(self.state("ticket"), "opted_out")


@tagged("post_install", "-at_install")
class TestExpiry(LedgerCase):
    """Unanswered questions and old consents expire."""

    def run_expiry(self):
        self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_consent_expiry"))

    def days_ago(self, days):
        return fields.Datetime.now() - timedelta(days=days)

    def test_a_question_expires_after_seven_days(self):
        old, new = phone_number(1), phone_number(2)
        for number, days in ((old, 8), (new, 6)):
            self.record_consent(
                number,
                "ticket",
                "alert",
                event="requested",
                method="keyword",
                happened_at=self.days_ago(days),
            )
        self.run_expiry()
        self.assertEqual(self.state("ticket", new), "pending")
        self.assertEqual(self.state("ticket", old), "none")
        self.assertEqual(self.state("alert", old), "none")
        expired = self.events(old)[-2:]
        self.assertEqual(set(expired.mapped("event")), {"expired"})
        self.assertEqual(set(expired.mapped("method")), {"time"})
        self.assertTrue(expired[0].note)

    def test_it_is_recorded_once(self):
        self.record_consent(
            event="requested", method="keyword", happened_at=self.days_ago(8)
        )
        self.run_expiry()
        self.run_expiry()
        self.assertEqual(self.events().mapped("event"), ["requested", "expired"])

    def test_a_consent_does_not_end_by_itself_by_default(self):
        self.assertEqual(self.company.sms_consent_months, 0)
        self.record_consent(happened_at=datetime(2001, 1, 1))
        self.run_expiry()
        self.assertEqual(self.state("ticket"), "opted_in")

    def test_an_old_consent_ends_where_the_company_says_so(self):
        self.company.sms_consent_months = 18
        other = self.make_company("Other")
        now = fields.Datetime.now()
        old = fields.Datetime.subtract(now, months=19)
        self.record_consent(happened_at=old)
        self.record_consent(company=other, happened_at=old)
        self.record_consent(
            phone_number(1), happened_at=fields.Datetime.subtract(now, months=17)
        )
        self.run_expiry()
        self.assertEqual(self.state("ticket"), "none")
        self.assertEqual(self.state("ticket", phone_number(1)), "opted_in")
        self.assertEqual(self.events(company=other).mapped("event"), ["granted"])

    def test_a_consent_that_was_given_again_is_young(self):
        self.company.sms_consent_months = 18
        now = fields.Datetime.now()
        self.record_consent(happened_at=fields.Datetime.subtract(now, months=30))
        self.record_consent(happened_at=fields.Datetime.subtract(now, months=1))
        self.run_expiry()
        self.assertEqual(self.state("ticket"), "opted_in")

    def test_an_opt_out_never_expires(self):
        self.company.sms_consent_months = 1
        self.record_consent(happened_at=datetime(2001, 1, 1))
        self.record_consent(event="revoked", happened_at=datetime(2002, 1, 1))
        self.run_expiry()
        self.assertEqual(self.state("ticket"), "opted_out")
        self.receive("START")
        self.assertEqual(self.state("ticket"), "opted_out")


class TestOwnWordsInOtherOrder(OtherOrder, TestOwnWords):
    """Run the same tests with the rooms in another order."""
