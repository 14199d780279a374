# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.sms.tools.sms_api import SmsApi

from ...tools import verdicts
from ..common import SmsCase, phone_number


@tagged("post_install", "-at_install")
class TestRefusals(SmsCase):
    """A blocked message is a visible row with a reason, not dropped and no error."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stage = cls.env["helpdesk.ticket.stage"].create(
            {
                "name": "Texting",
                "sequence": 98,
                "sms_template_id": cls.env.ref(
                    "helpdesk_mgmt_sms.sms_template_ticket_received"
                ).id,
            }
        )

    def assertChatterSays(self, record, failure_type):
        """Check that the chatter shows why the last text was not sent."""
        notification = self.notifications_of(record)[-1]
        self.assertEqual(notification.failure_type, failure_type)
        self.assertIn(notification.notification_status, ("exception", "canceled"))

    def test_who_has_said_nothing_gets_nothing(self):
        self.ticket._message_sms("Hello")
        self.assertBlocked(self.messages_to(), "ticket", "no_consent")
        self.assertChatterSays(self.ticket, "sms_no_consent")

    def test_who_was_asked_and_has_not_answered_gets_nothing(self):
        self.record_consent(event="requested")
        self.ticket._message_sms("Hello")
        self.assertBlocked(self.messages_to(), "ticket", "awaiting_yes")

    def test_who_has_opted_out_gets_nothing(self):
        self.record_consent()
        self.record_consent(event="revoked")
        self.ticket._message_sms("Hello")
        self.assertBlocked(self.messages_to(), "ticket", "opted_out")
        self.assertChatterSays(self.ticket, "sms_optout")

    def test_a_number_that_cannot_be_read_does_not_block_a_ticket(self):
        for number in ("soon", "12", "+1303", "tel: 5", "+" * 300):
            with self.subTest(number=number):
                customer = self.make_customer(number)
                ticket = self.make_ticket(customer, stage_id=self.stage.id)
                self.run_automations()
                message = self.env["sms.sms"].search([], limit=1)
                self.assertEqual(message.partner_id, customer)
                self.assertBlocked(message, "ticket", "bad_number")
                self.assertChatterSays(ticket, "sms_number_format")

    def test_no_number_does_not_block_a_ticket(self):
        before = self.env["sms.sms"].search_count([])
        self.make_ticket(self.make_customer(False), stage_id=self.stage.id)
        self.make_ticket(stage_id=self.stage.id)
        self.run_automations()
        self.assertEqual(self.env["sms.sms"].search_count([]), before)

    def test_a_text_to_nobody_says_so(self):
        customer = self.make_customer(False)
        ticket = self.make_ticket(customer)
        ticket._message_sms("Hello")
        message = self.env["sms.sms"].search([("partner_id", "=", customer.id)])
        self.assertBlocked(message, "ticket", "no_number")
        self.assertChatterSays(ticket, "sms_number_missing")

    def test_a_company_without_credentials_says_so(self):
        self.company.sms_provider = "twilio"
        self.record_consent()
        self.ticket._message_sms("Hello")
        message = self.messages_to()
        self.assertBlocked(message, "ticket", "no_provider")
        self.assertIn("tell an administrator", message.gate_label)
        self.assertChatterSays(self.ticket, "sms_no_provider")
        # Once it is set up, the message can be sent again.
        self.company.sms_provider = "sandbox"
        message.action_set_outgoing()
        self.assertSent(message, "ticket")
        self.run_outbox()
        self.assertEqual(message.state, "sent")
        [notification] = self.notifications_of(self.ticket)
        self.assertEqual(notification.notification_status, "sent")

    def test_what_is_blocked_cannot_be_sent_again_while_it_is(self):
        self.ticket._message_sms("Hello")
        message = self.messages_to()
        message.action_set_outgoing()
        self.assertBlocked(message, "ticket", "no_consent")
        message.resend_failed()
        self.run_outbox()
        self.assertBlocked(message, "ticket", "no_consent")

    def test_every_reason_is_known_to_the_chatter(self):
        """Odoo's notifications lack ``sms_optout``: cancelling with it would fail."""
        notification_field = self.env["mail.notification"]._fields["failure_type"]
        known = set(notification_field.get_values(self.env))
        own = set(self.env["sms.sms"]._fields["failure_type"].get_values(self.env))
        self.assertLessEqual(set(verdicts.FAILURE_TYPES.values()), known & own)
        self.record_consent()
        for failure_type in sorted(own & known):
            with self.subTest(failure_type=failure_type):
                self.ticket._message_sms("Hello")
                message = self.messages_to()[-1]
                message._update_sms_state_and_trackers("canceled", failure_type)
                self.assertChatterSays(self.ticket, failure_type)

    def test_an_agent_can_put_a_failure_away(self):
        ticket = self.ticket.with_user(self.agent)
        ticket._message_sms("Hello")
        ticket.notify_cancel_by_type("sms")
        [notification] = self.notifications_of(self.ticket)
        self.assertEqual(notification.notification_status, "canceled")
        self.assertBlocked(self.messages_to(), "ticket", "no_consent")


