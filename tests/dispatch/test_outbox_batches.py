# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import time
from datetime import datetime, timedelta
from functools import partial
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...models.dispatch.sms_dispatcher import POST_WITHIN, Call
from ...models.message import sms_sms_intake as sms_sms_bulk
from ...models.message.sms_consent import READ_ANSWERS
from ...providers import faults, outbound
from ...providers.outbound import DeliveryReport, Outcome
from ...providers.poster import Poster
from ...tools.dispatch import Deadline, DispatchRun
from ..clock import freeze_time
from .common import ALERT_LOGGER, LARGE, SMALL, BatchCase


@tagged("post_install", "-at_install")
class TestQueriesOfABatch(BatchCase):
    """The number of queries does not depend on the size of a batch."""

    def assertConstant(self, prepare, work):
        """Check that a large batch takes no more queries than a small one.

        :param prepare: function of the size; its result is passed to ``work``
        """
        counts = []
        # The first round only fills caches.
        for size in (SMALL, SMALL, LARGE):
            prepared = prepare(size)
            self.env.cr.precommit.data.pop(READ_ANSWERS, None)
            counts.append(self.count_queries(work, prepared))
        _first, small, large = counts
        self.assertGreater(small, 0)
        self.assertEqual(large, small)

    def test_making_messages(self):
        self.patch(sms_sms_bulk, "BULK_FROM", SMALL)
        self.assertConstant(lambda size: size, self.queue_many)

    def test_claiming(self):
        def prepare(size):
            self.env["sms.sms"].search([("state", "=", "outgoing")]).state = "canceled"
            self.queue_many(size)
            return size

        # A repeated decision is not written again within the same second.
        with freeze_time(datetime.now()):
            self.assertConstant(prepare, self.claim)

    def _prepare_claimed(self, size):
        # Later texts to a number would wait for one with an unknown outcome.
        open_states = ("outgoing", "unknown")
        self.env["sms.sms"].search([("state", "in", open_states)]).state = "canceled"
        messages = self.queue_many(size)
        self.claim(size)
        return messages

    def test_settling_what_was_taken(self):
        def settle(messages):
            self.env["sms.dispatcher"]._record_outcomes(
                [
                    (
                        Call("send", sms.id, 1),
                        Outcome(
                            outbound.ACCEPTED, carrier_id=f"SM{sms.id}", report="queued"
                        ),
                    )
                    for sms in messages
                ]
            )
            self.assertEqual(set(messages.mapped("state")), {"pending"})

        self.assertConstant(self._prepare_claimed, settle)

    def test_how_many_are_in_flight_is_set_or_the_most(self):
        parameters = self.env["ir.config_parameter"]
        for value, size in ((False, 64), ("", 64), ("16", 16), ("0", 1), ("many", 64)):
            with self.subTest(value=value):
                parameters.set_param("helpdesk_mgmt_sms.in_flight", value)
                self.assertEqual(self.env["sms.dispatcher"]._get_in_flight(), size)

    def test_finding_what_was_abandoned(self):
        def prepare(size):
            messages = self._prepare_claimed(size)
            messages.claimed_at = messages[0].claimed_at - timedelta(hours=1)

        self.assertConstant(
            prepare, lambda _nothing: self.env["sms.dispatcher"]._mark_abandoned()
        )


