# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime, timedelta

from odoo.tests import tagged

from ...models.dispatch.sms_dispatcher import Call
from ...providers import faults, outbound
from ...providers.outbound import DeliveryReport, Outcome
from ...tools import timing
from ...tools.dispatch import Deadline
from ..clock import freeze_time
from ..common import phone_number
from ..message.common import WaitingCase

#: When the text comes in (UTC).
ASKED = datetime(2026, 7, 1, 18)
END = ASKED + timedelta(minutes=5)
BEFORE, AFTER = END - timedelta(seconds=1), END + timedelta(seconds=1)
STANDS = "The opt-out stands"


class AnswerCase(WaitingCase):
    """Common base: a customer texts, and our answer waits."""

    def ask(self, words="STOP", number=None):
        """Receive a text; return our waiting answer to it."""
        with freeze_time(ASKED):
            self.receive(words, number)
        answer = self.messages_to(number)[-1]
        self.assertEqual((answer.state, bool(answer.exemption)), ("outgoing", True))
        return answer

    def claim(self, message):
        """Claim a message; return the call that the poster gets."""
        dispatcher = self.env["sms.dispatcher"]
        [senders] = dispatcher._get_accounts().values()
        [call] = dispatcher._claim(senders, 1)
        self.assertEqual((call[1].sms_id, message.state), (message.id, "process"))
        return call

    def settle(self, message, end, kind="send"):
        """Record the outcome of a call about a message's only attempt."""
        call = Call(kind, message.id, message.attempts)
        self.env["sms.dispatcher"]._record_outcomes([(call, end)])

    def assertOver(self, message, reason="unconfirmed"):
        """Check that a message has expired, with a visible reason."""
        self.assertRecordValues(
            message,
            [
                {
                    "state": "canceled",
                    "failure_type": "sms_expired",
                    "gate_verdict": "block",
                    "gate_reason": reason,
                    "shown_state": "expired",
                }
            ],
        )


@tagged("post_install", "-at_install")
class TestConfirmation(AnswerCase):
    """A STOP is confirmed within five minutes or not at all: 47 CFR 64.1200(a)(12)."""

    def test_it_leaves_within_five_minutes(self):
        confirmation = self.ask()
        self.assertEqual(confirmation.expires_at, END)
        with freeze_time(BEFORE):
            self.run_outbox()
        self.assertEqual(confirmation.state, "sent")

    def test_later_it_ends_and_the_opt_out_stands(self):
        """As after the worker was down."""
        confirmation = self.ask()
        waiting = self.messages_to() - confirmation
        with freeze_time(END):
            self.run_outbox()
        self.assertOver(confirmation)
        self.assertIn(STANDS, confirmation.shown_reason)
        self.assertFalse(confirmation.attempts or waiting)
        answer = self.env["sms.consent"].search(
            [("number", "=", self.number), ("purpose_id", "=", False)]
        )
        self.assertEqual(answer.state, "opted_out")
        self.assertTrue(confirmation.consent_event_id)

    def test_of_cancel_it_may_ask_what_was_meant_within_the_same_time(self):
        event = self.env["calendar.event"].create(
            {
                "name": "Visit",
                "start": ASKED + timedelta(days=1),
                "stop": ASKED + timedelta(days=1, hours=1),
                "partner_ids": [(6, 0, self.customer.ids)],
            }
        )
        event.attendee_ids.sms_told_start = event.start
        self.assertEqual(self.ask("CANCEL").expires_at, END)

    def test_what_the_carrier_had_no_time_for(self):
        """After 429 its next attempt would be too late."""
        confirmation = self.ask()
        with freeze_time(BEFORE):
            self.claim(confirmation)
            self.settle(confirmation, Outcome(outbound.AGAIN, fault=faults.TOO_FAST))
            self.assertEqual(confirmation.state, "outgoing")
            confirmation.not_before = END + timedelta(hours=1)
        with freeze_time(END):
            self.run_outbox()
        self.assertOver(confirmation)
        self.assertEqual(confirmation.attempts, 1)

    def test_what_waits_for_a_sender_that_has_stopped(self):
        """It expires in time, not when the sender is tried again."""
        confirmation = self.ask()
        confirmation.sender_id.write(
            {"stopped_until": END + timedelta(hours=1), "stop_count": 1}
        )
        dispatcher = self.env["sms.dispatcher"]
        with freeze_time(BEFORE):
            self.run_outbox()
            self.assertEqual(confirmation.state, "outgoing")
            self.assertEqual(dispatcher._get_next_due(), 1)
        with freeze_time(END):
            self.run_outbox()
        self.assertOver(confirmation)

    def test_what_was_claimed_in_time_and_is_not_posted_in_time(self):
        """As if it had waited for a thread, or for its sender's slot."""
        dispatcher = self.env["sms.dispatcher"]
        confirmation = self.ask()
        with freeze_time(BEFORE):
            _account, key, _call, _delay = self.claim(confirmation)
        posts = []

        def post():
            posts.append(key)
            return Outcome(outbound.ACCEPTED)

        for moment, kind in ((BEFORE, outbound.ACCEPTED), (END, outbound.AGAIN)):
            with freeze_time(moment):
                outcome = dispatcher._call_safely(key, post, Deadline(60))
            self.assertEqual((outcome.kind, len(posts)), (kind, 1))
        with freeze_time(AFTER):
            self.settle(confirmation, outcome)
            self.run_outbox()
        self.assertOver(confirmation)

    def test_what_a_crash_left_is_looked_up_and_never_posted_again(self):
        confirmation = self.ask()
        with freeze_time(BEFORE):
            self.claim(confirmation)
        dispatcher = self.env["sms.dispatcher"]
        with freeze_time(END + timedelta(minutes=2)):
            dispatcher._mark_abandoned()
            self.assertEqual(confirmation.state, "unknown")
            self.run_outbox()
            self.assertEqual(confirmation.state, "unknown")
            while confirmation.state == "unknown":
                self.settle(confirmation, [], "find")
            self.run_outbox()
        self.assertOver(confirmation)
        self.assertEqual(confirmation.attempts, 1)

    def test_what_the_carrier_has_after_all_is_sent(self):
        confirmation = self.ask()
        with freeze_time(BEFORE):
            self.claim(confirmation)
            self.settle(confirmation, Outcome(outbound.UNKNOWN, fault=faults.NO_ANSWER))
        with freeze_time(AFTER):
            report = DeliveryReport("SB1", "delivered")
            self.settle(
                confirmation, [outbound.Found(report, confirmation.body)], "find"
            )
            self.run_outbox()
        self.assertEqual((confirmation.state, confirmation.attempts), ("sent", 1))
        self.assertEqual(confirmation.gate_verdict, "send")

    def test_nobody_can_send_it_after_all(self):
        confirmation = self.ask()
        with freeze_time(END):
            self.run_outbox()
        with freeze_time(AFTER):
            confirmation.action_set_outgoing()
            self.assertOver(confirmation)
            self.run_outbox()
        self.assertOver(confirmation)
        self.assertFalse(confirmation.attempts)

    def test_what_a_person_has_read_as_an_opt_out_counts_from_its_text(self):
        with freeze_time(ASKED):
            inbound = self.receive("I want to cancel")
        review = self.env["sms.consent.review"].search(
            [("inbound_id", "=", inbound.id)]
        )
        with freeze_time(BEFORE):
            review.action_opt_out()
        confirmation = self.messages_to()[-1]
        self.assertEqual(confirmation.exemption, "opt_out_confirmation")
        self.assertEqual(confirmation.expires_at, END)


