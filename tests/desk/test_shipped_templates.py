# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Shipped templates say only what is true, and pass the product's own advice."""

import runpy
from itertools import product

from psycopg2 import IntegrityError

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...tools import EVENT_MODEL, TICKET_MODEL
from ..clock import in_a_year
from ..common import SmsCase
from ..core.common import SCRIPTS

MODULE = "helpdesk_mgmt_sms"


class ShippedCase(SmsCase):
    """The templates that ship."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.received = cls.env.ref(f"{MODULE}.sms_template_ticket_received")
        cls.unassigned = cls.received.unassigned_id
        cls.internal = cls.env.ref(f"{MODULE}.sms_template_internal")
        cls.record_consent()


@tagged("post_install", "-at_install")
class TestWhetherSomebodyIsAssigned(ShippedCase):
    """A template has two wordings: for an assigned ticket and for an unassigned one."""

    def test_the_text_follows_the_fact(self):
        for user, said, unsaid in (
            (self.agent, "assigned to a technician", "We'll assign"),
            (self.env["res.users"], "We'll assign a technician", "and assigned to"),
        ):
            self.ticket.user_id = user
            with self.subTest(user=user.login):
                body = self.received._render_text(self.ticket)
                self.assertIn(said, body)
                self.assertNotIn(unsaid, body)
                reply = self.ticket.with_user(self.agent).preview_sms_reply(
                    self.received.id
                )
                self.assertIn(said, reply["body"])

    def test_a_companys_own_version_is_duplicated(self):
        self.company.partner_id.lang = "en_US"
        own = self.received._copy_for_company(self.company)
        copied = own.with_user(self.manager).copy()
        self.assertEqual((copied.company_id, copied.body), (self.company, own.body))
        self.assertEqual(self.received._get_for_company(self.company), own)

    def test_a_template_in_use_stays_one_of_tickets_and_of_all(self):
        events = self.env["ir.model"]._get_id(EVENT_MODEL)
        other = self.make_company("Other")
        own, variant = self.received.copy(), self.unassigned.copy()
        own.unassigned_id = variant
        stage = self.env["helpdesk.ticket.stage"].create({"name": "Texting"})
        stage.write({"sms_template_id": self.received.copy().id, "active": False})
        rule = self.env["sms.automation"].create(
            {"name": "Rule", "template_id": self.received.copy().id, "active": False}
        )
        for template in (variant, stage.sms_template_id, rule.template_id):
            template.unassigned_id = False
            with self.subTest(template=template), self.assertRaises(ValidationError):
                template.model_id = events
            self.assertEqual(template.model, TICKET_MODEL)
            with self.subTest(template=template), self.assertRaises(UserError):
                template.company_id = other
            self.assertFalse(template.company_id)

    def test_a_companys_own_version_stays_one_of_the_same_records(self):
        """Else the ticket's customer would read of the appointment with its id."""
        own = self.received._copy_for_company(self.company)
        events = self.env["ir.model"]._get_id(EVENT_MODEL)
        other = self.received.copy()
        mine = other._copy_for_company(self.company)
        for template, values in (
            (own.with_user(self.manager), {"about": EVENT_MODEL}),
            (own, {"is_internal": True}),
            (other, {"model_id": events}),
        ):
            with self.subTest(values=values), self.assertRaises(ValidationError):
                template.write(values)
        self.assertIn("received", self.received._render_text(self.ticket))
        self.assertEqual(mine.model, TICKET_MODEL)

    @mute_logger("odoo.sql_db")
    def test_the_wording_for_tickets_that_nobody_has_is_not_lost(self):
        """Without it their customers would be told that somebody has them."""
        with self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self.unassigned.with_user(self.administrator).unlink()
        self.received.unassigned_id = False
        self.unassigned.with_user(self.administrator).unlink()

    def test_many_tickets_at_once(self):
        free = self.make_ticket(self.customer, user_id=False)
        tickets = self.ticket | free
        found = self.received._render_field("body", tickets.ids, compute_lang=True)
        self.assertIn("assigned to a technician", found[self.ticket.id])
        self.assertNotIn("assigned to", found[free.id])

    def test_the_confirmation_of_a_ticket_that_nobody_has(self):
        stage = self.env.ref("helpdesk_mgmt.helpdesk_ticket_stage_new")
        self.make_ticket(self.customer, user_id=False, stage_id=stage.id)
        self.run_automations()
        [message] = self.messages_to()
        self.assertNotIn("assigned to a technician", message.body)
        self.assertEqual(message.template_id, self.received)

    def test_a_company_has_its_own_words_for_both(self):
        own = self.unassigned._copy_for_company(self.company)
        own.body = "Got it: {{ object.number }}."
        free = self.make_ticket(self.customer, user_id=False)
        self.assertIn("Got it", self.received._render_text(free))
        copy = self.received._copy_for_company(self.company)
        self.assertEqual(copy.unassigned_id, self.unassigned)
        copy.unassigned_id = False
        self.assertIn("assigned to a technician", self.received._render_text(free))

    def test_what_cannot_stand_in(self):
        visit = self.env.ref(f"{MODULE}.sms_template_appointment_reminder")
        for other in (visit, self.received):
            with self.subTest(other=other.name), self.assertRaises(ValidationError):
                self.unassigned.unassigned_id = other

    def test_what_is_for_colleagues_does_not_stand_in(self):
        with self.assertRaisesRegex(ValidationError, "for colleagues"):
            self.received.unassigned_id = self.internal


