# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A maintenance: announced, reminded of, moved, begun, ended or cancelled."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .common import PublishCase


@tagged("post_install", "-at_install")
class TestPlan(PublishCase):
    """The same record leads from the announcement to the end."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.begin = fields.Datetime.now() + timedelta(days=3)
        cls.incident = cls.env["sms.incident"].with_user(cls.manager)
        cls.incident = cls.incident.create(
            {
                "name": "New router",
                "area_ids": [(6, 0, cls.area.ids)],
                "planned_from": cls.begin,
                "planned_to": cls.begin + timedelta(hours=1),
            }
        )

    def come(self, before):
        """Let so much time be left until it begins, and the job run."""
        incident_sudo = self.incident.sudo()
        moment = fields.Datetime.now() + before
        passed = incident_sudo.planned_from - moment
        for broadcast in incident_sudo.broadcast_ids.filtered("started_at"):
            broadcast.started_at -= passed
        self.env.cr.execute(
            "UPDATE sms_incident SET planned_from = %s, planned_to = %s WHERE id = %s",
            [moment, moment + timedelta(hours=1), self.incident.id],
        )
        self.env.invalidate_all()
        self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_incident"))
        self.run_jobs()

    def count(self):
        """Return how many texts one of those who agreed has had."""
        return len(self.messages_to(self.first.phone))

    def test_from_the_announcement_to_the_end(self):
        self.assertEqual(self.incident.state, "planned")
        form = self.open()
        self.assertIn("maintenance from", form.body)
        self.say(body=form.body)
        self.assertEqual(self.incident.state, "planned")
        text = self.messages_to(self.first.phone)
        self.assertIn("[Maintenance] New router", text.body)
        self.come(timedelta(hours=25))
        self.assertEqual(self.count(), 1)
        self.come(timedelta(hours=23))
        self.assertEqual(self.count(), 2)
        reminder = self.messages_to(self.first.phone)[-1]
        self.assertIn("Reminder: New router", reminder.body)
        self.assertEqual(len(self.mails()), 2)
        self.come(timedelta(hours=22))
        self.assertEqual(self.count(), 2)
        self.come(timedelta(minutes=-1))
        self.assertEqual(self.incident.state, "open")
        self.assertIn("has begun", self.incident.news_ids[0].body)
        self.assertEqual(self.count(), 2)
        form = self.open("resolved")
        self.assertIn("finished", form.body)
        form.action_publish()
        self.run_jobs()
        self.assertEqual(self.count(), 3)
        self.assertEqual(self.incident.state, "resolved")

    def test_the_reminder_is_a_choice(self):
        self.incident.reminder = "none"
        self.say()
        self.come(timedelta(minutes=30))
        self.assertEqual(self.count(), 1)

    def test_no_reminder_of_what_was_just_said(self):
        self.incident.planned_from = fields.Datetime.now() + timedelta(minutes=30)
        self.say()
        self.come(timedelta(minutes=20))
        self.assertEqual(self.count(), 1)

    def test_no_reminder_to_nobody(self):
        self.come(timedelta(hours=2))
        self.assertFalse(self.incident.news_ids)

    def test_moved(self):
        self.say()
        self.assertFalse(self.incident.is_moved)
        self.record_consent(self.silent.phone, "alert")
        self.far.city = "Denver"
        later = self.begin + timedelta(days=2)
        self.incident.write(
            {"planned_from": later, "planned_to": later + timedelta(hours=2)}
        )
        self.assertTrue(self.incident.is_moved)
        form = self.open()
        self.assertIn("is moved: maintenance is now from", form.body)
        broadcast = self.say(body=form.body)
        self.assertEqual(broadcast.kind, "update")
        self.assertNotIn(self.far, self.reached(broadcast))
        self.assertFalse(self.incident.is_moved)

    def test_cancelled(self):
        self.say()
        form = self.open("cancelled")
        self.assertIn("is cancelled", form.body)
        form.action_publish()
        self.run_jobs()
        self.assertEqual(self.incident.state, "cancelled")
        self.assertEqual(self.count(), 2)
        self.come(timedelta(minutes=-1))
        self.assertEqual(self.incident.state, "cancelled")
        with self.assertRaisesRegex(UserError, "has begun"):
            self.env["sms.incident.news"].create(
                {"incident_id": self.incident.id, "state": "planned", "body": "x"}
            )

    def test_a_reminder_that_waited_too_long(self):
        self.say()
        self.come(timedelta(hours=23))
        reminder = self.messages_to(self.second.phone)[-1]
        self.assertIn("Reminder", reminder.body)
        reminder.write({"state": "outgoing", "not_before": fields.Datetime.now()})
        self.come(timedelta(minutes=-1))
        self.run_outbox()
        self.assertGateSays(reminder, "canceled", "block", "overtaken")

    def test_muted_before_it_begins(self):
        self.say()
        self.receive("MUTE", self.first.phone)
        self.assertEqual(self.incident.muted_count, 1)

    def test_no_ticket_is_about_what_has_not_begun(self):
        self.incident.words = "router"
        ticket = self.make_ticket(self.first, name="The router is loud")
        self.assertFalse(ticket.sms_incident_id)

    def test_what_is_no_plan(self):
        for values in (
            {"planned_to": self.begin - timedelta(hours=1)},
            {"planned_from": False},
        ):
            with self.assertRaisesRegex(ValidationError, "ends after it has begun"):
                self.incident.write(values)
        self.incident.write({"planned_from": False, "planned_to": False})
        self.assertEqual(self.incident.state, "open")
