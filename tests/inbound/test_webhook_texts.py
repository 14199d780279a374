# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta
from unittest.mock import patch

from psycopg2.errors import LockNotAvailable, SerializationFailure

from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from ...models.inbound.sms_webhook_event import MANY, MOST_BEFORE
from ..common import phone_number
from .common import LedgerCase

LOGGERS = (
    "odoo.addons.helpdesk_mgmt_sms.models.inbound.sms_webhook_event",
    "odoo.addons.helpdesk_mgmt_sms.models.core.batch_jobs",
)


class TextCase(LedgerCase):
    """Common base: stored texts that wait for the worker."""

    def waiting(self):
        """Return the events that are not processed yet."""
        return self.env["sms.webhook.event"].search([])

    def received(self, number=None):
        """Return the texts of a number, in the order in which they were received."""
        domain = [("number", "=", number or self.number)]
        return self.env["sms.inbound"].search(domain, order="id")

    def ask_to_join(self):
        """Text the joining keyword as the customer, who is asked to confirm."""
        self.bring("SUPPORT")
        self.run_events()
        self.assertEqual(self.state("ticket"), "pending")

    def state(self, code, number=None):
        """Return the answer of a number, which another transaction may have changed."""
        self.env["sms.consent"]._forget_answers()
        return super().state(code, number)

    def break_on(self, words, error=None):
        """Return a context in which routing a text with these words fails."""
        error = error or ValueError("a hook of another module")
        router = self.registry["sms.inbound.router"]
        route = router._route

        def fail(router, inbound):
            if inbound.body == words:
                raise error
            return route(router, inbound)

        return patch.object(router, "_route", fail)


