# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from unittest.mock import patch

from twilio.request_validator import RequestValidator

from odoo.modules.neutralize import get_neutralization_queries
from odoo.tests import tagged
from odoo.tools import SQL

from ...providers import SandboxProvider, TwilioProvider
from ..common import SmsCase
from ..peer.telnyx import PROFILE_ID, PUBLIC_KEY, sign

SECRETS = (
    "sms_twilio_account_sid",
    "sms_twilio_auth_token",
    "sms_twilio_second_auth_token",
    "sms_twilio_api_key_sid",
    "sms_twilio_api_key_secret",
    "sms_twilio_messaging_service_sid",
    "sms_telnyx_api_key",
    "sms_telnyx_public_key",
    "sms_telnyx_messaging_profile_id",
)


@tagged("post_install", "-at_install")
class TestNeutralize(SmsCase):
    """A neutralized copy of the database cannot text anybody."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.companies = cls.env["res.company"]
        for provider in ("twilio", "iap", "sandbox"):
            cls.companies += cls.make_company(
                f"Company on {provider}",
                provider,
                sms_twilio_account_sid="AC" + "0" * 32,
                sms_twilio_auth_token="the-token",
                sms_twilio_second_auth_token="the-next-token",
                sms_twilio_api_key_sid="SK" + "0" * 32,
                sms_twilio_api_key_secret="the-secret",
                sms_twilio_messaging_service_sid="MG" + "0" * 32,
                sms_telnyx_api_key="KEY" + "0" * 32,
                sms_telnyx_public_key=PUBLIC_KEY,
                sms_telnyx_messaging_profile_id=PROFILE_ID,
                sms_backup_provider="telnyx",
            )
        cls.keys = set(cls.companies.mapped("sms_webhook_key"))
        cls.companies[0].action_rotate_sms_webhook_key()
        cls.keys |= set(cls.companies.mapped("sms_webhook_key"))
        for code in ("twilio", "telnyx"):
            cls.env["ir.config_parameter"].set_param(
                f"helpdesk_mgmt_sms.{code}_api_url", "https://carrier.example"
            )

    def neutralize(self):
        """Run Odoo's neutralization queries of the modules for texts."""
        self.env.flush_all()
        queries = get_neutralization_queries(["sms_twilio", "helpdesk_mgmt_sms"])
        for query in queries:
            self.env.cr.execute(query)
        # The copy is neutralized before a server starts on it.
        self.env.invalidate_all()
        self.env.registry.clear_cache()

    def make_waiting(self, company):
        """Return a waiting message of the company."""
        self.record_consent(self.number, "alert", company=company)
        return self.env["sms.sms"].create(
            {
                "number": self.number,
                "body": "The network is down.",
                "record_company_id": company.id,
                "purpose_id": self.purposes("alert").id,
            }
        )

    def test_every_company_is_on_the_sandbox(self):
        self.neutralize()
        companies = self.env["res.company"].with_context(active_test=False).search([])
        self.assertEqual(set(companies.mapped("sms_provider")), {"sandbox"})
        for company in companies:
            self.assertIs(type(company._get_sms_provider()), SandboxProvider)

    def test_no_credential_is_left(self):
        self.neutralize()
        for company in self.companies:
            for name in SECRETS:
                with self.subTest(company=company.name, field=name):
                    self.assertFalse(company[name])
            for code in ("twilio", "telnyx"):
                self.assertTrue(company._get_sms_provider(code).missing())
            self.assertEqual(company._get_sms_carriers(), ("sandbox",))
        parameters = self.env["ir.config_parameter"]
        for code in ("twilio", "telnyx"):
            self.assertFalse(parameters.get_param(f"helpdesk_mgmt_sms.{code}_api_url"))

    def test_of_what_only_administrators_see_nothing_is_left(self):
        """Also of fields that are added later."""
        names = [
            field.name
            for field in self.companies._fields.values()
            if field.name.startswith("sms_") and field.store and field.type == "char"
            if field.groups == "base.group_system" and field.name != "sms_check_seal"
        ]
        self.assertLess(set(SECRETS), set(names))
        company = self.companies[0]
        for name in names:
            self.env.cr.execute(
                SQL(
                    "UPDATE res_company SET %s = 'planted' WHERE id = %s",
                    SQL.identifier(name),
                    company.id,
                )
            )
        self.neutralize()
        query = SQL(
            "SELECT to_jsonb(it)::text FROM res_company it WHERE id = %s", company.id
        )
        self.assertNotIn("planted", self.env.execute_query(query)[0][0])

    def test_no_monitoring_system_wakes_anybody(self):
        sources = self.env["sms.alert.source"]
        source = sources.create({"name": "Prometheus", "team_id": self.team.id})
        key, secret = source.key, source.secret
        self.neutralize()
        self.assertFalse(sources._find_by_key(key))
        self.assertFalse(source.active or source.secret)
        self.assertNotIn(secret, (source.key, source.secret))

    def test_the_copy_is_monitored_at_an_address_of_its_own(self):
        watch = self.env["sms.outbox.watch"]
        known = watch._get_health_token()
        self.neutralize()
        self.env.registry.clear_all_caches()
        self.assertIsNone(watch._get_health(known))
        url = self.env["sms.settings"].create({}).sms_health_url
        self.assertTrue(watch._get_health(url.rpartition("/")[2]))

    def test_the_originals_public_addresses_do_not_work_in_the_copy(self):
        self.neutralize()
        new_keys = set(self.companies.mapped("sms_webhook_key"))
        self.assertEqual(len(new_keys), len(self.companies))
        self.assertFalse(new_keys & self.keys)
        for key in self.keys:
            self.assertFalse(self.env["res.company"]._find_by_sms_webhook_key(key))

    def test_a_signature_of_the_original_is_refused_in_the_copy(self):
        provider = self.companies[0]._get_sms_provider("twilio")
        url, form = "https://odoo.example/inbound", {"Body": "STOP"}
        signature = RequestValidator("the-token").compute_signature(url, form)
        self.assertTrue(provider.verify(url, form, signature))
        self.neutralize()
        provider = self.companies[0]._get_sms_provider("twilio")
        self.assertFalse(provider.verify(url, form, signature))

    def test_telnyxs_signature_is_refused_in_the_copy(self):
        headers = sign(b"{}")
        signature = headers["telnyx-signature-ed25519"], headers["telnyx-timestamp"]
        provider = self.companies[0]._get_sms_provider("telnyx")
        self.assertTrue(provider.verify("", b"{}", signature))
        self.neutralize()
        provider = self.companies[0]._get_sms_provider("telnyx")
        self.assertFalse(provider.verify("", b"{}", signature))

    def test_what_waits_in_the_copy_reaches_no_carrier(self):
        company = self.companies[0]
        self.env["sms.twilio.number"].create(
            {
                "company_id": company.id,
                "number": "+13035550100",
                "country_id": company.country_id.id,
            }
        )
        sms = self.make_waiting(company)
        self.assertEqual((sms.state, sms.gate_verdict), ("outgoing", "send"))
        self.neutralize()
        with patch.object(TwilioProvider, "send", side_effect=AssertionError("texted")):
            self.run_outbox()
            company.sms_provider = "twilio"
            company.sms_twilio_account_sid = "AC" + "1" * 32
            company.sms_twilio_auth_token = "of a test account"
            self.run_outbox()
        self.assertEqual((sms.state, sms.provider), ("canceled", False))

    def test_what_the_carrier_may_have_is_neither_sent_again_nor_looked_up(self):
        rows = self.env["sms.sms"]
        for state in ("process", "unknown"):
            rows += self.make_waiting(self.companies[0])
            rows[-1].write({"state": state, "provider": "twilio"})
            rows[-1].lookup_at = "2026-01-01"
        self.neutralize()
        self.assertEqual(rows.mapped("state"), ["pending"] * 2)
        self.assertFalse(any(rows.mapped("lookup_at")))

    def test_what_the_carrier_has_told_the_original_is_not_processed_in_the_copy(self):
        self.bring("My screen is black")
        self.neutralize()
        self.run_events()
        said = self.env["sms.inbound"].search([("number", "=", self.number)])
        self.assertFalse(said)

    def test_nobody_joins_on_the_page_of_the_copy(self):
        company = self.companies[0]
        company.sms_join_page = True
        find = self.env["res.company"]._find_by_sms_join_key
        self.assertEqual(find(company.sms_join_key), company)
        self.neutralize()
        self.assertFalse(find(company.sms_join_key))

    def test_the_chatter_says_that_it_was_cancelled(self):
        self.record_consent()
        self.ticket._message_sms("We look into it.")
        sms = self.messages_to()
        domain = [("sms_id_int", "=", sms.id)]
        notification = self.env["mail.notification"].search(domain)
        self.assertEqual(notification.notification_status, "ready")
        self.neutralize()
        self.assertEqual(notification.notification_status, "canceled")

    def test_odoos_own_loop_finds_nothing_in_the_copy(self):
        company = self.companies[1]
        company.sms_consent_policy = "opt_out"
        sms = self.make_waiting(company)
        self.assertEqual(sms.state, "outgoing")
        self.neutralize()
        sms._send()
        self.run_native_queue()
        self.assertEqual((sms.state, sms.provider), ("canceled", False))

    def test_it_can_run_twice(self):
        self.neutralize()
        self.neutralize()
        self.assertEqual(set(self.companies.mapped("sms_provider")), {"sandbox"})
