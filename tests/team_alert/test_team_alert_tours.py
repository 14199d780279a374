# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from contextlib import contextmanager

from odoo.tests import HttpCase, tagged

from ..common import ACTION
from .common import TeamAlertCase


@tagged("post_install", "-at_install")
class TestTeamAlertTours(TeamAlertCase, HttpCase):
    """In a real browser: raised at the desk, taken on the phone, seen on the board."""

    #: The browser's clock goes on.
    is_frozen = False

    @contextmanager
    def enter_registry_test_mode(self):
        """Share the test's transaction with crons too, as the browser does already."""
        self.env.flush_all()
        yield
        self.env.invalidate_all()

    def test_an_alert_from_the_desk_to_the_phone_and_back(self):
        self.alerts.search([]).write({"state": "resolved", "created_at": "2020-01-01"})
        board = f"{ACTION}sms_team_alert_action"
        self.start_tour(board, "helpdesk_sms_team_alert_raised", login="sms-agent")
        self.run_outbox()
        self.start_tour(
            f"{ACTION}sms_virtual_phone_action",
            "helpdesk_sms_team_alert_taken",
            login="sms-agent",
        )
        self.env.invalidate_all()
        alert = self.alerts.search([("name", "=", "Server 4 offline")])
        self.assertEqual(alert.acknowledged_by_id, self.ann)
        self.start_tour(board, "helpdesk_sms_team_alert_board", login="sms-ann")
        self.env.invalidate_all()
        self.assertEqual(alert.resolved_by_id, self.ann)

    def test_a_monitoring_system_is_connected(self):
        self.env["sms.alert.source"].search([]).unlink()
        plans = f"{ACTION}sms_team_alert_plan_action"
        self.start_tour(plans, "helpdesk_sms_alert_source", login="sms-manager")
        self.env.invalidate_all()
        source = self.env["sms.alert.source"].search([])
        self.assertEqual((source.name, source.team_id), ("Grafana", self.team))

    def test_who_is_on_call_changes_with_two_clicks(self):
        self.team.user_ids = self.ann + self.bo + self.cy
        (self.env["sms.oncall.shift"].search([]) - self.shifts).active = False
        board = f"{ACTION}sms_team_alert_action"
        self.start_tour(board, "helpdesk_sms_take_over", login="sms-bo")
        self.env.invalidate_all()
        override = self.env["sms.oncall.shift"].search(
            [("replaced_user_id", "=", self.ann.id)]
        )
        self.assertEqual(override.user_id, self.bo)
        override.active = False
        shifts = f"{ACTION}sms_oncall_shift_action"
        self.start_tour(shifts, "helpdesk_sms_hand_over", login="sms-ann")

    def test_the_manager_lets_a_plan_call(self):
        self.start_tour(
            f"{ACTION}sms_team_alert_plan_action",
            "helpdesk_sms_team_alert_plan",
            login="sms-manager",
        )
        self.env.invalidate_all()
        self.assertEqual(self.plan.step_ids.mapped("how"), ["text", "call", "text"])

    def ring(self, name):
        """Call the person on call, and run a tour on their phone."""
        self.alerts.search([]).write({"state": "resolved", "created_at": "2020-01-01"})
        self.plan.step_ids.how = "call"
        alert = self.raise_alert("Server 4 offline")
        self.run_outbox()
        phone = f"{ACTION}sms_virtual_phone_action"
        self.start_tour(phone, name, login="sms-agent")
        self.env.invalidate_all()
        return alert

    def test_a_call_is_taken_on_the_phone(self):
        alert = self.ring("helpdesk_sms_team_alert_called")
        self.assertEqual(alert.acknowledged_by_id, self.ann)

    def test_a_call_is_declined_on_the_phone(self):
        alert = self.ring("helpdesk_sms_team_alert_declined")
        self.run_escalation()
        self.assertIn("missed", alert.entry_ids.mapped("kind"))

    def test_everybody_chooses_how_they_are_reached(self):
        self.start_tour(
            f"/odoo/my-preferences/{self.ann.id}",
            "helpdesk_sms_team_alert_preferences",
            login="sms-ann",
        )
        self.env.invalidate_all()
        self.assertEqual(self.ann.sms_alert_order, "call_first")
        self.assertEqual(self.ann.sms_call_from, 9)
