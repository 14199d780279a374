# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from contextlib import contextmanager

from odoo.tests import HttpCase, tagged

from ..common import SmsCase, phone_number


@tagged("post_install", "-at_install")
class TestTours(SmsCase, HttpCase):
    """The main flow in a real browser: text a customer, who then texts STOP."""

    @contextmanager
    def enter_registry_test_mode(self):
        """Share the transaction with the cron; the browser shares it already."""
        self.env.flush_all()
        yield
        self.env.invalidate_all()

    def test_an_agent_texts_and_the_customer_stops(self):
        ticket_url = f"/odoo/helpdesk.ticket/{self.ticket.id}"
        phone_url = "/odoo/action-helpdesk_mgmt_sms.sms_virtual_phone_action"
        self.record_consent()

        self.start_tour(ticket_url, "helpdesk_sms_agent_texts", login="sms-agent")
        self.env.invalidate_all()
        self.assertEqual(self.messages_to().state, "outgoing")
        self.run_outbox()
        self.assertEqual(self.messages_to().state, "sent")

        self.start_tour(phone_url, "helpdesk_sms_customer_stops", login="sms-agent")
        self.run_outbox()
        self.start_tour(
            phone_url, "helpdesk_sms_customer_reads_confirmation", login="sms-agent"
        )
        self.assertEqual(self.ticket.sms_consent_state, "opted_out")
        self.start_tour(ticket_url, "helpdesk_sms_agent_is_told", login="sms-agent")
        self.assertEqual(len(self.messages_to()), 2, "the text and one confirmation")

    def test_an_agent_asks_why_and_a_manager_reads_the_story(self):
        self.record_consent(name="Dana Customer", wording="I agree to texts")
        self.start_tour(
            f"/odoo/helpdesk.ticket/{self.ticket.id}",
            "helpdesk_sms_agent_asks_why",
            login="sms-agent",
        )
        self.env.invalidate_all()
        self.assertEqual(self.ticket.sms_consent_state, "opted_out")
        self.assertEqual(self.ticket.name, "The printer burns", "it is saved before")
        self.start_tour(
            "/odoo/action-helpdesk_mgmt_sms.sms_consent_action",
            "helpdesk_sms_manager_reads_story",
            login="sms-manager",
        )

    def test_a_customer_asks_on_the_portal_and_answers_by_text(self):
        self.portal_user.partner_id.country_id = self.country
        self.start_tour("/new/ticket", "helpdesk_sms_customer_asks", login="sms-portal")
        self.env.invalidate_all()
        ticket = self.env["helpdesk.ticket"].search(
            [("name", "=", "The scanner blinks")]
        )
        self.assertEqual(ticket.partner_phone_sanitized, phone_number(77))
        self.assertEqual(ticket.sms_consent_state, "pending")
        for step in ("proves_number", "answers"):
            self.run_outbox()
            self.start_tour(
                "/odoo/action-helpdesk_mgmt_sms.sms_virtual_phone_action",
                f"helpdesk_sms_customer_{step}",
                login="sms-agent",
            )
        self.env.invalidate_all()
        self.assertEqual(ticket.sms_consent_state, "opted_in")
        self.assertTrue(ticket.sms_waiting_since)
        [inbound] = self.env["sms.inbound"].search([("ticket_id", "=", ticket.id)])
        self.assertEqual(inbound.body, "It is the one on floor 2")
