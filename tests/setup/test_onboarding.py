# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json
from datetime import timedelta
from unittest.mock import patch

from twilio.request_validator import RequestValidator

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import Form, HttpCase, tagged

from ...models.setup.sms_carrier_check import CHECK
from ...providers import TelnyxProvider
from ...providers.outbound import DeliveryReport
from ..common import SmsCase, phone_number
from ..peer.company import OWN_NUMBER, LoopbackTwilio
from ..peer.twilio import ACCOUNT_SID, AUTH_TOKEN
from .common import SAID

OWN_PHONE, OPEN_PHONE = phone_number(77), phone_number(78)


class OnboardingCase(LoopbackTwilio, SmsCase):
    """A company on its way from the sandbox to the first real text."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write(SAID)

    def get_setup(self, user=None, method="get_setup"):
        """Return what the screen gets, if need be after the carrier was asked."""
        onboarding = self.env["sms.onboarding"].with_user(user or self.manager)
        setup = call_kw(onboarding, method, [], {})
        if method == "get_setup":
            return setup
        self.assertTrue(setup["is_asking"])
        self.ask_carrier()
        return self.get_setup(user)

    def ask_carrier(self):
        """Run the cron that asks the carrier."""
        self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_carrier_check"))
        self.env.invalidate_all()

    def get_states(self, user=None, part="steps", method="get_setup"):
        """Return the states of the rows by key."""
        rows = self.get_setup(user, method)[part]
        return {row["key"]: row["state"] for row in rows}

    def get_row(self, key, user=None, part="steps"):
        """Return one row."""
        [row] = [r for r in self.get_setup(user)[part] if r["key"] == key]
        return row

    def text_my_phone(self, number=OWN_PHONE, user=None, is_agreed=True):
        """Send a test text by the form; return the messages to the number."""
        form = self.env["sms.test.text"].with_user(user or self.manager)
        form.create({"number": number, "is_agreed": is_agreed}).action_send()
        return self.messages_to(number)


class TestOnboarding(OnboardingCase):
    """Each step that is done is recognized, and the right users get its buttons."""

    def test_a_company_on_the_sandbox(self):
        setup = self.get_setup()
        self.assertEqual(setup["company"], self.company.name)
        self.assertEqual(setup["count"], len(setup["steps"]))
        states = self.get_states()
        self.assertEqual(states["sandbox"], "todo")
        self.assertEqual(states["account"], "todo")
        self.assertEqual(states["text"], "todo")
        self.receive("SUPPORT")
        self.assertEqual(self.get_states()["sandbox"], "done")
        # A text from the virtual phone has not come through a carrier.
        self.assertEqual(self.get_states()["answer"], "todo")

    def test_who_writes_must_be_known(self):
        self.company.write({"phone": False, "email": False, "sms_terms_url": False})
        self.company.sms_privacy_url = "https://www.example.com/privacy"
        row = self.get_row("company")
        self.assertEqual(row["state"], "todo")
        self.assertIn("terms", row["text"])
        self.assertIn("HELP", row["text"])
        self.assertNotIn("the privacy policy", row["text"])
        self.assertIn("An administrator enters the contact", row["text"])
        [button] = self.get_row("company", self.administrator)["buttons"]
        self.assertEqual(button["action"]["url"], "/odoo/sms-settings#sms_policy_pages")
        self.assertIn("Say who you are first", self.get_row("account")["text"])
        self.company.write(
            {"email": "it@example.com", "sms_terms_url": "https://example.com/terms"}
        )
        self.assertEqual(self.get_states()["company"], "done")
        self.assertNotIn("first", self.get_row("account")["text"])

    def test_who_is_live_and_does_not_say_who_writes_is_warned(self):
        self.start_peer()
        self.enter_account(sms_terms_url=False)
        self.enter_number()
        self.assertEqual(self.get_states()["company"], "wrong")
        self.record_consent(OPEN_PHONE, "internal")
        self.assertSent(self.text_my_phone(OPEN_PHONE, is_agreed=False), "internal")

    def test_others_do_not_open_it(self):
        for user in (self.agent, self.employee, self.compliance_officer):
            for method in ("get_setup", "check_account"):
                with self.subTest(user=user.login), self.assertRaises(AccessError):
                    self.get_setup(user, method)

    def test_only_an_administrator_changes_the_account(self):
        self.start_peer()
        self.enter_account()
        self.peer.account.add_number(OWN_NUMBER)
        self.assertEqual(self.get_states(method="check_account")["senders"], "wrong")
        self.assertFalse(self.get_row("senders")["buttons"])
        for method in ("take_numbers", "set_inbound_url", "remove_key"):
            with self.assertRaises(AccessError):
                self.get_setup(self.manager, method)
        [button] = self.get_row("senders", self.administrator)["buttons"]
        states = self.get_states(self.administrator, method=button["method"])
        self.assertEqual((states["senders"], states["inbound"]), ("done", "wrong"))
        self.assertIn("administrator", self.get_row("inbound")["text"])
        [button] = self.get_row("inbound", self.administrator)["buttons"]
        states = self.get_states(self.administrator, method=button["method"])
        self.assertEqual(states["inbound"], "done")

    def test_wrong_credentials_are_said_and_forgotten_with_them(self):
        self.start_peer()
        self.enter_account(sms_twilio_auth_token="wrong")
        self.assertEqual(self.get_states()["account"], "todo")
        self.assertEqual(self.get_states(method="check_account")["account"], "wrong")
        self.enter_account()
        self.assertEqual(self.get_states()["account"], "todo")
        self.assertEqual(self.get_states(method="check_account")["account"], "done")

    def test_an_account_that_is_not_entered(self):
        self.company.write({"sms_provider": "twilio"})
        row = self.get_row("account")
        self.assertEqual(row["state"], "todo")
        self.assertIn("Auth Token", row["text"])

    def test_a_carrier_that_cannot_be_asked(self):
        """Its steps are skipped: the first real text shows whether it works."""
        self.company.write(
            {
                "sms_provider": "telnyx",
                "sms_telnyx_api_key": "KEY0123",
                "sms_telnyx_public_key": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
                "sms_telnyx_messaging_profile_id": "the-profile",
            }
        )
        with patch.object(TelnyxProvider, "can_check", lambda self: False):
            states = self.get_states()
        self.assertEqual(
            {states[key] for key in ("account", "senders", "inbound")}, {"skipped"}
        )
        self.company.sms_telnyx_public_key = False
        self.assertIn("Public Key", self.get_row("account")["text"])

    def test_the_screen_tells_no_secret(self):
        self.start_peer()
        self.enter_account(sms_webhook_key="the-webhook-key")
        self.peer.account.add_number(OWN_NUMBER, sms_url="https://x.example/a-secret")
        self.enter_number()
        shown = json.dumps(self.get_setup(method="check_account"))
        for secret in (ACCOUNT_SID, AUTH_TOKEN, "the-webhook-key", "a-secret"):
            self.assertNotIn(secret, shown)


class TestTestText(OnboardingCase):
    """A text to one's own phone passes the gate like any other."""

    def test_the_own_phone_agrees_and_gets_it(self):
        [message] = self.text_my_phone()
        self.assertSent(message, "internal")
        [event] = self.env["sms.consent.event"].search(
            [("evidence_id.number", "=", OWN_PHONE)]
        )
        self.assertEqual((event.event, event.method), ("granted", "web"))
        self.assertEqual(event.evidence_id.sudo().name, self.manager.name)
        self.assertIn("urgent alerts", event.evidence_id.sudo().wording)
        self.text_my_phone(is_agreed=False)
        self.assertEqual(len(self.messages_to(OWN_PHONE)), 2)

    def test_without_agreement_nothing_leaves(self):
        with self.assertRaisesRegex(UserError, "Confirm that"):
            self.text_my_phone(is_agreed=False)
        self.assertFalse(self.messages_to(OWN_PHONE))

    def test_a_form_cannot_undo_a_stop(self):
        self.record_consent(OWN_PHONE, event="revoked")
        with self.assertRaisesRegex(UserError, "START"):
            self.text_my_phone()

    def test_what_is_no_number(self):
        with self.assertRaisesRegex(UserError, "not a phone number"):
            self.text_my_phone("12")

    def test_a_text_that_is_blocked_is_not_called_sent(self):
        form = self.env["sms.test.text"].with_user(self.manager)
        form = form.create({"number": OWN_PHONE, "is_agreed": True})
        told = form.action_send()["params"]
        self.assertEqual(told["message"], "The text is on its way.")
        self.company.write({"sms_provider": "twilio", "sms_twilio_account_sid": False})
        told = form.action_send()["params"]
        self.assertEqual(told["type"], "warning")
        self.assertIn("Text messaging is not set up", told["message"])

    def test_the_form_shows_the_words_until_they_are_agreed_to(self):
        with Form(self.env["sms.test.text"].with_user(self.manager)) as form:
            form.number = OWN_PHONE
            self.assertIn("urgent alerts", form.wording)
            self.assertFalse(form.is_known)
            self.assertFalse(form.is_agreed)
        self.record_consent(OWN_PHONE, "internal")
        with Form(self.env["sms.test.text"].with_user(self.manager)) as form:
            form.number = OWN_PHONE
            self.assertTrue(form.is_known)

    def test_the_form_tells_nothing_of_a_company_where_they_do_not_work(self):
        other = self.make_company("Other")
        self.manager.company_ids -= other
        self.record_consent(OWN_PHONE, "internal", company=other)
        form = self.env["sms.test.text"].with_user(self.manager)
        values = {"company_id": other.id, "number": OWN_PHONE}
        with self.assertRaises(AccessError):
            form.onchange(values, ["number"], {"number": {}, "is_known": {}})

    def test_others_do_not_send_it(self):
        for user in (self.agent, self.employee):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.text_my_phone(user=user)

    def test_it_is_no_way_to_text_a_list_of_strangers(self):
        for index in range(5):
            self.assertTrue(self.text_my_phone(phone_number(800 + index)))
        with self.assertRaisesRegex(UserError, "Try again in an hour"):
            self.text_my_phone(phone_number(805))
        self.assertFalse(self.messages_to(phone_number(805)))

    def test_not_in_another_company(self):
        other = self.make_company("Other")
        form = self.env["sms.test.text"].with_user(self.manager)
        form = form.with_context(allowed_company_ids=other.ids)
        form = form.create({"number": OWN_PHONE, "is_agreed": True})
        self.manager.company_ids -= other
        with self.assertRaises(AccessError):
            form.with_context(allowed_company_ids=self.company.ids).action_send()


