# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from contextlib import ExitStack
from datetime import timedelta
from unittest.mock import patch

from odoo import fields

from odoo.addons.sms.tools.sms_api import SmsApi

from ...providers import TelnyxProvider, TwilioProvider
from ...providers.faults import NO_ANSWER, NO_CONNECTION
from ...providers.outbound import ACCEPTED, AGAIN, Outcome
from ...tools.dispatch import DispatchRun
from ..peer.telnyx import API_KEY, PUBLIC_KEY
from .common import FIRST, SendersCase

OWN_TELNYX = "+13035550172"
SID = "SM" + "5" * 32


class TestCarrierChange(SendersCase):
    """A company changes from Twilio to Telnyx in the middle of the day."""

    def change(self, code="telnyx"):
        """Change the carrier, as an administrator does; the former account stays."""
        self.company.write(
            {
                "sms_provider": code,
                "sms_telnyx_api_key": API_KEY,
                "sms_telnyx_public_key": PUBLIC_KEY,
                "sms_telnyx_number_ids": [
                    (5, 0, 0),
                    (0, 0, {"number": OWN_TELNYX}),
                ],
            }
        )

    def send(self):
        """Run the outbox; return which carrier accepted which text by which sender."""
        taken = []

        def make(code):
            def send(_provider, message):
                taken.append((code, message.sender, message.body.splitlines()[0]))
                return Outcome(ACCEPTED, carrier_id=f"{code}-{len(taken)}")

            return send

        with ExitStack() as stack:
            for adapter in (TwilioProvider, TelnyxProvider):
                patched = patch.object(adapter, "send", make(adapter.code))
                stack.enter_context(patched)
            self.run_outbox()
        return taken

    def test_what_waits_or_is_held_leaves_by_the_new_one_once(self):
        self.text(self.ticket, body="It waits.")
        held = self.text(self.ticket, body="It is held.")
        tomorrow = fields.Datetime.now() + timedelta(days=1)
        held.write({"gate_verdict": "hold", "not_before": tomorrow})
        self.change()
        self.assertEqual(self.send(), [("telnyx", OWN_TELNYX, "It waits.")])
        held.not_before = fields.Datetime.now()
        self.assertEqual(self.send(), [("telnyx", OWN_TELNYX, "It is held.")])
        self.assertEqual(self.send(), [])

    def test_what_the_former_one_has_is_reported_by_it(self):
        sms = self.text(self.ticket)
        self.assertEqual([it[0] for it in self.send()], ["twilio"])
        sms.carrier_id = SID
        self.change()
        form = {"MessageSid": SID, "MessageStatus": "delivered"}
        events = self.env["sms.webhook.event"].sudo()
        events._take_report(self.company, "twilio", sms.uuid, form)
        self.run_events()
        self.assertEqual((sms.state, sms.provider), ("sent", "twilio"))
        self.assertFalse(self.company._get_sms_provider("twilio").missing())

    def test_what_it_may_have_is_not_sent_twice_and_ends_in_words(self):
        sms = self.text(self.ticket)
        long_ago = fields.Datetime.now() - timedelta(days=2)
        sms.write(
            {
                "state": "unknown",
                "provider": "twilio",
                **dict.fromkeys(("claimed_at", "tried_at", "lookup_at"), long_ago),
            }
        )
        self.change()
        self.assertEqual(self.send(), [])
        self.assertEqual((sms.state, sms.fault_id.fault), ("error", NO_ANSWER))
        self.assertTrue(sms.shown_reason)

    def test_what_it_refused_for_now_and_odoo_sends_is_odoos(self):
        """Twilio cannot be reached, so the company goes by Odoo's for a while."""
        self.company.sms_consent_policy = "opt_out"
        sms = self.text(self.ticket)
        refused = Outcome(AGAIN, fault=NO_CONNECTION, failure_type="sms_server")
        with patch.object(TwilioProvider, "send", lambda *_args: refused):
            self.run_outbox()
        self.assertEqual((sms.state, sms.provider), ("outgoing", "twilio"))
        sms.not_before = fields.Datetime.now()
        self.company.sms_provider = "iap"
        taken = [{"uuid": sms.uuid, "state": "processing", "credit": 0}]
        with patch.object(SmsApi, "_contact_iap", lambda *_args, **_options: taken):
            self.run_native_queue()
        self.assertEqual((sms.state, sms.provider), ("process", False))
        self.env.flush_all()
        ages = "UPDATE sms_sms SET claimed_at = claimed_at - interval '1 hour'"
        self.env.cr.execute(ages)
        self.env.invalidate_all()
        self.assertEqual(self.send(), [])
        self.company.sms_provider = "twilio"
        self.assertEqual(self.send(), [])
        self.assertEqual(sms.state, "process")

    def test_what_was_claimed_for_it_and_has_not_begun_is_taken_back(self):
        """Behind a slow carrier claimed texts wait for up to a minute."""
        sms = self.text(self.ticket)
        dispatcher = self.env["sms.dispatcher"]
        [senders] = dispatcher._get_accounts().values()
        calls = [key for _account, key, *_call in dispatcher._claim(senders, 5)]
        run = DispatchRun(60.0)
        self.assertFalse(dispatcher._find_blocked(calls, run))
        self.change("sandbox")
        self.assertEqual(dispatcher._find_blocked(calls, run), set(calls))
        dispatcher._block_withdrawn(calls)
        self.assertEqual(self.send(), [])
        self.assertEqual((sms.provider, sms.attempts), ("sandbox", 1))

    def test_a_stop_at_the_former_number_counts(self):
        self.text(self.ticket)
        self.change()
        self.bring("STOP", To=FIRST)
        self.run_events()
        [(_code, _sender, answer)] = self.send()
        self.assertIn("opted out", answer)
        self.assertEqual(self.messages_to()[0].gate_reason, "opted_out")

    def test_senders_follow_and_come_back(self):
        senders = self.env["sms.sender"]
        former = senders.search([("company_id", "=", self.company.id)])
        self.assertEqual(set(former.mapped("provider")), {"twilio"})
        self.change()
        active = senders.search([("company_id", "=", self.company.id)])
        self.assertEqual(active.mapped("address"), [OWN_TELNYX])
        self.change("twilio")
        again = senders.search([("company_id", "=", self.company.id)])
        self.assertEqual(again, former)

    def test_without_a_number_there_what_waits_is_told_in_words(self):
        sms = self.text(self.ticket)
        self.change()
        self.company.sms_telnyx_number_ids = [(5, 0, 0)]
        self.assertEqual(self.send(), [])
        self.assertEqual(sms.gate_verdict, "block")
        self.assertTrue(sms.gate_label)


class TestFormerAddress(SendersCase):
    """The carrier may still call the address before the current one."""

    def test_an_emptied_address_is_still_accepted(self):
        old = "https://old.example"
        self.company.write({"sms_provider": "twilio", "sms_webhook_base_url": old})
        self.company.sms_webhook_base_url = False
        self.assertNotIn(self.company.sms_webhook_base_url, (False, old))
        self.assertEqual(self.company.sms_former_webhook_base_url, old)
        self.assertIn(old, self.company._get_sms_base_urls())
