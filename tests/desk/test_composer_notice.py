# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError

from ..common import SmsCase, phone_number


class TestNotice(SmsCase):
    """A sender is told at once what has become of their text."""

    def send(self, tickets, **values):
        """Text the customers of tickets; return the notice's type and message."""
        values = {
            "composition_mode": "comment" if len(tickets) == 1 else "mass",
            "res_model": "helpdesk.ticket",
            "res_ids": str(tickets.ids),
            "body": "We are on it.",
            **values,
        }
        if len(tickets) == 1:
            values["res_id"] = tickets.id
        composer = self.env["sms.composer"].with_user(self.manager).create(values)
        action = composer.action_send_sms()
        self.assertEqual(action["tag"], "display_notification")
        params = action["params"]
        self.assertEqual(params["next"], {"type": "ir.actions.act_window_close"})
        return params["type"], params["message"]

    def test_it_is_on_its_way(self):
        self.record_consent()
        told = self.send(self.ticket)
        self.assertEqual(told, ("success", "The text is on its way."))

    def test_it_was_blocked(self):
        kind, message = self.send(self.ticket)
        self.assertEqual(kind, "warning")
        self.assertIn("No consent", message)

    def test_it_is_held(self):
        self.record_consent()
        later = fields.Datetime.now() + timedelta(hours=2)
        kind, message = self.send(self.ticket, send_at=later)
        self.assertEqual(kind, "warning")
        self.assertIn("Held until", message)

    def test_it_is_too_long_for_any_carrier(self):
        self.record_consent()
        self.send(self.ticket, body="x" * (1599 - len(self.footer)))
        with self.assertRaisesRegex(UserError, "at most 1600"):
            self.send(self.ticket, body="x" * (1600 - len(self.footer)))
        self.assertEqual(len(self.messages_to()), 1)

    def test_of_many_it_counts(self):
        self.record_consent()
        other = self.make_ticket(self.make_customer(phone_number(1)))
        told = self.send(self.ticket | other)
        self.assertEqual(
            told,
            ("warning", "Texts on their way: 1. Held: 0. Not sent: 1."),
        )

    def test_a_caller_may_not_collect(self):
        self.record_consent()
        composer = self.env["sms.composer"].with_context(sms_sent=["x"])
        made = composer.create(
            {
                "composition_mode": "comment",
                "res_model": "helpdesk.ticket",
                "res_id": self.ticket.id,
                "body": "Hi",
            }
        )
        self.assertTrue(made._action_send_sms())
