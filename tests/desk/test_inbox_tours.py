# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).

from lxml import etree

from odoo.tests import HttpCase, tagged
from odoo.tools.safe_eval import safe_eval

from ..clock import needs_browsers_year
from .common import ANNA, InboxTourCase


@tagged("post_install", "-at_install")
class TestInboxTours(InboxTourCase, HttpCase):
    """The agent's day in the inbox, in a real browser."""

    browser_size = "1366x800"

    def test_who_waits_longest_is_open_with_thread_and_facts(self):
        self.make_ticket(self.bert.partner_id, name="Another of Bert")
        self.run_tour("opens")
        self.assertEqual(self.bert.priority, "3", "what was changed is saved")

    def test_the_keyboard_moves_answers_assigns_snoozes_and_closes(self):
        self.run_tour("keys")
        self.assertEqual(self.anna.user_id, self.agent)
        self.assertTrue(self.anna.sms_snoozed_until)
        self.assertIn("We are on it", self.messages_to(ANNA).body)
        self.assertTrue(self.bert.closed)
        self.assertFalse(self.stranger.closed)

    def test_who_hurries_on_closes_what_was_open(self):
        self.run_tour("hurries")
        self.assertTrue(self.anna.closed)
        self.assertFalse(self.bert.closed or self.stranger.closed)

    def test_who_leaves_while_a_text_is_sent_has_no_draft_of_it(self):
        self.run_tour("leaves")
        self.assertEqual(len(self.messages_to(ANNA)), 1)

    def test_a_conversation_is_handed_over(self):
        self.run_tour("hands_over")
        self.assertEqual(self.anna.user_id, self.team_agent)

    def test_several_are_closed_at_once_and_what_is_refused_is_told(self):
        self.bert.team_id = self.env["helpdesk.ticket.team"].create(
            {"name": "Without an end", "user_ids": self.agent.ids}
        )
        self.bert.stage_id = self.quiet_stage
        closing = self.env["helpdesk.ticket.stage"].search([("closed", "=", True)])
        closing.team_ids = self.team
        self.anna.team_id = self.team
        self.run_tour("bulk")
        self.assertTrue(self.anna.closed)
        self.assertFalse(self.bert.closed)

    @needs_browsers_year
    def test_a_text_arrives_while_the_list_is_open(self):
        self.bert.with_user(self.agent).mark_sms_read()
        self.run_tour("lives")
        self.assertEqual(self.bert.sms_unread_count, 1)

    def test_an_empty_filter_says_so(self):
        (self.anna | self.bert | self.stranger).with_user(self.agent).snooze_sms()
        self.run_tour("empty")

    @needs_browsers_year
    def test_the_counter_drops_when_the_texts_are_read(self):
        self.run_tour("systray", "/odoo")
        self.assertFalse(self.bert.sms_unread_count)
        self.assertTrue(self.anna.sms_unread_count, "hers belongs to nobody")


@tagged("post_install", "-at_install")
class TestInboxPhoneTours(InboxTourCase, HttpCase):
    """The inbox on a phone."""

    browser_size = "390x844"
    touch_enabled = True

    def test_list_conversation_and_facts_are_shown_one_by_one(self):
        self.run_tour("phone")


class TestInboxFacts(InboxTourCase):
    """Facts shown beside the conversation."""

    def test_other_open_tickets_of_the_number_are_named(self):
        other = self.make_ticket(self.bert.partner_id)
        closed = self.make_ticket(self.bert.partner_id)
        closed.with_user(self.agent).close_sms()
        bert = self.bert.with_user(self.agent)
        self.assertEqual(bert.sms_other_ticket_ids, other)
        self.assertFalse(self.stranger.with_user(self.agent).sms_other_ticket_ids)

    def test_nobody_learns_of_tickets_that_they_may_not_read(self):
        self.make_ticket(self.anna.partner_id, user_id=self.agent.id)
        self.anna.user_id = self.own_agent
        self.assertFalse(self.anna.with_user(self.own_agent).sms_other_ticket_ids)

    def test_the_counter_and_what_it_opens_mean_the_same(self):
        self.team.user_ids += self.agent
        self.anna.team_id = self.team
        self.bert.with_user(self.agent).mark_sms_read()
        view = self.env.ref(
            "helpdesk_mgmt_sms.helpdesk_ticket_conversation_view_search"
        )
        tickets = self.env["helpdesk.ticket"].with_user(self.agent)
        found = tickets
        for name in ("sms_for_me", "sms_unread"):
            [node] = etree.fromstring(view.arch).xpath(f"//filter[@name='{name}']")
            domain = safe_eval(node.get("domain"), {"uid": self.agent.id})
            matching = tickets.search(domain)
            found = found & matching if found else matching
        self.assertEqual(found, self.anna, "the stranger's ticket has no team")
        self.assertEqual(tickets.get_sms_inbox_count(), len(found))
