# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields
from odoo.tools import mute_logger

from ...models.core.encrypted_field import KEY_VARIABLE, EncryptionKeyError
from ...models.setup.sms_health import WRONG
from ...providers import faults
from ...tools.at_rest import get_key_id
from ..common import phone_number
from ..web import WebCase
from .encryption import NEW, OLD, SCAN, SECRETS, EncryptionCase


class TestKeyMissing(EncryptionCase):
    """A missing key is reported plainly, and nothing is lost."""

    def setUp(self):
        super().setUp()
        self.use_keys(OLD)
        self.event = self.plant()
        self.env.flush_all()
        self.use_keys()

    def test_the_error_says_which_key_and_what_to_do(self):
        for record, name in (
            (self.event.evidence_id, "name"),
            (self.event, "name"),
            (self.company, "sms_twilio_auth_token"),
        ):
            for keys in ((), (NEW,)):
                self.use_keys(*keys)
                with self.assertRaises(EncryptionKeyError) as caught:
                    record.read([name])
                for word in (get_key_id(OLD), KEY_VARIABLE):
                    self.assertIn(word, str(caught.exception))
        with self.assertRaises(EncryptionKeyError):
            self.event.evidence_id.attachment_ids.read(["raw"])

    def test_all_else_goes_on(self):
        self.assertTrue(self.company.name)
        self.assertTrue(self.company._get_sms_account("twilio")["account_sid"] is False)
        self.receive("STOP")
        [answer] = self.env["sms.consent"].search(
            [("number", "=", self.number), ("purpose_id", "=", False)]
        )
        self.assertEqual(answer.state, "opted_out")

    def test_what_cannot_be_read_is_not_written_over(self):
        self.company.name = "Another Name"
        settings = self.env["sms.settings"].with_user(self.administrator)
        form = settings.create({})
        shown = form.read(["sms_twilio_auth_token"])[0]["sms_twilio_auth_token"]
        self.assertTrue(shown)
        form.write({"sms_twilio_auth_token": shown, "sms_review_days": 3})
        self.run_cron()
        self.use_keys(OLD)
        self.assert_readable(self.event)
        self.assert_intact()

    def test_a_new_token_can_be_entered(self):
        settings = self.env["sms.settings"].with_user(self.administrator)
        settings.create({"sms_twilio_auth_token": "a new one"})
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(self.company.sms_twilio_auth_token, "a new one")

    def test_the_cron_counts_what_it_cannot_read_and_leaves_it(self):
        self.use_keys(NEW)
        self.run_cron()
        state, text = self.env["sms.encryption"]._get_state(self.make_company("Other"))
        self.assertEqual(state, WRONG)
        self.assertIn("3 rows", text)
        self.use_keys(OLD)
        self.assert_readable(self.event)

    def test_the_check_says_that_it_cannot_be_read_and_not_that_it_was_changed(self):
        with self.assertRaises(EncryptionKeyError):
            self.env["sms.consent.check"]._verify(self.company)

    def test_what_is_no_key_loses_nothing(self):
        self.use_keys("this is none", OLD)
        self.assert_readable(self.event)
        with mute_logger("odoo.addons.helpdesk_mgmt_sms.models.core.sms_encryption"):
            self.run_cron()
        state, _text = self.env["sms.encryption"]._get_state(self.company)
        self.assertEqual(state, WRONG)


