# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Each country's rules for offers besides quiet hours, and the page that shows them.

The hours of each country are cases of ``tests/tools/quiet_hours.csv``.
"""

from datetime import date

from odoo.exceptions import AccessError

from ...tools import purpose_rules
from ..common import SmsCase

COUNTRIES = ("US", "CA", "GB", "FR", "DE", "ES")
CANADIAN, FRENCH, JAPANESE = "+16475550142", "+33612345678", "+819012345678"
FOOTER = "Reply STOP to opt out, HELP for help."


class TestCountryRules(SmsCase):
    """The intake and the gate apply the rules of each country."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.laws = cls.env["sms.consent.law"]
        cls.company.name = "Acme"
        cls.company.partner_id.write(
            {
                **{"street": "1 Main St", "street2": False, "city": "Denver"},
                **{"zip": "80202", "state_id": cls.env.ref("base.state_us_6").id},
                **{"phone": "+1 303-555-0100", "country_id": cls.country.id},
            }
        )

    def send(self, number, **values):
        """Return a new offer to a number with consent to offers on paper."""
        self.record_consent(number, "marketing")
        purpose = self.purposes("marketing")
        return self.env["sms.sms"].create(
            {"number": number, "body": "News", "purpose_id": purpose.id, **values}
        )

    def test_each_country_has_a_row_for_each_duty_with_its_source(self):
        for code in COUNTRIES:
            rows = self.laws.search([("country_id.code", "=", code)])
            found = set(rows.mapped("duty"))
            with self.subTest(country=code):
                self.assertLessEqual(set(purpose_rules.DUTIES) - {"address"}, found)
                self.assertTrue(all(row.source and row.source_url for row in rows))
                # A rule is confirmed only if somebody has read it.
                self.assertFalse(
                    rows.filtered("is_confirmed") - rows.filtered("read_on")
                )

    def test_an_offer_to_canada_gives_the_postal_address(self):
        address = "1 Main St, Denver CO 80202, United States, +1 303-555-0100"
        sms = self.send(CANADIAN)
        self.assertSent(sms, "marketing")
        self.assertEqual(sms.body, f"News\nAcme, {address}: {FOOTER}")
        self.assertEqual(self.send(FRENCH).body, f"News\nAcme: {FOOTER}")
        footer = self.env["sms.sms"]._get_footer_for(
            self.purposes("marketing"), "en_US", self.company, CANADIAN
        )
        self.assertIn(address, footer)
        ticket = self.purposes("ticket").id
        self.assertNotIn("Main St", self.send(CANADIAN, purpose_id=ticket).body)

    def test_without_an_address_it_is_blocked_there_and_nowhere_else(self):
        self.company.partner_id.street = False
        self.assertBlocked(self.send(CANADIAN), "marketing", "no_address")
        self.assertSent(self.send(FRENCH), "marketing")
        answer = self.send(CANADIAN, exemption="help")
        self.assertEqual(answer.gate_verdict, "send")
        row = self.env.ref("helpdesk_mgmt_sms.sms_consent_law_ca_address")
        row.write({"effective_to": "2026-01-01", "relaxation_reason": "Counsel"})
        self.assertSent(self.send(CANADIAN), "marketing")

    def test_spoken_consent_is_none_unless_a_countrys_row_says_so(self):
        offers = self.purposes("marketing")
        reason = {"relaxation_reason": "Counsel, 3 May"}
        offers.write({"accepts_spoken": True, **reason})
        for number in (CANADIAN, FRENCH, JAPANESE):
            self.record_consent(number, "marketing", method="phone")
        row = self.env.ref("helpdesk_mgmt_sms.sms_consent_law_fr")
        row.write({"is_written": False, **reason})
        values = {"body": "News", "purpose_id": offers.id}
        for number, reason in (
            (CANADIAN, "no_proof"),
            (FRENCH, "consent"),
            (JAPANESE, "no_proof"),
        ):
            sms = self.env["sms.sms"].create({"number": number, **values})
            self.assertEqual(sms.gate_reason, reason, number)

    def test_proof_is_kept_as_long_as_the_longest_row_asks_for(self):
        company = self.env["res.company"].new({})
        longest = max(self.laws.search([]).mapped("keep_years"))
        self.assertLessEqual(longest, company.sms_keep_consent_years)

    def test_the_page_shows_hours_and_duties_by_country(self):
        self.env["sms.quiet.hours"].create(
            {
                "name": "Ours",
                "source": "The house",
                "company_id": self.env["res.company"].create({"name": "Other"}).id,
                "country_id": self.env.ref("base.fr").id,
            }
        )
        hours = self.env.ref("helpdesk_mgmt_sms.sms_quiet_hours_fr")
        hours.active = True
        rows = self.env["sms.country.rule"].with_user(self.compliance_officer)
        french = rows.search([("country_id.code", "=", "FR")])
        self.assertEqual(
            french.mapped("matter"),
            ["hours", "consent", "sender", "address", "way_out", "records", "senders"],
        )
        self.assertEqual(
            french[0].rule,
            "Monday to Friday 8:00–20:00, Saturday 8:00–20:00, Sunday Closed. "
            "Not on public holidays.",
        )
        self.assertEqual(french[0].effective_from, date(2024, 9, 1))
        self.assertEqual(french[0].action_view_source()["res_id"], hours.id)
        with self.assertRaises(AccessError):
            rows.with_user(self.agent).search([])