@tagged("post_install", "-at_install")
class TestAttempts(BatchCase):
    """Outcomes that come too late or are about another attempt change nothing."""

    def settle(self, message, attempt, outcome):
        """Record the outcome of one call."""
        self.env["sms.dispatcher"]._record_outcomes(
            [(Call("send", message.id, attempt), outcome)]
        )

    def test_an_answer_on_an_earlier_attempt_is_dropped(self):
        message = self.queue()
        self.claim(1)
        message._try_again(timedelta())
        self.claim(1)
        self.settle(message, 1, Outcome(outbound.AGAIN, fault=faults.TOO_FAST))
        self.assertEqual((message.state, message.attempts), ("process", 2))
        self.settle(message, 2, Outcome(outbound.ACCEPTED, "SM2", "queued"))
        self.assertEqual((message.state, message.carrier_id), ("pending", "SM2"))

    def test_what_was_cancelled_meanwhile_is_not_tried_again(self):
        message = self.queue()
        self.claim(1)
        message.state = "canceled"
        self.settle(message, 1, Outcome(outbound.AGAIN, fault=faults.TOO_FAST))
        self.assertEqual(message.state, "canceled")

    def test_what_is_gone_takes_nothing_along(self):
        gone, message = self.queue(), self.queue()
        self.claim(2)
        gone_id = gone.id
        gone.unlink()
        self.env["sms.dispatcher"]._record_outcomes(
            [
                (Call("send", row, 1), Outcome(outbound.ACCEPTED, f"SM{row}", "queued"))
                for row in (gone_id, message.id)
            ]
        )
        self.assertEqual(message.state, "pending")

    def test_a_lookup_may_take_the_wrong_one_of_two_twins(self):
        """The report corrects which of two equal messages the carrier has."""
        first, second = self.queue(), self.queue()
        self.claim(2)
        (first | second)._mark_unknown()
        found = outbound.Found(DeliveryReport("SM1", "queued"), first.body)
        dispatcher = self.env["sms.dispatcher"]
        dispatcher._record_outcomes([(Call("find", first.id, 1), [found])])
        self.assertEqual((first.state, first.carrier_id), ("pending", "SM1"))
        second._record_report(DeliveryReport("SM1", "delivered"))
        self.assertEqual((second.state, second.carrier_id), ("sent", "SM1"))
        self.assertEqual((first.state, first.carrier_id), ("unknown", False))
        self.assertTrue(first.lookup_at)

    def test_a_lookup_waits_for_a_twin_that_is_being_posted(self):
        unknown, _twin = self.queue(), self.queue()
        self.claim(2)
        unknown._mark_unknown()
        found = outbound.Found(DeliveryReport("SM1", "queued"), unknown.body)
        self.env["sms.dispatcher"]._record_outcomes(
            [(Call("find", unknown.id, 1), [found])]
        )
        self.assertEqual((unknown.state, unknown.carrier_id), ("unknown", False))

    @mute_logger("odoo.addons.helpdesk_mgmt_sms.models.dispatch.sms_dispatcher_lookup")
    def test_what_cannot_be_looked_up_keeps_nobody_waiting(self):
        odd, sound = self.queue(), self.queue()
        self.claim(2)
        (odd | sound)._mark_unknown()
        now = datetime.now()
        (odd | sound).lookup_at = now - timedelta(minutes=1)
        to_outbound = type(odd)._to_outbound

        def fail_for_one(sms, sender):
            if sms == odd:
                raise KeyError("odd")
            return to_outbound(sms, sender)

        with patch.object(type(odd), "_to_outbound", fail_for_one):
            calls = self.env["sms.dispatcher"]._claim_lookups(5)
        self.assertEqual([key.sms_id for _, key, _, _ in calls], [sound.id])
        self.assertGreater(odd.lookup_at, now)

    def test_a_report_before_the_answer_is_followed_by_others(self):
        """The worker that posted it may have died, and the final report may be lost."""
        message = self.queue()
        self.claim(1)
        message._record_report(DeliveryReport("SM1", "sent"))
        self.assertEqual(message.state, "pending")
        self.assertTrue(message.lookup_at)
        message._record_report(DeliveryReport("SM1", "delivered"))
        self.assertFalse(message.lookup_at)

    def test_a_text_does_not_leave_after_it_was_delivered(self):
        """By its times, when a report is faster than the answer."""
        message = self.queue()
        self.claim(1)
        message.claimed_at = message.claimed_at - timedelta(minutes=1)
        message._record_report(DeliveryReport("SM1", "delivered"))
        message.delivered_at = message.claimed_at + timedelta(seconds=1)
        taken = Outcome(outbound.ACCEPTED, carrier_id="SM1", report="queued")
        self.settle(message, 1, taken)
        self.assertEqual(message.sent_at, message.claimed_at)

    def test_an_answer_that_says_failed_waits_for_the_reason(self):
        message = self.queue()
        self.claim(1)
        taken = Outcome(outbound.ACCEPTED, carrier_id="SM1", report="undelivered")
        self.settle(message, 1, taken)
        self.assertEqual((message.state, bool(message.lookup_at)), ("pending", True))
        reason = {"failure_type": "sms_optout", "fault": faults.OPTED_OUT}
        message._record_report(DeliveryReport("SM1", "undelivered", "21610", **reason))
        self.assertEqual(message.fault_id.fault, faults.OPTED_OUT)
        [event, *_others] = self.env["sms.consent.event"].search([], order="id desc")
        self.assertEqual((event.event, event.method), ("revoked", "carrier"))

    def test_what_the_database_refuses_is_left_out(self):
        """NUL characters are removed, and lone surrogates become "?"."""
        odd = "SM\x001\ud83d"
        message = self.queue()
        self.claim(1)
        refused = Outcome(outbound.AGAIN, odd, fault=faults.TOO_FAST, detail=odd)
        self.settle(message, 1, refused)
        self.assertEqual(message.carrier_detail, "SM1?")
        report = DeliveryReport(odd, "delivered", odd, raw={odd: odd})
        message._record_report(report)
        self.assertEqual((message.state, message.carrier_id), ("sent", "SM1?"))
        self.assertEqual(message.sudo().report_ids.raw, {"SM1?": "SM1?"})

    def test_a_stale_claim_is_not_posted(self):
        """After a freeze, another worker may have taken over."""
        dispatcher = self.env["sms.dispatcher"]
        for clock, *which in (("monotonic",), ("clock_gettime", time.CLOCK_REALTIME)):
            with self.subTest(clock=clock):
                posts = []
                until = Deadline(POST_WITHIN)
                later = getattr(time, clock)(*which) + POST_WITHIN + 1
                with patch.object(time, clock, return_value=later):
                    outcome = dispatcher._call_safely(
                        Call("send", 1, 1), partial(posts.append, 1), until
                    )
                self.assertEqual((outcome.kind, posts), (outbound.AGAIN, []))

    def test_what_was_stored_for_a_sender_that_goes_gets_another(self):
        message = self.queue()
        gone = self.env["sms.sender"].create(
            {
                "company_id": self.company.id,
                "provider": "sandbox",
                "address": "gone",
                "kind": "sandbox",
                "active": False,
            }
        )
        message.sender_id = gone
        self.run_outbox()
        self.assertEqual(message.state, "sent")

    def test_a_batch_of_refusals_stops_a_sender_once(self):
        messages = self.queue_many(SMALL)
        sender = messages.sender_id
        self.claim(SMALL)
        refusal = Outcome(outbound.REFUSED, code="20003", fault=faults.AUTHENTICATION)
        self.env["sms.dispatcher"]._record_outcomes(
            [(Call("send", sms.id, 1), refusal) for sms in messages]
        )
        self.assertEqual(sender.stop_count, 1)
        self.assertEqual(set(messages.mapped("state")), {"outgoing"})

    def test_a_sender_that_has_stopped_is_tried_by_one_message_at_a_time(self):
        """No other text is tried while the first is on its way, at any rate."""
        dispatcher = self.env["sms.dispatcher"]
        refusal = Outcome(outbound.REFUSED, code="20003", fault=faults.AUTHENTICATION)
        for rate in (0, 50):
            with self.subTest(rate=rate):
                self.env["sms.sms"].search([]).state = "canceled"
                messages = self.queue_many(SMALL)
                sender = messages.sender_id
                sender.write({"rate": rate, "stop_count": 1, "stopped_until": False})
                for stops in (2, 3):
                    [call] = self.claim_all()
                    self.assertFalse(dispatcher._get_accounts(), "one is on its way")
                    self.assertGreater(dispatcher._get_next_due(), 60)
                    dispatcher._record_outcomes([(call, refusal)])
                    self.assertEqual(sender.stop_count, stops)
                    self.assertFalse(dispatcher._get_accounts(), "it has stopped")
                    sender.stopped_until = fields.Datetime.now()
                [call] = self.claim_all()
                taken = Outcome(
                    outbound.ACCEPTED, carrier_id=f"SM{rate}", report="queued"
                )
                dispatcher._record_outcomes([(call, taken)])
                self.assertFalse(sender.stop_count)
                self.assertEqual(len(self.claim_all()), SMALL - 1)

    def test_an_attempt_of_which_nobody_knows_is_not_waited_for_without_end(self):
        """After a crash it is looked up, and another text is tried."""
        dispatcher = self.env["sms.dispatcher"]
        messages = self.queue_many(SMALL)
        messages.sender_id.stop_count = 1
        self.claim_all()
        [tried] = messages.filtered(lambda it: it.state == "process")
        tried.claimed_at -= timedelta(minutes=3)
        self.assertEqual(dispatcher._get_next_due(), 0)
        dispatcher._mark_abandoned()
        self.assertEqual(tried.state, "unknown")
        [call] = self.claim_all()
        self.assertNotEqual(call.sms_id, tried.id)

    def test_a_batch_of_too_fast_halves_the_speed_once(self):
        messages = self.queue_many(SMALL)
        self.claim(SMALL)
        too_fast = Outcome(outbound.AGAIN, fault=faults.TOO_FAST)
        self.env["sms.dispatcher"]._record_outcomes(
            [(Call("send", sms.id, 1), too_fast) for sms in messages]
        )
        pace = self.env["sms.sender.pace"]._get(messages.sender_id)
        self.assertEqual(pace.slowed_to, 0.5)


