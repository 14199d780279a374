# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64

from odoo.tests import HttpCase, tagged

from ..common import phone_number
from .common import DeskCase

#: A picture of one pixel.
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYPj/HwADAgH/p0x2AAAA"
    "AElFTkSuQmCC"
)


@tagged("post_install", "-at_install")
class TestDeskTours(DeskCase, HttpCase):
    """The agent's day at the desk, in a real browser."""

    def run_tour(self, name, url=None, **options):
        """Run a tour as an agent, on the ticket unless an address is given."""
        url = url or f"/odoo/helpdesk.ticket/{self.ticket.id}"
        self.start_tour(url, f"helpdesk_sms_desk_{name}", login="sms-agent", **options)
        self.env.invalidate_all()

    def test_an_agent_answers_from_the_list_of_conversations(self):
        self.set_price(0.008)
        self.receive("The printer jams again")
        self.assertTrue(self.ticket.sms_unread_count)
        self.run_tour("replies", "/odoo/sms-conversations")
        message = self.messages_to()
        self.assertSent(message, "ticket")
        self.assertTrue(message.is_personal)
        self.assertIn("Ça marche", message.body)
        self.assertFalse(self.ticket.sms_unread_count, "it was on the screen")
        self.assertFalse(self.ticket.sms_waiting_since)

    def test_an_agent_is_told_what_to_do_without_consent(self):
        number = phone_number(3)
        self.ticket.partner_id = self.make_customer(number, "Nobody Asked")
        self.run_tour("blocked")
        self.assertEqual(self.ticket.sms_consent_state, "opted_in")
        self.assertFalse(self.messages_to(number), "nothing was sent meanwhile")

    def test_a_text_in_the_night_is_held(self):
        self.close_hours()
        self.run_tour("held")
        self.assertEqual(self.messages_to().gate_verdict, "hold")

    def test_a_picture_is_shown(self):
        inbound = self.receive("This is what it shows")
        inbound.attachment_ids = self.env["ir.attachment"].create(
            {
                "name": "screen.png",
                "raw": PIXEL,
                "res_model": self.ticket._name,
                "res_id": self.ticket.id,
            }
        )
        self.run_tour("picture")

    def test_reading_lets_the_number_of_unread_texts_fall(self):
        inbound = self.receive("One") | self.receive("Two")
        self.run_tour("unread")
        self.assertTrue(all(text.read_at for text in inbound))

    def test_a_draft_is_kept_and_a_double_click_sends_once(self):
        self.run_tour("draft")
        self.assertEqual(len(self.messages_to()), 1)

    def test_the_composer_counts_as_the_carrier_does(self):
        self.set_price(0.008)
        self.run_tour("composer")
