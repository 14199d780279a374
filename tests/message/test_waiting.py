# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from ast import literal_eval
from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

from lxml import etree

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...models.message.sms_sms_waiting import FAR
from ...providers import PROVIDERS, SandboxProvider
from ...providers.faults import FILTERED, OPTED_OUT, UNSURE
from ...providers.outbound import DeliveryReport
from ..common import phone_number
from .common import WaitingCase


class FaultyProvider(SandboxProvider):
    """An adapter that raises an error for one number."""

    def send(self, message):
        """Raise an error for that number."""
        if message.number == phone_number(0):
            raise KeyError("sid")
        return super().send(message)


class BrokenProvider(SandboxProvider):
    """An adapter that raises an error for one company's account."""

    def missing(self):
        """Raise an error for that account."""
        if self.account["account_sid"] == "broken":
            raise KeyError("account")
        return super().missing()


@tagged("post_install", "-at_install")
class TestStop(WaitingCase):
    """A STOP also cancels waiting messages."""

    def test_a_stop_cancels_what_waits_for_its_number(self):
        waiting = self.queue() | self.queue("alert")
        later = self.queue(not_before=fields.Datetime.now() + timedelta(days=1))
        self.ticket._message_sms("Hello", put_in_queue=True)
        posted = self.messages_to()[-1]
        self.receive("Stop!")
        for message in waiting | later | posted:
            self.assertBlocked(message, message.purpose_id.code, "opted_out")
        [notification] = self.notifications_of(self.ticket)
        self.assertEqual(
            (notification.notification_status, notification.failure_type),
            ("canceled", "sms_optout"),
        )

    def test_a_stop_is_confirmed_once_and_nothing_else_leaves(self):
        waiting = self.queue()
        self.receive("STOP")
        self.receive("STOP")
        self.run_outbox()
        [confirmation] = self.messages_to() - waiting
        self.assertEqual(confirmation.exemption, "opt_out_confirmation")
        self.assertEqual(confirmation.state, "sent")
        self.assertIn("you have opted out", confirmation.body)
        self.assertEqual(waiting.state, "canceled")

    def test_a_stop_does_not_touch_others(self):
        other_company = self.make_company("Other")
        self.record_consent(phone_number(1))
        self.record_consent(company=other_company)
        other_number = self.queue(number=phone_number(1))
        other_companys = self.queue(record_company_id=other_company.id)
        self.receive("STOP")
        self.run_outbox()
        self.assertEqual(other_number.state, "sent")
        self.assertEqual(other_companys.state, "sent")

    def test_a_stop_takes_back_the_question_that_waits(self):
        """The question to confirm joining was not sent yet when they said no."""
        number = phone_number(5)
        self.env["sms.opt.in"]._ask(
            self.company, number, self.purposes("alert"), "keyword", self.customer
        )
        [question] = self.messages_to(number)
        self.assertEqual(question.exemption, "opt_in_question")
        self.receive("STOP", number)
        self.run_outbox()
        self.assertEqual(
            (question.state, question.gate_reason), ("canceled", "opted_out")
        )
        confirmation = self.messages_to(number)[-1]
        self.assertEqual(confirmation.exemption, "opt_out_confirmation")
        self.assertEqual(confirmation.state, "sent")

    def test_a_stop_leaves_the_answer_that_waits(self):
        self.receive("HELP")
        self.receive("STOP")
        self.run_outbox()
        answers = self.messages_to()
        self.assertEqual(answers.mapped("exemption"), ["help", "opt_out_confirmation"])
        self.assertEqual(set(answers.mapped("state")), {"sent"})

    def test_an_opt_out_from_one_purpose_ends_only_that(self):
        ticket, alert = self.queue(), self.queue("alert")
        self.record_consent(None, "ticket", event="revoked")
        self.run_outbox()
        self.assertBlocked(ticket, "ticket", "opted_out")
        self.assertEqual(alert.state, "sent")

    def test_the_carriers_opt_out_ends_everything(self):
        sent, waiting = self.queue(), self.queue("alert")
        sent.write({"provider": "twilio", "state": "pending", "report_rank": 1})
        report = DeliveryReport("SM1", "undelivered", "21610", "sms_optout", OPTED_OUT)
        sent._record_report(report)
        self.assertEqual((sent.state, sent.failure_type), ("error", "sms_optout"))
        self.assertBlocked(waiting, "alert", "opted_out")
        self.assertEqual(self.customer.sms_consent_state, "opted_out")