class TestTextsWait(EncryptionCase):
    """Texts of an account with unreadable credentials wait until the key is back."""

    def setUp(self):
        super().setUp()
        number = self.env["sms.twilio.number"].create(
            {
                "number": phone_number(90),
                "country_id": self.country.id,
                "company_id": self.company.id,
            }
        )
        self.use_keys(OLD)
        self.company.write(
            {
                **SECRETS,
                "sms_provider": "twilio",
                "sms_twilio_account_sid": "AC" + "0" * 32,
                "sms_twilio_api_key_secret": False,
                "sms_twilio_number_ids": [(4, number.id)],
            }
        )
        self.record_consent()
        self.use_keys()

    def claim(self):
        """Return the calls that the dispatcher would make now."""
        dispatcher = self.env["sms.dispatcher"]
        accounts = dispatcher._get_accounts()
        return [
            call
            for senders in accounts.values()
            for call in dispatcher._claim(senders, 9)
        ]

    def test_they_wait_and_the_administrators_are_told(self):
        self.ticket._message_sms("Your printer is ready")
        sms = self.messages_to()
        self.assertEqual((sms.state, sms.gate_verdict), ("outgoing", "send"))
        self.run_outbox()
        self.assertEqual(sms.state, "outgoing")
        sender = sms.sender_id
        self.assertTrue(sender._is_stopped())
        self.assertEqual(sender.fault_id.fault, faults.LOCKED)
        state, text = self.env["sms.encryption"]._get_state(self.company)
        self.assertEqual(state, WRONG)
        self.assertIn("Texts wait", text)
        self.assertFalse(self.claim())
        self.use_keys(OLD)
        sender.action_start()
        [(_account, key, call, _delay)] = self.claim()
        self.assertEqual((key.kind, key.sms_id), ("send", sms.id))
        account = call.func.__self__.account
        self.assertEqual(account["auth_token"], SECRETS["sms_twilio_auth_token"])

    def test_a_lookup_waits_too(self):
        self.ticket._message_sms("Your printer is ready")
        sms = self.messages_to()
        sms.write(
            {
                "state": "unknown",
                "provider": "twilio",
                "lookup_at": "2026-01-01",
                "claimed_at": "2026-01-01",
            }
        )
        self.assertEqual(self.env["sms.dispatcher"]._claim_lookups(5), [])
        self.assertEqual(sms.state, "unknown")

    def test_pictures_wait_too(self):
        inbound = self.env["sms.inbound"].create(
            {
                "company_id": self.company.id,
                "provider": "twilio",
                "provider_sid": "SM7",
                "number": phone_number(7),
                "received_at": "2026-01-01",
            }
        )
        media = self.env["sms.media"].create(
            {"inbound_id": inbound.id, "url": "https://api.twilio.com/x"}
        )
        self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_media"))
        self.assertEqual((media.state, media.attempts), ("waiting", 0))
        self.assertGreater(media.next_at, fields.Datetime.now())

    def test_the_setup_says_it(self):
        setup = self.env["sms.onboarding"].with_user(self.manager).get_setup()
        steps = {step["key"]: step for step in setup["steps"]}
        rows = {row["key"]: row for row in setup["health"]}
        for row in (steps["account"], rows["encryption"]):
            self.assertEqual(row["state"], WRONG)
            self.assertIn(KEY_VARIABLE, row["text"])


class TestOverHttp(WebCase, EncryptionCase):
    """Responses to browsers with the key, and to carriers without it."""

    def test_an_officer_opens_an_encrypted_scan(self):
        self.use_keys(OLD)
        scan = self.record_consent(files=[("a.pdf", SCAN)]).evidence_id.attachment_ids
        self.env.flush_all()
        self.authenticate("sms-compliance", "sms-compliance")
        answer = self.get(f"/web/content/{scan.id}")
        self.assertEqual(answer.content, SCAN)
        self.assertEqual(answer.headers["Content-Type"], "application/pdf")
        self.authenticate("sms-agent", "sms-agent")
        self.assertEqual(self.get(f"/web/content/{scan.id}").status_code, 404)

    def test_a_request_that_cannot_be_verified_is_to_be_sent_again(self):
        self.use_keys(OLD)
        self.company.write(
            {**SECRETS, "sms_provider": "twilio", "sms_twilio_account_sid": "AC0"}
        )
        url = self.company.sms_inbound_url
        self.use_keys(NEW)
        with self.assertLogs("odoo.addons.helpdesk_mgmt_sms", "ERROR"):
            answer = self.url_open(url, data={"Body": "STOP", "From": self.number})
        self.assertEqual(answer.status_code, 503)
        self.assertFalse(self.env["sms.inbound"].search([("body", "=", "STOP")]))
        self.use_keys(OLD)
        answer = self.url_open(url, data={"Body": "STOP", "From": self.number})
        self.assertEqual(answer.status_code, 403)
