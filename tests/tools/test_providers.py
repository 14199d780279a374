# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import inspect

from odoo.tests import BaseCase, tagged

from ...providers import PROVIDERS, SandboxProvider
from ...providers.account import Sender
from ...providers.base import Provider
from ...providers.faults import UNANSWERED
from ...providers.inbound import InboundEvent
from ...providers.outbound import (
    ACCEPTED,
    CANCELED,
    DELIVERED,
    QUEUED,
    READ,
    REPORT_RANKS,
    SENT,
    UNDELIVERED,
    UNKNOWN,
    DeliveryReport,
    OutboundMessage,
)
from ...tools.phone import E164
from .common import UK_SENDER, US_SENDER


@tagged("post_install", "-at_install")
class TestContract(BaseCase):
    """The contract of every adapter, on which the outbox relies."""

    def test_every_adapter_is_found_by_its_code(self):
        self.assertEqual(set(PROVIDERS), {"twilio", "telnyx", "sandbox"})
        for code, provider_class in PROVIDERS.items():
            with self.subTest(code=code):
                self.assertEqual(provider_class.code, code)
                self.assertTrue(issubclass(provider_class, Provider))

    def test_an_adapter_without_its_work_says_so(self):
        provider = Provider({})
        optional = {"can_check", "check", "set_inbound_url", "list_numbers"}
        for name, method in inspect.getmembers(provider, callable):
            if name.startswith("_") or name in optional:
                continue
            wanted = inspect.signature(method).parameters.values()
            wanted = [None for it in wanted if it.default is it.empty]
            with self.subTest(name=name), self.assertRaises(NotImplementedError):
                method(*wanted)

    def test_what_each_can(self):
        """The outbox asks for nothing else, and its screens show nothing else."""
        names = {it for it in vars(Provider) if it.startswith(("can_", "lists_"))}
        names = {*names, "takes_opt_outs"} - {"can_check"}
        can = {
            code: {it for it in names if getattr(cls, it) is not False}
            for code, cls in PROVIDERS.items()
        }
        self.assertEqual(
            can,
            {
                "twilio": names - {"lists_opt_outs"},
                "telnyx": {"lists_opt_outs"},
                "sandbox": {"can_call"},
            },
        )
        self.assertEqual(
            {cls.name for cls in PROVIDERS.values()}, {"Twilio", "Telnyx", "Sandbox"}
        )

    def test_what_is_a_number(self):
        for number in (US_SENDER, UK_SENDER, "+12345678", "+" + "9" * 15):
            with self.subTest(number=number):
                self.assertTrue(E164.match(number))
        for number in (
            *("", "+", "13035550100", "+03035550100", "+1234567", "+" + "9" * 16),
            *("+1 303 555 0100", "+1303555010a", " +13035550100", "+13035550100 "),
            *("+13035550100\n", "+1３０３５５５０１００", "+١٣٠٣٥٥٥٠١٠٠", "12345"),
        ):
            with self.subTest(number=number):
                self.assertFalse(E164.match(number))

    def test_a_report_is_only_ever_a_step_forward(self):
        """In the order of Twilio's reference: later statuses rank higher."""
        life = (UNKNOWN, QUEUED, SENT, UNDELIVERED, DELIVERED, READ)
        ranks = [REPORT_RANKS[report] for report in life]
        self.assertEqual(ranks, sorted(set(ranks)))
        self.assertEqual(REPORT_RANKS[CANCELED], REPORT_RANKS[UNDELIVERED])
        self.assertEqual(REPORT_RANKS[UNKNOWN], 0)


@tagged("post_install", "-at_install")
class TestSandbox(BaseCase):
    """The sandbox, whose messages stay in the database."""

    sandbox = SandboxProvider({})

    def test_it_needs_no_account_and_sends_by_nobodys_number(self):
        self.assertEqual(self.sandbox.missing(), ())
        self.assertEqual(self.sandbox.senders(), (Sender("sandbox", "sandbox"),))

    def test_it_delivers_at_once(self):
        outcome = self.sandbox.send(OutboundMessage("abc", US_SENDER, "hi"))
        self.assertEqual((outcome.kind, outcome.report), (ACCEPTED, DELIVERED))
        self.assertEqual(outcome.carrier_id, "SBabc")
        for report in (
            self.sandbox.fetch("SBabc"),
            SandboxProvider.parse_answer({"id": "SBabc"}),
        ):
            self.assertEqual(report, DeliveryReport("SBabc", DELIVERED))

    def test_what_was_not_noted_was_not_sent(self):
        self.assertEqual(self.sandbox.find(None, None, None), [])
        self.assertEqual(self.sandbox.find_call(None, None, None), [])

    def test_the_virtual_phones_text(self):
        form = {"id": "SB1", "from": US_SENDER, "body": "STOP"}
        event = SandboxProvider.parse_inbound(form)
        self.assertEqual(
            event,
            InboundEvent("sandbox", "SB1", US_SENDER, "sandbox", "STOP", raw=form),
        )
        self.assertIsNot(event.raw, form)

    def test_its_calls_ring_until_somebody_says_something(self):
        outcome = self.sandbox.place_call(OutboundMessage("abc", US_SENDER, "hi"))
        self.assertEqual(
            (outcome.kind, outcome.report, outcome.carrier_id),
            (ACCEPTED, SENT, "SBabc"),
        )
        self.assertEqual(
            self.sandbox.fetch_call("SBabc"),
            DeliveryReport("SBabc", UNDELIVERED, "", "sms_not_delivered", UNANSWERED),
        )
        self.assertEqual(SandboxProvider.parse_key({"key": "1"}), "1")