@tagged("post_install", "-at_install")
class TestUpgradeOfWords(ShippedCase):
    """An older database gets the second wording, unless the first one was edited."""

    def upgrade(self):
        """Run the migration script as Odoo does."""
        self.env.flush_all()
        script = runpy.run_path(str(SCRIPTS / "19.0.1.6.0/post-shipped-words.py"))
        script["migrate"](self.cr, "19.0.1.5.0")
        self.env.invalidate_all()
        return script

    def test_shipped_words_get_it(self):
        self.received.unassigned_id = self.internal.is_internal = False
        self.upgrade()
        self.assertEqual(self.received.unassigned_id, self.unassigned)
        self.assertTrue(self.internal.is_internal)

    def test_a_managers_words_stay_alone(self):
        self.received.write({"unassigned_id": False, "body": "We have your ticket."})
        self.upgrade()
        self.assertFalse(self.received.unassigned_id)
        self.assertEqual(self.received.body, "We have your ticket.")

    def test_answers(self):
        for (name, _field), former in self.upgrade()["REPLIES"].items():
            reply = self.env.ref(f"{MODULE}.{name}")
            current = reply.body
            self.assertNotEqual(former, current)
            reply.body = former
            self.upgrade()
            self.assertEqual(reply.body, current)
            reply.body = f"{former} Bye."
            self.upgrade()
            self.assertEqual(reply.body, f"{former} Bye.")


@tagged("post_install", "-at_install")
class TestAdvice(ShippedCase):
    """No shipped template draws a warning."""

    def test_every_template_passes_its_own_advice(self):
        names = self.env["ir.model.data"].search(
            [("module", "=", MODULE), ("model", "=", "sms.template")]
        )
        templates = self.env["sms.template"].browse(names.mapped("res_id"))
        records = {
            TICKET_MODEL: self.ticket,
            EVENT_MODEL: self.env["calendar.event"].create(
                {
                    "name": "Visit",
                    "start": in_a_year(),
                    "stop": in_a_year(hours=1),
                    "ticket_id": self.ticket.id,
                    "partner_ids": [(6, 0, self.customer.ids)],
                }
            ),
        }
        seen = 0
        for template in templates.filtered(lambda it: it.model in records):
            record = records[template.model]
            templates = self.env["sms.template"].with_user(self.manager)
            [found] = templates.get_previews(
                template.model,
                record.id,
                [{"lang": "en_US", "body": template.body}],
                template.id,
            )
            seen += 1
            with self.subTest(template=template.name):
                self.assertEqual(found["advice"], [])
                self.assertEqual(found["problem"], "")
        self.assertGreater(seen, 12)


@tagged("post_install", "-at_install")
class TestColleagues(ShippedCase):
    """Templates for colleagues are offered for colleagues only."""

    def test_an_agent_is_not_offered_it_for_a_customer(self):
        ticket = self.ticket.with_user(self.agent)
        names = [it["name"] for it in ticket._get_sms_reply_templates()]
        self.assertIn(self.received.name, names)
        self.assertNotIn(self.internal.name, names)
        self.assertFalse(ticket._find_sms_reply_template(self.internal.id))

    def test_an_automation_sends_it_to_the_team_alone(self):
        values = {"name": "x", "trigger": "created", "template_id": self.internal.id}
        automations = self.env["sms.automation"].with_user(self.manager)
        self.assertTrue(automations.create({**values, "audience": "team"}))
        with self.assertRaisesRegex(ValidationError, "for colleagues"):
            automations.create({**values, "audience": "customer"})

    def test_no_stage_sends_it(self):
        with self.assertRaisesRegex(ValidationError, "for colleagues"):
            self.quiet_stage.sms_template_id = self.internal

    def test_none_becomes_internal_or_another_companys_while_customers_get_it(self):
        other = self.make_company("Other")
        values = {"name": "x", "trigger": "created", "audience": "customer"}
        automations = self.env["sms.automation"]
        automations.search([]).unlink()
        stages = self.env["helpdesk.ticket.stage"].search([])
        stages.sms_template_id = self.received.unassigned_id = False
        uses = {
            "stage": lambda it: self.quiet_stage.write({"sms_template_id": it.id}),
            "automation": lambda it: automations.create({**values, "template_id": it}),
            "variant": lambda it: self.received.write({"unassigned_id": it.id}),
        }
        changes = (
            ({"is_internal": True}, "for colleagues"),
            ({"company_id": other.id}, "belongs to another company"),
        )
        for (name, use), (change, words) in product(uses.items(), changes):
            with self.subTest(name, change=change):
                template = self.unassigned.copy()
                template.is_internal = True
                template.is_internal = False
                use(template.id if name == "automation" else template)
                with self.assertRaisesRegex(UserError, words):
                    template.write(change)

    def test_an_upgrade_leaves_alone_what_customers_get(self):
        self.internal.is_internal = False
        self.quiet_stage.sms_template_id = self.internal
        self.env.flush_all()
        script = runpy.run_path(str(SCRIPTS / "19.0.1.6.0/post-shipped-words.py"))
        script["migrate"](self.cr, "19.0.1.5.0")
        self.env.invalidate_all()
        self.assertFalse(self.internal.is_internal)

    def test_team_alerts_are_recorded_for_colleagues(self):
        wizards = self.env["sms.consent.record"].with_user(self.agent)
        values = {"company_id": self.company.id, "decision": "granted"}
        internal = self.purposes("internal")
        self.agent.partner_id.phone = "+13035550177"
        for number, is_offered in (
            (self.number, False),
            (self.agent.partner_id.phone_sanitized, True),
        ):
            wizard = wizards.create({**values, "number": number})
            with self.subTest(number=number):
                self.assertEqual(internal in wizard.offered_purpose_ids, is_offered)
        choices = self.env["sms.consent.form"]._get_purposes(self.company, self.number)
        self.assertNotIn(internal, choices)
