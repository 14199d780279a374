# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta
from unittest.mock import Mock, patch

from psycopg2.errors import SerializationFailure

from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import Form, new_test_user
from odoo.tools import mute_logger

from .common import TeamAlertCase

MAIL = """Return-Path: <{sender}>
To: urgent@alerts.example.com
From: {sender}
Subject: {subject}
Message-ID: <{number}@mail.example.com>
Date: Wed, 25 Nov 2026 22:00:00 +0000

It does not answer.
"""
MAIL_THREAD = "odoo.addons.mail.models.mail_thread"


class TestByHand(TeamAlertCase):
    """Raised by a person, from the board or from a ticket."""

    def test_from_a_ticket(self):
        action = self.ticket.with_user(self.own_agent).action_raise_team_alert()
        forms = self.env[action["res_model"]].with_user(self.own_agent)
        with Form(forms.with_context(**action["context"])) as form:
            self.assertEqual(form.name, f"Printer jams (#{self.ticket.number})")
            self.assertEqual(form.team_id, self.team)
            self.assertEqual(form.oncall_names, "Ann, Bo, Cy")
            self.assertIn("At once: Who is on call now; After 10", form.plan_summary)
            self.assertIn("[URGENT] Printer jams", form.preview)
            form.name = "Printer room under water"
        form.record.action_raise()
        alert = self.alerts_of_ticket()
        self.assertEqual(alert.user_id, self.own_agent)
        self.assertEqual(alert.plan_id, self.plan)
        self.assertEqual(self.ticket.team_alert_count, 1)
        self.assertIn("Printer room under water", self.texts_to(self.ann)[0])
        notes = " ".join(self.ticket.message_ids.mapped("body"))
        self.assertIn("Team alert raised: Printer room under water", notes)
        self.answer(self.ann, "4")
        notes = " ".join(self.ticket.message_ids.mapped("body"))
        self.assertIn("Acknowledged (Ann)", notes)
        self.answer(self.ann, "8")
        self.assertIn("Escalated (Ann)", self.ticket.message_ids[0].body)

    def test_without_words_nobody_is_woken(self):
        form = self.env["sms.team.alert.raise"].create(
            {"team_id": self.team.id, "name": "  "}
        )
        with self.assertRaises(UserError):
            form.with_user(self.env.user).action_raise()

    def test_nobody_else_raises_one(self):
        for user in (self.employee, self.portal_user):
            with self.assertRaises(AccessError):
                self.env["sms.team.alert.raise"].with_user(user).create(
                    {"team_id": self.team.id, "name": "x"}
                )
        with self.assertRaises(AccessError):
            self.ticket.with_user(self.dee).action_raise_team_alert()

    def test_a_ticket_that_is_not_theirs_is_refused(self):
        form = self.env["sms.team.alert.raise"].with_user(self.dee)
        with self.assertRaises(AccessError):
            form.create(
                {"team_id": self.team.id, "name": "x", "ticket_id": self.ticket.id}
            ).action_raise()

    def test_a_long_text_is_cut(self):
        alert = self.raise_alert("word " * 200)
        self.assertLessEqual(len(alert.name), 300)


