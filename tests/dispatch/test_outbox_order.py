# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import random
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...models.dispatch import sms_dispatcher_claim
from ...models.dispatch.sms_dispatcher import Call
from ...providers import faults, outbound
from ...providers.outbound import Outcome
from ..clock import freeze_time
from ..message.common import MORNING, NIGHT, QuietHoursCase, WaitingCase


@tagged("post_install", "-at_install")
class TestOrder(WaitingCase):
    """Urgent texts overtake others, also with a slow sender."""

    def setUp(self):
        super().setUp()
        self.env["sms.sms"].search([("state", "=", "outgoing")]).unlink()

    def queue_behind_a_backlog(self):
        """Return a backlog, and an alert that was queued after it."""
        backlog = self.env["sms.sms"]
        for _index in range(30):
            backlog |= self.queue()
        return backlog, self.queue("alert")

    def claim(self, rate, chance, room=256):
        """Return the ids of the messages that a sender claims first.

        :param float rate: segments a second
        :param float chance: value of ``random.random``, 0 to 1
        """
        [sender] = self.env["sms.sender"].search([("company_id", "=", self.company.id)])
        sender.rate = rate
        [ready] = self.env["sms.sender.pace"]._get_ready()
        with patch.object(random, "random", lambda: chance):
            calls = self.env["sms.dispatcher"]._claim([ready], room)
        return [key.sms_id for _account, key, _call, _delay in calls]

    def test_an_alert_overtakes_at_one_segment_a_second(self):
        _backlog, alert = self.queue_behind_a_backlog()
        self.assertEqual(self.claim(1, 0.5), alert.ids)

    def test_an_alert_overtakes_at_ten_segments_a_second(self):
        backlog, alert = self.queue_behind_a_backlog()
        self.assertEqual(self.claim(10, 0)[:2], [backlog[0].id, alert.id])

    def test_of_a_slow_senders_messages_one_in_ten_has_waited_longest(self):
        backlog, _alert = self.queue_behind_a_backlog()
        self.assertEqual(self.claim(1, 0.95), backlog[0].ids)

    def test_what_cannot_be_claimed_is_put_off_and_nothing_else(self):
        """Whether it was drawn by urgency or by age."""
        for chance, index in ((0.95, 0), (0, -1)):
            self.env["sms.sms"].search([("state", "=", "outgoing")]).unlink()
            backlog, alert = self.queue_behind_a_backlog()
            messages = backlog | alert
            mark_claimed = type(messages)._mark_claimed

            def fail_for_one(claimed, provider, odd=messages[index], do=mark_claimed):
                if odd in claimed:
                    raise KeyError("odd")
                return do(claimed, provider)

            with (
                self.subTest(chance=chance),
                patch.object(type(messages), "_mark_claimed", fail_for_one),
                mute_logger(sms_dispatcher_claim.__name__),
            ):
                self.assertEqual(self.claim(1, chance), [])
                now = fields.Datetime.now()
                put_off = messages.filtered_domain([("not_before", ">", now)])
                self.assertEqual(put_off, messages[index])


