# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import HttpCase, tagged

from ..clock import freeze_time
from ..common import ACTION
from .common import ScenarioCase


class TestAttention(ScenarioCase):
    """What needs attention, who sees it, and what it opens."""

    def find(self, user=None, **filters):
        """Return the lines that a user sees, by default a manager."""
        dashboard = self.env["sms.dashboard"].with_user(user or self.manager)
        return dashboard.get_dashboard(filters)["attention"]

    def find_one(self, model, user=None, **filters):
        """Return the line that opens records of a model, and those records."""
        items = [
            item
            for item in self.find(user, **filters)
            if item["action"]["res_model"] == model
        ]
        if not items:
            return None, self.env[model]
        self.assertEqual(len(items), 1)
        return items[0], self.env[model].search(items[0]["action"]["domain"])

    def test_nothing(self):
        self.assertEqual(self.find(), [])

    def test_a_company_that_texts_and_does_not_say_who_writes(self):
        self.company.write({"phone": "+1 303-555-0190", "sms_terms_url": False})
        self.company.sms_privacy_url = "https://www.example.com/privacy"
        self.assertFalse(self.find(), "nobody is texted from the sandbox")
        self.company.sms_provider = "twilio"
        [item] = self.find()
        self.assertEqual(item["level"], "warning")
        self.assertIn(f"{self.company.name} texts people", item["text"])
        self.assertRegex(item["text"], "find: the terms of text messages$")
        self.assertEqual(item["action"]["tag"], "helpdesk_mgmt_sms.onboarding")
        self.assertFalse(self.find(self.agent), "who cannot enter it is not sent there")
        self.company.sms_terms_url = "https://www.example.com/terms"
        self.assertFalse(self.find())

    def test_a_customer_who_waits(self):
        now = fields.Datetime.now()
        self.ticket.sms_waiting_since = now - timedelta(hours=3)
        item, found = self.find_one("helpdesk.ticket")
        self.assertEqual((item["level"], found), ("warning", self.ticket))
        self.assertEqual(item["text"], "A customer is waiting for an answer")
        self.assertNotIn("4 hours", item["advice"])
        self.ticket.sms_waiting_since = now - timedelta(hours=5)
        item, found = self.find_one("helpdesk.ticket")
        self.assertIn("1 of them for more than 4 hours", item["advice"])
        other = self.team.copy()
        self.assertFalse(self.find(team_id=other.id))

    def test_an_opt_out_that_is_overdue(self):
        review = self.env["sms.consent.review"].create(
            {
                "company_id": self.company.id,
                "number": self.number,
                "received_at": fields.Datetime.now() - timedelta(days=20),
                "deadline": fields.Date.today() - timedelta(days=3),
            }
        )
        item, found = self.find_one("sms.consent.review")
        self.assertEqual((item["level"], found), ("danger", review))
        self.assertFalse(self.find(self.agent), "who cannot decide is not sent there")

    def test_a_deadline_lasts_until_midnight_where_the_company_is(self):
        colorado = self.env.ref("base.state_us_6")
        self.company.partner_id.write({"tz": False, "state_id": colorado.id})
        with freeze_time("2026-11-18 03:00:00"):  # Tuesday evening in Colorado
            review = self.env["sms.consent.review"].create(
                {
                    "company_id": self.company.id,
                    "number": self.number,
                    "received_at": fields.Datetime.now() - timedelta(days=14),
                    "deadline": "2026-11-17",
                }
            )
            item, found = self.find_one("sms.consent.review")
            self.assertEqual((item["level"], found), ("warning", review))
            self.assertFalse(review.is_overdue)

    def test_an_opt_out_that_is_to_be_read(self):
        review = self.env["sms.consent.review"].create(
            {
                "company_id": self.company.id,
                "number": self.number,
                "received_at": fields.Datetime.now(),
                "deadline": fields.Date.today() + timedelta(days=3),
            }
        )
        item, found = self.find_one("sms.consent.review")
        self.assertEqual((item["level"], found), ("warning", review))

    def test_customers_who_were_never_told(self):
        other = self.make_ticket(self.make_customer(self.person(agrees=False)))
        for ticket in (self.ticket, self.ticket, other):
            ticket._message_sms("It is mended")
        self.make_ticket(self.customer)._message_sms("Received")
        messages = self.env["sms.sms"].search([("gate_verdict", "=", "block")])
        item, found = self.find_one("sms.sms")
        self.assertEqual(item["level"], "warning")
        self.assertEqual(item["text"], "2 customers were never told")
        self.assertEqual(len(found), 3, "the last text of each ticket")
        self.assertLess(found, messages)
        purpose = self.purposes("appointment")
        self.assertFalse(self.find(purpose_id=purpose.id))
        found.with_user(self.agent).action_mark_told()
        self.assertFalse(self.find())

    def test_who_was_told_of_an_outage(self):
        incident = self.env["sms.incident"].create(
            {"name": "Mail is down", "company_id": self.company.id}
        )
        values = {"number": self.number, "body": "Mail is down"}
        values |= {"purpose_id": self.purposes("alert").id, "incident_id": incident.id}
        self.env["sms.sms"].create(values)
        self.assertEqual(len(self.find_one("sms.sms")[1]), 1)
        self.record_consent(None, "alert")
        self.env["sms.sms"].create(values)
        self.assertFalse(self.find())

    def test_another_company_is_none_of_ours(self):
        branch = self.make_company("Branch")
        self.ticket.company_id = branch
        self.ticket._message_sms("It is mended")
        self.assertTrue(self.find())
        self.manager.company_ids -= branch
        self.assertFalse(self.find())

    def test_a_sender_whose_texts_do_not_arrive(self):
        people = [self.person() for _ in range(12)]
        self.deliver(self.text(people[:4], 1), 1, seconds=3)
        self.lose(self.text(people[4:8], 1), 1)
        self.assertFalse(self.find(), "four may be chance")
        self.lose(self.text(people[8:], 1), 1)
        item, found = self.find_one("sms.sender")
        self.assertIn("67%", item["text"])
        self.assertEqual(found.company_id, self.company)
        found.sudo().active = False
        self.assertFalse(self.find(), "nobody sends from it any more")

    def test_a_template_that_people_leave_after(self):
        people = [self.person() for _ in range(10)]
        self.deliver(self.text(people, 2, self.offer), 2, seconds=3)
        for number in people[:3]:
            self.hear("STOP", number, 1)
        item, found = self.find_one("sms.template")
        self.assertEqual(found, self.offer)
        self.assertIn("30.0%", item["text"])

    def test_a_trouble_of_the_outbox_comes_first(self):
        self.ticket.sms_waiting_since = fields.Datetime.now() - timedelta(days=1)
        alert = self.env["sms.outbox.alert"]._raise(self.company, "x", "No credit")
        items = self.find()
        self.assertEqual(items[0]["text"], "No credit")
        self.assertEqual(items[0]["action"]["domain"], [("id", "=", alert.id)])
        self.assertEqual(len(items), 2)


