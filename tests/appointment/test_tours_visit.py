# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from contextlib import contextmanager

from odoo.tests import HttpCase, tagged

from ..common import SmsCase

PHONE = "/odoo/action-helpdesk_mgmt_sms.sms_virtual_phone_action"


@tagged("post_install", "-at_install")
class TestVisitTours(SmsCase, HttpCase):
    """In a real browser: from the ticket to a visit, confirmed and moved by text."""

    @contextmanager
    def enter_registry_test_mode(self):
        """Share the test's transaction with crons too, as the browser does already."""
        self.env.flush_all()
        yield
        self.env.invalidate_all()

    def work(self):
        """Run reminders and outbox after what the browser did."""
        self.env.flush_all()
        self.cr.flush()
        self.env.invalidate_all()
        self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_reminder"))
        self.run_outbox()

    def test_from_the_ticket_to_another_time_by_text(self):
        self.record_consent(None, "appointment", "ticket")
        self.start_tour(
            f"/odoo/helpdesk.ticket/{self.ticket.id}",
            "helpdesk_sms_agent_schedules",
            login="sms-agent",
        )
        self.work()
        event = self.ticket.visit_ids
        self.assertEqual(len(event), 1)

        self.start_tour(PHONE, "helpdesk_sms_customer_confirms", login="sms-agent")
        self.work()
        self.assertEqual(event.sms_confirmation, "confirmed")
        visit_url = f"/odoo/calendar.event/{event.id}"
        self.start_tour(
            visit_url, "helpdesk_sms_agent_sees_confirmed", login="sms-agent"
        )

        start = event.start
        self.start_tour(PHONE, "helpdesk_sms_customer_reschedules", login="sms-agent")
        self.work()
        self.start_tour(PHONE, "helpdesk_sms_customer_chooses", login="sms-agent")
        self.work()
        self.assertNotEqual(event.start, start)
        self.assertEqual(event.sms_confirmation, "confirmed")
        self.assertIn("has moved from", self.messages_to()[-1].body)
        self.start_tour(
            visit_url, "helpdesk_sms_agent_sees_confirmed", login="sms-agent"
        )
