# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...tools.dispatch import DispatchRun
from .common import BatchCase

LOGGER = "odoo.addons.helpdesk_mgmt_sms.models.dispatch.sms_dispatcher"


@tagged("post_install", "-at_install")
class TestOddRows(BatchCase):
    """A message on which another app's code fails does not stop the outbox."""

    def setUp(self):
        super().setUp()
        self.other = self.make_company("Other")
        self.record_consent(company=self.other)
        self.odd = self.queue()

    def make_unknown(self, **values):
        """Let the outcome of the odd message be unknown."""
        self.claim(1)
        self.odd._mark_unknown()
        tried_at = fields.Datetime.now() - timedelta(hours=2)
        self.odd.write({"tried_at": tried_at, **values})

    def fail_on_odd(self, name):
        """Patch a method of messages to fail if the odd one is among them."""
        model, odd_id = type(self.odd), self.odd.id
        method = getattr(model, name)

        def fail(messages, *args, **kwargs):
            if odd_id in messages._ids:
                raise KeyError("odd")
            return method(messages, *args, **kwargs)

        return patch.object(model, name, fail)

    def run_with(self, name):
        """Run the outbox while a method fails; others' texts must be sent."""
        sound = self.queue(record_company_id=self.other.id)
        with self.fail_on_odd(name), self.assertLogs(LOGGER, "ERROR") as logs:
            self.run_outbox()
        self.env.invalidate_all()
        self.assertEqual(sound.state, "sent")
        self.assertIn(str(self.odd), " ".join(logs.output))
        with self.fail_on_odd(name), self.assertNoLogs(LOGGER, "ERROR"):
            self.run_outbox()
        self.env.invalidate_all()

    def test_an_abandoned_claim(self):
        self.claim(1)
        self.odd.claimed_at -= timedelta(hours=1)
        self.run_with("_update_trackers")
        self.assertEqual(self.odd.state, "unknown", "it is never posted again")
        self.assertGreater(self.odd.lookup_at, fields.Datetime.now())

    def test_an_expired_message(self):
        expired = fields.Datetime.now() - timedelta(minutes=1)
        self.odd.write({"expires_at": expired, "not_before": fields.Datetime.now()})
        self.run_with("_ask_gate")
        self.assertEqual(self.odd.state, "canceled")

    def test_a_message_without_a_sender(self):
        self.odd.sender_id = False
        self.run_with("_choose_senders")
        self.assertEqual(self.odd.state, "outgoing")
        self.assertGreater(self.odd.not_before, fields.Datetime.now())

    def test_a_message_behind_one_whose_company_gets_its_senders(self):
        """The new sender is stored anew, not taken from what was undone."""
        sound = self.queue(record_company_id=self.other.id)
        senders = self.env["sms.sender"].with_context(active_test=False)
        sound.sender_id = False
        senders.search([("company_id", "=", self.other.id)]).unlink()
        self.odd = self.queue()
        self.odd.sender_id = False
        with self.fail_on_odd("_choose_senders"), self.assertLogs(LOGGER, "ERROR"):
            self.run_outbox()
        self.env.invalidate_all()
        self.assertEqual(sound.state, "sent")
        self.assertTrue(sound.sender_id.exists())

    def test_a_message_that_no_carrier_can_be_asked_about(self):
        yesterday = fields.Datetime.now() - timedelta(hours=25)
        self.make_unknown(provider="twilio", lookup_at=yesterday)
        self.run_with("_fail")
        self.assertEqual((self.odd.state, self.odd.lookup_at), ("error", False))

    def test_a_message_that_is_looked_up(self):
        self.make_unknown(lookup_at=fields.Datetime.now() - timedelta(minutes=1))
        self.run_with("write")
        self.assertEqual(self.odd.state, "unknown")
        self.assertGreater(self.odd.lookup_at, fields.Datetime.now())

    def test_the_others_of_a_batch(self):
        others = self.queue_many(3)
        self.claim(4)
        (self.odd | others).claimed_at = fields.Datetime.now() - timedelta(hours=1)
        self.run_with("_update_trackers")
        self.assertEqual(set(others.fault_id.mapped("fault")), {"no_answer"})

    @mute_logger(LOGGER)
    def test_a_claimed_message_after_a_stop(self):
        dispatcher, stopped = self.env["sms.dispatcher"], self.queue()
        calls = self.claim_all()
        self.record_consent(event="revoked")
        with self.fail_on_odd("_get_question"):
            blocked = dispatcher._find_blocked(calls, DispatchRun(30.0))
            self.assertEqual({it.sms_id for it in blocked}, {self.odd.id, stopped.id})
            dispatcher._block_withdrawn(blocked)
        self.env.invalidate_all()
        self.assertEqual((self.odd.state, stopped.state), ("outgoing", "canceled"))
        self.assertGreater(self.odd.not_before, fields.Datetime.now())
