# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.tests import tagged

from ..common import SmsCase, phone_number

UNKNOWN, SHOWN = "+13035550199", "+1 303-555-0199"


@tagged("post_install", "-at_install")
class TestContactLabel(SmsCase):
    """A customer is shown by name, else by number, never as “there”."""

    def test_the_best_that_is_known(self):
        for values, label in (
            ({"partner_id": self.customer.id}, "Dana Customer"),
            ({"partner_name": "Lee", "partner_phone": UNKNOWN}, "Lee"),
            ({"partner_phone": UNKNOWN}, SHOWN),
            ({"partner_phone": "nonsense"}, "nonsense"),
        ):
            ticket = self.make_ticket(**values)
            with self.subTest(values=values):
                self.assertEqual(ticket.sms_contact_label, label)

    def test_an_unknown_sender_on_every_screen(self):
        inbound = self.receive("Nothing prints", UNKNOWN)
        ticket = inbound.ticket_id.with_user(self.agent)
        self.assertEqual(ticket.sms_contact_label, SHOWN)
        news = ticket.get_sms_news()
        self.assertEqual(news["title"], f"{SHOWN}, ticket {ticket.number}")
        messages = ticket.get_sms_conversation()["messages"]
        [shown] = [it for it in messages if it.get("direction") == "in"]
        self.assertEqual(shown["author"], SHOWN)
        self.assertEqual(inbound.mail_message_id.email_from, SHOWN)
        self.assertFalse(inbound.mail_message_id.author_id)
        wizard = self.env["sms.consent.record"].with_user(self.agent)
        self.assertEqual(wizard._get_person(ticket), SHOWN)

    def test_a_text_still_greets_them(self):
        ticket = self.make_ticket(partner_phone=phone_number(7))
        template = self.env.ref("helpdesk_mgmt_sms.sms_template_ticket_received")
        self.assertFalse(ticket.sms_customer_name)
        self.assertTrue(template._render_text(ticket).startswith("Hi, your ticket"))
