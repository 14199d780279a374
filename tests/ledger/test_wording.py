# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import hashlib

from psycopg2 import errors

from odoo.exceptions import AccessError, UserError
from odoo.tools import mute_logger

from ..common import SmsCase


class TestWording(SmsCase):
    """A published wording cannot be changed, and each consent names its version."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ticket_purpose = cls.purposes("ticket")
        cls.shipped = cls.get_published()

    @classmethod
    def get_published(cls, lang="en_US"):
        """Return the wording in force for tickets."""
        return cls.env["sms.wording"]._get_published(
            cls.company, cls.ticket_purpose, lang
        )

    def make_version(self):
        """Return a draft of a new version of the shipped wording."""
        action = self.shipped.with_user(self.administrator).action_new_version()
        return self.env["sms.wording"].browse(action["res_id"])

    def test_what_ships_says_all_that_is_asked(self):
        wordings = self.env["sms.wording"].search([("state", "=", "published")])
        self.assertEqual(len(wordings.purpose_id), 5)
        self.assertEqual(set(wordings.mapped("missing")), {""})

    def test_a_published_wording_cannot_be_changed(self):
        for values in ({"body": "x"}, {"lang": "en_US"}, {"purpose_id": 1}):
            with self.subTest(values), self.assertRaises(UserError):
                self.shipped.with_user(self.manager).write(values)
        with self.assertRaises(UserError):
            self.shipped.with_user(self.manager).write({"state": "draft"})
        with self.assertRaises(UserError):
            self.shipped.unlink()

    def test_a_draft_can_be_deleted(self):
        draft = self.make_version()
        self.assertEqual(draft.display_name, "Tickets (en_US) v2")
        draft.unlink()
        self.assertFalse(draft.exists())

    def test_a_new_version_supersedes_the_old_one(self):
        draft = self.make_version().with_user(self.administrator)
        self.assertEqual((draft.version, draft.state), (2, "draft"))
        draft.body = "{company} will text you."
        draft.action_publish()
        self.assertEqual(self.get_published(), draft.sudo())
        self.assertEqual(self.shipped.state, "superseded")
        self.assertEqual(draft.published_by_id, self.administrator)
        self.assertIn("the terms ({terms})", draft.missing)

    def test_no_two_published_versions_have_one_number(self):
        """Nor if a draft is created anew instead of from the version in force."""
        for number in (2, 3):
            wording = self.shipped.copy({"body": f"{number}: {{company}} texts you."})
            self.assertEqual(wording.version, 1)
            wording.with_user(self.administrator).action_publish()
            self.assertEqual(wording.version, number)
        self.assertEqual(self.get_published(), wording)

    def test_a_client_cannot_publish_by_creating(self):
        wording = (
            self.env["sms.wording"]
            .with_user(self.manager)
            .create(
                {
                    "purpose_id": self.ticket_purpose.id,
                    "lang": "en_US",
                    "body": "x",
                    "state": "published",
                }
            )
        )
        self.assertEqual(wording.state, "draft")

    def test_nor_by_the_defaults_in_its_context(self):
        forged = {"state": "published", "published_at": "2001-01-01 00:00:00"}
        forged["published_by_id"] = self.administrator.id
        context = {f"default_{name}": value for name, value in forged.items()}
        wordings = self.env["sms.wording"].with_user(self.manager)
        wording = wordings.with_context(**context).create(
            {"purpose_id": self.ticket_purpose.id, "body": "{company} texts you."}
        )
        self.assertEqual(wording.state, "draft")
        self.assertFalse(wording.published_at or wording.published_by_id)

    def test_agents_read_and_do_not_publish(self):
        draft = self.make_version()
        self.assertTrue(draft.with_user(self.agent).body)
        with self.assertRaises(AccessError):
            draft.with_user(self.agent).action_publish()

    def test_there_is_one_published_wording_for_a_purpose_and_language(self):
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(errors.UniqueViolation),
            self.cr.savepoint(),
        ):
            self.make_version().sudo().write({"state": "published"})
            self.env.flush_all()

    def test_the_companys_own_wording_comes_first(self):
        draft = self.shipped.copy({"company_id": self.company.id})
        draft.action_publish()
        self.assertEqual(self.get_published(), draft)
        self.assertEqual(self.shipped.state, "published", "for the other companies")

    def test_a_reader_of_another_language_gets_english(self):
        self.assertEqual(self.get_published("fr_FR"), self.shipped)

    def test_it_is_filled_in_when_it_is_shown(self):
        self.company.write(
            {
                "sms_privacy_url": "https://example.com/privacy",
                "sms_terms_url": "https://example.com/terms",
            }
        )
        shown = self.shipped._render(self.company)
        self.assertIn(f"I agree that {self.company.name} sends me", shown)
        self.assertIn("https://example.com/privacy", shown)
        self.assertNotIn("{", shown)

    def empty_pages(self, **values):
        """Clear the company's pages and contact data."""
        names = ("sms_privacy_url", "sms_terms_url", "website", "email", "phone")
        self.company.write({**dict.fromkeys(names, False), **values})

    def test_in_the_sandbox_a_missing_address_is_a_blank(self):
        """Not the company's name, which would look like an address."""
        self.empty_pages(website="https://example.com", email="it@example.com")
        blank = "Privacy policy: not set yet Terms: not set yet"
        self.assertTrue(self.shipped._render(self.company).endswith(blank))
        self.empty_pages(sms_terms_url="https://example.com/terms")
        blank = "Privacy policy: not set yet Terms: https://example.com/terms"
        self.assertTrue(self.shipped._render(self.company).endswith(blank))

    def test_who_texts_real_phones_names_where_to_ask_for_them(self):
        self.empty_pages(email="it@example.com", sms_provider="twilio")
        contact = "Privacy policy: it@example.com Terms: it@example.com"
        self.assertTrue(self.shipped._render(self.company).endswith(contact))
        self.empty_pages()
        blank = "Privacy policy: not set yet Terms: not set yet"
        self.assertTrue(self.shipped._render(self.company).endswith(blank))

    def test_an_event_names_the_version_and_its_digest(self):
        event = self.record_consent(wordings=self.shipped, wording="as shown")
        self.assertEqual(event.wording_id, self.shipped)
        digest = hashlib.sha256(self.shipped.body.encode()).hexdigest()
        self.assertEqual(event.wording_digest, digest)
        self.assertEqual(event.wording, "as shown")
