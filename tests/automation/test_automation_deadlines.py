# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import fields

from ...models.automation.sms_automation import SLA_MODEL
from ..common import phone_number
from .common import AutomationCase

OTHER_NUMBER = phone_number(1)


class TestDeadlines(AutomationCase):
    """A deadline of ``helpdesk_mgmt_sla`` approaches."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if SLA_MODEL not in cls.env:
            cls.skipTest(cls, "helpdesk_mgmt_sla is not installed")
        cls.own_agent.partner_id.phone = OTHER_NUMBER
        cls.record_consent(OTHER_NUMBER, "internal")
        sla = cls.env["helpdesk.sla"].create(
            {"name": "Soon", "hours": 8, "stage_id": cls.closed_stage.id}
        )
        cls.quiet_stage.sequence = 0
        cls.deadline = cls.env[SLA_MODEL].create(
            {"ticket_id": cls.ticket.id, "sla_id": sla.id}
        )
        cls.automation = cls.automate(
            "sla", audience="assignee", wait_hours=2, at_most="each"
        )
        cls.automation.sudo().in_force_since -= timedelta(days=1)

    def texts_when_due_in(self, **delta):
        """Return how many texts there are when the deadline is this far away."""
        self.deadline.state = "in_progress"
        self.env.flush_all()  # computes the deadline
        self.deadline.deadline = fields.Datetime.now() + timedelta(**delta)
        self.run_clock()
        return len(self.made_by(self.automation))

    def test_it_texts_once_for_each_deadline(self):
        self.assertEqual(self.texts_when_due_in(hours=3), 0, "it is still far")
        self.assertEqual(self.texts_when_due_in(hours=1), 1)
        self.run_clock()
        self.assertEqual(len(self.made_by(self.automation)), 1)
        self.assertEqual(self.texts_when_due_in(minutes=90), 2, "it has been moved")

    def test_one_that_was_far_off_is_not_found_again_after_months(self):
        self.automation.wait_hours = 24 * 90
        self.automation.sudo().in_force_since -= timedelta(days=400)
        self.assertEqual(self.texts_when_due_in(days=89), 1)
        runs = self.env["sms.automation.run"]
        run = runs.search([("automation_id", "=", self.automation.id)])
        run.done_at -= timedelta(days=61)
        runs._gc_done()
        self.run_clock()
        self.assertEqual(len(self.made_by(self.automation)), 1)

    def test_what_is_missed_or_met_is_left_alone(self):
        self.assertEqual(self.texts_when_due_in(hours=-1), 0, "it is too late")
        self.deadline.state = "accomplished"
        self.env.flush_all()
        self.deadline.deadline = fields.Datetime.now() + timedelta(hours=1)
        self.run_clock()
        self.assertFalse(self.made_by(self.automation))

    def test_a_closed_ticket_has_none(self):
        self.ticket.stage_id = self.closed_stage
        self.assertEqual(self.texts_when_due_in(hours=1), 0)

    def test_it_reads_as_a_sentence(self):
        self.assertIn("2 hours before a deadline", self.automation.summary)
