# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.tests import HttpCase, new_test_user, tagged

from ..common import ACTION
from .common import BroadcastCase


@tagged("post_install", "-at_install")
class TestIncidentTours(BroadcastCase, HttpCase):
    """A manager publishes an outage, another one approves it; an agent answers."""

    def tour(self, action, name, login="sms-manager"):
        """Run a tour that begins at an action."""
        self.env.flush_all()
        self.start_tour(
            f"{ACTION}{action}", f"helpdesk_sms_incident_{name}", login=login
        )
        self.env.invalidate_all()

    def test_from_the_announcement_to_the_end(self):
        self.company.sms_approve_from = 2
        new_test_user(self.env, "sms-colleague", "helpdesk_mgmt.group_helpdesk_manager")
        self.silent.email = "silent@example.com"
        self.tour("sms_incident_action", "announces")
        incident = self.env["sms.incident"].search([])
        broadcast = incident.broadcast_ids
        self.assertEqual((broadcast.kind, broadcast.state), ("opening", "waiting"))
        self.assertFalse(self.texts(broadcast))
        self.tour("sms_broadcast_action", "approves", "sms-colleague")
        self.assertEqual(broadcast.approver_id.login, "sms-colleague")
        self.work()
        self.run_outbox()
        self.tour("sms_incident_action", "progress")
        self.assertEqual(len(self.texts(broadcast)), 3)
        self.assertIn("A cable was cut.", self.texts(broadcast)[0].body)
        self.company.sms_approve_from = 0
        self.tour("sms_incident_action", "ends")
        self.work()
        self.assertEqual(incident.state, "resolved")
        self.assertEqual(len(self.messages_to(self.agreed[0].phone)), 2)

    def test_replies(self):
        incident = self.env["sms.incident"].with_user(self.manager)
        incident = incident.create(
            {"name": "No internet in Denver", "area_ids": [(6, 0, self.area.ids)]}
        )
        action = incident.action_publish()
        form = self.env[action["res_model"]].with_user(self.manager)
        form.browse(action["res_id"]).action_publish()
        self.work()
        self.run_outbox()
        words = ("Thank you", "When is it back", "Is it my router?")
        for partner, said in zip(self.agreed, words, strict=True):
            self.receive(said, partner.phone)
        self.tour("sms_incident_action", "replies", "sms-manager")
        for partner in self.agreed[1:]:
            bodies = self.messages_to(partner.phone).mapped("body")
            self.assertIn("By 4 PM.", "".join(bodies))
