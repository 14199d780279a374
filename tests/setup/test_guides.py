# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.tests import HttpCase, tagged

from ..common import SmsCase


@tagged("post_install", "-at_install")
class TestGuides(SmsCase, HttpCase):
    """Each guided tour runs through the screens of its role, in a real browser."""

    def take(self, role, login):
        """Run the guided tour of a role, starting at its menu."""
        tour = self.env.ref(f"helpdesk_mgmt_sms.web_tour_tour_{role}")
        action = self.env.ref(f"helpdesk_mgmt_sms.sms_guide_{role}_action")
        self.assertEqual(action.params, {"guide": tour.name})
        self.start_tour(tour.url, tour.name, login=login)

    def test_an_agent(self):
        self.receive("The printer jams again")
        self.take("agent", "sms-agent")

    def test_a_manager_of_an_empty_helpdesk(self):
        self.take("manager", "sms-manager")

    def test_a_compliance_officer(self):
        self.record_consent()
        self.take("officer", "sms-compliance")
