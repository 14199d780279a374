# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from ..live import OWN_NUMBER, LiveCase


class TestScenario(LiveCase):
    """The main flow on real input, from the first text to the last.

    A customer joins by a keyword; a ticket's text goes out through the Twilio SDK over
    HTTP, sent by Odoo's own cron; the customer answers STOP; the next ticket's text is
    blocked and says why.
    """

    customer = "+13035550142"

    def test_a_ticket_texts_its_customer_and_stop_ends_it(self):
        partner_id = self.make_customer(self.customer)

        # Without consent nothing is sent, and the text says why.
        self.make_ticket(partner_id)
        blocked = self.wait_state(self.customer, "canceled")
        self.assertEqual(blocked["gate_reason"], "no_consent")

        # The customer joins: a question, a YES, a welcome.
        response = self.text(self.customer, "Support.")
        self.assertEqual(response.status_code, 200)
        self.assertIn("<Response/>", response.text)
        [question] = self.peer.wait_for(self.customer)
        self.assertIn("reply YES", question["Body"])
        self.assertEqual(self._consent_state(partner_id), "pending")
        self.text(self.customer, "yes!")
        welcome = self.peer.wait_for(self.customer, 2)[-1]
        self.assertIn("you have joined", welcome["Body"])
        self.assertEqual(self._consent_state(partner_id), "opted_in")

        # A ticket's text goes out and its delivery comes back.
        ticket_id = self.make_ticket(partner_id)
        received = self.peer.wait_for(self.customer, 3)[-1]
        [ticket] = self.rpc("helpdesk.ticket", "read", [ticket_id], ["number"])
        self.assertIn(f"your ticket #{ticket['number']} has been", received["Body"])
        self.assertIn("Reply STOP to opt out", received["Body"])
        self.assertEqual(received["From"], OWN_NUMBER)
        message = self.wait_state(self.customer, "pending")
        self.assertTrue(received["StatusCallback"].endswith(message["uuid"]))
        self.report(message, "delivered", received["sid"])
        self.wait_state(self.customer, "sent")

        # The answer lands on the ticket.
        self.text(self.customer, "It still jams on page 2")
        self.assertIn("It still jams on page 2", self._chatter(ticket_id))

        # STOP is recorded and confirmed once; a second one is not answered.
        self.text(self.customer, "STOP")
        confirmation = self.peer.wait_for(self.customer, 4)[-1]
        self.assertIn("you have opted out", confirmation["Body"])
        self.assertEqual(self._consent_state(partner_id), "opted_out")
        self.text(self.customer, "stop")

        # The next ticket's text is blocked and says why.
        next_ticket_id = self.make_ticket(partner_id)
        last = self.wait_state(self.customer, "canceled")
        self.assertEqual(
            (last["gate_verdict"], last["failure_type"]), ("block", "sms_optout")
        )
        self.assertEqual(self._chatter_failures(next_ticket_id), ["sms_optout"])
        self.assertEqual(len(self.peer.to(self.customer)), 4)

    def _consent_state(self, partner_id):
        """Return the state that the contact's badge shows."""
        [partner] = self.rpc("res.partner", "read", [partner_id], ["sms_consent_state"])
        return partner["sms_consent_state"]

    def _chatter(self, ticket_id):
        """Return the text of a ticket's chatter."""
        messages = self.rpc(
            "mail.message",
            "search_read",
            [("model", "=", "helpdesk.ticket"), ("res_id", "=", ticket_id)],
            ["body"],
        )
        return " ".join(message["body"] for message in messages)

    def _chatter_failures(self, ticket_id):
        """Return why texts of a ticket failed, as the chatter shows it."""
        notifications = self.rpc(
            "mail.notification",
            "search_read",
            [
                ("mail_message_id.model", "=", "helpdesk.ticket"),
                ("mail_message_id.res_id", "=", ticket_id),
                ("notification_status", "=", "exception"),
            ],
            ["failure_type"],
        )
        return [notification["failure_type"] for notification in notifications]
