# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json

from ...models.desk.helpdesk_ticket_desk import BUS_CHANNEL, CHANGE_TYPE, NEWS_TYPE
from .common import InboxCase


class TestDeskBus(InboxCase):
    """Open conversations and people are told, and nobody else."""

    def setUp(self):
        super().setUp()
        self.flush_bus()

    def changes(self):
        """Return the notices to conversations: ``[(ticket_id, ids)]``."""
        return [
            (payload["ticket_id"], payload["ids"])
            for _channel, kind, payload in self.flush_bus()
            if kind == CHANGE_TYPE
        ]

    def channels_for(self, user, *names):
        """Return the channels of conversations that a user's screen gets."""
        channels = self.get_channels(user, *names)
        return [channel for channel in channels if BUS_CHANNEL in map(str, channel)]

    # === Who may listen ===

    def test_who_may_read_a_ticket_may_listen_to_it(self):
        name = f"{BUS_CHANNEL}_{self.ticket.id}"
        channel = (self.env.cr.dbname, BUS_CHANNEL, self.ticket.id)
        for user in (self.own_agent, self.team_agent, self.agent):
            with self.subTest(user=user.login):
                self.assertEqual(self.channels_for(user, name), [channel])
        self.ticket.message_subscribe((self.portal_user | self.employee).partner_id.ids)
        for user in (self.portal_user, self.employee, self.compliance_officer):
            with self.subTest(user=user.login):
                self.assertFalse(self.channels_for(user, name))

    def test_nobody_listens_to_what_they_may_not_read_or_to_no_ticket(self):
        other_company = self.make_company("Other")
        self.agent.company_ids -= other_company
        elsewhere = self.make_ticket(company_id=other_company.id)
        others = self.make_ticket(user_id=self.agent.id)
        names = [f"{BUS_CHANNEL}_{t.id}" for t in (elsewhere, others)]
        self.assertFalse(self.channels_for(self.own_agent, *names))
        self.assertEqual(len(self.channels_for(self.agent, *names)), 1)
        for name in (f"{BUS_CHANNEL}_0", f"{BUS_CHANNEL}_1x", f"{BUS_CHANNEL}_"):
            self.assertFalse(self.channels_for(self.agent, name))

    # === What they are told ===

    def test_a_new_text_is_told_without_its_words(self):
        inbound = self.receive("My secret words")
        notices = self.flush_bus()
        channel = (self.env.cr.dbname, BUS_CHANNEL, self.ticket.id)
        payload = {"ticket_id": self.ticket.id, "ids": [f"in-{inbound.id}"]}
        self.assertIn((channel, CHANGE_TYPE, payload), notices)
        ours = [n for n in notices if n[1].startswith("helpdesk_mgmt_sms/")]
        ours = [n for n in ours if n[1] in (CHANGE_TYPE, NEWS_TYPE)]
        self.assertNotIn("secret", json.dumps(ours))
        self.assertNotIn(self.number, json.dumps(ours))

    def test_each_change_of_a_text_of_ours_is_told_once(self):
        self.reply()
        message = self.messages_to()
        told = [(self.ticket.id, [f"out-{message.id}"])]
        self.assertEqual(self.changes(), told)
        self.run_outbox()
        self.assertEqual(set(map(str, self.changes())), set(map(str, told)))

    def test_cancelling_and_moving_are_told(self):
        self.reply(user=self.agent)
        message = self.messages_to()
        self.flush_bus()
        told = [(self.ticket.id, [f"out-{message.id}"])]
        message.with_user(self.agent)._move(False)
        self.assertEqual(self.changes(), told)
        message.with_user(self.agent).action_cancel_waiting()
        self.assertEqual(self.changes(), told)

    def test_a_batch_makes_one_notice_for_each_ticket(self):
        tickets = self.ticket | self.make_ticket(self.customer)
        for ticket in tickets:
            for body in ("One", "Two", "Three"):
                ticket.with_user(self.agent).send_sms_reply(body, f"{ticket.id}{body}")
        self.flush_bus()
        self.messages_to()._update_trackers()
        self.messages_to()._notify_changed()
        self.assertEqual([len(ids) for _ticket, ids in self.changes()], [3, 3])

    def test_a_bigger_batch_takes_no_more_queries(self):
        for index in range(12):
            self.reply(f"Text {index}")
        messages = self.messages_to()
        self.env.flush_all()
        few = self.count_queries(messages[:2]._notify_changed)
        self.assertEqual(self.count_queries(messages._notify_changed), few)

    def test_other_apps_texts_are_not_told(self):
        self.env["sms.sms"].create({"number": self.number, "body": "Hello"})
        self.assertFalse(self.changes())

    # === Who is notified ===

    def notified(self, ticket):
        """Return the users who were told that the customer has texted."""
        channels = [
            channel
            for channel, kind, payload in self.flush_bus()
            if kind == NEWS_TYPE and payload == {"ticket_id": ticket.id}
        ]
        partner_ids = [
            channel[2] for channel in channels if channel[1] == "res.partner"
        ]
        self.assertEqual(len(partner_ids), len(channels))
        return self.env["res.users"].search([("partner_id", "in", partner_ids)])

    def test_the_assignee_is_notified_or_else_the_team(self):
        self.receive("Hello")
        self.assertEqual(self.notified(self.ticket), self.own_agent)
        self.ticket.user_id = False
        self.flush_bus()
        self.receive("Is anybody there?")
        self.assertEqual(self.notified(self.ticket), self.own_agent | self.team_agent)

    def test_what_was_read_meanwhile_is_no_news(self):
        self.receive("Hello, it jams")
        desk = self.desk_of(self.own_agent)
        news = desk.get_sms_news()
        self.assertEqual(news["body"], "Hello, it jams")
        self.assertIn("Dana Customer", news["title"])
        self.flush_bus()
        self.desk_of(self.agent).mark_sms_read()
        self.assertEqual(self.changes(), [(self.ticket.id, [])])
        self.assertFalse(desk.get_sms_news())