class TestByAutomation(TeamAlertCase):
    """Raised by an automation: once while it is open, with a rate limit."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["sms.automation"].search([]).active = False
        cls.template = cls.env["sms.template"].create(
            {
                "name": "Urgent ticket",
                "model_id": cls.env["ir.model"]._get_id("helpdesk.ticket"),
                "body": "Ticket {{ object.number }} cannot wait",
            }
        )
        cls.urgent_stage = cls.env["helpdesk.ticket.stage"].create({"name": "Urgent"})
        cls.rule = cls.env["sms.automation"].create(
            {
                "name": "Wake somebody",
                "trigger": "stage",
                "stage_ids": [(6, 0, cls.urgent_stage.ids)],
                "template_id": cls.template.id,
                "audience": "on_call",
                "at_most": "hour",
            }
        )

    def move(self, stage):
        """Move the ticket as its agent does, and run the automations."""
        self.ticket.with_user(self.own_agent).stage_id = stage
        self.run_automations()

    def test_it_raises_an_alert_in_its_templates_words(self):
        self.assertEqual(self.rule.purpose_id.code, "internal")
        self.move(self.urgent_stage)
        alert = self.alerts_of_ticket()
        self.assertEqual(alert.name, f"Ticket {self.ticket.number} cannot wait")
        self.assertEqual((alert.origin, alert.automation_id), ("automation", self.rule))
        self.assertEqual(len(self.texts_to(self.ann)), 1)
        self.assertFalse(self.messages_to(), "nothing internal goes to the customer")

    def test_not_twice_while_it_is_open_nor_too_soon(self):
        self.move(self.urgent_stage)
        self.move(self.quiet_stage)
        self.frozen.tick(timedelta(hours=3))
        self.move(self.urgent_stage)
        self.assertEqual(len(self.alerts_of_ticket()), 1, "it is open")
        self.alerts_of_ticket().action_resolve()
        self.move(self.quiet_stage)
        self.move(self.urgent_stage)
        self.assertEqual(len(self.alerts_of_ticket()), 2)
        self.alerts_of_ticket().action_resolve()
        self.move(self.quiet_stage)
        self.frozen.tick(timedelta(minutes=59))
        self.move(self.urgent_stage)
        self.assertEqual(len(self.alerts_of_ticket()), 2, "once an hour")

    def test_a_new_ticket_that_is_written_again_at_once_wakes_them_once(self):
        """One change is one alert, as it is one text: that of the first automation."""
        values = {"name": "New", "trigger": "created", "audience": "on_call"}
        values["template_id"] = self.template.id
        first, _second = self.rule.create([{**values, "sequence": it} for it in (1, 2)])
        ticket = self.make_ticket(self.customer, team_id=self.team.id)
        ticket.name = "Server room under water"
        self.run_automations()
        alert = self.alerts.search([("ticket_id", "=", ticket.id)])
        self.assertEqual(alert.automation_id, first)
        self.assertEqual(len(self.texts_to(self.ann)), 1)

    def test_a_companys_own_version_raises_no_second_one(self):
        self.move(self.urgent_stage)
        self.rule._copy_for_company(self.company)
        self.move(self.quiet_stage)
        self.frozen.tick(timedelta(hours=3))
        self.move(self.urgent_stage)
        self.assertEqual(len(self.alerts_of_ticket()), 1, "it is open")

    def test_nor_once_a_companys_own_version_is_deleted(self):
        own = self.rule._copy_for_company(self.company)
        self.move(self.urgent_stage)
        self.assertEqual(self.alerts_of_ticket().automation_id, own)
        own.unlink()
        self.move(self.quiet_stage)
        self.frozen.tick(timedelta(hours=3))
        self.move(self.urgent_stage)
        self.assertEqual(len(self.alerts_of_ticket()), 1, "it is open")

    def test_a_ticket_without_a_team_says_that_nobody_was_told(self):
        self.ticket.team_id = False
        with self.assertLogs("odoo.addons.helpdesk_mgmt_sms", "ERROR"):
            self.move(self.urgent_stage)
        self.assertEqual(self.ticket.stage_id, self.urgent_stage)
        self.assertFalse(self.alerts_of_ticket())
        self.assertIn("nobody is on call for it", self.ticket.message_ids[0].body)

    def test_an_alert_that_cannot_be_raised_costs_the_customer_no_text(self):
        self.rule.create(
            {
                "name": "Tell the customer",
                "trigger": "stage",
                "stage_ids": [(6, 0, self.urgent_stage.ids)],
                "template_id": self.template.id,
            }
        )
        self.ticket.team_id = False
        with self.assertLogs("odoo.addons.helpdesk_mgmt_sms", "ERROR"):
            self.move(self.urgent_stage)
        self.assertIn("cannot wait", self.messages_to().body)
        self.assertFalse(self.alerts_of_ticket())
        notes = " ".join(self.ticket.message_ids.mapped("body"))
        self.assertIn("nobody is on call for it", notes)

    def test_a_dry_run_shows_who_would_be_told(self):
        self.move(self.urgent_stage)
        action = self.rule.with_user(self.manager).action_dry_run()
        replay = self.env[action["res_model"]].browse(action["res_id"])
        self.assertIn("Ann", replay.line_ids.mapped("recipient"))


class TestByMail(TeamAlertCase):
    """Raised by a mail to the address of a plan."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        domain = cls.env["mail.alias.domain"].create({"name": "alerts.example.com"})
        cls.company.alias_domain_id = domain
        cls.plan.write(
            {
                "alias_name": "urgent",
                "alias_domain_id": domain.id,
                "mail_senders": "nagios@monitor.example\n@probe.example",
            }
        )

    def mail(self, sender, subject="Server 4 offline", number=1):
        """Receive a mail; return the alerts of the plan."""
        self.env["mail.thread"].message_process(
            False, MAIL.format(sender=sender, subject=subject, number=number)
        )
        return self.alerts.search([("plan_id", "=", self.plan.id)])

    @mute_logger("odoo.addons.helpdesk_mgmt_sms.models.core.batch_jobs")
    def test_a_fetched_mail_that_conflicts_with_another_alert_is_not_lost(self):
        """Odoo tells the mail server that it has it, whatever became of it."""
        mail = MAIL.format(
            sender="nagios@monitor.example", subject="Server 4 offline", number=1
        )
        box = Mock()
        box.check_unread_messages.return_value = 1
        box.retrieve_unread_messages.return_value = [(1, mail)]
        server = self.env["fetchmail.server"].create(
            {"name": "Mails", "server_type": "imap", "server": "x", "state": "done"}
        )
        take, tries = type(self.alerts)._take_code_block, []

        def collide_once(alerts):
            tries.append(alerts)
            if len(tries) == 1:
                raise SerializationFailure("could not serialize access")
            return take(alerts)

        with (
            self.enter_registry_test_mode(),
            self.registry.cursor() as cr,
            patch.object(type(server), "_connect__", return_value=box),
            patch.object(type(self.alerts), "_take_code_block", collide_once),
        ):
            server.with_env(self.env(cr=cr)).fetch_mail()
        box.handled_message.assert_called_once_with(1)
        self.env.invalidate_all()
        alert = self.alerts.search([("plan_id", "=", self.plan.id)])
        self.assertEqual(alert.name, "Server 4 offline")
        self.assertEqual(len(self.texts_to(self.ann)), 1)

    @mute_logger("odoo.addons.helpdesk_mgmt_sms.models.core.batch_jobs")
    def test_a_fetched_mail_that_conflicts_only_when_it_is_committed(self):
        """Odoo posts changes, and we send notices, just before the commit."""
        mail = MAIL.format(
            sender="nagios@monitor.example", subject="Server 4 offline", number=1
        )
        take, tries = type(self.alerts)._take_code_block, []

        def collide():
            tries.append(1)
            if len(tries) == 1:
                raise SerializationFailure("could not serialize access")

        def take_and_collide(alerts):
            alerts.env.cr.precommit.add(collide)
            return take(alerts)

        with (
            self.enter_registry_test_mode(),
            self.registry.cursor() as cr,
            patch.object(type(self.alerts), "_take_code_block", take_and_collide),
        ):
            threads = self.env(cr=cr, context={"default_fetchmail_server_id": 1})
            threads["mail.thread"].message_process(False, mail)
        self.assertEqual(len(tries), 2)
        self.env.invalidate_all()
        alert = self.alerts.search([("plan_id", "=", self.plan.id)])
        self.assertEqual(alert.name, "Server 4 offline")

    def test_known_senders_and_users_raise_an_alert(self):
        self.dee.partner_id.email = "dee@example.com"
        for index, sender in enumerate(
            ("Nagios <NAGIOS@monitor.example>", "x@probe.example", "dee@example.com")
        ):
            with self.subTest(sender):
                alerts = self.mail(sender, f"Server {index} offline", index)
                self.assertEqual(len(alerts), index + 1)
                self.assertEqual(alerts[0].name, f"Server {index} offline")
                self.assertEqual(alerts[0].origin, "mail")
        self.assertEqual(alerts[0].user_id, self.dee)
        self.assertEqual(len(self.texts_to(self.ann)), 3)

    def test_anybody_else_is_sent_back(self):
        for index, sender in enumerate(
            ("eve@example.net", "nagios@monitor.example.net", "probe.example@x.net")
        ):
            with self.subTest(sender):
                self.assertFalse(self.mail(sender, number=index))
        self.assertFalse(self.texts_to(self.ann))
        self.customer.email = "dana@example.net"
        self.assertFalse(self.mail("dana@example.net", number=9))

    def test_the_same_again_wakes_nobody(self):
        self.mail("x@probe.example", number=1)
        [alert] = self.mail("x@probe.example", number=2)
        self.assertEqual(alert.repeat_count, 1)
        self.assertEqual(len(self.texts_to(self.ann)), 1)
        alert.action_resolve()
        self.assertEqual(len(self.mail("x@probe.example", number=3)), 2)

    def test_a_storm_of_mails_ends(self):
        for number in range(25):
            alerts = self.mail("x@probe.example", f"Probe {number}", number)
        self.assertEqual(len(alerts), 20)

    def test_the_same_again_and_again_keeps_no_other_from_its_alert(self):
        """A monitoring system repeats a trouble every minute, then another begins."""
        for number in range(25):
            [alert] = self.mail("x@probe.example", number=number)
        self.assertEqual(alert.repeat_count, 24)
        self.assertEqual(len(self.mail("x@probe.example", "Disk full", 99)), 2)
        self.assertIn("Disk full", self.texts_to(self.ann)[-1])

    def test_a_plan_that_is_archived_takes_none(self):
        self.plan.active = False
        self.assertFalse(
            self.alerts.with_context(active_test=False).search([])
            & self.mail("x@probe.example")
        )

    def test_nobody_hands_in_a_mail_over_rpc(self):
        """Otherwise any user could forge a mail from a permitted sender."""
        message = MAIL.format(sender="x@probe.example", subject="Wake up", number=9)
        message = message.replace("urgent@", "nobody@")
        values = {"plan_id": self.plan.id}
        mail = {"subject": "Wake up", "email_from": "x@probe.example"}
        for user in (self.portal_user, self.employee, self.manager):
            alerts = self.alerts.with_user(user)
            with self.subTest(user=user.login):
                with self.assertRaises(AccessError):
                    call_kw(alerts, "message_new", [mail, values], {})
                args = [alerts._name, message, values]
                # Odoo does not let portal users call it at all.
                refused = AccessError if user.share else ValueError
                with self.assertRaises(refused), mute_logger(MAIL_THREAD):
                    call_kw(alerts, "message_process", args, {})
        self.assertFalse(self.alerts.search([("plan_id", "=", self.plan.id)]))
        self.assertFalse(self.texts_to(self.ann))

    def test_no_mail_announces_an_incident(self):
        message = MAIL.format(sender="x@probe.example", subject="Down", number=9)
        message = message.replace("urgent@", "nobody@")
        incidents = self.env["sms.incident"].with_user(self.employee)
        with self.assertRaises(ValueError), mute_logger(MAIL_THREAD):
            call_kw(incidents, "message_process", [incidents._name, message], {})
        self.assertFalse(self.env["sms.incident"].search([("name", "=", "Down")]))

    def test_a_user_of_another_company_is_anybody_else(self):
        stranger = new_test_user(
            self.env,
            "stranger",
            company_id=self.env["res.company"].create({"name": "Other"}).id,
            email="stranger@example.com",
        )
        self.assertFalse(self.mail(stranger.email))


class TestWhoIsOnCall(TeamAlertCase):
    """Only those who see the team see who is on call."""

    def test_a_form_tells_nothing_of_another_companys_team(self):
        other = self.make_company("Other")
        self.team.company_id = other
        self.own_agent.company_ids -= other
        self.plan.company_id = False
        form = self.env["sms.team.alert.raise"].with_user(self.own_agent)
        spec = {"oncall_names": {}, "plan_id": {}, "preview": {}, "team_id": {}}
        answer = form.onchange({"team_id": self.team.id}, ["team_id"], spec)
        self.assertFalse(answer["value"].get("oncall_names"))
        self.assertFalse(answer["value"].get("plan_id"))