@tagged("post_install", "-at_install")
class TestOptOutPolicy(SmsCase):
    """Under the opt-out policy only an opt-out blocks."""

    policy = "opt_out"

    def test_who_has_said_nothing_may_be_texted(self):
        self.ticket._message_sms("Hello")
        self.assertSent(self.messages_to(), "ticket", "not_opted_out")

    def test_who_has_opted_out_may_not(self):
        self.record_consent(event="revoked")
        self.ticket._message_sms("Hello")
        self.assertBlocked(self.messages_to(), "ticket", "opted_out")

    def test_each_company_has_its_own_policy(self):
        strict = self.make_company("Strict", sms_consent_policy="opt_in")
        ticket = self.make_ticket(self.customer, company_id=strict.id)
        ticket._message_sms("Hello")
        message = self.messages_to()
        self.assertEqual(message.record_company_id, strict)
        self.assertBlocked(message, "ticket", "no_consent")


@tagged("post_install", "-at_install")
class TestOdoosOwnProvider(SmsCase):
    """A company on IAP keeps Odoo's own loop, behind the gate (design, 7.6)."""

    provider = "iap"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.posted, cls.words = [], []
        # The call to Odoo's servers, and nothing above it, is replaced.
        cls.startClassPatcher(patch.object(SmsApi, "_contact_iap", cls._answer))

    def setUp(self):
        super().setUp()
        self.posted.clear()
        self.words.clear()

    @staticmethod
    def _answer(_api, _endpoint, params):
        """Accept every message, as Odoo's servers do."""
        uuids = []
        for message in params["messages"]:
            for number in message["numbers"]:
                TestOdoosOwnProvider.posted.append(number["number"])
                TestOdoosOwnProvider.words.append(message["content"])
                uuids.append(number["uuid"])
        return [{"uuid": uuid, "state": "success", "credit": 1} for uuid in uuids]

    def make_sms(self, number=None, **values):
        """Create a message of another app."""
        values = {"number": number or self.number, "body": "Hello", **values}
        return self.env["sms.sms"].create(values)

    def test_our_purposes_do_not_leave_that_way(self):
        """A STOP could not be received."""
        self.record_consent()
        self.ticket._message_sms("Hello")
        self.assertBlocked(self.messages_to(), "ticket", "no_way_back")
        self.run_native_queue()
        self.run_outbox()
        self.assertEqual(self.posted, [])

    def test_other_apps_leave_that_way_with_consent(self):
        self.record_consent(None, "marketing")
        message = self.make_sms()
        refused = self.make_sms(phone_number(1))
        self.run_outbox()
        self.assertEqual(message.state, "outgoing", "it is not the outbox's")
        self.run_native_queue()
        self.assertEqual(self.posted, [self.number])
        self.assertEqual(message.state, "pending")
        self.assertBlocked(refused, "marketing", "no_consent")
        self.assertEqual(message.gate_reason, "consent")

    def test_the_gate_is_asked_again_at_the_last_moment(self):
        self.record_consent(None, "marketing")
        sent_at_once, queued = self.make_sms(), self.make_sms()
        self.record_consent(event="revoked")
        sent_at_once.send()
        self.run_native_queue()
        self.assertEqual(self.posted, [])
        self.assertBlocked(sent_at_once, "marketing", "opted_out")
        self.assertBlocked(queued, "marketing", "opted_out")

    def test_each_reader_gets_the_address_of_their_own_page(self):
        numbers = (self.number, phone_number(1))
        messages = self.env["sms.sms"]
        for number in numbers:
            self.record_consent(number, "marketing")
            messages |= self.make_sms(
                number, body=f"Choose: {self.ticket.sms_preference_url}"
            )
        self.assertEqual(len(set(messages.mapped("body"))), 1, "one masked text")
        messages[0].send()
        self.assertEqual(self.posted, [self.number])
        self.run_native_queue()
        links = self.env["sms.preference.link"]
        urls = links._get_urls([(self.company, number) for number in numbers])
        for number, words in zip(self.posted, self.words, strict=True):
            self.assertIn(urls[self.company, number], words)

    def test_under_opt_out_all_leave_that_way(self):
        self.company.sms_consent_policy = "opt_out"
        self.ticket._message_sms("Hello", put_in_queue=True)
        self.assertSent(self.messages_to(), "ticket", "not_opted_out")
        self.run_native_queue()
        self.assertEqual(self.posted, [self.number])

    @mute_logger("odoo.addons.helpdesk_mgmt_sms.models.dispatch.sms_sms")
    def test_what_one_company_has_sent_is_not_sent_again_for_another(self):
        self.allow_offers()
        other = self.make_company("Other", "iap", sms_consent_policy="opt_out")
        self.company.sms_consent_policy = "opt_out"
        odd_number, last_number = phone_number(1), phone_number(2)
        third = self.make_company("Third", "iap", sms_consent_policy="opt_out")
        self.make_sms()
        odd = self.make_sms(odd_number, record_company_id=other.id)
        self.make_sms(last_number, record_company_id=third.id)
        ask = type(odd)._ask_gate

        def fail_for_odd(messages):
            if odd.id in messages._ids:
                raise KeyError("odd")
            return ask(messages)

        with patch.object(type(odd), "_ask_gate", fail_for_odd):
            self.run_native_queue()
            self.run_native_queue()
        self.assertEqual(self.posted, [self.number, last_number], "each once")
        self.run_native_queue()
        self.assertEqual(self.posted[2:], [odd_number])

    @mute_logger("odoo.addons.helpdesk_mgmt_sms.models.dispatch.sms_sms")
    def test_what_fails_after_it_was_sent_is_not_sent_again_at_once(self):
        """As many texts as Odoo takes at once: the job went on again and again."""
        self.env["ir.config_parameter"].set_param("sms.session.batch.size", 1)
        self.record_consent(None, "marketing")
        self.make_sms()
        self.make_sms()

        def fail(_messages, _results):
            raise KeyError("what another module does about it")

        with patch.object(self.registry["sms.sms"], "_handle_call_result_hook", fail):
            self.run_native_queue()
        self.assertEqual(self.posted, [self.number] * 2, "each once")
        self.run_native_queue()
        self.assertEqual(len(self.posted), 4, "nothing was lost")

    def test_two_companies_in_one_queue(self):
        """Odoo's own method would fail on them: "Expected singleton"."""
        self.allow_offers()
        other = self.make_company("Other", "iap", sms_consent_policy="opt_out")
        on_outbox = self.make_company("Outbox", sms_consent_policy="opt_out")
        self.company.sms_consent_policy = "opt_out"
        first = self.make_sms(phone_number(1))
        second = self.make_sms(phone_number(2), record_company_id=other.id)
        third = self.make_sms(phone_number(3), record_company_id=on_outbox.id)
        self.run_native_queue()
        self.assertEqual(sorted(self.posted), [phone_number(1), phone_number(2)])
        self.assertEqual((first | second).mapped("state"), ["pending", "pending"])
        self.assertEqual(third.state, "outgoing", "it is the outbox's")
        self.run_outbox()
        self.assertEqual(third.state, "sent")
        self.assertEqual(len(self.posted), 2)

    def test_who_calls_the_api_itself_finds_no_way_around(self):
        """As the test wizard of mass mailings does."""
        self.record_consent(None, "marketing")
        numbers = [
            {"number": self.number, "uuid": "a" * 32},
            {"number": phone_number(1), "uuid": "b" * 32},
        ]
        api = self.company._get_sms_api_class()(self.env)
        results = api._send_sms_batch([{"content": "Hello", "numbers": numbers}])
        self.assertEqual({result["uuid"] for result in results}, {"a" * 32, "b" * 32})
        self.assertEqual(self.posted, [])
        self.assertSent(self.messages_to(), "marketing")
        self.assertBlocked(self.messages_to(phone_number(1)), "marketing", "no_consent")
        self.run_native_queue()
        self.assertEqual(self.posted, [self.number])

    def test_odoos_clean_up_takes_its_own_rows_and_not_ours(self):
        self.allow_offers()
        other = self.make_company("Sandbox", sms_consent_policy="opt_out")
        self.company.sms_consent_policy = "opt_out"
        native = self.make_sms(phone_number(1))
        ours = self.make_sms(phone_number(2), record_company_id=other.id)
        self.run_native_queue()
        self.run_outbox()
        self.assertTrue(native.to_delete)
        ours.to_delete = True
        self.env.flush_all()
        self.env["sms.sms"]._gc_device()
        self.env.invalidate_all()
        self.assertEqual((native | ours).exists(), ours)
        self.assertFalse(ours.to_delete)