@tagged("post_install", "-at_install")
class TestTexts(TextCase):
    """Texts are stored by the request, and processed by a worker later."""

    def test_it_is_on_the_ticket_a_moment_later(self):
        self.bring("It jams again")
        self.assertFalse(self.received())
        self.waiting().received_at -= timedelta(minutes=3)
        came_at = self.waiting().received_at
        self.run_events()
        text = self.received()
        self.assertEqual((text.kind, text.ticket_id), ("conversation", self.ticket))
        # The time is that of the request, not of processing.
        self.assertEqual(text.received_at, came_at)
        self.assertFalse(text.is_overtaken)
        self.assertFalse(self.waiting())

    def test_nobody_in_particular_has_entered_it(self):
        self.ask_to_join()
        public_user = self.env.ref("base.public_user")
        self.assertEqual(self.events().user_id, public_user)
        self.assertEqual(self.received().create_uid, public_user)

    def test_those_of_a_number_keep_their_order(self):
        other = phone_number(7)
        for index in range(6):
            self.bring(f"Line {index}")
            self.bring(f"Other {index}", other)
        self.run_events()
        lines = [f"Line {index}" for index in range(6)]
        self.assertEqual(self.received().mapped("body"), lines)
        self.assertEqual(len(self.received(other)), 6)

    def test_a_number_that_floods_keeps_no_other_waiting(self):
        for index in range(MANY + 1):
            self.bring(f"Line {index}")
        other = phone_number(7)
        self.bring("The server is down", other)
        self.run_events()
        self.assertLess(self.received(other).id, min(self.received().ids))
        lines = [f"Line {index}" for index in range(MANY + 1)]
        self.assertEqual(self.received().mapped("body"), lines)

    def test_a_repeat_has_one_effect(self):
        for _time in range(3):
            sid = self.bring("Hello", sid="SM1")
        self.run_events()
        self.bring("Hello", sid=sid)
        self.run_events()
        self.assertEqual(len(self.received()), 1)
        self.assertFalse(self.waiting())

    def test_one_that_fails_is_kept_on_its_ticket_and_holds_up_no_other(self):
        self.bring("Bad")
        self.bring("Good")
        with self.break_on("Bad"), mute_logger(*LOGGERS):
            self.run_events()
        bad, good = self.received()
        self.assertEqual((bad.body, good.body), ("Bad", "Good"))
        self.assertEqual(bad.error, "a hook of another module")
        self.assertEqual(bad.ticket_id, self.ticket)
        self.assertFalse(good.error)
        self.assertFalse(self.waiting())

    def test_one_that_cannot_even_be_kept_is_marked(self):
        self.bring("Bad")
        self.bring("Good")
        keep = patch.object(
            self.registry["sms.inbound"], "_receive_failed", side_effect=ValueError
        )
        with self.break_on("Bad"), keep, mute_logger(*LOGGERS):
            self.run_events()
        self.assertEqual(self.received().mapped("body"), ["Good"])
        self.assertTrue(self.waiting().is_failed)

    def test_a_conflict_is_no_failure(self):
        """After a serialization error it is processed later, and not kept as failed."""
        self.bring("Busy")
        with (
            self.break_on("Busy", error=SerializationFailure()),
            patch.object(self.registry["sms.webhook.event"], "_is_waiting", bool),
            mute_logger(*LOGGERS),
        ):
            self.run_events()
        self.assertEqual(len(self.waiting()), 1)
        self.assertFalse(self.waiting().is_failed)
        self.run_events()
        self.assertFalse(self.received().error)

    def test_one_that_meets_a_lock_does_not_keep_the_others(self):
        """As of a sequence of ticket numbers without gaps, during a long import."""
        self.bring("Busy")
        other = phone_number(7)
        self.bring("Good", other)
        with (
            self.break_on("Busy", error=LockNotAvailable()),
            patch.object(self.registry["sms.webhook.event"], "_is_waiting", bool),
            mute_logger(*LOGGERS),
        ):
            self.run_events()
        self.assertEqual(self.received(other).body, "Good")
        self.assertFalse(self.waiting().is_failed)
        self.run_events()
        self.assertFalse(self.received().error)

    def test_nothing_is_sent_to_whom_we_have_not_read(self):
        """It may be a STOP: only the automatic replies are sent before."""
        self.record_consent(None, "ticket")
        other = phone_number(7)
        self.record_consent(other, "ticket")
        held, reply = self.send(), self.send(exemption="help")
        free = self.send(number=other)
        self.bring("Thank you", other)
        self.run_events()
        self.bring("Please don't text me any more")
        self.run_outbox()
        self.assertEqual((held.state, reply.state), ("outgoing", "sent"))
        self.assertEqual(free.state, "sent")
        self.run_events()
        self.run_outbox()
        self.assertEqual((held.state, held.gate_reason), ("canceled", "opted_out"))

    def test_one_that_is_no_opt_out_only_delays_them(self):
        self.record_consent(None, "ticket")
        held = self.send()
        self.bring("Thank you")
        self.run_outbox()
        self.assertEqual(held.state, "outgoing")
        cron = self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_dispatch")
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        triggers.unlink()
        self.run_events()
        self.assertTrue(triggers.search([("cron_id", "=", cron.id)]))
        self.run_outbox()
        self.assertEqual(held.state, "sent")

    def test_one_that_cannot_be_read_delays_nothing(self):
        self.record_consent(None, "ticket")
        held = self.send()
        self.bring("Bad")
        self.waiting().is_failed = True
        self.run_outbox()
        self.assertEqual(held.state, "sent")

    def test_a_number_that_somebody_is_at_holds_up_no_other(self):
        # Numbers of this test only: in a test a commit releases no lock.
        locked, free = phone_number(71), phone_number(72)
        self.bring("Locked", locked)
        self.bring("Free", free)
        key = self.env["sms.number.lock"]._get_key(self.company, locked)
        lock = SQL("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", key)
        events = self.registry["sms.webhook.event"]
        with self.registry.cursor() as other:
            other.execute(lock)
            with patch.object(events, "_is_waiting", lambda _events: False):
                self.run_events()
            self.assertFalse(self.received(locked))
            self.assertTrue(self.received(free))
        self.run_events()
        self.assertTrue(self.received(locked))

    def test_a_text_without_a_sender_is_kept(self):
        self.bring("STOP", From="")
        self.bring("Hello", From="")
        self.run_events()
        kept = self.env["sms.inbound"].search([("kind", "=", "unreadable")])
        self.assertEqual(len(kept), 2)
        self.assertFalse(self.waiting())


