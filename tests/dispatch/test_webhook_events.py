# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import time
from datetime import timedelta
from unittest.mock import patch

from psycopg2.errors import UniqueViolation

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...models.dispatch import sms_webhook_event
from ...providers.twilio import TwilioProvider
from ..common import SmsCase

ROOM = "odoo.addons.helpdesk_mgmt_sms.models.dispatch"
LOGGERS = (f"{ROOM}.sms_dispatcher", f"{ROOM}.sms_webhook_event")


class EventCase(SmsCase):
    """Common base: messages at Twilio, and waiting reports on them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.events = cls.env["sms.webhook.event"]

    def send(self):
        """Return a message that the carrier has accepted."""
        message = self.env["sms.sms"].create({"number": self.number, "body": "Hello"})
        values = {"state": "pending", "provider": "twilio", "report_rank": 1}
        message.write({**values, "carrier_id": f"SM{message.uuid}"})
        return message

    def report(self, message, status, company=None, **fields_of_it):
        """Store a delivery report as Twilio's webhook does."""
        form = {"MessageSid": f"SM{message.uuid}", "MessageStatus": status}
        self.events._take_report(
            company or self.company, "twilio", message.uuid, {**form, **fields_of_it}
        )

    def waiting(self):
        """Return the events that are not processed yet."""
        return self.events.search([])


@tagged("post_install", "-at_install")
class TestReportsOfEvents(EventCase):
    """Reports are stored by the request, and recorded by a worker later."""

    def test_it_is_worked_off_and_gone(self):
        message = self.send()
        self.report(message, "delivered", Price="0.01\x00")
        self.assertEqual(message.state, "pending")
        self.run_events()
        self.assertEqual(message.state, "sent")
        self.assertEqual(message.report_ids.raw["Price"], "0.01")
        self.assertFalse(self.waiting())

    def test_in_whatever_order_it_ends_the_same(self):
        message = self.send()
        for status in ("delivered", "sent", "undelivered", "queued"):
            self.report(message, status)
        self.run_events()
        self.assertEqual(message.state, "sent")
        self.assertEqual(len(message.report_ids), 4)

    def test_of_an_unknown_message_or_company_it_is_nothing(self):
        message, other = self.send(), self.make_company("Other")
        self.report(message, "delivered", other)
        self.events._take_report(self.company, "twilio", "unknown", {"a": "b"})
        self.run_events()
        self.assertEqual(message.state, "pending")
        self.assertFalse(self.waiting())

    def test_an_idle_one_makes_way_for_an_urgent_text(self):
        """It looks again afterwards, for events that have woken nobody."""
        text = self.env["sms.sms"].create({"number": self.number, "body": "Hello"})
        text.write({"state": "outgoing", "priority": 0})
        cron = self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_webhook")
        due = [("cron_id", "=", cron.id)]
        self.env["ir.cron.trigger"].search(due).unlink()
        began, self.is_only_worker = time.monotonic(), True
        with patch.object(sms_webhook_event, "LINGER", 60):
            self._run_cron(cron)
        self.assertLess(time.monotonic() - began, 30)
        self.assertTrue(self.env["ir.cron.trigger"].search(due))

    def test_one_that_cannot_be_recorded_holds_up_no_other(self):
        messages = [self.send() for _i in range(5)]
        bad = messages[2]
        for message in messages:
            self.report(message, "delivered")
        parse = TwilioProvider.parse_report

        def fail(form):
            if bad.uuid in form["MessageSid"]:
                raise ValueError("no such form")
            return parse(form)

        with patch.object(TwilioProvider, "parse_report", fail), mute_logger(*LOGGERS):
            self.run_events()
        states = [message.state for message in messages]
        self.assertEqual(states, ["sent", "sent", "pending", "sent", "sent"])
        self.assertEqual(self.waiting().mapped("uuid"), [bad.uuid])
        self.assertTrue(self.waiting().is_failed)
        # It is not tried again automatically, and does not hold up others.
        self.run_events()
        self.assertEqual(bad.state, "pending")

    def test_an_id_that_another_message_has_just_got(self):
        """Its row was not committed when the report was read, and is now."""
        message = self.send()
        self.report(message, "delivered")
        model, calls = type(message), []
        record = model._record_reports

        def fail_once(messages, *args):
            calls.append(args)
            if len(calls) == 1:
                raise UniqueViolation
            return record(messages, *args)

        with patch.object(model, "_record_reports", fail_once):
            self.run_events()
        self.assertEqual(message.state, "sent")
        self.assertFalse(self.waiting())

    def test_what_came_before_the_message_was_claimed_is_an_earlier_attempts(self):
        message, now = self.send(), fields.Datetime.now()
        message.write({"carrier_id": False, "claimed_at": now, "report_rank": 0})
        self.report(message, "undelivered")
        self.waiting().received_at = now - timedelta(seconds=5)
        self.run_events()
        self.assertEqual(message.state, "pending")
        self.assertEqual(len(message.report_ids), 1)

    def test_the_request_stores_it_in_one_query(self):
        form = {"MessageSid": "SM1", "MessageStatus": "sent"}
        take = (self.events._take_report, self.company, "twilio", "u", form)
        self.assertEqual(self.count_queries(*take), 1)

    def test_a_page_takes_few_queries(self):
        for _message in range(30):
            self.report(self.send(), "delivered")
        self.env.cr.flush()  # also what Odoo does before a commit
        self.assertLess(self.count_queries(self.events._record_next), 30)


@tagged("post_install", "-at_install")
class TestWaking(EventCase):
    """The worker is woken once for many events, and again for later ones."""

    def setUp(self):
        super().setUp()
        self.woken = []
        events = self.registry["sms.webhook.event"]
        wake = patch.object(events, "_wake", lambda it: self.woken.append(it))
        self.enterContext(wake)
        self.enterContext(patch.dict(sms_webhook_event._woken_at, clear=True))
        self.enterContext(self.enter_registry_test_mode())

    def test_many_events_wake_once(self):
        for _event in range(100):
            sms_webhook_event._wake_once(self.registry)
        self.assertEqual(len(self.woken), 1)
        later = time.monotonic() + sms_webhook_event.QUIET
        with patch.object(sms_webhook_event.time, "monotonic", lambda: later):
            sms_webhook_event._wake_once(self.registry)
        self.assertEqual(len(self.woken), 2)

    def test_who_is_woken_looks_on_for_longer_than_nobody_wakes(self):
        self.assertGreater(sms_webhook_event.LINGER, sms_webhook_event.QUIET)

    def test_a_failure_is_no_failure_of_the_request(self):
        def fail(_events):
            raise ValueError("no cron")

        events = self.registry["sms.webhook.event"]
        with patch.object(events, "_wake", fail), mute_logger(*LOGGERS):
            sms_webhook_event._wake_once(self.registry)
        sms_webhook_event._wake_once(self.registry)
        self.assertEqual(len(self.woken), 1)
