# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.exceptions import AccessError

from ..common import SmsCase
from ..message.common import IntakeCase


class TestWaiting(IntakeCase):
    """Since when a ticket's customer waits for an answer, and what ends the wait."""

    def setUp(self):
        super().setUp()
        self.inbound = self.receive("Is it fixed?")

    def test_a_text_begins_it_and_a_second_one_does_not_begin_it_anew(self):
        self.assertEqual(self.ticket.sms_waiting_since, self.inbound.received_at)
        self.ticket.sms_waiting_since = first = "2026-01-02 03:04:05"
        second = self.receive("Hello?")
        self.assertEqual(str(self.ticket.sms_waiting_since), first)
        self.assertEqual(self.ticket.sms_last_inbound_at, second.received_at)

    def test_a_command_begins_nothing(self):
        self.ticket._end_sms_waiting()
        self.receive("HELP")
        self.assertFalse(self.ticket.sms_waiting_since)

    def test_a_personal_text_ends_it(self):
        self.compose("comment", self.ticket, self.own_agent)
        self.assertFalse(self.ticket.sms_waiting_since)

    def test_a_blocked_text_does_not_end_it(self):
        self.record_consent(event="revoked")
        self.compose("comment", self.ticket, self.own_agent)
        self.assertTrue(self.ticket.sms_waiting_since)

    def test_an_automatic_text_does_not_end_it(self):
        self.record_consent()
        self.ticket._message_sms("Your ticket was assigned.")
        self.assertEqual(self.messages_to()[-1].state, "outgoing")
        self.assertTrue(self.ticket.sms_waiting_since)

    def test_a_mail_to_the_customer_ends_it_and_a_note_does_not(self):
        self.customer.email = "dana@example.com"
        ticket = self.ticket.with_user(self.own_agent)
        self.post_on(ticket, "They text.", subtype_xmlid="mail.mt_note")
        self.assertTrue(self.ticket.sms_waiting_since)
        self.post_on(
            ticket,
            "It is fixed.",
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            partner_ids=self.customer.ids,
        )
        self.assertFalse(self.ticket.sms_waiting_since)

    def test_a_mail_to_nobodys_address_does_not_end_it(self):
        self.customer.email = False
        self.post_on(
            self.ticket.with_user(self.own_agent),
            "It is fixed.",
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            partner_ids=self.customer.ids,
        )
        self.assertTrue(self.ticket.sms_waiting_since)

    def test_a_mail_to_a_customer_without_a_contact_ends_it(self):
        owner = self.make_customer(False, "Dana", email="dana@example.com")
        self.ticket.write(
            {
                "partner_id": False,
                "partner_email": "Dana <Dana@Example.com>",
                "partner_phone": self.number,
            }
        )
        for to, waits in (
            ({"outgoing_email_to": "notdana@example.com"}, True),
            ({"outgoing_email_to": "dana@example.com"}, False),
            # As Odoo's chatter does.
            ({"partner_ids": owner.ids}, False),
        ):
            self.receive("Any news?")
            self.post_on(
                self.ticket.with_user(self.own_agent),
                "It is fixed.",
                message_type="comment",
                subtype_xmlid="mail.mt_comment",
                **to,
            )
            with self.subTest(to=to):
                self.assertEqual(bool(self.ticket.sms_waiting_since), waits)

    def test_a_mail_of_the_customer_does_not_end_it(self):
        self.post_on(
            self.ticket,
            "Still waiting.",
            message_type="comment",
            author_id=self.customer.id,
            subtype_xmlid="mail.mt_comment",
            partner_ids=self.agent.partner_id.ids,
        )
        self.assertTrue(self.ticket.sms_waiting_since)

    def test_closing_ends_it(self):
        self.ticket.stage_id = self.closed_stage
        self.assertFalse(self.ticket.sms_waiting_since)

    def test_an_agent_says_that_no_answer_is_needed(self):
        self.ticket.with_user(self.own_agent).action_mark_sms_answered()
        self.assertFalse(self.ticket.sms_waiting_since)
        self.assertTrue(self.inbound.read_at)

    def test_who_may_not_edit_the_ticket_may_not_say_so(self):
        for user in (self.employee, self.portal_user, self.compliance_officer):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.ticket.with_user(user).action_mark_sms_answered()
        self.assertTrue(self.ticket.sms_waiting_since)


class TestUnread(SmsCase):
    """Texts that nobody has read yet."""

    def test_texts_are_counted_until_one_of_us_reads_them(self):
        other = self.make_ticket()
        self.receive("One")
        self.receive("Two")
        tickets = (self.ticket | other).with_user(self.agent)
        self.assertEqual(tickets.mapped("sms_unread_count"), [2, 0])
        self.ticket.with_user(self.own_agent)._mark_sms_read()
        self.assertEqual(tickets.mapped("sms_unread_count"), [0, 0])

    def test_tickets_are_found_by_it(self):
        other = self.make_ticket()
        self.receive("One")
        tickets = self.env["helpdesk.ticket"].with_user(self.agent)
        both = [("id", "in", (self.ticket | other).ids)]
        self.assertEqual(
            tickets.search([*both, ("sms_unread_count", ">", 0)]), self.ticket
        )
        self.assertEqual(tickets.search([*both, ("sms_unread_count", "=", 0)]), other)

    def test_who_may_not_read_the_ticket_marks_nothing(self):
        self.receive("One")
        with self.assertRaises(AccessError):
            self.ticket.with_user(self.employee)._mark_sms_read()
        self.assertEqual(self.ticket.sms_unread_count, 1)
