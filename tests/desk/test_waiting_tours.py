# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.tests import HttpCase, tagged

from .common import INBOX_URL, InboxTourCase


@tagged("post_install", "-at_install")
class TestWaitingTours(InboxTourCase, HttpCase):
    """Closing a ticket asks about its texts that still wait."""

    browser_size = "1366x800"

    def setUp(self):
        super().setUp()
        stages = self.env["helpdesk.ticket.stage"]
        stages.search([("closed", "=", True)]).active = False
        self.solved = stages.create({"name": "Solved", "sequence": 90, "closed": True})
        self.close_hours()
        self.texts_by_ticket = {}
        for ticket in (self.anna, self.bert):
            ticket.stage_id = self.quiet_stage
            self.env["sms.inbound"].search([]).received_at = "2026-01-01"
            self.write_to(ticket, "The parts come on Monday")

    def write_to(self, ticket, body):
        """Write a text that waits for the business hours."""
        desk = ticket.with_user(self.agent)
        desk.send_sms_reply(body, f"key-{ticket.id}", is_sure=True)
        sms = self.messages_to(ticket.partner_phone_sanitized)[-1]
        self.assertEqual((sms.state, sms.gate_verdict), ("outgoing", "hold"))
        self.texts_by_ticket[ticket] = sms

    def test_in_the_form(self):
        self.run_tour("waiting_form", f"/odoo/helpdesk.ticket/{self.anna.id}")
        self.assertEqual(self.anna.stage_id, self.solved)
        sms = self.texts_by_ticket[self.anna]
        self.assertEqual((sms.state, sms.cancelled_by_id), ("canceled", self.agent))

    def test_for_several_at_once(self):
        self.run_tour("waiting_bulk")
        self.assertTrue(self.anna.closed and self.bert.closed)
        for sms in self.texts_by_ticket.values():
            self.assertEqual((sms.state, sms.gate_verdict), ("outgoing", "hold"))
        notes = " ".join(self.anna.message_ids.mapped("body"))
        self.assertIn("still wait for their time: 1", notes)

    def run_tour(self, name, *args, **options):
        """Run a tour as an agent."""
        url = args[0] if args else INBOX_URL
        self.start_tour(url, f"helpdesk_sms_{name}", login="sms-agent", **options)
        self.env.invalidate_all()
