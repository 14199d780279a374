# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.tests import HttpCase, new_test_user, tagged

from ..common import ACTION
from .common import BroadcastCase


@tagged("post_install", "-at_install")
class TestIncidentTours(BroadcastCase, HttpCase):
    """A manager announces an outage, another approves it, in a real browser."""

    def tour(self, action, name, login="sms-manager"):
        """Run a tour that begins at an action."""
        self.env.flush_all()
        self.start_tour(
            f"{ACTION}{action}", f"helpdesk_sms_incident_{name}", login=login
        )
        self.env.invalidate_all()

    def test_from_the_announcement_to_the_progress(self):
        self.company.sms_approve_from = 2
        new_test_user(self.env, "sms-colleague", "helpdesk_mgmt.group_helpdesk_manager")
        self.tour("sms_incident_action", "announces")
        incident = self.env["sms.incident"].search([])
        broadcast = incident.broadcast_ids
        self.assertEqual(broadcast.kind, "opening")
        self.work()
        self.tour("sms_broadcast_action", "asks")
        self.assertFalse(self.texts(broadcast))
        self.tour("sms_broadcast_action", "approves", "sms-colleague")
        self.assertEqual(broadcast.approver_id.login, "sms-colleague")
        self.work()
        self.run_outbox()
        self.tour("sms_incident_action", "progress")
        self.assertEqual(len(self.texts(broadcast)), 3)