@tagged("post_install", "-at_install")
class TestDashboardTour(ScenarioCase, HttpCase):
    """A manager uses the dashboard in a real browser."""

    def test_a_manager_looks_around(self):
        self.play()
        self.ticket.sms_waiting_since = fields.Datetime.now() - timedelta(hours=5)
        self.env.flush_all()
        self.env.cr.precommit.run()
        self.start_tour(
            f"{ACTION}sms_dashboard_action",
            "helpdesk_sms_dashboard",
            login="sms-manager",
        )
        digest = self.env.ref("helpdesk_mgmt_sms.digest_digest_sms")
        self.assertEqual(digest.user_ids, self.manager)


class TestDigest(ScenarioCase):
    """The digest's figures by e-mail, for those who may see them."""

    def compute(self, user, part="value"):
        """Return the digest's figures of the last 30 days for a user, by name."""
        digest = self.env.ref("helpdesk_mgmt_sms.digest_digest_sms")
        # Events of the current second belong to the next period.
        with freeze_time(fields.Datetime.now() + timedelta(minutes=1)):
            kpis = digest._compute_kpis(self.company, user)
        return {kpi["kpi_name"]: kpi["kpi_col3"].get(part) for kpi in kpis}

    def test_it_tells_what_the_dashboard_shows(self):
        self.play()
        self.env.flush_all()
        self.assertEqual(
            self.compute(self.manager),
            {
                "kpi_sms_sent": 40,
                "kpi_sms_delivered": 30,
                "kpi_sms_failed": 6,
                "kpi_sms_replies": 4,
                "kpi_sms_opt_outs": 5,
            },
        )

    def test_more_that_is_worse_is_not_painted_green(self):
        """Two texts failed before, and six now."""
        self.play()
        self.env.flush_all()
        changes = self.compute(self.manager, "margin")
        self.assertEqual((changes["kpi_sms_sent"], changes["kpi_sms_failed"]), (300, 0))

    def test_who_may_not_see_figures_gets_none(self):
        self.assertEqual(self.compute(self.employee), {})

    def test_who_asks_for_it_gets_it_and_can_stop_it(self):
        digest = self.env.ref("helpdesk_mgmt_sms.digest_digest_sms")
        dashboard = self.env["sms.dashboard"].with_user(self.agent)
        self.assertFalse(dashboard.get_dashboard()["gets_mail"])
        self.assertTrue(dashboard.set_weekly_mail(True))
        self.assertIn(self.agent, digest.user_ids)
        self.assertTrue(dashboard.get_dashboard()["gets_mail"])
        self.assertFalse(dashboard.set_weekly_mail(False))
        self.assertNotIn(self.agent, digest.user_ids)
        with self.assertRaises(AccessError):
            dashboard.with_user(self.own_agent).set_weekly_mail(True)
