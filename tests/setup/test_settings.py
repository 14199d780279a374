# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json

from odoo.exceptions import AccessError, RedirectWarning
from odoo.fields import Command
from odoo.tests import Form

from ...wizard.sms_settings import SECRET_MASK
from ..common import SmsCase
from .common import SAID

ACCOUNT_SID = "AC" + "5ec" * 10 + "re"
PAGES_URL = "/odoo/sms-settings#sms_policy_pages"


class TestSettings(SmsCase):
    """A helpdesk manager changes what is not secret, an administrator the rest."""

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

    def test_an_old_form_undoes_nothing_that_was_saved_since(self):
        self.company.sms_provider = "sandbox"
        with Form(self.open_settings(self.manager)) as form:
            self.company.write({"sms_team_id": self.team.id, "sms_bulk_from": 7})
            form.sms_privacy_url = "https://www.example.com/privacy"
        self.assertEqual(self.company.sms_team_id, self.team)
        self.assertEqual(self.company.sms_bulk_from, 7)
        self.assertEqual(
            self.company.sms_privacy_url, "https://www.example.com/privacy"
        )

    def test_a_country_leaves_the_list(self):
        france, spain = self.env.ref("base.fr"), self.env.ref("base.es")
        self.company.sms_form_country_ids = france | spain
        settings = self.open_settings(self.manager)
        names = ("company_id", "shown", "sms_form_country_ids")
        form = settings.onchange({}, [], dict.fromkeys(names, {}))["value"]
        links = [it[:2] for it in form["sms_form_country_ids"] if it[1] == france.id]
        # The browser sends what is left.
        settings.create({**form, "sms_form_country_ids": links})
        self.assertEqual(self.company.sms_form_country_ids, france)
        settings.create({**form, "sms_form_country_ids": []})
        self.assertFalse(self.company.sms_form_country_ids)

    def test_an_old_form_leaves_what_others_have_changed(self):
        for user in (self.manager, self.administrator):
            with Form(self.open_settings(user)) as form:
                self.company.write(
                    {
                        "sms_bulk_from": 7,
                        "sms_free_right": "managers",
                        "sms_quiet_hours": False,
                        "sms_team_id": self.team.id,
                        "sms_terms_url": "https://www.example.com/terms",
                        "sms_relaxation_reason": "The board has decided it.",
                    }
                )
                form.sms_privacy_url = f"https://www.example.com/{user.id}"
            self.assertRecordValues(
                self.company,
                [
                    {
                        "sms_bulk_from": 7,
                        "sms_free_right": "managers",
                        "sms_quiet_hours": False,
                        "sms_team_id": self.team.id,
                        "sms_terms_url": "https://www.example.com/terms",
                        "sms_privacy_url": f"https://www.example.com/{user.id}",
                    }
                ],
            )
            self.company.write({"sms_bulk_from": 9, "sms_quiet_hours": True})

    def test_a_list_of_countries_changes_no_country(self):
        """They are written in sudo, and a client may send any command."""
        france = self.env.ref("base.fr")
        chile = self.env.ref("base.cl")
        settings = self.open_settings(self.manager)
        linked = (Command.SET, 0, france.ids)
        for command in (
            (Command.UPDATE, france.id, {"name": "Nowhere"}),
            (Command.CREATE, 0, {"name": "Elsewhere", "code": "XQ"}),
            (Command.DELETE, chile.id, 0),
        ):
            settings.create({"sms_form_country_ids": [linked, command]})
        self.assertEqual(france.name, "France")
        self.assertTrue(chile.exists())
        self.assertEqual(self.company.sms_form_country_ids, france)

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
        """Otherwise the form could write any field of the company."""
        name = self.company.name
        settings = self.open_settings(self.manager)
        created = settings.create(
            {"company_name": "Taken over", "sms_join_url": "https://example.com"}
        )
        self.assertEqual(self.company.name, name)
        self.assertNotEqual(created.sms_join_url, "https://example.com")

    def test_an_administrator_enters_the_account_without_its_blanks(self):
        self.company.write(SAID)
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
        """It is written with sudo, so texts could reach another company's team."""
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
        # The form's defaults come from the client's context.
        opened = settings.with_context(default_company_id=other.id)
        with self.assertRaises(AccessError):
            opened.onchange({}, [], {"sms_consent_policy": {}, "sms_join_url": {}})
        with self.assertRaises(AccessError):
            stranger.with_context(allowed_company_ids=self.company.ids).write(
                {"sms_bulk_from": 7}
            )