@tagged("post_install", "-at_install")
class TestStopAtOnce(TextCase):
    """A STOP takes effect at once, and earlier texts cannot undo it."""

    def assert_left(self):
        """Check that the customer is opted out, by the answer and at the gate."""
        self.assertEqual(self.state("ticket"), "opted_out")
        message = self.env["sms.sms"].create({"number": self.number, "body": "Hi"})
        self.assertEqual(message.state, "canceled")

    def test_stop_words_and_start_are_entered_in_the_request(self):
        self.record_consent()
        self.env["sms.keyword"].create({"word": "BASTA", "action": "stop"})
        for words, fields in (
            ("stop.", {}),
            ("Unsubscribe", {}),
            ("basta", {}),
            ("AVSLUTA", {"OptOutType": "STOP"}),
        ):
            with self.subTest(words=words):
                self.bring(words, **fields)
                self.assertFalse(self.waiting())
                self.assertEqual(self.state("ticket"), "opted_out")
                self.bring("START")
                self.assertEqual(self.state("ticket"), "opted_in")
        self.assertFalse(self.waiting())

    def test_a_word_that_is_none_any_more_waits(self):
        word = self.env["sms.keyword"].create({"word": "BASTA", "action": "stop"})
        word.active = False
        self.bring("basta")
        self.bring("HELP")
        self.assertEqual(len(self.waiting()), 2)

    def test_a_yes_that_the_carrier_takes_for_start_answers_the_question(self):
        """Its list of opt-in words may have YES; Twilio's own does."""
        self.ask_to_join()
        self.bring("Yes", OptOutType="START")
        self.run_events()
        self.assertEqual(self.received()[-1].kind, "confirm")
        self.assertEqual(self.state("ticket"), "opted_in")
        self.bring("STOP")
        self.bring("yes", OptOutType="START")
        self.run_events()
        self.assertEqual(self.received()[-1].kind, "start")
        self.assertEqual(self.state("ticket"), "opted_in")

    def test_what_came_before_is_taken_in_before(self):
        self.ask_to_join()
        self.bring("YES")
        self.bring("STOP")
        kinds = self.received().mapped("kind")
        self.assertEqual(kinds, ["join", "confirm", "stop"])
        self.assertFalse(self.waiting())
        self.assert_left()
        # There was consent, so it is restored.
        self.bring("START")
        self.assertEqual(self.state("ticket"), "opted_in")

    def test_behind_many_others_a_yes_is_none_any_more(self):
        self.ask_to_join()
        for index in range(MOST_BEFORE):
            self.bring(f"Line {index}")
        self.bring("YES")
        self.bring("SUPPORT")
        self.bring("STOP")
        self.assertEqual(len(self.waiting()), 2)
        self.assert_left()
        self.run_events()
        self.assert_left()
        yes, join = self.received()[-2:]
        self.assertEqual((yes.body, join.body), ("YES", "SUPPORT"))
        self.assertEqual((yes + join).mapped("kind"), ["conversation"] * 2)
        self.assertTrue(yes.is_overtaken and join.is_overtaken)
        # Only one confirmation of the opt-out is sent.
        self.assertEqual(self.exemptions()[-1], "opt_out_confirmation")
        self.assertEqual(self.exemptions().count("opt_out_confirmation"), 1)

    def test_a_yes_that_meant_start_is_none_either(self):
        """YES undoes an opt-out, unless a STOP came after it."""
        self.record_consent()
        self.bring("STOP")
        for index in range(MOST_BEFORE):
            self.bring(f"Line {index}")
        self.bring("YES")
        self.bring("STOP")
        self.run_events()
        self.assertEqual(self.received()[-1].body, "YES")
        self.assert_left()

    def test_a_yes_after_the_stop_counts(self):
        self.record_consent()
        self.bring("STOP")
        self.bring("YES")
        self.run_events()
        self.assertEqual(self.state("ticket"), "opted_in")
        self.assertFalse(self.received()[-1].is_overtaken)

    def test_a_no_in_another_way_overtakes_too(self):
        self.ask_to_join()
        self.bring("YES")
        self.record_consent(event="revoked", method="phone")
        self.run_events()
        self.assertTrue(self.received()[-1].is_overtaken)
        self.assert_left()

    def test_an_answer_to_a_question_is_still_one(self):
        self.bring("1")
        self.record_consent(event="revoked", method="phone")
        questions = self.registry["sms.question"]
        with patch.object(questions, "_take", lambda _questions, _text: True):
            self.run_events()
        self.assertFalse(self.received().kind)

    def test_a_no_that_came_before_overtakes_nothing(self):
        """An opt-out in own words waits for the worker; the later START counts."""
        self.record_consent()
        self.bring("Please stop texting me")
        self.waiting().received_at -= timedelta(seconds=5)
        self.bring("START")
        self.assertEqual(self.received().mapped("kind"), ["stop", "start"])
        self.assertEqual(self.state("ticket"), "opted_in")

    def test_a_text_before_that_fails_does_not_keep_it(self):
        self.record_consent()
        self.bring("Bad")
        with self.break_on("Bad"), mute_logger(*LOGGERS):
            self.bring("STOP")
        self.assert_left()
        self.assertEqual(self.received()[0].error, "a hook of another module")
        self.assertFalse(self.waiting())

    def test_one_that_fails_at_once_is_put_to_a_person(self):
        self.record_consent()
        with self.break_on("STOP"), mute_logger(*LOGGERS):
            self.bring("STOP")
        self.assertFalse(self.waiting())
        self.assertEqual(self.received().error, "a hook of another module")
        review = self.env["sms.consent.review"].search([("number", "=", self.number)])
        self.assertEqual(review.state, "open")
        message = self.env["sms.sms"].create({"number": self.number, "body": "Hi"})
        self.assertEqual(message.state, "canceled")

    def test_a_no_in_their_own_words_that_fails_is_put_to_a_person(self):
        self.record_consent()
        words = "Please stop texting me"
        self.bring(words)
        with self.break_on(words), mute_logger(*LOGGERS):
            self.run_events()
        self.assertEqual(self.received().error, "a hook of another module")
        message = self.env["sms.sms"].create({"number": self.number, "body": "Hi"})
        self.assertEqual(message.gate_reason, "under_review")

    def test_one_that_cannot_be_entered_now_waits(self):
        """It is stored first, so that no failure loses it."""
        self.record_consent()
        events = self.registry["sms.webhook.event"]
        fail = patch.object(events, "_receive_next", side_effect=ValueError)
        with fail, mute_logger(*LOGGERS):
            self.bring("STOP")
        self.assertEqual(len(self.waiting()), 1)
        self.run_events()
        self.assert_left()

    def test_another_number_may_wait(self):
        other = phone_number(7)
        self.bring("Hello", other)
        self.bring("STOP")
        self.assertEqual(self.waiting().mapped("number"), [other])