class TestHealth(OnboardingCase):
    """The panel shows the state of the system, and no personal data."""

    def setUp(self):
        super().setUp()
        self.cron = self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_dispatch")
        self.cron.nextcall = fields.Datetime.now()

    def test_all_is_well_in_the_sandbox(self):
        states = self.get_states(part="health")
        self.assertEqual(states["cron"], "done")
        self.assertEqual(states["queue"], "done")
        self.assertEqual(states["senders"], "done")
        self.assertEqual(states["address"], "skipped")

    def test_a_cron_that_does_not_run(self):
        self.cron.nextcall -= timedelta(minutes=16)
        self.assertIn("should have run", self.get_row("cron", part="health")["text"])
        self.cron.active = False
        row = self.get_row("cron", part="health")
        self.assertEqual(row["state"], "wrong")
        self.assertIn("switched off", row["text"])

    def test_the_day_of_the_last_verification_is_a_date(self):
        """Not "intact on today"."""
        self.record_consent()
        self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_consent_check"))
        text = self.get_row("ledger", part="health")["text"]
        self.assertRegex(text, r"Intact on \w+ \d+, \d{4}, ")

    def test_a_sender_that_has_stopped(self):
        self.env["sms.sender"].search([]).stop_count = 1
        self.assertEqual(self.get_states(part="health")["senders"], "wrong")

    def test_the_last_text_is_of_the_carrier_in_use(self):
        self.assertEqual(self.get_states(part="health")["inbound"], "todo")
        self.receive("hello")
        self.assertEqual(self.get_states(part="health")["inbound"], "done")
        self.company.sms_provider = "twilio"
        self.assertEqual(self.get_states(part="health")["inbound"], "todo")

    def test_an_address_that_no_carrier_reaches(self):
        parameters = self.env["ir.config_parameter"]
        self.company.sms_provider = "twilio"
        for url, state in (
            ("http://localhost:8069", "wrong"),
            ("https://my_odoo.example.com", "wrong"),
            ("http://odoo.example.com", "todo"),
            ("https://odoo.example.com", "todo"),
        ):
            parameters.set_param("web.base.url", url)
            with self.subTest(url=url):
                self.assertEqual(self.get_states(part="health")["address"], state)

    def test_an_address_that_no_carrier_reaches_is_not_set_there(self):
        """Texts that came somewhere until then, a STOP among them, would be lost."""
        parameters = self.env["ir.config_parameter"]
        parameters.set_param("web.base.url", "http://localhost:8069")
        account = {"sms_twilio_account_sid": "AC1", "sms_twilio_auth_token": "x"}
        self.company.write({"sms_provider": "twilio", **account})
        setup = self.env["sms.onboarding"].with_user(self.administrator)
        with self.assertRaisesRegex(UserError, "cannot reach http://localhost"):
            setup.set_inbound_url()
        self.company.sms_webhook_base_url = "https://odoo.example.com"
        self.assertTrue(setup.set_inbound_url()["is_asking"])

    def test_only_a_carrier_that_has_called_proves_the_address(self):
        since = fields.Datetime.now() - timedelta(hours=1)
        self.company.write(
            {
                "sms_provider": "twilio",
                "sms_webhook_base_url": "https://odoo.example.com",
            }
        )
        self.company.sms_webhook_base_since = since
        sms = self.env["sms.sms"].create({"number": OWN_PHONE, "body": "Hello"})
        sms.provider = "twilio"
        told = DeliveryReport("SM1", "delivered", raw={"MessageSid": "SM1"})
        looked_up = DeliveryReport("SM1", "delivered")
        for report, is_report_fetched in ((told, True), (looked_up, False)):
            sms.is_report_fetched = is_report_fetched
            self.env["sms.report"]._store([(sms, report)])
            self.assertEqual(self.get_states(part="health")["address"], "todo")
            self.assertFalse(self.company._has_proven_sms_base_url("twilio"))
            sms.report_ids.unlink()
        self.env["sms.report"]._store([(sms, told)])
        health = self.get_states(part="health")
        self.assertEqual((health["address"], health["report"]), ("done", "done"))
        self.assertTrue(self.company._has_proven_sms_base_url("twilio"))
        # What one carrier says shows nothing of the next.
        self.company.sms_provider = "telnyx"
        raw = {"MessageSid": "SM1", "MessageStatus": "delivered"}
        events = self.env["sms.webhook.event"].sudo()
        events._take_report(self.company, "twilio", sms.uuid, raw)
        health = self.get_states(part="health")
        self.assertEqual((health["address"], health["report"]), ("todo", "todo"))


