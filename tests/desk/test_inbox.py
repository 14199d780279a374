# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import runpy
from ast import literal_eval
from datetime import timedelta

from lxml import etree

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tools import mute_logger

from ..common import phone_number
from ..core.common import SCRIPTS
from .common import InboxCase


class TestInbox(InboxCase):
    """The list of conversations: who waits, who is unread, what went wrong."""

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

    def test_the_last_words_are_the_customers_own(self):
        ticket = self.make_conversation(1).with_user(self.agent)
        self.assertEqual(ticket.sms_last_words, "Words of 1")
        ticket.send_sms_reply("On\nmy way", "key")
        template = self.env.ref("helpdesk_mgmt_sms.sms_template_ticket_update")
        self.send_template(ticket, template)
        ticket.invalidate_recordset()
        self.assertEqual(ticket.sms_last_words, "Words of 1")
        inbound = self.receive("One\n two " + "x" * 200, phone_number(1))
        ticket.invalidate_recordset()
        self.assertTrue(ticket.sms_last_words.startswith("One two xxx"))
        self.assertEqual(len(ticket.sms_last_words), 120)
        self.assertEqual(ticket.sms_last_words_at, inbound.received_at)

    def test_ours_stand_there_only_while_the_customer_has_not_written(self):
        ticket = self.ticket.with_user(self.agent)
        template = self.env.ref("helpdesk_mgmt_sms.sms_template_ticket_update")
        self.send_template(ticket, template)
        self.assertFalse(ticket.sms_last_words, "what is automatic are nobody's words")
        self.assertFalse(ticket.sms_last_words_at)
        ticket.send_sms_reply("On\nmy way", "key")
        self.send_template(ticket, template)
        ticket.invalidate_recordset()
        self.assertTrue(ticket.sms_last_words.startswith("You: On my way"))
        self.assertTrue(ticket.sms_last_words_at)

    def test_media_alone_is_named_and_what_was_erased_is_not(self):
        ticket = self.make_conversation(1).with_user(self.agent)
        inbound = self.env["sms.inbound"].search([("ticket_id", "=", ticket.id)])
        inbound.write({"body": False, "media_count": 1})
        self.assertEqual(ticket.sms_last_words, "A picture or a file")
        inbound._forget()
        ticket.invalidate_recordset()
        self.assertFalse(ticket.sms_last_words)

    def test_who_is_named_and_who_is_unknown_has_a_number(self):
        ticket = self.make_conversation(1).with_user(self.agent)
        self.assertEqual(ticket.sms_contact_label, "Customer 1")
        unknown = self.receive("Hello", phone_number(2)).ticket_id
        unknown = unknown.with_user(self.agent)
        self.assertFalse(unknown.partner_id)
        self.assertEqual(unknown.sms_contact_label, "+1 303-555-0102")
        unknown.sudo().partner_name = "Who said so"
        self.assertEqual(unknown.sms_contact_label, "Who said so")
        nobody = self.make_ticket(partner_email="mail@example.com")
        nobody = nobody.with_user(self.agent)
        self.assertEqual(nobody.sms_contact_label, "mail@example.com")
        self.assertIn("+1 303-555-0103", self.get_news_title(phone_number(3)))

    def get_news_title(self, number):
        """Return the title of the notification about a text from a number."""
        ticket = self.receive("Hello", number).ticket_id
        return ticket.with_user(self.agent).get_sms_news()["title"]

    def test_held_is_what_waits_for_its_hour(self):
        held = ("sms_is_held", "=", True)
        ticket = self.ticket.with_user(self.agent)
        self.reply("Now")
        self.assertFalse(self.find(held))
        later = fields.Datetime.now() + timedelta(hours=3)
        self.reply("Later", send_at=fields.Datetime.to_string(later))
        self.assertEqual(self.find(held), self.ticket)
        self.assertTrue(ticket.sms_is_held)
        self.assertNotIn(self.ticket, self.find(("sms_is_held", "=", False)))
        self.messages_to()[-1].with_user(self.agent).action_cancel_waiting()
        ticket.invalidate_recordset()
        self.assertFalse(self.find(held))
        self.assertFalse(ticket.sms_is_held)

    def test_who_has_opted_out_is_found(self):
        ticket = self.make_conversation(1)
        self.make_conversation(2)
        self.record_consent(phone_number(1), event="revoked")
        opted_out = ("sms_consent_state", "=", "opted_out")
        self.assertEqual(self.find(opted_out), ticket)

    def test_a_failure_makes_a_conversation_of_an_automatic_text(self):
        template = self.env.ref("helpdesk_mgmt_sms.sms_template_ticket_update")
        self.send_template(self.ticket, template)
        message = self.messages_to()
        self.assertFalse(self.find())
        message.write({"state": "error", "failure_type": "sms_not_delivered"})
        message._update_trackers()
        self.assertEqual(self.find(), self.ticket)

    def test_only_our_code_says_what_is_a_conversation(self):
        desk = self.ticket.with_user(self.manager)
        for values in (
            {"sms_is_conversation": True},
            {"sms_snoozed_until": "2040-01-01 00:00:00"},
            {"sms_is_snoozed_for_text": True},
            {"sms_last_failed": True},
        ):
            with self.assertRaises(AccessError), mute_logger("odoo.models"):
                desk.write(values)

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

    def test_what_a_colleague_gets_is_no_text_to_the_customer(self):
        number, failed = phone_number(9), ("sms_last_failed", "=", True)
        self.tell_colleague(self.ticket, number)
        self.assertFalse(self.find(), "a colleague who has not agreed")
        self.record_consent(event="revoked")
        template = self.env.ref("helpdesk_mgmt_sms.sms_template_ticket_update")
        self.send_template(self.ticket, template)
        self.record_consent(number, "internal")
        told = self.tell_colleague(self.ticket, number)
        self.assertSent(told, "internal")
        self.assertEqual(self.find(failed), self.ticket)
        later = fields.Datetime.now() + timedelta(hours=3)
        told.write({"gate_verdict": "hold", "not_before": later})
        self.assertFalse(self.find(("sms_is_held", "=", True)))

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

    def test_who_waits_on_a_closed_ticket_is_in_the_list(self):
        """Their team does not reopen tickets: the text waits there for an answer."""
        self.team.sms_reopen = False
        self.ticket.write({"team_id": self.team.id, "stage_id": self.closed_stage.id})
        view = "helpdesk_mgmt_sms.helpdesk_ticket_conversation_view_search"
        arch = etree.fromstring(self.env.ref(view).arch)
        [shown] = arch.xpath("//filter[@name='sms_inbox']/@domain")
        domain = literal_eval(shown)
        self.assertFalse(self.find(*domain))
        self.receive("It jams again")
        self.assertTrue(self.ticket.closed)
        self.assertEqual(self.find(*domain), self.ticket)
        self.ticket.with_user(self.agent).close_sms()
        self.assertFalse(self.find(*domain))
        self.assertFalse(self.ticket.sms_unread_count)

    def test_more_conversations_take_no_more_queries(self):
        view = self.env.ref(
            "helpdesk_mgmt_sms.helpdesk_ticket_conversation_view_kanban"
        )
        tickets = self.env["helpdesk.ticket"].with_user(self.agent)
        info = tickets.get_views([(view.id, "kanban")])["models"]["helpdesk.ticket"]
        names = [*info["fields"]] if "fields" in info else [*info]
        names += ["sms_contact_label", "sms_last_words_at", "sms_is_snoozed"]
        names += ["sms_last_failed", "sms_is_held", "sms_unread_count"]
        specification = {name: {} for name in names}
        domain = [
            ("sms_is_conversation", "=", True),
            ("closed", "=", False),
            ("sms_is_snoozed", "=", False),
        ]

        def read():
            found = tickets.web_search_read(domain, specification, limit=40)
            return len(found["records"])

        def make(*places):
            for place in places:
                self.make_conversation(place, user_id=self.own_agent.id)
                self.receive("Who am I?", phone_number(100 + place))

        make(1, 2)
        self.count_queries(read)  # fills the registry's caches
        few = self.count_queries(read)
        make(*range(3, 9))
        self.assertGreaterEqual(read(), 16)
        self.assertEqual(self.count_queries(read), few)

    def test_an_index_has_the_list_in_its_order(self):
        tickets = self.env["helpdesk.ticket"]
        query = tickets._search(
            [("sms_is_conversation", "=", True)],
            order="sms_waiting_since, sms_last_inbound_at desc, id desc",
            limit=40,
        )
        self.cr.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        self.cr.execute("SET LOCAL enable_bitmapscan = off")
        self.cr.execute("EXPLAIN " + query.select().code, query.select().params)
        plan = " ".join(row[0] for row in self.cr.fetchall())
        self.assertIn("sms_inbox_index", plan)
        self.assertNotIn("Sort", plan)

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


