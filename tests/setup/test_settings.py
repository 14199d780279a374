# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import Form

from ...wizard.sms_settings import SECRET_MASK
from ..common import SmsCase

ACCOUNT_SID = "AC" + "5ec" * 10 + "re"


class TestSettings(SmsCase):
    """A helpdesk manager sets what is no secret, an administrator the rest."""

    def open_settings(self, user, company=None):
        """Return the settings as a user opens them."""
        settings = self.env["sms.settings"].with_user(user)
        companies = company or self.company
        return settings.with_context(allowed_company_ids=companies.ids)

    def test_a_manager_sets_what_is_no_secret(self):
        with Form(self.open_settings(self.manager)) as form:
            form.sms_courtesy_from = 9.5
            form.sms_team_id = self.team
            form.sms_privacy_url = " https://www.example.com/privacy "
        self.assertEqual(self.company.sms_courtesy_from, 9.5)
        self.assertEqual(self.company.sms_team_id, self.team)
        self.assertEqual(
            self.company.sms_privacy_url, "https://www.example.com/privacy"
        )

    def test_a_form_that_is_open_saves_what_is_changed_later(self):
        settings = self.open_settings(self.manager).create({"sms_bulk_from": 9})
        settings.write({"sms_bulk_from": 8})
        self.assertEqual(self.company.sms_bulk_from, 8)
        self.assertEqual(settings.sms_bulk_from, 8)

    def test_others_neither_open_nor_save_them(self):
        for user in (self.agent, self.employee, self.compliance_officer):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.open_settings(user).create({"sms_bulk_from": 20})

    def test_a_manager_neither_sees_nor_sets_the_account(self):
        self.company.sms_twilio_auth_token = "the-auth-token"
        settings = self.open_settings(self.manager)
        for name in (
            *("sms_twilio_account_sid", "sms_twilio_auth_token"),
            *("sms_twilio_api_key_secret", "sms_twilio_number_ids"),
            *("sms_inbound_url", "sms_health_url"),
        ):
            with self.subTest(field=name):
                self.assertNotIn(name, settings.fields_get())
                with self.assertRaises(AccessError):
                    settings.create({}).read([name])
        with self.assertRaises(AccessError):
            settings.create({"sms_twilio_auth_token": "another"})
        with self.assertRaises(AccessError):
            settings.create({}).write({"sms_twilio_account_sid": ACCOUNT_SID})
        self.assertEqual(self.company.sms_twilio_auth_token, "the-auth-token")

    def test_what_is_no_setting_is_not_written(self):
        """Or a form would be a way to write anything to the company."""
        name = self.company.name
        settings = self.open_settings(self.manager)
        created = settings.create(
            {"company_name": "Taken over", "sms_join_url": "https://example.com"}
        )
        self.assertEqual(self.company.name, name)
        self.assertNotEqual(created.sms_join_url, "https://example.com")

    def test_an_administrator_enters_the_account_without_its_blanks(self):
        with Form(self.open_settings(self.administrator)) as form:
            form.sms_provider = "twilio"
            form.sms_twilio_account_sid = f" {ACCOUNT_SID}\n"
            form.sms_twilio_auth_token = "a-token "
            with form.sms_twilio_number_ids.new() as line:
                line.number = "+13035550101"
                line.country_id = self.country
        self.assertEqual(self.company.sms_twilio_account_sid, ACCOUNT_SID)
        self.assertEqual(self.company.sms_twilio_auth_token, "a-token")
        sender = self.env["sms.sender"].search([("company_id", "=", self.company.id)])
        self.assertEqual(sender.mapped("address"), ["+13035550101"])

    def test_a_saved_secret_is_shown_as_a_mask_and_kept(self):
        self.company.sms_twilio_auth_token = "the-auth-token"
        settings = self.open_settings(self.administrator).create({})
        self.assertEqual(settings.sms_twilio_auth_token, SECRET_MASK)
        settings.write({"sms_twilio_auth_token": SECRET_MASK})
        self.assertEqual(self.company.sms_twilio_auth_token, "the-auth-token")
        self.assertNotIn("the-auth-token", json.dumps(settings.read(), default=str))

    def test_numbers_that_nobody_touches_stay(self):
        self.company.write(
            {
                "sms_twilio_number_ids": [
                    Command.create(
                        {"number": "+13035550101", "country_id": self.country.id}
                    )
                ]
            }
        )
        number = self.company.sms_twilio_number_ids
        self.open_settings(self.administrator).create(
            {"sms_twilio_number_ids": [Command.link(number.id)]}
        )
        self.assertEqual(self.company.sms_twilio_number_ids, number)

    def test_saving_what_is_there_starts_no_stopped_sender(self):
        sender = self.env["sms.sender"].search([("company_id", "=", self.company.id)])
        sender.write({"stop_count": 1})
        settings = self.open_settings(self.administrator)
        settings.create({"sms_provider": "sandbox", "sms_twilio_account_sid": False})
        self.assertEqual(sender.stop_count, 1)

    def test_each_company_has_its_own(self):
        other = self.make_company("Other")
        self.open_settings(self.manager, other).create({"sms_bulk_from": 7})
        self.assertEqual(other.sms_bulk_from, 7)
        self.assertNotEqual(self.company.sms_bulk_from, 7)

    def test_another_companys_team_is_out_of_reach(self):
        """It is written in sudo, and texts would come to strangers."""
        other = self.env["res.company"].create({"name": "Other"})
        team = self.team.copy({"company_id": other.id})
        with self.assertRaises(AccessError):
            self.open_settings(self.manager).create({"sms_team_id": team.id})
        self.assertNotEqual(self.company.sms_team_id, team)

    def test_the_settings_of_another_company_are_out_of_reach(self):
        other = self.make_company("Other")
        settings = self.open_settings(self.manager)
        with self.assertRaises(AccessError):
            settings.create({"company_id": other.id, "sms_bulk_from": 7})
        stranger = self.open_settings(self.manager, other).create({})
        self.manager.company_ids -= other
        with self.assertRaises(AccessError):
            stranger.with_context(allowed_company_ids=self.company.ids).write(
                {"sms_bulk_from": 7}
            )
