# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from contextlib import contextmanager

from odoo.tests import HttpCase, tagged

from ..common import ACTION
from .common import TeamAlertCase


@tagged("post_install", "-at_install")
class TestTeamAlertTours(TeamAlertCase, HttpCase):
    """In a real browser: raised at the desk, taken on the phone, seen on the board."""

    #: A browser's goes on.
    is_frozen = False

    @contextmanager
    def enter_registry_test_mode(self):
        """Share the transaction with the cron; the browser shares it already."""
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