class TestGoLive(SmsCase):
    """No form accepts a carrier before people can read who texts and where to ask."""

    #: What the error says of each missing field.
    MISSING = {
        "phone": "a phone number or email for HELP",
        "sms_privacy_url": "the privacy policy",
        "sms_terms_url": "the terms of text messages",
    }

    def setUp(self):
        super().setUp()
        self.company.write({**SAID, "email": False})

    def go_live(self, model="sms.settings", **values):
        """Choose Twilio in a settings form, as an administrator does."""
        settings = self.env[model].with_user(self.administrator)
        return settings.create({"sms_provider": "twilio", **values})

    def test_what_is_missing_is_said_and_where_to_enter_it(self):
        for model in ("sms.settings", "res.config.settings"):
            for name, words in self.MISSING.items():
                self.company.write({**SAID, name: False})
                with (
                    self.subTest(model=model, missing=name),
                    self.assertRaisesRegex(RedirectWarning, f"missing: {words}.") as it,
                    self.cr.savepoint(),
                ):
                    self.go_live(model)
                self.env.invalidate_all()
                self.assertEqual(self.company.sms_provider, "sandbox")
                self.assertEqual(it.exception.args[1]["url"], PAGES_URL)

    def test_all_is_entered_at_once(self):
        self.company.write(dict.fromkeys(SAID, False))
        self.go_live(**SAID)
        self.assertEqual(self.company.sms_provider, "twilio")
        self.assertEqual(self.company.phone, SAID["phone"])

    def test_the_companys_contact_is_the_administrators(self):
        settings = self.env["sms.settings"].with_user(self.manager)
        self.assertNotIn("phone", settings.fields_get())
        for name in ("phone", "email"):
            with self.assertRaises(AccessError):
                settings.create({name: "taken@example.com"})
        self.assertTrue(settings.create({}).sms_has_contact)
        self.company.phone = False
        self.assertFalse(settings.create({}).sms_has_contact)

    def test_a_form_that_is_saved_again_is_refused_too(self):
        self.company.sms_terms_url = False
        for model in ("sms.settings", "res.config.settings"):
            settings = self.env[model].with_user(self.administrator).create({})
            with self.assertRaises(RedirectWarning), self.cr.savepoint():
                settings.write({"sms_provider": "telnyx"})

    def test_who_is_live_already_is_not_broken(self):
        self.company.write({**dict.fromkeys(SAID, False), "sms_provider": "twilio"})
        settings = self.go_live(sms_bulk_from=7)
        settings.write({"sms_provider": "telnyx"})
        self.assertEqual((self.company.sms_bulk_from, self.company.sms_provider),
                         (7, "telnyx"))  # fmt: skip
        settings.write({"sms_provider": "sandbox"})
        with self.assertRaises(RedirectWarning):
            settings.write({"sms_provider": "telnyx"})

    def test_the_form_asks_for_the_pages(self):
        self.company.sms_privacy_url = False
        form = Form(self.env["sms.settings"].with_user(self.administrator))
        self.assertFalse(form.sms_goes_live)
        form.sms_provider = "twilio"
        self.assertTrue(form.sms_goes_live and form.sms_has_contact)
        with self.assertRaisesRegex(AssertionError, "sms_privacy_url"):
            form.save()
        form.sms_privacy_url = SAID["sms_privacy_url"]
        form.phone = False
        self.assertFalse(form.sms_has_contact)
        with self.assertRaisesRegex(AssertionError, "phone"):
            form.save()
        form.email = "it@example.com"
        form.save()
        self.assertEqual(self.company.sms_provider, "twilio")

    def test_another_company_is_none_of_their_business(self):
        """In Odoo's settings only the current company counts, not all active ones."""
        other = self.make_company("Other")
        self.administrator.company_ids |= other
        settings = self.env["res.config.settings"].with_user(self.administrator)
        settings = settings.with_context(
            allowed_company_ids=other.ids + self.company.ids
        )
        with self.assertRaisesRegex(RedirectWarning, "Other cannot text real phones"):
            settings.create({"sms_provider": "twilio"})
