# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64
from unittest.mock import patch

from odoo.tests import HttpCase, tagged

from ...providers.sandbox import SandboxProvider
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

    def test_a_template_of_another_purpose_does_not_lock_the_box(self):
        self.make_an_offer("ticket_update")
        self.run_tour("purpose")
        self.assertSent(self.messages_to(), "ticket")

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

    def after_typing(self, work):
        """Call ``work`` on the ticket once, as soon as the agent types."""
        tickets = type(self.env["helpdesk.ticket"])
        share, done = tickets.share_sms_presence, []

        def share_and_work(ticket, state, is_new=False):
            result = share(ticket, state, is_new)
            if state == "typing" and not done:
                done.append(work)
                work(ticket)
            return result

        return patch.object(tickets, "share_sms_presence", share_and_work)

    def test_saved_replies_by_a_slash(self):
        self.run_tour("slash")
        message = self.messages_to()
        self.assertIn("Good morning. Please turn the device off", message.body)

    def test_a_note_with_a_mention(self):
        self.team_agent.notification_type = "inbox"
        self.run_tour("note")
        note = self.env["mail.message"].search(
            [("res_id", "=", self.ticket.id), ("body", "ilike", "@sms-team-agent")]
        )
        self.assertEqual(note.subtype_id, self.env.ref("mail.mt_note"))
        self.assertEqual(note.partner_ids, self.team_agent.partner_id)
        self.assertIn(self.team_agent.partner_id, note.notified_partner_ids)
        self.assertFalse(self.messages_to())

    def test_who_types_is_shown(self):
        def type_too(ticket):
            """Type in the same conversation, as a colleague."""
            return ticket.with_user(self.team_agent).share_sms_presence("typing")

        with self.after_typing(type_too):
            self.run_tour("presence")

    def test_nobody_answers_twice_unasked(self):
        def answer(ticket):
            """Answer before the agent does, as a colleague."""
            desk = ticket.with_user(self.team_agent)
            return desk.send_sms_reply("I was faster", "other-key")

        with self.after_typing(answer):
            self.run_tour("overtaken")
        self.assertEqual(len(self.messages_to()), 2)

    def test_what_a_conversation_does_with_what_it_is_told(self):
        self.run_tour("store")

    def test_a_ticket_is_taken_away_while_it_is_open(self):
        other = self.make_company("Other")
        self.agent.company_ids -= other

        def take(ticket):
            """Move the ticket to where the agent does not work."""
            ticket.sudo().write({"company_id": other.id, "team_id": False})

        with self.after_typing(take):
            self.run_tour("taken")

    def test_the_time_of_a_draft_is_kept(self):
        self.run_tour("kept")
        self.assertTrue(self.messages_to().send_at)

    def test_nothing_is_typed_while_a_text_is_sent(self):
        self.run_tour("busy")

    def test_a_waiting_text_is_moved(self):
        self.close_hours()
        self.reply("Tomorrow", user=self.agent)
        self.run_tour("change_time")

    def test_a_stop_changes_an_open_desk(self):
        def stop(ticket):
            """Text STOP, as the customer."""
            event = SandboxProvider.parse_inbound(
                {"id": "SBstop", "from": self.number, "body": "STOP"}
            )
            inbounds_sudo = ticket.env["sms.inbound"].sudo()
            return inbounds_sudo._receive(ticket.sudo().company_id, event)

        with self.after_typing(stop):
            self.run_tour("stop")

    def test_texts_about_another_ticket_are_folded(self):
        for index in range(20):
            self.receive(f"Text {index}")
            self.reply(f"Answer {index}", user=self.agent)
        other = self.make_ticket(self.customer)
        for body in ("The other thing", "And that"):
            self.receive(body).ticket_id = other
        self.run_tour("fold")