@tagged("post_install", "-at_install")
class TestForgettingEvents(TextCase):
    """Erasure includes waiting events, which are not received later."""

    def test_who_is_erased_has_nothing_waiting(self):
        self.bring("My name is Dana", sid="SM7")
        sms = self.env["sms.sms"].create({"number": self.number, "body": "Hello"})
        form = {"To": self.number, "MessageStatus": "sent"}
        events = self.env["sms.webhook.event"]
        events._take_report(self.company, "twilio", sms.uuid, form)
        self.bring("Hello", phone_number(7))
        self.env["sms.erasure"]._erase(self.company, self.number, "asked")
        self.assertEqual(self.waiting().mapped("number"), [phone_number(7)])
        # The carrier may deliver it again.
        self.bring("My name is Dana", sid="SM7")
        self.run_events()
        domain = [("provider_sid", "=", "SM7")]
        kept = self.env["sms.inbound"].search(domain)
        self.assertTrue(kept.erased_at)
        self.assertFalse(kept.number or kept.body or kept.raw)

    def test_a_no_that_waits_holds_for_who_is_erased(self):
        events = self.registry["sms.webhook.event"]
        for index, words in enumerate(("STOP", "Please stop texting me")):
            number = phone_number(20 + index)
            with (
                self.subTest(words),
                patch.object(events, "_receive_next", side_effect=ValueError),
                mute_logger(*LOGGERS),
            ):
                self.bring(words, number)
            self.env["sms.erasure"]._erase(self.company, number, "asked")
            self.run_events()
            message = self.env["sms.sms"].create({"number": number, "body": "Hi"})
            self.assertEqual(message.gate_reason, "opted_out")

    def test_what_cannot_be_worked_off_goes_in_time(self):
        self.bring("Old")
        self.bring("New")
        old, _new = self.waiting()
        self.waiting().is_failed = True
        old.received_at -= timedelta(days=4000)
        self.company.sms_keep_raw_months = 12
        self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_retention"))
        self.assertEqual(len(self.waiting()), 1)
