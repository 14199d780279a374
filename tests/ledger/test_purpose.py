# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError

from ...tools import consent
from ..common import SmsCase, phone_number


class TestPurpose(SmsCase):
    """Purposes, which all companies share, and a company's own rows about them."""

    def make_own(self, code="ticket"):
        """Return the company's own row for a purpose, made by its manager."""
        purpose = self.purposes(code).with_user(self.manager)
        action = purpose.action_copy_for_company()
        return self.env[action["res_model"]].browse(action["res_id"])

    def test_a_code_that_nobody_knows(self):
        with self.assertRaisesRegex(UserError, "Unknown text message purpose: x"):
            self.env["sms.purpose"]._get("x")

    def test_what_is_shipped_stays(self):
        with self.assertRaisesRegex(UserError, "cannot be deleted"):
            self.purposes("ticket").unlink()
        own = self.env["sms.purpose"].create({"name": "Surveys", "code": "survey"})
        own.unlink()
        self.assertFalse(own.exists())

    def test_offers_follow_the_hours_of_the_law_everywhere(self):
        own = self.make_own("marketing")
        with self.assertRaisesRegex(ValidationError, "legal hours"):
            own.quiet_class = "urgent"
        with self.assertRaisesRegex(ValidationError, "legal hours"):
            self.purposes("marketing").quiet_class = "informational"

    def test_a_manager_changes_the_own_row_alone(self):
        shared = self.purposes("ticket")
        with self.assertRaisesRegex(AccessError, "Edit for my company"):
            shared.with_user(self.manager).max_per_day = 1
        own = self.make_own()
        self.assertEqual(own, self.make_own())
        self.assertEqual(own.footer, shared.footer)
        self.assertEqual(own.quiet_class, shared.quiet_class)
        own.with_user(self.manager).max_per_day = 1
        other = self.make_company("Other")
        for company, expected in ((self.company, 1), (other, shared.max_per_day)):
            rules = shared._get_rules("en_US", company)
            self.assertEqual(rules.max_per_day, expected)

    def test_an_own_row_stays_where_it_is(self):
        own = self.make_own()
        for values in (
            {"purpose_id": self.purposes("alert").id},
            {"company_id": self.make_company("Other").id},
        ):
            with self.assertRaisesRegex(UserError, "cannot change"):
                own.write(values)
        own.write({"purpose_id": own.purpose_id.id})

    def test_an_own_row_that_is_stricter_is_not_dropped(self):
        own = self.make_own()
        own.unlink()
        self.assertFalse(own.exists())
        stricter = self.make_own()
        stricter.max_per_day = 4
        stricter.purpose_id.max_per_day = 5
        with self.assertRaisesRegex(ValidationError, "is stricter here"):
            stricter.unlink()

    def test_who_takes_a_footer_away(self):
        own = self.make_own()
        reason = {"relaxation_reason": "The board, on 3 May"}
        with self.assertRaisesRegex(AccessError, "only administrators"):
            own.with_user(self.manager).write({"footer": False, **reason})
        with self.assertRaisesRegex(UserError, "Reason for Relaxing"):
            own.with_user(self.administrator).update_field_translations(
                "footer", {"en_US": " "}
            )

    def test_why_a_way_to_consent_proves_nothing(self):
        offers, tickets = self.purposes("marketing"), self.purposes("ticket")
        self.assertEqual(tickets._find_proof_fault("phone"), "")
        self.assertIn("in writing", offers._find_proof_fault("phone"))
        tickets.write({"accepts_web": False})
        self.assertIn("in this way", tickets._find_proof_fault("web"))
        with self.assertRaisesRegex(UserError, "in this way"):
            tickets._check_proof("web")


class TestOwnNo(SmsCase):
    """A person's own opt-out, and which later opt-ins it refuses."""

    def said(self, method="paper", minutes=1):
        """Return an opt-in, said ``minutes`` from now."""
        at = fields.Datetime.now() + timedelta(minutes=minutes)
        return consent.Said(consent.GRANTED, method, at)

    def test_only_the_person_undoes_their_own_no(self):
        consents, tickets = self.env["sms.consent"], self.purposes("ticket")
        own, told, none = (phone_number(index) for index in (301, 302, 303))
        self.record_consent(own, event="revoked", method="keyword")
        self.record_consent(told, event="revoked", method="phone")
        subjects = [(self.company, it, tickets) for it in (own, told, none)]
        bound = consents._find_bound([*subjects, (self.company, "", tickets)])
        self.assertIn((self.company, own), bound)
        for number in (told, none):
            self.assertNotIn((self.company, number), bound)
        of_all = self.env["sms.purpose"]
        bound = consents._find_bound([(self.company, it, of_all) for it in (own, none)])
        self.assertEqual(bound, {(self.company, own)})

    def test_what_stands_in_the_way_of_a_yes(self):
        consents, tickets = self.env["sms.consent"], self.purposes("ticket")
        subject = (self.company, phone_number(304))
        said = self.said("phone")
        self.assertIsNone(consents._find_obstacle(*subject, said, tickets))
        self.assertIsNone(consents._find_obstacle(*subject, said, None))
        [event] = self.record_consent(subject[1], event="revoked", method="keyword")
        for purposes in (tickets, None):
            obstacle = consents._find_obstacle(*subject, said, purposes)
            self.assertEqual(obstacle.event, event)
            self.assertTrue(obstacle.is_own)

    def test_who_searches_by_a_number_finds_it_however_it_is_written(self):
        self.record_consent(phone_number(305))
        for model in ("sms.consent", "sms.consent.event"):
            for operator, typed, is_found in (
                ("ilike", "(312) 555-0105", True),
                ("ilike", "(303) 555-0105", False),
                ("ilike", phone_number(305), True),
                ("=", phone_number(305), True),
                ("in", [phone_number(305), "nobody"], True),
                ("ilike", "Dana", False),
            ):
                with self.subTest(model=model, operator=operator, typed=typed):
                    domain = [("searched_number", operator, typed)]
                    found = self.env[model].search_count(domain)
                    self.assertEqual(bool(found), is_found)
        found = self.env["sms.consent"]._search_searched_number(">", phone_number(305))
        self.assertIs(found, NotImplemented)