@tagged("post_install", "-at_install")
class TestOnboardingTour(OnboardingCase, HttpCase):
    """From the sandbox to the first real text, at a loopback Twilio, in a browser."""

    def test_from_the_sandbox_to_the_first_real_text(self):
        self.start_peer()
        self.peer.account.add_number(OWN_NUMBER, sms_url="https://old.example.com/x")
        self.administrator.partner_id.phone = OWN_PHONE
        for part in ("wrong", "right", "numbers", "inbound"):
            self.start_part(part)
            self.ask_carrier()
        self.start_part("text")
        self.assertEqual(self.company.sms_twilio_auth_token, AUTH_TOKEN)
        inbound_url = self.company._get_sms_url("inbound")
        number = self.peer.account.numbers[OWN_NUMBER]
        self.assertEqual(number["sms_url"], inbound_url)
        self.run_outbox()
        [post] = self.peer.to(OWN_PHONE)
        self.assertEqual(post["From"], OWN_NUMBER)
        self.call_back(
            post["StatusCallback"],
            {"MessageSid": post["sid"], "MessageStatus": "delivered"},
        )
        self.call_back(
            inbound_url,
            {"MessageSid": "SM1", "From": OWN_PHONE, "To": OWN_NUMBER, "Body": "HELP"},
        )
        self.start_part("arrives")

    def test_no_carrier_before_it_says_who_writes(self):
        self.company.write({**dict.fromkeys(SAID, False), "email": False})
        self.start_part("unsaid")
        self.company.invalidate_recordset()
        self.assertEqual(self.company.sms_provider, "twilio")
        self.assertFalse(self.company._get_sms_unsaid())

    def test_a_slow_server_is_asked_again_only_after_its_answer(self):
        self.start_peer()
        self.enter_account()
        self.env["sms.carrier.check"]._ask(self.company, CHECK)
        self.start_part("slow")

    def start_part(self, part):
        """Run one part of the tour in a browser."""
        self.start_tour(
            "/odoo/action-helpdesk_mgmt_sms.sms_onboarding_action",
            f"helpdesk_sms_onboarding_{part}",
            login="sms-administrator",
            timeout=300,
        )

    def call_back(self, url, form):
        """Post to one of our webhooks, signed as Twilio does."""
        form = {"AccountSid": ACCOUNT_SID, **form}
        signature = RequestValidator(AUTH_TOKEN).compute_signature(url, form)
        answer = self.url_open(
            url, data=form, headers={"X-Twilio-Signature": signature}
        )
        self.assertEqual(answer.status_code, 200)
        self.run_events()
