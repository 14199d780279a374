# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json

from ...models.desk.helpdesk_ticket_desk import (
    BUS_CHANNEL,
    CHANGE_TYPE,
    NEWS_TYPE,
    PRESENCE_TYPE,
)
from ...models.desk.sms_sms import LIVE_LIMIT
from ...models.ledger.sms_consent_event import Statement
from ..common import phone_number
from .common import InboxCase


class TestDeskBus(InboxCase):
    """Open conversations and the people concerned are notified, nobody else."""

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
        """Return the conversation channels among those that a user's client gets."""
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
        other = self.make_customer(phone_number(4), "Other")
        self.record_consent(phone_number(4))
        self.flush_bus()
        tickets = self.ticket | self.make_ticket(other)
        for ticket in tickets:
            for body in ("One", "Two", "Three"):
                ticket.with_user(self.agent).send_sms_reply(body, f"{ticket.id}{body}")
        self.flush_bus()
        messages = self.messages_to() | self.messages_to(phone_number(4))
        messages._update_trackers()
        messages._notify_changed()
        self.assertEqual([len(ids) for _ticket, ids in self.changes()], [3, 3])

    def test_a_bigger_batch_takes_no_more_queries(self):
        for index in range(12):
            self.reply(f"Text {index}")
        messages = self.messages_to()
        self.env.flush_all()
        few = self.count_queries(messages[:2]._notify_changed)
        self.assertEqual(self.count_queries(messages._notify_changed), few)

    def test_texts_without_a_ticket_are_told_to_those_of_the_number(self):
        other = self.make_ticket(self.customer)
        self.make_ticket(self.make_customer(phone_number(4)))
        company = self.make_company("Other")
        self.make_ticket(self.customer, company_id=company.id)
        message = self.env["sms.sms"].create({"number": self.number, "body": "Hello"})
        ids = [f"out-{message.id}"]
        self.assertEqual(
            sorted(self.changes()), [(self.ticket.id, ids), (other.id, ids)]
        )

    def test_mass_messages_are_not_told_one_by_one(self):
        vals = {"number": self.number, "body": "Hello"}
        self.env["sms.sms"].create([vals] * (LIVE_LIMIT + 1))
        self.assertFalse(self.changes())

    # === What else changes a conversation ===

    def told_ids(self):
        """Return the kinds of entries in the notices to the ticket's conversations."""
        told = [ids for ticket_id, ids in self.changes() if ticket_id == self.ticket.id]
        return {it.split("-")[0] for ids in told for it in ids}

    def test_a_stop_and_its_answer_are_told(self):
        self.receive("STOP")
        self.assertEqual(self.told_ids(), {"in", "event", "out"})

    def test_a_consent_that_is_recorded_elsewhere_is_told(self):
        self.record_consent(event="revoked")
        (told,) = self.changes()
        shown = self.converse()["messages"]
        self.assertIn(told[1][0], [entry["id"] for entry in shown])
        self.record_consent(phone_number(4))
        self.assertFalse(self.changes())

    def test_many_consents_take_one_query_more(self):
        def record(first, count):
            ledger = self.env["sms.consent.event"]
            purposes = self.purposes("ticket")
            rows = [
                Statement(phone_number(first + index), "granted", "paper", purposes)
                for index in range(count)
            ]
            ledger._record_many(self.company, rows)

        for index in (10, 11, 20, 21, 22, 23, 24, 25):
            self.make_ticket(self.make_customer(phone_number(index)))
        record(10, 2)
        few = self.count_queries(record, 10, 2)
        self.assertEqual(self.count_queries(record, 20, 6), few)

    def test_a_review_is_told_when_it_is_opened_and_decided(self):
        inbound = self.receive("Hello")
        self.flush_bus()
        review = self.env["sms.consent.review"]._open(inbound, self.company, "test")
        self.assertEqual(self.told_ids(), {"review"})
        review.with_user(self.manager).action_conversation()
        self.assertEqual(self.told_ids(), {"review"})

    def test_notes_are_told_when_written_and_changed(self):
        words = "Ask the vendor"
        note = self.ticket.with_user(self.agent).message_post(
            body=words,
            subtype_xmlid="mail.mt_note",
            message_type="comment",
        )
        told = [(self.ticket.id, [f"note-{note.id}"])]
        self.assertEqual(self.changes(), told)
        self.ticket._message_update_content(note, body="Asked")
        self.assertEqual(self.changes(), told)
        self.ticket.message_post(
            body=words, subtype_xmlid="mail.mt_comment", message_type="comment"
        )
        self.assertFalse(self.changes())

    def test_another_number_is_told(self):
        self.ticket.partner_id = self.make_customer(phone_number(4))
        self.assertEqual(self.changes(), [(self.ticket.id, [])])
        self.ticket.name = "Another title"
        self.assertFalse(self.changes())

    def test_presence_names_the_colleague_and_nothing_else(self):
        self.desk_of(self.own_agent).share_sms_presence("typing", is_new=1)
        ((channel, kind, payload),) = self.flush_bus()
        self.assertEqual(channel, (self.env.cr.dbname, BUS_CHANNEL, self.ticket.id))
        self.assertEqual(kind, PRESENCE_TYPE)
        self.assertEqual(
            payload,
            {
                "ticket_id": self.ticket.id,
                "user_id": self.own_agent.id,
                "name": self.own_agent.name,
                "state": "typing",
                "is_new": True,
            },
        )

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

    def test_the_team_is_notified_when_the_assignee_has_left(self):
        self.own_agent.sudo().active = False
        self.flush_bus()
        self.receive("Hello")
        self.assertEqual(self.notified(self.ticket), self.team_agent)

    def test_the_team_is_notified_when_the_assignee_works_for_another_company(self):
        other = self.make_company("Other")
        moved = {"company_ids": [(6, 0, other.ids)], "company_id": other.id}
        self.own_agent.sudo().write(moved)
        self.flush_bus()
        self.receive("Hello")
        self.assertEqual(self.notified(self.ticket), self.team_agent)

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
