# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import fields

from ..common import phone_number
from .common import DeskCase


class TestInbox(DeskCase):
    """The list of conversations: who waits, who is unread, what went wrong."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.action = cls.env.ref(
            "helpdesk_mgmt_sms.helpdesk_ticket_conversation_action"
        )
        cls.before = cls.env["helpdesk.ticket"].search([])
        cls.other_team = cls.env["helpdesk.ticket.team"].create({"name": "Other"})

    def make_conversation(self, index, **values):
        """Return a ticket whose customer has texted once."""
        number = phone_number(index)
        self.record_consent(number)
        customer = self.make_customer(number, f"Customer {index}")
        ticket = self.make_ticket(customer, **values)
        self.receive(f"Words of {index}", number)
        return ticket

    def find(self, *domain, user=None):
        """Return the conversations that a user's list shows, in its order."""
        tickets = self.env["helpdesk.ticket"].with_user(user or self.agent)
        return tickets.search(
            [
                ("sms_is_conversation", "=", True),
                ("id", "not in", (self.before - self.ticket).ids),
                *domain,
            ],
            order="sms_waiting_since, sms_last_inbound_at desc, id desc",
        )

    def test_a_ticket_is_a_conversation_once_somebody_has_written(self):
        self.assertFalse(self.find())
        template = self.env.ref("helpdesk_mgmt_sms.sms_template_ticket_update")
        self.send_template(self.ticket, template)
        self.assertFalse(self.find(), "what is only automatic makes none")
        self.reply()
        self.assertEqual(self.find(), self.ticket)
        self.assertTrue(self.ticket.with_user(self.agent).sms_is_conversation)
        self.assertNotIn(
            self.ticket,
            self.env["helpdesk.ticket"].search([("sms_is_conversation", "=", False)]),
        )

    def test_who_waits_longest_comes_first_and_who_does_not_wait_last(self):
        tickets = [self.make_conversation(index) for index in (1, 2, 3)]
        now = fields.Datetime.now()
        tickets[0].sms_waiting_since = now - timedelta(hours=1)
        tickets[1].sms_waiting_since = now - timedelta(hours=2)
        tickets[2].with_user(self.agent).action_mark_sms_answered()
        self.reply()
        self.assertEqual(
            list(self.find()), [tickets[1], tickets[0], tickets[2], self.ticket]
        )
        self.assertEqual(list(self.find(("sms_waiting_since", "!=", False))), [
            tickets[1], tickets[0]
        ])  # fmt: skip

    def test_the_last_words_are_theirs_or_ours(self):
        ticket = self.make_conversation(1).with_user(self.agent)
        self.assertEqual(ticket.sms_last_words, "Words of 1")
        ticket.send_sms_reply("On\nmy way", "key")
        ticket.invalidate_recordset()
        self.assertTrue(ticket.sms_last_words.startswith("You: On my way"))
        self.assertFalse(self.ticket.with_user(self.agent).sms_last_words)

    def test_failed_is_our_last_text(self):
        self.record_consent(event="revoked")
        template = self.env.ref("helpdesk_mgmt_sms.sms_template_ticket_update")
        self.send_template(self.ticket, template)
        failed = ("sms_last_failed", "=", True)
        self.assertEqual(self.find(failed), self.ticket)
        self.assertTrue(self.ticket.with_user(self.agent).sms_last_failed)
        self.record_consent(event="restored")
        self.record_consent()
        self.reply()
        self.ticket.invalidate_recordset()
        self.assertFalse(self.find(failed))
        self.assertFalse(self.ticket.with_user(self.agent).sms_last_failed)

    def test_each_sees_the_conversations_of_their_tickets(self):
        mine = self.make_conversation(
            1, user_id=self.own_agent.id, team_id=self.other_team.id
        )
        team = self.make_conversation(2, team_id=self.team.id, user_id=self.agent.id)
        others = self.make_conversation(
            3, user_id=self.agent.id, team_id=self.other_team.id
        )
        self.assertEqual(self.find(user=self.own_agent), mine)
        self.assertEqual(self.find(user=self.team_agent), team)
        self.assertEqual(self.find(user=self.agent), mine | team | others)

    def test_more_conversations_take_no_more_queries(self):
        names = ["sms_last_words", "sms_last_failed", "sms_unread_count"]

        def read():
            self.find().read(names)

        for index in (1, 2):
            self.make_conversation(index)
        read()
        few = self.count_queries(read)
        for index in range(3, 9):
            self.make_conversation(index)
        self.assertEqual(self.count_queries(read), few)

    def test_the_dashboard_counts_for_all_teams_at_once(self):
        other = self.other_team
        self.make_conversation(1, team_id=self.team.id)
        read = self.make_conversation(2, team_id=self.team.id)
        read.with_user(self.agent).mark_sms_read()
        answered = self.make_conversation(3, team_id=other.id)
        answered.with_user(self.agent).action_mark_sms_answered()
        teams = (self.team | other).with_user(self.agent)
        names = ("sms_unread_ticket_count", "sms_waiting_ticket_count")
        counts = [[team[name] for name in names] for team in teams]
        self.assertEqual(counts, [[1, 2], [0, 0]])
        teams.read(names)
        one = self.count_queries(self.team.with_user(self.agent).read, names)
        self.assertEqual(self.count_queries(teams.read, names), one)
