# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the conversation tells of a text in the person's own words."""

from odoo.tests import tagged

from ..common import phone_number
from .common import DeskCase


@tagged("post_install", "-at_install")
class TestOwnWords(DeskCase):
    """Our last text and the names in it decide what a text means."""

    def setUp(self):
        super().setUp()
        self.reviews = self.env["sms.consent.review"]

    def text_customer(self, words):
        """Send the customer a text."""
        self.reply(words)
        self.run_outbox()

    def read_state(self):
        """Return what the customer has answered."""
        self.env.invalidate_all()
        return self.ticket.sms_consent_state

    def test_a_stranger_by_the_name_that_we_used(self):
        self.text_customer("Hi Dana, your ticket is solved.")
        self.receive("I am not Dana")
        self.assertEqual(self.read_state(), "opted_out")

    def test_a_name_that_we_never_used_is_put_to_a_person(self):
        self.text_customer("Your ticket is solved.")
        self.receive("I am not Dana")
        self.assertEqual(self.read_state(), "opted_in")
        self.assertEqual(self.reviews.search([]).reason, "not dana")

    def test_a_slip_that_is_a_word_after_a_text_that_named_stop(self):
        self.receive("suit")
        self.assertEqual(self.read_state(), "opted_in")
        self.assertEqual(self.reviews.search([]).reason, "suit")
        self.text_customer("Your ticket is solved. Reply STOP to opt out.")
        self.receive("suit")
        self.assertEqual(self.read_state(), "opted_out")


@tagged("post_install", "-at_install")
class TestAutomaticReplies(DeskCase):
    """What no person has written."""

    words = "I'm driving right now. I'll get back to you when I'm not driving."

    def test_it_stands_on_the_ticket_and_waits_for_nobody(self):
        waiting = self.ticket.sms_waiting_since
        inbound = self.receive(self.words)
        self.assertEqual(inbound.kind, "automatic")
        self.assertEqual(inbound.ticket_id, self.ticket)
        self.assertIn("driving", inbound.mail_message_id.body)
        self.assertEqual(self.ticket.sms_waiting_since, waiting)
        self.assertFalse(self.messages_to())

    def test_it_makes_no_ticket(self):
        count = self.env["helpdesk.ticket"].search_count([])
        inbound = self.receive(self.words, number=phone_number(8))
        self.assertEqual(inbound.kind, "automatic")
        self.assertFalse(inbound.ticket_id)
        self.assertEqual(self.env["helpdesk.ticket"].search_count([]), count)

    def test_the_conversation_says_so(self):
        self.receive(self.words)
        [text] = self.texts()
        self.assertIn("Automatic reply", text["note"])
