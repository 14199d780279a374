# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ...tools.purpose_rules import MessageSource
from ..message.common import IntakeCase


class RuleCase(IntakeCase):
    """Common base: a manager maps other apps' texts to purposes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rules = cls.env["sms.purpose.rule"].with_user(cls.manager)
        cls.partner_template = cls.make_template("res.partner", "Hi {{ object.name }}")
        cls.agent.group_ids |= cls.env.ref("base.group_partner_manager")
        cls.server_action = cls.env["ir.actions.server"].create(
            {
                "name": "Text them",
                "state": "sms",
                "model_id": cls.env["ir.model"]._get_id("res.partner"),
                "sms_template_id": cls.partner_template.id,
                "sms_method": "sms",
            }
        )

    def make_rule(self, purpose, **values):
        """Map a model, template or action to a purpose, as a manager."""
        level = next(name.removesuffix("_id") for name in values if name in TARGETS)
        purpose_id = self.purposes(purpose).id
        values = {"relaxation_reason": "The board, on 3 May", **values}
        return self.rules.create({"level": level, "purpose_id": purpose_id, **values})

    def run_action(self, **context):
        """Text the customer by the server action; return the text's purpose."""
        self.server_action.with_context(
            active_model="res.partner", active_ids=self.customer.ids, **context
        ).run()
        return self.messages_to()[-1].purpose_id.code

    def text_by_template(self):
        """Text the customer by the template; return the text's purpose."""
        self.customer._message_sms_with_template(template=self.partner_template)
        return self.messages_to()[-1].purpose_id.code

    def text(self):
        """Text the customer by code; return the text's purpose."""
        self.customer._message_sms("Hello")
        return self.messages_to()[-1].purpose_id.code


TARGETS = ("model", "template_id", "action_id")