class TestUpgrade(InboxCase):
    """What an upgrade does with existing tickets."""

    def test_conversations_of_before_are_marked_once(self):
        template = self.env.ref("helpdesk_mgmt_sms.sms_template_ticket_update")
        texted = self.make_conversation(1)
        replied, failed, automatic = (
            self.make_ticket(self.customer) for _place in range(3)
        )
        self.reply(user=self.agent)
        replied.with_user(self.agent).send_sms_reply("Hello", "key")
        self.send_template(automatic, template)
        self.send_template(failed, template)
        self.messages_to()[-1].write({"state": "error"})
        self.env.flush_all()
        expected = texted | replied | failed | self.ticket
        self.cr.execute(
            "UPDATE helpdesk_ticket"
            " SET sms_is_conversation = NULL, sms_last_failed = NULL"
        )
        script = runpy.run_path(str(SCRIPTS / "19.0.1.6.0/post-conversations.py"))
        for _twice in range(2):
            script["migrate"](self.cr, "19.0.1.5.0")
            self.env.invalidate_all()
            self.assertEqual(set(self.find()), set(expected))
            self.assertEqual(self.find(("sms_last_failed", "=", True)), failed)

    def test_replaced_indexes_go_and_the_new_ones_stay(self):
        script = runpy.run_path(str(SCRIPTS / "19.0.1.6.0/pre-inbox-indexes.py"))
        self.cr.execute("CREATE INDEX sms_sms_conversation_index ON sms_sms (id)")
        for _twice in range(2):
            script["migrate"](self.cr, "19.0.1.5.0")
        self.cr.execute(
            "SELECT indexname FROM pg_indexes"
            " WHERE tablename IN ('sms_sms', 'sms_inbound', 'helpdesk_ticket')"
        )
        names = {name for (name,) in self.cr.fetchall()}
        self.assertNotIn("sms_sms_conversation_index", names)
        self.assertLessEqual(
            {
                *("sms_sms_held_index", "sms_inbound_ticket_index"),
                "helpdesk_ticket_sms_inbox_index",
                "helpdesk_ticket_sms_failed_index",
                "helpdesk_ticket_sms_snooze_index",
            },
            names,
        )
