# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime

from odoo.tools import mute_logger

from ..clock import freeze_time
from ..common import phone_number
from .common import ENGINE, AutomationCase

#: A Monday, 5:00 in Denver.
QUIET = datetime(2026, 11, 30, 12)


class TestAutomatedActions(AutomationCase):
    """Odoo's automated actions with "Send SMS" on tickets."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if "base.automation" not in cls.env:
            cls.skipTest(cls, "base_automation is not installed")
        cls.env["sms.automation"].search([]).active = False
        cls.model_id = cls.env["ir.model"]._get_id("helpdesk.ticket")

    def make_rule(self, trigger, method, *fields):
        """Return an automated action that sends texts, created by an administrator."""
        names = self.env["ir.model.fields"].search(
            [("model", "=", "helpdesk.ticket"), ("name", "in", fields)]
        )
        rule = self.env["base.automation"].create(
            {
                "name": trigger,
                "model_id": self.model_id,
                "trigger": trigger,
                "trigger_field_ids": [(6, 0, names.ids)],
            }
        )
        rule.action_server_ids = self.env["ir.actions.server"].create(
            {
                "name": "Text",
                "model_id": self.model_id,
                "state": "sms",
                "sms_template_id": self.template.id,
                "sms_method": method,
                "base_automation_id": rule.id,
                "usage": "base_automation",
            }
        )
        return rule

    def make(self, partner, user=None):
        return (
            self.env["helpdesk.ticket"]
            .with_user(user or self.agent)
            .create(
                {
                    "name": "New",
                    "description": "New",
                    "partner_id": partner.id,
                    "team_id": self.team.id,
                }
            )
        )

    def test_a_customer_without_a_phone_stops_no_ticket(self):
        for method in ("comment", "sms", "note"):
            with self.subTest(method=method), mute_logger(ENGINE, "odoo.sql_db"):
                rule = self.make_rule("on_create_or_write", method, "stage_id")
                ticket = self.make(self.make_customer(False))
                self.env.flush_all()
                self.assertTrue(ticket.exists())
                rule.active = False

    def test_it_says_on_the_ticket_why_nobody_was_texted(self):
        self.make_rule("on_create_or_write", "comment", "stage_id")
        with mute_logger(ENGINE):
            ticket = self.make(self.make_customer(False))
        bodies = "".join(ticket.message_ids.mapped("body"))
        self.assertEqual(bodies.count("could not be created"), 1, bodies)

    def test_a_rule_on_the_stage_texts_a_new_ticket_once(self):
        for method in ("comment", "sms"):
            with self.subTest(method=method):
                before = len(self.messages_to())
                rule = self.make_rule("on_create_or_write", method, "stage_id")
                self.make(self.customer)
                self.assertEqual(len(self.messages_to()), before + 1)
                rule.active = False

    def test_each_stage_that_is_reached_texts(self):
        self.make_rule("on_create_or_write", "comment", "stage_id")
        self.ticket.stage_id = self.progress_stage
        self.ticket.stage_id = self.waiting_stage
        self.assertEqual(len(self.messages_to()), 2)

    def test_the_gate_is_asked(self):
        self.make_rule("on_create_or_write", "comment", "stage_id")
        number = phone_number(3)
        self.make(self.make_customer(number))
        self.assertBlocked(self.messages_to(number), "ticket", "no_consent")

    def test_a_ticket_that_it_routes_is_a_new_one_of_that_team(self):
        rule = self.make_rule("on_create", "comment")
        code = f"record.write({{'team_id': {self.team.id}}})"
        rule.action_server_ids.write({"state": "code", "code": code})
        automation = self.automate("created", team_ids=self.team.ids)
        ticket = self.make_ticket(self.customer)
        self.assertEqual(ticket.team_id, self.team)
        self.assertEqual(len(self.made_by(automation)), 1)

    def test_its_texts_are_nobodys_own(self):
        """They use up nobody's limit, and nobody is asked about them."""
        self.make_rule("on_create_or_write", "comment", "stage_id")
        self.team.sms_daily_limit = self.company.sms_user_limit = 1
        own = self.ticket.with_user(self.agent)
        with freeze_time(QUIET):
            self.company.write({"sms_courtesy_from": 8, "sms_courtesy_to": 18})
            own.stage_id = self.progress_stage
            [message] = self.messages_to()
            self.assertEqual(message.gate_verdict, "hold")
            self.assertFalse(own.get_sms_waiting())
            own._message_sms("We look into it.", number_field="partner_phone")
        self.assertEqual(len(self.messages_to()), 2)
        root = self.env.ref("base.partner_root")
        self.assertEqual(message.mail_message_id.author_id, root)

    def test_a_number_is_read_as_in_the_company_of_the_ticket(self):
        """Also where no company is selected, as by customers in the portal."""
        austria = self.env.ref("base.at")
        other = self.make_company("Other", country_id=austria.id)
        user = self.own_agent
        user.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        values = {"company_id": other.id, "partner_phone": "0664 1234567"}
        ticket = self.make_ticket(team_id=False, user_id=user.id, **values)
        self.make_rule("on_create_or_write", "comment", "stage_id")
        ticket.with_user(user).stage_id = self.progress_stage
        self.assertEqual(len(self.messages_to("+436641234567")), 1)

    def test_what_waits_is_cancelled_when_its_ticket_is_closed(self):
        rule = self.make_rule("on_create_or_write", "comment", "stage_id")
        with freeze_time(QUIET):
            self.company.write({"sms_courtesy_from": 8, "sms_courtesy_to": 18})
            self.ticket.stage_id = self.progress_stage
            [message] = self.messages_to()
            rule.active = False
            self.ticket.stage_id = self.waiting_stage
            self.assertEqual(message.gate_verdict, "hold")
            self.ticket.stage_id = self.closed_stage
        self.assertGateSays(message, "canceled", "block", "overtaken")

    def test_a_broken_template_stops_no_ticket(self):
        self.template.body = "{{ 1 / 0 }}"
        self.make_rule("on_create_or_write", "comment", "stage_id")
        with mute_logger(ENGINE, "odoo.addons.mail.models.mail_render_mixin"):
            ticket = self.make(self.customer)
        self.env.flush_all()
        self.assertTrue(ticket.exists())
        self.assertFalse(self.messages_to())