@tagged("post_install", "-at_install")
class TestOrderOfHeld(QuietHoursCase):
    """Held texts of a number are sent in the order in which they were written."""

    def setUp(self):
        super().setUp()
        self.record_consent(None, "ticket", "alert", "appointment", "marketing")
        self.env["sms.sms"].search([("state", "=", "outgoing")]).unlink()

    def hold(self, *purposes, number=None):
        """Return held texts of the given purposes, written at night in this order."""
        texts = self.env["sms.sms"]
        with freeze_time(NIGHT):
            for code in purposes:
                texts |= self.send(code, number)
        self.assertEqual(set(texts.mapped("gate_verdict")), {"hold"})
        return texts

    def claim(self):
        """Return the messages that a worker claims next; they are in flight then."""
        ready = self.env["sms.sender.pace"]._get_ready()
        calls = self.env["sms.dispatcher"]._claim(ready, 256)
        return self.env["sms.sms"].browse([key.sms_id for _acc, key, *_rest in calls])

    def leave(self, claimed):
        """Mark claimed messages as sent."""
        claimed.write({"state": "sent"})
        self.env.flush_all()

    def test_ten_texts_of_several_purposes_and_two_workers(self):
        """Neither urgency of purposes nor a second worker changes their order."""
        texts = self.hold(*(["ticket", "appointment"] * 5))
        self.assertEqual(len(set(texts.mapped("not_before"))), 1)
        left = []
        with freeze_time(MORNING + timedelta(minutes=45)):
            for _turn in texts:
                claimed = self.claim()
                self.assertFalse(self.claim(), "another worker overtakes")
                left += claimed.ids
                self.leave(claimed)
        self.assertEqual(left, texts.ids)

    def test_what_was_claimed_and_put_back_keeps_its_turn(self):
        """A run whose time is over posts nothing more; appointments are more urgent."""
        texts = self.hold("ticket", "appointment", "ticket")
        dispatcher = self.env["sms.dispatcher"]
        with freeze_time(MORNING + timedelta(minutes=45)):
            for index in (0, 1):
                ready = self.env["sms.sender.pace"]._get_ready()
                [(_account, key, *_rest)] = dispatcher._claim(ready, 256)
                self.assertEqual(dispatcher._release([key]), texts[index])
                self.assertEqual(self.claim(), texts[index])
                self.assertFalse(self.claim(), "a later one overtakes")
                self.leave(texts[index])

    def test_what_was_asked_about_again_keeps_its_turn(self):
        """The gate is asked again about all that waits, as after an opt-out."""
        texts = self.hold("ticket", "appointment")
        with freeze_time(MORNING + timedelta(minutes=45)):
            self.env["sms.sms"]._cancel_waiting(self.company, [self.number])
            self.record_consent(None, "marketing", event="revoked")
            self.assertEqual(self.claim(), texts[0])
            self.assertFalse(self.claim(), "a later one overtakes")
            self.leave(texts[0])
            self.assertEqual(self.claim(), texts[1])

    def test_hours_that_open_later_keep_nobody_waiting(self):
        """A text for eight does not wait for an offer that may be sent at nine only."""
        offer, text = self.hold("marketing", "ticket")
        offer.not_before = MORNING + timedelta(hours=3)
        with freeze_time(MORNING + timedelta(minutes=45)):
            self.assertEqual(self.claim(), text)

    def test_other_numbers_do_not_wait(self):
        other = "+13035550188"
        self.record_consent(other, "ticket")
        mine, theirs = self.hold("ticket"), self.hold("ticket", number=other)
        with freeze_time(MORNING + timedelta(minutes=45)):
            self.assertEqual(self.claim(), mine | theirs)

    def test_what_is_urgent_overtakes(self):
        held = self.hold("ticket", "ticket")
        with freeze_time(MORNING + timedelta(minutes=45)):
            alert = self.send("alert")
            self.assertEqual(self.claim(), held[0] | alert)

    def test_what_was_written_since_does_not_overtake(self):
        """Newer texts overtake no held ones, be those due or still spread over time."""
        [held] = self.hold("ticket")
        held.not_before = MORNING + timedelta(minutes=20)
        for minutes in (5, 45):
            with freeze_time(MORNING + timedelta(minutes=minutes)):
                self.send("ticket")
                self.assertEqual(self.claim(), held if minutes > 20 else held.browse())

    def test_what_waits_for_another_day_keeps_nobody_waiting(self):
        [held] = self.hold("ticket")
        with freeze_time(NIGHT):
            held.send_at = MORNING + timedelta(days=1)
            held._ask_gate()
        with freeze_time(MORNING + timedelta(minutes=45)):
            text = self.send("ticket")
            self.assertEqual(self.claim(), text)

    def test_what_is_behind_does_not_keep_the_outbox_awake(self):
        first = self.hold("ticket", "ticket")[0]
        with freeze_time(MORNING + timedelta(minutes=45)):
            self.assertEqual(self.claim(), first)
            first.write({"state": "unknown", "lookup_at": fields.Datetime.now()})
            first.lookup_at += timedelta(minutes=10)
            due = self.env["sms.dispatcher"]._get_next_due()
            self.assertGreater(due, 300)

    def test_a_crash_keeps_nobody_waiting_for_long(self):
        first, second = self.hold("ticket", "ticket")
        with freeze_time(MORNING + timedelta(minutes=45)):
            self.assertEqual(self.claim(), first)
            self.assertFalse(self.claim())
        with freeze_time(MORNING + timedelta(hours=2)):
            self.assertEqual(self.claim(), second)

    def test_the_whole_run_keeps_the_order(self):
        texts = self.hold("ticket", "appointment", "ticket")
        with freeze_time(MORNING + timedelta(minutes=45)):
            self.run_outbox()
        self.assertEqual(set(texts.mapped("state")), {"sent"})
        self.assertEqual(texts.sorted("claimed_at").ids, texts.ids)


