# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Offers follow the law of the recipient's country, whatever the company's policy."""

from datetime import date

from odoo.exceptions import AccessError, UserError

from ...tools.purpose_rules import CONSENT
from ..common import SmsCase

DAY = date(2026, 11, 27)
#: Example numbers, or numbers that no carrier assigns, and their countries.
NUMBERS = {
    "+13035550142": "US",
    "+16475550142": "CA",
    "+447700900123": "GB",
    "+33612345678": "FR",
    "+491713920012": "DE",
    "+34612345678": "ES",
    "+32470123456": "BE",
    "+819012345678": "JP",
}


class TestOffers(SmsCase):
    """A company in the outbox whose policy is opt-out."""

    policy = "opt_out"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        address = {"street": "1 Main St", "city": "Denver", "phone": "+13035550100"}
        cls.company.partner_id.write(address)

    def send(self, number, code="marketing", **values):
        return self.env["sms.sms"].create(
            {
                "number": number,
                "body": "Hello",
                "purpose_id": self.purposes(code).id,
                **values,
            }
        )

    def test_an_offer_needs_consent_wherever_the_law_is_known(self):
        for number, country in NUMBERS.items():
            with self.subTest(country=country):
                self.assertBlocked(self.send(number), "marketing", "no_consent")
                self.record_consent(number, "marketing")
                self.assertEqual(self.send(number).gate_verdict, "send")

    def test_a_blocked_offer_can_be_sent_once_the_law_is_met(self):
        sms = self.send(self.number)
        self.assertEqual(sms._find_block_now(), "no_consent")
        ways = sms.with_user(self.manager)._get_ways()
        self.assertEqual(ways, ("record", "other", "call"))
        self.record_consent(self.number, "marketing")
        self.assertEqual(sms._find_block_now(), "")
        canadian = "+16475550142"
        self.record_consent(canadian, "marketing")
        self.company.partner_id.street = False
        sms = self.send(canadian)
        self.assertBlocked(sms, "marketing", "no_address")
        self.assertEqual(sms._find_block_now(), "no_address")

    def test_everything_else_needs_none(self):
        for code in ("ticket", "alert", "appointment"):
            with self.subTest(code=code):
                self.assertSent(self.send(self.number, code), code, "not_opted_out")

    def test_a_country_whose_law_asks_for_none(self):
        self.env["sms.consent.law"].create(
            {
                "country_id": self.env.ref("base.jp").id,
                "is_required": False,
                "source": "A test",
                "relaxation_reason": "Counsel, 3 May",
            }
        )
        self.assertEqual(self.send("+819012345678").gate_verdict, "send")
        self.assertEqual(self.send(self.number).gate_verdict, "block")

    def test_a_company_on_odoos_provider_is_left_as_it_was(self):
        other = self.make_company("Apps", "iap")
        sms = self.send(self.number, record_company_id=other.id)
        self.assertEqual(sms.gate_verdict, "send")
        other.sms_quiet_hours = True
        sms = self.send(self.number, record_company_id=other.id)
        self.assertEqual(sms.gate_reason, "no_consent")

    def test_what_other_apps_send_by_a_twilio_account_until_it_is_mapped(self):
        """Odoo's own suites text contacts in Belgium by the composer."""
        company = self.make_company("Apps", "twilio")
        company.write(
            {
                "sms_twilio_account_sid": "AC" + "5ec" * 10 + "re",
                "sms_twilio_auth_token": "token",
                "sms_twilio_number_ids": [
                    (0, 0, {"number": "+13035550199", "country_id": self.country.id})
                ],
            }
        )
        values = {"number": self.number, "body": "x", "record_company_id": company.id}
        unmapped = self.env["sms.sms"].create(values)
        self.assertTrue(unmapped.is_unmapped)
        self.assertEqual(unmapped.gate_verdict, "send")
        named = self.send(self.number, record_company_id=company.id)
        self.assertEqual(named.gate_reason, "no_consent")
        sandbox = self.env["sms.sms"].create({"number": self.number, "body": "x"})
        self.assertEqual(sandbox.gate_reason, "no_consent")
        unmapped.write({"state": "error", "failure_type": "sms_not_delivered"})
        again, errors = unmapped.with_user(self.manager)._send_again()
        self.assertFalse(errors)
        self.assertEqual((again.is_unmapped, again.gate_verdict), (True, "send"))

    def test_the_table_is_the_administrators_and_less_strict_with_a_reason(self):
        law = self.env.ref("helpdesk_mgmt_sms.sms_consent_law_us")
        for user in (self.manager, self.compliance_officer):
            with self.assertRaises(AccessError):
                law.with_user(user).is_required = False
        law = law.with_user(self.administrator)
        for values in (
            {"is_required": False},
            {"active": False},
            {"effective_to": "2026-01-01"},
            {"country_id": self.env.ref("base.jp").id},
        ):
            with (
                self.subTest(**values),
                self.assertRaisesRegex(UserError, "Reason for Relaxing"),
                self.env.cr.savepoint(),
            ):
                law.write(values)
        law.write({"is_required": False, "relaxation_reason": "Counsel, 3 May"})
        self.assertEqual(self.send(self.number).gate_verdict, "send")
        law.is_required = True
        self.assertEqual(self.send(self.number).gate_verdict, "block")

    def test_each_law_names_its_source(self):
        for law in self.env["sms.consent.law"].search([("duty", "=", CONSENT)]):
            self.assertTrue(law.source and law.is_required, law.country_id.code)
