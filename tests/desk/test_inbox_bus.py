# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json
from unittest.mock import patch

from ...models.desk import helpdesk_ticket_notices
from ...models.desk.helpdesk_ticket_inbox import INBOX_CHANNEL, INBOX_TYPE
from ..common import phone_number
from .common import InboxCase


class TestInboxBus(InboxCase):
    """Open lists are told what to read again, and nothing about anybody."""

    #: Changes that cause a single notice.
    WHOLE = ("it is read", "owner", "snooze", "its end", "stage", "waiting ends")

    def setUp(self):
        super().setUp()
        self.conversation = self.make_conversation(1, team_id=self.team.id)
        self.desk = self.conversation.with_user(self.agent)
        self.flush_bus()

    def told(self):
        """Return what lists were told: ``[(company id, ticket ids)]``."""
        return [
            (channel[2], payload["ticket_ids"])
            for channel, kind, payload in self.flush_bus()
            if kind == INBOX_TYPE
        ]

    def test_helpdesk_users_hear_of_their_companies(self):
        other = self.make_company("Other")
        self.agent.company_ids -= other
        name = self.env.cr.dbname
        for user, companies in (
            (self.own_agent, self.company | other),
            (self.agent, self.company),
        ):
            channels = self.get_channels(user, INBOX_CHANNEL)
            found = {it[2] for it in channels if INBOX_CHANNEL in map(str, it)}
            self.assertEqual(found, set(companies.ids))
            self.assertIn((name, INBOX_CHANNEL, self.company.id), channels)
            self.assertNotIn(INBOX_CHANNEL, map(str, channels))

    def test_nobody_else_hears_and_nobody_who_did_not_ask(self):
        for user, names in (
            *((user, [INBOX_CHANNEL]) for user in (self.portal_user, self.employee)),
            (self.compliance_officer, [INBOX_CHANNEL]),
            (self.agent, []),
            (self.agent, [f"{INBOX_CHANNEL}_1", f"{INBOX_CHANNEL} "]),
        ):
            with self.subTest(user=user.login, names=names):
                channels = self.get_channels(user, *names)
                own = [it for it in channels if isinstance(it, tuple)]
                self.assertFalse([it for it in own if INBOX_CHANNEL in map(str, it)])

    def test_what_the_list_shows_is_told(self):
        changes = {
            "a text of theirs": lambda: self.receive("Hello", phone_number(1)),
            "a text of ours": lambda: self.desk.send_sms_reply("Hello", "key"),
            "it leaves": self.run_outbox,
            "it is read": self.desk.mark_sms_read,
            "owner": lambda: self.desk.assign_sms(self.own_agent.id),
            "snooze": self.desk.snooze_sms,
            "its end": self.desk.unsnooze_sms,
            "stage": lambda: self.desk.write({"stage_id": self.new_stage.id}),
            "waiting begins": lambda: self.receive("Hello?", phone_number(1)),
            "waiting ends": self.desk.action_mark_sms_answered,
            "closed": self.desk.close_sms,
        }
        for name, change in changes.items():
            with self.subTest(change=name):
                change()
                told = self.told()
                expected = (self.company.id, self.conversation.ids)
                self.assertTrue(told)
                # A savepoint or a cron's commit splits the notices.
                self.assertEqual(told, [expected] * len(told))
                self.assertLessEqual(len(told), 1 if name in self.WHOLE else 3)

    def test_what_it_does_not_show_is_not_told(self):
        self.desk.write({"priority": "3", "description": "<p>More</p>"})
        self.ticket.user_id = self.team_agent
        self.assertFalse(self.told(), "no conversation, or nothing that is shown")

    def test_nothing_of_a_person_is_in_it(self):
        self.receive("My secret words", phone_number(1))
        notices = [it for it in self.flush_bus() if it[1] == INBOX_TYPE]
        self.assertTrue(notices)
        for _channel, _kind, payload in notices:
            self.assertEqual(payload, {"ticket_ids": self.conversation.ids})
        self.assertNotIn("secret", json.dumps(notices))
        self.assertNotIn(phone_number(1), json.dumps(notices))

    def test_each_company_is_told_of_its_own(self):
        other = self.make_company("Other")
        number = phone_number(2)
        self.record_consent(number, company=other)
        elsewhere = self.make_ticket(self.make_customer(number), company_id=other.id)
        self.receive("Hello", number, other)
        self.assertTrue(elsewhere.sms_is_conversation)
        self.flush_bus()
        (self.conversation | elsewhere)._mark_sms_read()
        self.assertEqual(
            sorted(self.told()),
            sorted(
                [(self.company.id, self.conversation.ids), (other.id, elsewhere.ids)]
            ),
        )

    def test_too_many_are_not_named(self):
        tickets = self.conversation
        for index in (2, 3, 4):
            tickets |= self.make_conversation(index)
        self.flush_bus()
        with patch.object(helpdesk_ticket_notices, "NAMED_LIMIT", 3):
            tickets[:3]._mark_sms_read()
            self.assertEqual(self.told(), [(self.company.id, tickets[:3].ids)])
            tickets._mark_sms_read()
            self.assertEqual(self.told(), [(self.company.id, [])])

    def test_a_bigger_change_takes_no_more_queries(self):
        tickets = self.conversation
        for index in range(2, 8):
            tickets |= self.make_conversation(index)
        self.flush_bus()

        def tell(some):
            some._get_sms_notices().listed.update(some.ids)
            self.env.cr.precommit.run()

        few = self.count_queries(tell, tickets[:1])
        self.assertEqual(self.count_queries(tell, tickets), few)