@tagged("post_install", "-at_install")
class TestOrderOfTried(WaitingCase):
    """Later texts do not overtake one that the carrier has not accepted yet."""

    def setUp(self):
        super().setUp()
        self.record_consent(None, "appointment")
        self.env["sms.sms"].search([("state", "=", "outgoing")]).unlink()
        self.first = self.queue()
        self.assertEqual(self.claim(), self.first)

    def claim(self):
        """Return what a worker claims next."""
        self.env.flush_all()
        ready = self.env["sms.sender.pace"]._get_ready()
        calls = self.env["sms.dispatcher"]._claim(ready, 256)
        return self.env["sms.sms"].browse([key.sms_id for _acc, key, *_rest in calls])

    def answer(self, kind, fault):
        """Record the carrier's response to the current attempt."""
        call = Call("send", self.first.id, self.first.attempts)
        outcome = Outcome(kind, fault=fault)
        self.env["sms.dispatcher"]._record_outcomes([(call, outcome)])

    def test_the_pause_of_a_failed_post(self):
        for fault in (faults.NO_CONNECTION, faults.TOO_FAST):
            with self.subTest(fault=fault):
                self.answer(outbound.AGAIN, fault)
                self.first.not_before = fields.Datetime.now() + timedelta(seconds=30)
                later = self.queue()
                self.assertFalse(self.claim())
                self.first.not_before = fields.Datetime.now()
                self.assertEqual(self.claim(), self.first)
                self.assertFalse(self.claim(), "its second attempt is under way")
                later.unlink()

    def test_the_urgency_of_a_purpose_alone_changes_nothing(self):
        """Appointments come before tickets, but not within a number."""
        self.answer(outbound.AGAIN, faults.NO_CONNECTION)
        self.queue("appointment")
        self.assertFalse(self.claim())
        self.first.not_before = fields.Datetime.now()
        self.assertEqual(self.claim(), self.first)

    def test_what_is_urgent_and_answers_pass(self):
        self.answer(outbound.AGAIN, faults.NO_CONNECTION)
        alert = self.queue("alert")
        answer = self.queue(exemption="help")
        self.assertEqual(self.claim(), alert | answer)

    def test_what_nobody_can_tell_is_looked_up_first(self):
        self.answer(outbound.UNKNOWN, faults.NO_ANSWER)
        later = self.queue()
        self.assertEqual(self.first.state, "unknown")
        self.assertFalse(self.claim())
        self.first.write({"state": "sent", "lookup_at": False})
        self.assertEqual(self.claim(), later)

    def test_after_an_hour_the_news_goes_on(self):
        for kind, fault in (
            (outbound.AGAIN, faults.NO_CONNECTION),
            (outbound.UNKNOWN, faults.NO_ANSWER),
        ):
            with self.subTest(kind=kind):
                self.answer(kind, fault)
                later = self.queue()
                self.assertFalse(self.claim())
                self.first.tried_at -= timedelta(hours=1, minutes=1)
                self.first.not_before = fields.Datetime.now() + timedelta(minutes=5)
                self.assertEqual(self.claim(), later)
                self.first.write({"not_before": fields.Datetime.now()})
                later.unlink()
                if kind == outbound.AGAIN:
                    self.first.tried_at = False
                    self.assertEqual(self.claim(), self.first)

    def test_a_try_that_is_far_away_keeps_nobody_waiting(self):
        """As for a phone that is off, which is tried again an hour later."""
        self.answer(outbound.AGAIN, faults.NO_CONNECTION)
        self.first.not_before = fields.Datetime.now() + timedelta(hours=1)
        later = self.queue()
        self.assertEqual(self.claim(), later)

    def test_what_has_ended_keeps_nobody_waiting(self):
        self.answer(outbound.REFUSED, faults.FILTERED)
        later = self.queue()
        self.assertEqual(self.first.state, "error")
        self.assertEqual(self.claim(), later)

    def test_a_sender_that_stood_still(self):
        """Both wait while the credentials are wrong, and are sent in order."""
        later = self.queue("appointment")
        later.not_before -= timedelta(hours=1)
        with mute_logger(
            "odoo.addons.helpdesk_mgmt_sms.models.dispatch.sms_outbox_alert"
        ):
            self.answer(outbound.REFUSED, faults.AUTHENTICATION)
        self.first.sender_id._start()
        self.assertEqual(self.claim(), self.first)
