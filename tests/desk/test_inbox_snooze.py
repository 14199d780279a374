# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tools import mute_logger

from ...models.desk.helpdesk_ticket_desk import NEWS_TYPE
from ...models.desk.helpdesk_ticket_inbox import INBOX_TYPE
from ..common import phone_number
from .common import InboxCase

SNOOZED = ("sms_is_snoozed", "=", True)
AWAKE = ("sms_is_snoozed", "=", False)


def in_time(**delta):
    """Return a time relative to now, in the client's format."""
    return fields.Datetime.to_string(fields.Datetime.now() + timedelta(**delta))


class TestSnooze(InboxCase):
    """Conversations that are hidden from the list for a while."""

    def setUp(self):
        super().setUp()
        self.conversation = self.make_conversation(1, team_id=self.team.id)
        self.desk = self.conversation.with_user(self.agent)
        self.flush_bus()

    def assertSnoozed(self, expected):
        self.env.invalidate_all()
        self.assertEqual(self.desk.sms_is_snoozed, expected)
        self.assertEqual(self.conversation in self.find(SNOOZED), expected)
        self.assertEqual(self.conversation in self.find(AWAKE), not expected)

    def let_pass(self):
        """Move the end of the snooze into the past."""
        now = fields.Datetime.now()
        self.conversation.sms_snoozed_until = now - timedelta(minutes=1)
        self.flush_bus()

    def run_cron(self):
        self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_snooze"))

    def test_until_a_time_or_their_text(self):
        self.assertSnoozed(False)
        until = in_time(hours=2)
        self.assertTrue(self.desk.snooze_sms(until))
        self.assertEqual(fields.Datetime.to_string(self.desk.sms_snoozed_until), until)
        self.assertSnoozed(True)
        self.desk.snooze_sms()
        self.assertSnoozed(True)
        self.assertFalse(self.desk.sms_snoozed_until)
        self.desk.unsnooze_sms()
        self.assertSnoozed(False)
        self.assertTrue(self.desk.unsnooze_sms(), "a second time changes nothing")

    def test_a_text_of_theirs_ends_it_at_once(self):
        for until in (False, in_time(days=3)):
            self.desk.snooze_sms(until)
            self.assertSnoozed(True)
            self.receive("I am back", phone_number(1))
            self.assertSnoozed(False)

    def test_a_text_of_ours_does_not(self):
        self.desk.snooze_sms()
        self.desk.send_sms_reply("We wait for the part", "key")
        self.assertSnoozed(True)

    def test_its_time_wakes_the_cron(self):
        cron = self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_snooze")
        domain = [("cron_id", "=", cron.id)]
        self.env["ir.cron.trigger"].search(domain).unlink()
        until = in_time(hours=2)
        (self.desk | self.ticket.with_user(self.agent)).snooze_sms(until)
        self.cr.flush()
        trigger = self.env["ir.cron.trigger"].search(domain)
        self.assertEqual(
            trigger.mapped("call_at"), [fields.Datetime.to_datetime(until)]
        )

    def test_it_is_over_by_the_clock_and_then_told(self):
        self.conversation.user_id = self.own_agent
        self.desk.snooze_sms(in_time(hours=1))
        self.let_pass()
        self.assertSnoozed(False)
        self.run_cron()
        self.assertFalse(self.conversation.sms_snoozed_until)
        told = self.flush_bus()
        news = [it for it in told if it[1] == NEWS_TYPE]
        payload = {"ticket_id": self.conversation.id, "is_back": True}
        self.assertEqual([it[2] for it in news], [payload])
        self.assertEqual(news[0][0][2], self.own_agent.partner_id.id)
        lists = [it[2] for it in told if it[1] == INBOX_TYPE]
        self.assertEqual(lists, [{"ticket_ids": self.conversation.ids}])
        self.run_cron()
        self.assertFalse(self.flush_bus(), "it is told once")

    def test_who_has_an_archived_ticket_is_not_told_that_it_is_back(self):
        self.conversation.user_id = self.own_agent
        self.desk.snooze_sms(in_time(hours=1))
        self.conversation.action_archive()
        self.let_pass()
        self.flush_bus()
        self.run_cron()
        self.assertFalse(self.conversation.sms_snoozed_until)
        self.assertNotIn(NEWS_TYPE, [it[1] for it in self.flush_bus()])

    def test_the_cron_leaves_what_is_snoozed_alone(self):
        self.desk.snooze_sms(in_time(hours=1))
        self.ticket.with_user(self.agent).snooze_sms()
        self.flush_bus()
        self.run_cron()
        self.assertFalse(self.flush_bus())
        self.assertSnoozed(True)

    def test_many_at_once_by_the_cron(self):
        tickets = self.conversation | self.make_conversation(2)
        tickets.write({"sms_snoozed_until": "2026-01-01 00:00:00"})
        self.run_cron()
        self.assertFalse(any(tickets.mapped("sms_snoozed_until")))

    @mute_logger("odoo.addons.helpdesk_mgmt_sms.models.core.batch_jobs")
    def test_one_that_cannot_come_back_does_not_keep_the_others(self):
        tickets = self.conversation | self.make_conversation(2)
        tickets.write({"sms_snoozed_until": "2026-01-01 00:00:00"})
        notify = type(tickets)._notify_sms_owners

        def fail_for_one(ticket, news):
            if ticket == self.conversation:
                raise ValueError("another module's rule")
            return notify(ticket, news)

        with patch.object(type(tickets), "_notify_sms_owners", fail_for_one):
            self.run_cron()
        self.env.invalidate_all()
        found = tickets.filtered("sms_snoozed_until")
        self.assertEqual(found, self.conversation)
        self.run_cron()
        self.env.invalidate_all()
        self.assertFalse(self.conversation.sms_snoozed_until)

    def test_what_is_snoozed_again_meanwhile_stays_snoozed(self):
        """An agent may do so between the cron's search and the ticket's turn."""
        first, second = self.conversation, self.make_conversation(2)
        both = (first | second).sorted("id")
        both.write({"sms_snoozed_until": "2026-01-01 00:00:00"})
        notify = type(both)._notify_sms_owners

        def snooze_the_other(ticket, news):
            other = both.with_env(ticket.env) - ticket
            other.with_user(self.agent).snooze_sms(in_time(days=1))
            return notify(ticket, news)

        with patch.object(type(both), "_notify_sms_owners", snooze_the_other):
            self.run_cron()
        self.env.invalidate_all()
        self.assertEqual(len(both.filtered("sms_is_snoozed")), 1)

    def test_what_the_notification_says_then(self):
        self.desk.mark_sms_read()
        self.assertFalse(self.desk.get_sms_news())
        news = self.desk.get_sms_news(True)
        self.assertIn("Customer 1", news["title"])
        self.assertEqual(news["body"], "No longer snoozed")
        self.receive("Hello", phone_number(1))
        self.assertEqual(self.desk.get_sms_news(True)["body"], "Hello")

    def test_wrong_times_are_refused(self):
        for until in (
            *(in_time(minutes=-1), in_time(days=400), "9999-12-31 23:59:59"),
            *("tomorrow", "2026-13-45 00:00:00", "x" * 10_000, "0", 1, -5, 10**30),
            *(True, [2026], {"a": 1}, 1.5),
        ):
            with self.subTest(until=str(until)[:30]), self.assertRaises(UserError):
                self.desk.snooze_sms(until)
        self.assertSnoozed(False)

    def test_nobody_who_waits_stays_hidden_when_it_is_moved_or_handed_over(self):
        for values in (
            {"user_id": self.own_agent.id},
            {"stage_id": self.new_stage.id},
            {"user_id": False},
            {"team_id": self.other_team.id},
        ):
            with self.subTest(values=values):
                self.desk.snooze_sms()
                self.assertTrue(self.desk.sms_waiting_since)
                self.desk.write(values)
                self.assertSnoozed(False)
        self.desk.snooze_sms()
        self.desk.write({"user_id": False, "name": "Another"})
        self.assertSnoozed(True)

    def test_who_does_not_wait_stays_snoozed_until_it_is_closed(self):
        self.desk.action_mark_sms_answered()
        self.desk.snooze_sms(in_time(days=1))
        self.desk.write({"user_id": self.own_agent.id, "stage_id": self.new_stage.id})
        self.assertSnoozed(True)
        self.desk.stage_id = self.closed_stage
        self.assertSnoozed(False)
        self.assertFalse(self.desk.sms_snoozed_until)

    def test_a_copy_is_not_snoozed(self):
        self.desk.snooze_sms(in_time(hours=1))
        copy = self.desk.copy()
        self.assertFalse(copy.sms_is_snoozed or copy.sms_is_conversation)

    def test_many_take_no_more_queries(self):
        tickets = self.conversation | self.make_conversation(2)
        for index in range(3, 9):
            tickets |= self.make_conversation(index)
        desk = tickets.with_user(self.agent)
        until = in_time(hours=1)
        # Fill the registry's caches.
        self.count_queries(desk[:2].snooze_sms, in_time(hours=2))
        few = self.count_queries(desk[:2].snooze_sms, until)
        self.assertEqual(self.count_queries(desk[2:].snooze_sms, until), few)
        self.assertEqual(set(self.find(SNOOZED)), set(desk))
        few = self.count_queries(desk[:2].unsnooze_sms)
        self.assertEqual(self.count_queries(desk[2:].unsnooze_sms), few)
        self.assertFalse(self.find(SNOOZED))

    def test_who_may(self):
        self.conversation.user_id = self.own_agent
        for user in (self.own_agent, self.team_agent, self.agent, self.manager):
            with self.subTest(user=user.login):
                desk = self.conversation.with_user(user)
                self.assertTrue(desk.snooze_sms() and desk.unsnooze_sms())

    def test_who_may_not(self):
        self.conversation.user_id = self.own_agent
        others = self.make_conversation(2, user_id=self.agent.id)
        both = self.conversation | others
        strangers = self.portal_user | self.employee
        self.conversation.message_subscribe(strangers.partner_id.ids)
        refused = [(user, self.conversation) for user in strangers]
        refused += [(self.compliance_officer, self.conversation)]
        refused += [(self.own_agent, others), (self.own_agent, both)]
        company = self.make_company("Elsewhere")
        self.agent.company_ids -= company
        elsewhere = self.make_ticket(company_id=company.id)
        refused += [(self.agent, elsewhere), (self.agent, elsewhere | both)]
        for user, tickets in refused:
            for name in ("snooze_sms", "unsnooze_sms"):
                with self.subTest(user=user.login, name=name):
                    desk = tickets.with_user(user)
                    with self.assertRaises(AccessError):
                        getattr(desk, name)()
        self.assertSnoozed(False)