@tagged("post_install", "-at_install")
class TestOutboxInTransaction(WaitingCase):
    """The outbox's worker with the sandbox; ``test_outbox`` has kills and carriers."""

    def test_one_companys_fault_holds_up_no_other(self):
        company = self.make_company("Broken")
        self.record_consent(company=company)
        broken = self.queue(record_company_id=company.id)
        whole = self.queue() | self.queue("alert")
        company.sms_twilio_account_sid = "broken"
        with (
            patch.dict(PROVIDERS, {SandboxProvider.code: BrokenProvider}),
            mute_logger(
                "odoo.addons.helpdesk_mgmt_sms.models.dispatch.sms_dispatcher_claim"
            ),
        ):
            self.run_outbox()
        self.assertEqual(set(whole.mapped("state")), {"sent"})
        self.assertEqual(broken.state, "outgoing")
        self.assertGreater(broken.not_before, fields.Datetime.now())
        broken.not_before = fields.Datetime.now()
        self.run_outbox()
        self.assertEqual(broken.state, "sent")

    def test_nothing_leaves_in_the_users_transaction(self):
        self.ticket._message_sms("Hello")
        message = self.messages_to()
        message.send()
        self.assertEqual((message.state, message.provider), ("outgoing", False))

    def test_what_is_sent_says_by_whom_and_when(self):
        self.ticket._message_sms("Hello")
        message = self.messages_to()
        self.run_outbox()
        self.assertRecordValues(
            message,
            [
                {
                    "state": "sent",
                    "provider": "sandbox",
                    "carrier_id": f"SB{message.uuid}",
                    "attempts": 1,
                    "to_delete": False,
                }
            ],
        )
        self.assertTrue(message.claimed_at <= message.sent_at)
        [notification] = self.notifications_of(self.ticket)
        self.assertEqual(notification.notification_status, "sent")

    def test_the_gate_is_asked_again_before_a_message_leaves(self):
        message = self.queue()
        event = self.record_consent(event="revoked")
        self.run_outbox()
        self.assertBlocked(message, "ticket", "opted_out")
        self.assertEqual(message.consent_event_id, event)
        self.assertFalse(message.provider)

    def test_what_must_wait_waits(self):
        message = self.queue(not_before=fields.Datetime.now() + timedelta(minutes=5))
        self.run_outbox()
        self.assertEqual(message.state, "outgoing")
        message.not_before = fields.Datetime.now()
        self.run_outbox()
        self.assertEqual(message.state, "sent")

    def test_what_waits_for_somebody_is_planned_for_by_no_run(self):
        """As texts of a paused broadcast: Odoo removes only triggers in the past."""
        self.queue().not_before = FAR
        self.run_outbox()
        triggers = self.env["ir.cron.trigger"].search(
            [("call_at", ">", fields.Datetime.now() + timedelta(days=1))]
        )
        cron = self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_dispatch")
        self.assertNotIn(cron, triggers.cron_id)

    def test_urgent_ones_leave_first(self):
        """An alert that comes last is sent before several batches."""
        messages = self.env["sms.sms"].create(
            [
                {
                    "number": self.number,
                    "body": "Hello",
                    "purpose_id": self.purposes("ticket").id,
                }
                for _index in range(12)
            ]
        )
        alert = self.queue("alert")
        [sender] = self.env["sms.sender.pace"]._get_ready()
        first_batch = self.env["sms.dispatcher"]._lock_next(sender, 5)
        self.assertEqual(first_batch[0], alert)
        self.run_outbox()
        self.assertEqual(set((messages | alert).mapped("state")), {"sent"})

    def test_a_company_that_loses_its_account_sends_nothing(self):
        message = self.queue()
        self.company.sms_provider = "twilio"
        # Consent given in the sandbox does not count there.
        self.record_consent()
        self.run_outbox()
        self.assertBlocked(message, "ticket", "no_provider")

    @mute_logger("odoo.addons.helpdesk_mgmt_sms.models.dispatch.sms_dispatcher")
    def test_a_faulty_adapter_takes_no_other_message_along(self):
        """It may have sent the text before it failed, so that is not tried again."""
        other = phone_number(1)
        self.record_consent(other)
        faulty, sound = self.queue(), self.queue(number=other)
        with patch.dict(PROVIDERS, sandbox=FaultyProvider):
            self.run_outbox()
        self.assertEqual(sound.state, "sent")
        self.assertEqual((faulty.state, faulty.attempts), ("unknown", 1))
        self.assertEqual(faulty.carrier_detail, "KeyError")
        self.run_outbox()
        self.assertEqual((faulty.state, faulty.attempts), ("unknown", 1))

    def test_a_failed_message_that_is_sent_again_starts_over(self):
        """Or the first attempt's outcome would hide the second one's."""
        message = self.queue()
        message.write({"provider": "sandbox", "state": "process"})
        message._record_report(
            DeliveryReport("SB1", "undelivered", "30007", fault=FILTERED)
        )
        self.assertEqual((message.state, message.carrier_id), ("error", "SB1"))
        message.action_set_outgoing()
        self.assertEqual(message.state, "outgoing")
        self.run_outbox()
        self.assertRecordValues(
            message,
            [
                {
                    "state": "sent",
                    "failure_type": False,
                    "carrier_id": f"SB{message.uuid}",
                    "attempts": 1,
                }
            ],
        )
        self.assertFalse(message.carrier_code)

    def test_a_late_report_on_the_first_attempt_is_not_the_seconds(self):
        message = self.queue()
        message.write({"provider": "twilio", "state": "process"})
        failed = DeliveryReport("SM1", "undelivered", "30007", fault=FILTERED)
        message._record_report(failed)
        message.action_set_outgoing()
        message._record_report(failed)
        self.assertEqual(message.state, "outgoing")
        message.write({"provider": "twilio", "state": "pending", "carrier_id": "SM2"})
        message._record_report(failed)
        self.assertEqual(message.state, "pending")
        message._record_report(DeliveryReport("SM2", "delivered"))
        self.assertEqual(message.state, "sent")

    def test_to_send_again_tells_the_agent_what_happens(self):
        """It is not sent at once, which must not look like a failure."""
        message = self.queue()
        message.write({"state": "error", "failure_type": "sms_server"})
        told = message.resend_failed()["params"]
        self.assertEqual(told["type"], "success")
        self.assertEqual(message.sent_again_id.state, "outgoing")
        nothing = self.queue().resend_failed()["params"]
        self.assertEqual(nothing["type"], "danger")

    def test_what_may_have_been_sent_is_not_sent_again(self):
        for state in ("process", "unknown"):
            with self.subTest(state=state):
                message = self.queue()
                message.write({"provider": "sandbox", "state": state})
                with self.assertRaisesRegex(UserError, "is being checked"):
                    message.action_set_outgoing()
                message.resend_failed()
                self.assertEqual(message.state, state)

    def test_what_has_left_is_neither_sent_again_nor_cancelled(self):
        """An outdated page may show it as failed."""
        for state in ("pending", "sent"):
            with self.subTest(state=state):
                message = self.queue()
                message.write({"state": "error", "failure_type": "sms_server"})
                message.action_set_outgoing()
                self.run_outbox()
                message.state = state
                with self.assertRaises(UserError):
                    message.action_set_outgoing()
                with self.assertRaises(UserError):
                    message.action_set_canceled()
                self.run_outbox()
                self.assertEqual((message.state, message.attempts), (state, 1))

    def test_reports_move_a_message_forward_only(self):
        message = self.queue()
        message.write({"provider": "twilio", "state": "process"})
        for report, state in (
            ("unknown", "process"),
            ("sent", "pending"),
            ("queued", "pending"),
            ("undelivered", "error"),
            ("sent", "error"),
            ("delivered", "sent"),
            ("undelivered", "sent"),
            ("read", "sent"),
            ("delivered", "sent"),
        ):
            with self.subTest(report=report):
                fault = FILTERED if report == "undelivered" else ""
                message._record_report(DeliveryReport("SM1", report, fault=fault))
                self.assertEqual(message.state, state)
        self.assertFalse(message.failure_type)

    def claim_once(self, message, **values):
        """Mark a text as posted a moment ago."""
        now = fields.Datetime.now()
        message.write(
            {
                "provider": "twilio",
                "attempts": 1,
                "claimed_at": now,
                "tried_at": now,
                **values,
            }
        )

    def test_a_late_report_sends_nothing_that_is_over(self):
        """Its carrier did not seem to have it: so it waited, and was called off."""
        cancelled, withdrawn, failed = texts = [self.queue() for _it in range(3)]
        for sms in texts:
            self.claim_once(sms)
        cancelled.action_cancel_waiting()
        withdrawn.action_set_canceled()
        failed.write({"state": "error", "failure_type": "sms_server"})
        failed.action_send_again()
        for index, sms in enumerate(texts):
            report = DeliveryReport(f"SM{index}", "sent")
            undelivered = replace(report, report="undelivered", fault=UNSURE)
            sms._record_report(report)
            self.assertEqual(sms.shown_state, "sent")
            sms._record_report(undelivered)
            self.assertEqual(sms.shown_state, "failed")
        self.run_outbox()
        self.assertEqual([sms.state for sms in texts], ["error"] * 3)
        self.assertEqual(failed.sent_again_id.state, "sent")

    def test_the_chatter_follows_what_comes_back(self):
        """It said for good that a text was sent which was not, and was cancelled."""
        self.ticket._message_sms("Hello")
        message = self.messages_to()
        self.claim_once(message, state="process")
        [notification] = self.notifications_of(self.ticket)
        undelivered = DeliveryReport("SM1", "undelivered", "30008", fault=UNSURE)
        for report, shown, status in (
            (DeliveryReport("SM1", "sent"), "sent", "pending"),
            (undelivered, "waiting", "ready"),
        ):
            message._record_report(report)
            self.assertEqual(message.shown_state, shown)
            self.assertEqual(notification.notification_status, status)
        message.action_cancel_waiting()
        self.assertEqual(notification.notification_status, "canceled")

    def test_the_chatter_follows_what_the_carrier_does_not_have(self):
        self.ticket._message_sms("Hello")
        message = self.messages_to()
        self.claim_once(message, state="process")
        [notification] = self.notifications_of(self.ticket)
        message._mark_unknown()
        message._update_trackers()
        self.assertEqual(notification.notification_status, "process")
        message._try_again(timedelta())
        self.record_consent(event="revoked")
        self.assertEqual(message.shown_state, "blocked")
        self.assertEqual(notification.notification_status, "canceled")

    def test_what_has_expired_is_not_listed_as_blocked(self):
        [view] = self.env["ir.ui.view"].search([("name", "=", "sms.sms.search.outbox")])
        arch = etree.fromstring(self.env["sms.sms"].get_view(view.id, "search")["arch"])
        domain = literal_eval(arch.find(".//filter[@name='blocked']").get("domain"))
        past = fields.Datetime.now() - timedelta(hours=1)
        expired, refused = self.env["sms.sms"].create(
            [
                {
                    "number": number,
                    "body": "Hello",
                    "purpose_id": self.purposes("ticket").id,
                    "expires_at": past,
                }
                for number in (self.number, "12")
            ]
        )
        shown = (expired | refused).mapped("shown_state")
        self.assertEqual(shown, ["expired", "blocked"])
        found = (expired | refused).filtered_domain(domain)
        self.assertEqual(found, refused)

    def test_a_report_on_what_was_never_posted_changes_nothing(self):
        message = self.queue()
        message._record_report(DeliveryReport("SM1", "delivered"))
        self.assertEqual((message.state, message.report_rank), ("outgoing", 0))