@tagged("post_install", "-at_install")
class TestPurposeRule(RuleCase):
    """Other apps' texts get the purpose to which managers map them."""

    def test_what_ships(self):
        shipped = self.rules.search([])
        self.assertEqual(
            {rule.model: rule.purpose_id.code for rule in shipped},
            {"helpdesk.ticket": "ticket", "calendar.event": "appointment"},
        )
        self.assertEqual(shipped.mapped("level"), ["model", "model"])

    def test_without_a_rule_it_is_marketing(self):
        self.assertEqual(self.text(), "marketing")
        self.assertEqual(self.text_by_template(), "marketing")
        self.assertEqual(self.run_action(), "marketing")

    def test_a_model(self):
        self.make_rule("alert", model="res.partner")
        self.assertEqual(self.text(), "alert")
        self.assertEqual(self.text_by_template(), "alert")
        self.assertEqual(self.run_action(), "alert")

    def test_a_template(self):
        self.make_rule("alert", template_id=self.partner_template.id)
        self.assertEqual(self.text(), "marketing")
        self.assertEqual(self.text_by_template(), "alert")
        self.assertEqual(self.run_action(), "alert")

    def test_a_server_action_in_each_of_its_ways(self):
        self.make_rule("alert", action_id=self.server_action.id)
        self.assertEqual(self.text_by_template(), "marketing")
        for method in ("sms", "comment", "note"):
            self.server_action.sms_method = method
            self.assertEqual(self.run_action(), "alert", method)

    def test_the_most_specific_decides(self):
        self.make_rule("internal", model="res.partner")
        self.make_rule("appointment", template_id=self.partner_template.id)
        self.assertEqual(self.run_action(), "appointment")
        self.make_rule("alert", action_id=self.server_action.id)
        self.assertEqual(self.run_action(), "alert")
        self.assertEqual(self.text_by_template(), "appointment")
        self.assertEqual(self.text(), "internal")

    def test_each_company_may_have_its_own(self):
        other = self.make_company("Other")
        self.make_rule("alert", model="helpdesk.ticket", company_id=other.id)
        theirs = self.make_ticket(self.customer, company_id=other.id)
        for ticket, purpose in ((self.ticket, "ticket"), (theirs, "alert")):
            ticket._message_sms("Hello")
            self.assertEqual(self.messages_to()[-1].purpose_id.code, purpose)
        self.record_consent(None, "alert", company=other)
        states = (self.ticket | theirs).mapped("sms_consent_state")
        self.assertEqual(states, ["none", "opted_in"])

    def test_the_composer_follows(self):
        self.make_rule("alert", template_id=self.partner_template.id)
        for text, purpose in ((self.partner_template, "alert"), (None, "marketing")):
            values = (
                {"template_id": text.id, "body": "Hi Dana Customer"} if text else {}
            )
            self.compose("comment", self.customer, **values)
            self.assertEqual(self.messages_to()[-1].purpose_id.code, purpose)
        mass = {"template_id": self.partner_template.id, "body": "Hi {{ object.name }}"}
        self.compose("mass", self.customer, self.manager, **mass)
        self.assertEqual(self.messages_to()[-1].purpose_id.code, "alert")

    def test_the_composer_shows_the_footer_of_what_it_is_for(self):
        footer = "An alert. Reply STOP to opt out, HELP for help."
        self.purposes("alert").footer = footer
        self.make_rule("alert", model="res.partner")
        composer = self.env["sms.composer"].with_user(self.agent)
        context = {"default_res_model": "res.partner"}
        context |= {"default_res_id": self.customer.id}
        context |= {"default_composition_mode": "comment"}
        form = Form(composer.with_context(**context))
        self.assertEqual(form.sms_footer, footer)

    def test_the_composer_asks_again_for_another_template(self):
        self.record_consent()
        self.make_rule("marketing", template_id=self.ticket_template.id)
        composer = self.env["sms.composer"].with_user(self.agent)
        context = {"default_res_model": "helpdesk.ticket"}
        context |= {"default_res_id": self.ticket.id}
        context |= {"default_composition_mode": "comment"}
        form = Form(composer.with_context(**context))
        form.body = "Hello"
        self.assertFalse(form.sms_block_reason)
        form.template_id = self.ticket_template
        self.assertIn("No consent", form.sms_block_reason)
        form.body = "Hello again"
        self.assertFalse(form.sms_block_reason)

    # === Changes ===

    def test_messages_follow_a_change_at_once(self):
        rule = self.make_rule("alert", model="res.partner")
        self.assertEqual(self.text(), "alert")
        rule.purpose_id = self.purposes("internal")
        self.assertEqual(self.text(), "internal")
        rule.active = False
        self.assertEqual(self.text(), "marketing")
        rule.write({"active": True, "relaxation_reason": "Again"})
        self.assertEqual(self.text(), "internal")

    def test_messages_ask_no_database(self):
        self.env["sms.purpose.rule"]._find_for_model(self.company, "res.partner")
        with self.assertQueryCount(0):
            self.env["sms.purpose.rule"]._find_for_model(self.company, "sale.order")
            self.env["sms.purpose.rule"]._find_for_model(self.company, "res.partner")

    def test_a_purpose_that_is_archived_goes_on(self):
        """People have agreed to it, and another purpose might require less."""
        self.make_rule("alert", model="res.partner")
        self.purposes("alert").active = False
        self.assertEqual(self.text(), "alert")

    def test_a_rule_outlives_its_template_and_applies_to_nothing(self):
        rule = self.make_rule("alert", template_id=self.partner_template.id)
        name = rule.name
        self.server_action.unlink()
        self.partner_template.unlink()
        self.assertTrue(rule.exists())
        self.assertFalse(rule.template_id)
        self.assertEqual(rule.name, name)
        self.assertEqual(self.text(), "marketing")
        # Another template may be mapped, and deleted as well.
        self.partner_template = self.make_template("res.partner", "Hello")
        self.make_rule("alert", template_id=self.partner_template.id)
        self.partner_template.unlink()
        self.assertEqual(self.text(), "marketing")

    def test_a_rule_outlives_its_server_action(self):
        rule = self.make_rule("alert", action_id=self.server_action.id)
        self.server_action.unlink()
        self.assertEqual((rule.name, rule.action_id.id), ("Text them", False))

    # === Notes of changes ===

    def test_it_is_on_record_who_mapped_what(self):
        rule = self.make_rule("alert", model="res.partner")
        self.cr.flush()
        said = rule.sudo().message_ids[-1]
        self.assertEqual(said.author_id, self.manager.partner_id)
        self.assertIn("Contact", said.body)
        self.assertIn(self.purposes("alert").name, said.body)
        rule.purpose_id = self.purposes("internal")
        self.cr.flush()
        tracked = rule.sudo().message_ids[0].tracking_value_ids
        self.assertEqual(
            (tracked.old_value_char, tracked.new_value_char),
            (self.purposes("alert").name, self.purposes("internal").name),
        )

    def test_a_rule_cannot_be_deleted(self):
        rule = self.make_rule("alert", model="res.partner")
        with self.assertRaises(UserError):
            rule.unlink()
        with self.assertRaises(UserError):
            rule.sudo().unlink()

    def test_agents_see_the_rules_and_do_not_change_them(self):
        rule = self.make_rule("alert", model="res.partner").with_user(self.own_agent)
        self.assertEqual(rule.name, "Contact")
        with self.assertRaises(AccessError):
            rule.purpose_id = self.purposes("internal")
        with self.assertRaises(AccessError):
            rule.create({"model": "sale.order", "purpose_id": rule.purpose_id.id})

    def test_managers_see_only_the_rules_of_their_companies(self):
        other = self.env["res.company"].create({"name": "Foreign"})
        rule = self.make_rule("alert", model="res.partner").with_env(self.env)
        rule.company_id = other
        self.assertNotIn(rule.id, self.rules.search([]).ids)

    # === What cannot be mapped ===

    def test_a_rule_names_something(self):
        for level in ("model", "template", "action"):
            with self.subTest(level=level), self.assertRaises(ValidationError):
                self.rules.create(
                    {"level": level, "purpose_id": self.purposes("alert").id}
                )

    def test_only_records_that_can_be_texted_in_plain_words(self):
        labels = dict(self.rules._selection_model())
        self.assertEqual(labels["helpdesk.ticket"], "Helpdesk Ticket")
        for model in (
            "mail.thread",
            "sms.consent.review",
            "ir.cron",
            "phone.blacklist",
        ):
            self.assertNotIn(model, labels)

    def test_there_is_one_rule_for_one_thing(self):
        self.rules = self.rules.with_user(self.administrator)
        self.make_rule("alert", model="res.partner")
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
            self.cr.savepoint(),
        ):
            self.make_rule("ticket", model="res.partner")
        self.make_rule("ticket", model="res.partner", company_id=self.company.id)
        self.assertEqual(self.text(), "ticket")

    def test_managers_find_the_server_actions_that_text_and_no_others(self):
        code = self.env["ir.actions.server"].create(
            {
                "name": "Secret",
                "state": "code",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "code": "log('secret')",
            }
        )
        for user, found in (
            (self.manager, self.server_action),
            (self.administrator, self.server_action | code),
        ):
            actions = self.env["ir.actions.server"].with_user(user)
            known = (self.server_action | code).ids
            self.assertEqual(actions.search([("id", "in", known)]), found)
        with self.assertRaises(AccessError):
            self.env["ir.actions.server"].with_user(self.agent).search([])

    # === Users cannot choose the purpose ===

    def test_a_clients_context_chooses_no_source(self):
        self.make_rule("alert", template_id=self.partner_template.id)
        self.make_rule("alert", action_id=self.server_action.id)
        claims = MessageSource(
            "", self.partner_template.id, self.server_action.id, False
        )
        for claim in (list(claims), tuple(claims), dict(claims._asdict()), "alert"):
            self.customer.with_context(
                sms_source=claim,
                sms_template_id=self.partner_template.id,
                sms_server_action=self.server_action.id,
                default_template_id=self.partner_template.id,
            )._message_sms("Buy now")
            message = self.messages_to()[-1]
            self.assertEqual(message.purpose_id.code, "marketing")
            self.assertFalse(message.template_id)

    def test_to_write_over_a_template_is_not_to_use_it(self):
        """Anybody can choose a template and then replace its text."""
        self.make_rule("alert", template_id=self.partner_template.id)
        foreign = self.ticket_template
        self.make_rule("alert", template_id=foreign.id)
        for mode, template in (
            ("comment", self.partner_template),
            ("mass", self.partner_template),
            ("comment", foreign),
        ):
            self.compose(mode, self.customer, template_id=template.id, body="Buy now")
            message = self.messages_to()[-1]
            self.assertEqual(message.purpose_id.code, "marketing")
            self.assertEqual(message.template_id, template)

    def test_what_was_written_over_a_template_stays_an_offer_when_sent_again(self):
        self.make_rule("alert", template_id=self.partner_template.id)
        self.record_consent(None, "alert", "marketing")
        values = {"template_id": self.partner_template.id, "body": "Buy now"}
        self.compose("comment", self.customer, **values)
        old = self.messages_to()
        old.write({"state": "error", "failure_type": "sms_not_delivered"})
        old.with_user(self.agent).action_send_again()
        new = old.sent_again_id
        self.assertSent(new, "marketing")
        self.assertEqual(new.template_id, self.partner_template)

    def test_an_automation_does_not_inherit_what_set_it_off(self):
        self.make_rule("alert", template_id=self.partner_template.id)
        action = self.env["ir.actions.server"].create(
            {
                "name": "Advertise",
                "state": "code",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "code": "record._message_sms('Buy now')",
            }
        )
        source = MessageSource(template_id=self.partner_template.id)
        action.with_context(
            sms_source=source, active_model="res.partner", active_id=self.customer.id
        ).run()
        self.assertEqual(self.messages_to()[-1].purpose_id.code, "marketing")

    def test_a_mailing_is_no_ticket_whoever_gets_it(self):
        if "mailing_id" not in self.env["sms.sms"]:
            self.skipTest("mass_mailing_sms is not installed")
        mailing = self.env["mailing.mailing"].create(
            {
                "subject": "News",
                "mailing_type": "sms",
                "body_plaintext": "Our news",
                "mailing_model_id": self.env["ir.model"]._get_id("helpdesk.ticket"),
                "mailing_domain": repr([("id", "=", self.ticket.id)]),
            }
        )
        mailing.action_send_sms()
        self.assertEqual(self.messages_to()[-1].purpose_id.code, "marketing")