@tagged("post_install", "-at_install")
class TestStoppedSender(BatchCase):
    """What shows that a sender that has stopped may send again, and what does not."""

    def setUp(self):
        super().setUp()
        muted = mute_logger(ALERT_LOGGER)
        muted.__enter__()
        self.addCleanup(muted.__exit__, None, None, None)
        self.messages = self.queue_many(SMALL)
        self.sender = self.messages.sender_id

    def stop_by_report(self):
        """Claim two texts; accept one, and report that its sender is not registered.

        :return: the call of the other one, which has not been answered
        """
        first, other = [key for _account, key, _call, _delay in self.claim(2)]
        self.accept(first)
        self.refuse(first)
        self.assertTrue(self.sender._is_stopped())
        return other

    def accept(self, key):
        """Record that the carrier has accepted a text."""
        taken = Outcome(
            outbound.ACCEPTED, carrier_id=f"SM{key.sms_id}", report="queued"
        )
        self.env["sms.dispatcher"]._record_outcomes([(key, taken)])

    def report(self, key, status, code="", fault=None):
        """Record a delivery report on a text."""
        report = DeliveryReport(f"SM{key.sms_id}", status, code, fault=fault)
        self.env["sms.sms"].browse(key.sms_id)._record_report(report)

    def refuse(self, key):
        """Record a report that the text's sender is not registered."""
        self.report(key, outbound.UNDELIVERED, "30034", faults.REGISTRATION)

    def end_pause(self, **ago):
        """Move what has happened into the past; the pause ends now or some time ago."""
        for message in self.messages.filtered("claimed_at"):
            message.claimed_at -= timedelta(hours=2)
        self.sender.stopped_until = fields.Datetime.now() - timedelta(**ago)
        self.env.flush_all()

    def count_alerts(self):
        """Return how many alerts about the sender were raised, and are still open."""
        alerts = self.env["sms.outbox.alert"].search(
            [("key", "=", f"sender:{self.sender.id}")]
        )
        return len(alerts), len(alerts.filtered(lambda it: not it.closed_at))

    def test_what_was_claimed_before_does_not_start_it(self):
        self.accept(self.stop_by_report())
        self.assertTrue(self.sender._is_stopped())
        self.assertEqual(self.count_alerts(), (1, 1))
        self.assertFalse(self.env["sms.dispatcher"]._get_accounts())

    def test_nor_after_a_refusal_in_the_answer(self):
        first, other = [key for _account, key, _call, _delay in self.claim(2)]
        refusal = Outcome(outbound.REFUSED, code="20003", fault=faults.AUTHENTICATION)
        self.env["sms.dispatcher"]._record_outcomes([(first, refusal)])
        self.accept(other)
        self.report(other, outbound.DELIVERED)
        self.assertTrue(self.sender._is_stopped())
        self.assertEqual(self.count_alerts(), (1, 1))
        self.end_pause()
        [trial] = self.claim_all()
        self.accept(trial)
        self.assertFalse(self.sender.stop_count, "it was not stopped by a report")
        self.assertEqual(self.count_alerts(), (1, 0))

    def test_after_a_report_only_a_report_starts_it(self):
        self.stop_by_report()
        self.messages.filtered(lambda it: it.state == "process").state = "canceled"
        for stops in (2, 3):
            self.end_pause()
            [trial] = self.claim_all()
            self.accept(trial)
            self.assertEqual(self.claim_all(), [], "its report is waited for")
            self.refuse(trial)
            self.assertEqual(self.sender.stop_count, stops)
            pause = self.sender.stopped_until - fields.Datetime.now()
            self.assertGreater(pause.total_seconds(), 3500 * min(2 ** (stops - 1), 4))
            self.assertEqual(self.count_alerts(), (1, 1), "they are told once")
        self.end_pause()
        [trial] = self.claim_all()
        self.accept(trial)
        self.report(trial, "sent")
        self.assertEqual(self.claim_all(), [])
        self.report(trial, outbound.DELIVERED)
        self.assertFalse(self.sender.stop_count)
        self.assertEqual(self.count_alerts(), (1, 0))
        waiting = self.messages.filtered(lambda it: it.state == "outgoing")
        self.assertEqual(len(self.claim_all()), len(waiting))

    def test_a_trial_that_failed_for_another_reason_shows_nothing(self):
        self.stop_by_report()
        self.messages.filtered(lambda it: it.state == "process").state = "canceled"
        self.end_pause()
        for _turn in range(2):
            [trial] = self.claim_all()
            self.accept(trial)
            self.report(trial, outbound.UNDELIVERED, "30006", faults.LANDLINE)
            self.assertTrue(self.sender.stop_count)

    def test_where_nobody_reports_silence_starts_it(self):
        """After five minutes without a refusal the next trial is enough."""
        self.stop_by_report()
        self.messages.filtered(lambda it: it.state == "process").state = "canceled"
        self.end_pause(minutes=8)
        [trial] = self.claim_all()
        self.accept(trial)
        self.assertEqual(self.claim_all(), [])
        self.env["sms.sms"].browse(trial.sms_id).claimed_at -= timedelta(minutes=6)
        self.env.flush_all()
        [trial] = self.claim_all()
        self.accept(trial)
        self.assertFalse(self.sender.stop_count)

    def test_what_was_not_posted_is_taken_back(self):
        """Or each of them would be refused by a report, and lost."""
        other = self.stop_by_report()
        dispatcher = self.env["sms.dispatcher"]
        blocked = dispatcher._find_blocked([other], DispatchRun(60))
        self.assertEqual(blocked, {other})
        dispatcher._block_withdrawn(blocked)
        message = self.env["sms.sms"].browse(other.sms_id)
        self.assertEqual((message.state, message.attempts), ("outgoing", 0))
        self.end_pause()
        [trial] = self.claim_all()
        self.assertFalse(dispatcher._find_blocked([trial], DispatchRun(60)))


@tagged("post_install", "-at_install")
class TestOtherWorkers(BatchCase):
    """A worker that has more than it can take wakes the other at once."""

    def test_it_is_woken_before_the_carrier_is_waited_for(self):
        """A wake-up that waits for the next commit is lost when that conflicts."""
        first, second = (
            self.env.ref(f"helpdesk_mgmt_sms.{name}")
            for name in ("ir_cron_sms_dispatch", "ir_cron_sms_dispatch_2")
        )
        second.active = True
        self.env["sms.sender"].search([]).rate = 0
        self.queue_many(LARGE)
        with (
            self.enter_registry_test_mode(),
            self.registry.cursor() as cr,
            Poster(1) as poster,
        ):
            env = self.env(cr=cr, context={"cron_id": first.id})
            run = DispatchRun(60.0)
            with patch.object(poster, "submit"):
                env["sms.dispatcher"]._claim_and_submit(poster, run)
            self.assertFalse(run.is_alone)
            cr.rollback()
            woken = env["ir.cron.trigger"].search([("cron_id", "=", second.id)])
            self.assertTrue(woken)
