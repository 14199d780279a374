# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import date

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from ...models.ledger.sms_purpose import SHIPPED_CODES
from ..common import SmsCase

REASON = {"relaxation_reason": "The carrier leaves opt-outs to us."}


@tagged("post_install", "-at_install")
class TestScopeRule(SmsCase):
    """Which purposes a STOP ends, and from which day."""

    day = date(2026, 11, 25)

    def setUp(self):
        super().setUp()
        self.record_consent(None, "ticket", "alert", "marketing")

    def activate_fcc_26_67(self, effective_from="2026-01-01"):
        """Activate the rule that is not in force yet."""
        for purpose_class in ("informational", "marketing"):
            rule = self.env.ref(
                f"helpdesk_mgmt_sms.sms_scope_rule_fcc_26_67_{purpose_class}"
            )
            rule.write({"active": True, "effective_from": effective_from, **REASON})
        # It would supersede them on its day.
        revoke_all = self.env.ref("helpdesk_mgmt_sms.sms_scope_rule_revoke_all")
        revoke_all.write({"active": False, **REASON})

    def ended(self, code, day=None):
        """Return the codes of the purposes that a STOP ends, None for everything."""
        purposes = self.env["sms.scope.rule"]._get_ended_purposes(
            self.purposes(code), day or self.day
        )
        return purposes and set(purposes.mapped("code"))

    def send(self, code):
        """Send the customer a message."""
        message = self.env["sms.sms"].create(
            {
                "number": self.number,
                "body": "Hello",
                "purpose_id": self.purposes(code).id,
            }
        )
        self.run_outbox()
        self.assertEqual(message.state, "sent")

    def state(self, code):
        """Return the customer's answer for a purpose."""
        consents = self.env["sms.consent"]
        key = self.company.id, self.number
        found = consents._get_answers([key[0]], [key[1]])[key]
        return consents._get_answer(found, self.purposes(code).id).state

    # === The rules ===

    def test_a_stop_ends_everything_by_default(self):
        for code in SHIPPED_CODES:
            self.assertIsNone(self.ended(code))
            self.assertIsNone(self.ended(code, date(2040, 1, 1)))

    def test_without_any_rule_it_does_too(self):
        self.env["sms.scope.rule"].search([]).write({"active": False, **REASON})
        self.assertIsNone(self.ended("ticket"))

    def test_the_rule_that_is_not_in_force_is_not_used(self):
        rules = self.env["sms.scope.rule"].with_context(active_test=False).search([])
        self.assertEqual(len(rules), 4)
        self.assertEqual(set(rules.filtered("active").mapped("scope")), {"all"})
        self.assertTrue(all(rule.source for rule in rules))

    def test_revoke_all_is_dated_and_loosens_nothing(self):
        rule = self.env.ref("helpdesk_mgmt_sms.sms_scope_rule_revoke_all")
        self.assertIn("DA 26-12", rule.source)
        rules = self.env["sms.scope.rule"]
        ticket = self.purposes("ticket")
        self.assertNotEqual(rules._find(ticket, date(2027, 1, 30)), rule)
        self.assertEqual(rules._find(ticket, date(2027, 1, 31)), rule)
        for day in (date(2027, 1, 30), date(2027, 1, 31), date(2027, 2, 1)):
            for code in SHIPPED_CODES:
                self.assertIsNone(self.ended(code, day))

    def test_fcc_26_67(self):
        self.activate_fcc_26_67("2026-11-25")
        self.assertIsNone(self.ended("ticket", date(2026, 11, 24)))
        self.assertEqual(self.ended("ticket"), {"ticket"})
        self.assertEqual(self.ended("marketing"), {"marketing"})

    def test_a_stop_to_an_offer_ends_all_offers(self):
        self.activate_fcc_26_67()
        self.env["sms.purpose"].create({"name": "Surveys", "code": "survey"})
        self.assertEqual(self.ended("marketing"), {"marketing", "survey"})

    def test_the_newest_rule_in_force_rules(self):
        self.activate_fcc_26_67("2026-06-01")
        rule = self.env["sms.scope.rule"].create(
            {
                "name": "Back to everything",
                "effective_from": "2026-07-01",
                "effective_to": "2026-07-31",
                "source": "A test",
            }
        )
        self.assertEqual(self.ended("ticket", date(2026, 6, 30)), {"ticket"})
        self.assertIsNone(self.ended("ticket", date(2026, 7, 1)))
        self.assertIsNone(self.ended("ticket", date(2026, 7, 31)))
        self.assertEqual(self.ended("ticket", date(2026, 8, 1)), {"ticket"})
        with self.assertRaises(ValidationError):
            rule.effective_to = "2026-06-30"
        # Without it the one before would apply, by which less ends.
        with self.assertRaisesRegex(UserError, "Archive the rule"):
            rule.unlink()
        archived = rule.copy({"active": False})
        archived.unlink()
        self.assertFalse(archived.exists())

    # === Effects of a STOP ===

    def test_a_stop_ends_the_purpose_that_it_answers(self):
        self.activate_fcc_26_67()
        self.send("alert")
        self.send("ticket")
        self.receive("STOP")
        self.assertEqual(self.state("ticket"), "opted_out")
        self.assertEqual(self.state("alert"), "opted_in")
        confirmation = self.messages_to()[-1]
        self.assertEqual(confirmation.exemption, "opt_out_confirmation")
        self.assertIn("Tickets", confirmation.body)
        self.assertIn("STOPALL", confirmation.body)

    def test_a_second_stop_ends_everything(self):
        self.activate_fcc_26_67()
        self.send("ticket")
        self.receive("STOP")
        self.receive("STOP")
        self.assertEqual(self.state("alert"), "opted_out")
        self.run_outbox()
        self.receive("STOP")
        self.assertEqual(len(self.messages_to()), 3)

    def test_stopall_the_persons_own_words_and_the_carrier_end_everything(self):
        self.activate_fcc_26_67()
        for text in ("STOPALL", "Stop all", "please stop texting me"):
            with self.subTest(text=text):
                self.record_consent(None, "ticket", "alert", method="keyword")
                self.send("ticket")
                self.receive(text)
                self.assertEqual(self.state("alert"), "opted_out")

    def test_who_has_got_no_message_ends_everything(self):
        self.activate_fcc_26_67()
        self.receive("STOP")
        self.assertEqual(self.state("ticket"), "opted_out")
        self.assertEqual(self.state("alert"), "opted_out")

    def test_start_gives_back_the_purpose(self):
        self.activate_fcc_26_67()
        self.send("ticket")
        self.receive("STOP")
        self.receive("START")
        self.assertEqual(self.state("ticket"), "opted_in")
        self.assertEqual(self.state("appointment"), "none")