@tagged("post_install", "-at_install")
class TestOtherAnswers(AnswerCase):
    """Other answers expire when they would no longer make sense to a person."""

    def test_until_when_each_makes_sense(self):
        number = phone_number(1)
        for words, exemption, life in (
            ("HELP", "help", timedelta(hours=24)),
            ("STATUS", "service", timedelta(hours=1)),
            ("SUPPORT", "opt_in_question", timedelta(hours=24)),
            ("YES", "opt_in_confirmation", timedelta(hours=24)),
            ("START", "start", timedelta(hours=24)),
        ):
            with self.subTest(words=words):
                answer = self.ask(words, number)
                self.assertEqual(answer.exemption, exemption)
                self.assertEqual(answer.expires_at, ASKED + life)
        self.assertEqual(timing.CONFIRMATION_LIFE, timedelta(minutes=5))

    def test_help_is_answered_after_hours(self):
        answer = self.ask("HELP")
        with freeze_time(ASKED + timedelta(hours=23)):
            self.run_outbox()
        self.assertEqual(answer.state, "sent")

    def test_how_a_ticket_was_yesterday_is_not_told(self):
        answer = self.ask("STATUS")
        with freeze_time(ASKED + timedelta(hours=1)):
            self.run_outbox()
        self.assertOver(answer, "unanswered")
        self.assertIn("call", answer.shown_reason)

    def test_a_message_that_ends_with_its_appointment(self):
        """Also if its sender has stopped: it does not wait for that."""
        with freeze_time(ASKED):
            reminder = self.queue(expires_at=END)
        reminder.sender_id.stopped_until = END + timedelta(hours=1)
        with freeze_time(END):
            self.run_outbox()
        self.assertOver(reminder, "expired")

    def test_what_odoos_own_loop_sends_is_left_to_it(self):
        with freeze_time(ASKED):
            message = self.queue(expires_at=END)
            self.company.sms_provider = "iap"
            self.env.flush_all()
        with freeze_time(AFTER):
            self.env["sms.dispatcher"]._end_expired()
            self.assertEqual(message.state, "outgoing")

    def test_many_take_no_more_queries_than_one(self):
        counts = []
        for count in (1, 1, 12):
            with freeze_time(ASKED):
                for index in range(count):
                    self.queue(number=self.number, expires_at=END, body=f"No. {index}")
            with freeze_time(END):
                end = self.env["sms.dispatcher"]._end_expired
                counts.append(self.count_queries(end))
        self.assertGreaterEqual(counts[1], counts[2])
        self.assertFalse(self.messages_to().filtered(lambda it: it.state == "outgoing"))
