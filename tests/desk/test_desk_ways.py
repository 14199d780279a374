# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, new_test_user, tagged

from ...providers import faults
from ..common import ACTION, SmsCase, phone_number


class DeskWaysCase(SmsCase):
    """An agent's texts on a ticket that did not arrive."""

    def text(self, body="The parts are here", **values):
        """Return a new text on the ticket; without consent it is blocked."""
        self.ticket._message_sms(body)
        sms = self.messages_to()[-1:]
        sms.write(values)
        return sms

    def refuse(self, sms):
        """Mark a text as refused for good by the carrier."""
        policy = self.env["sms.fault"]._get_policy(faults.UNREACHABLE)
        sms.write({"state": "error", "fault_id": policy.id})
        return sms

    def ways(self, sms, user=None):
        """Return the names of the buttons that the desk offers on a text."""
        self.env.invalidate_all()
        desk = self.ticket.with_user(user or self.own_agent)
        [shown] = desk.get_sms_changes([f"out-{sms.id}"])["messages"]
        return [way["name"] for way in shown["ways"]]

    def take(self, sms, name, user=None):
        """Press one of the buttons."""
        desk = self.ticket.with_user(user or self.own_agent)
        return desk.take_sms_way(f"out-{sms.id}", name)


class TestDeskWays(DeskWaysCase):
    """The desk offers the buttons of ``tools.ways``, by the ticket's access rights."""

    def test_an_agent_who_reads_no_list_of_messages_is_offered_them(self):
        sms = self.text()
        self.assertFalse(
            self.env["sms.sms"].with_user(self.own_agent).has_access("read")
        )
        self.assertEqual(self.ways(sms), ["record", "other", "call"])
        action = self.take(sms, "record")
        record = self.env["sms.consent.record"].with_user(self.own_agent)
        record.with_context(**action["context"]).create({}).action_record()
        self.assertSent(sms.sent_again_id, "ticket")
        self.assertEqual(self.ways(sms), [])

    def test_sent_again_once(self):
        self.record_consent()
        sms = self.refuse(self.text())
        self.assertEqual(self.ways(sms), ["again", "other", "call"])
        self.take(sms, "again")
        with self.assertRaises(UserError):
            self.take(sms, "again", self.agent)
        self.assertEqual(len(self.messages_to()), 2)

    def test_who_was_not_reached_stays_listed_when_the_next_text_is_called_off(self):
        self.record_consent()
        failed = self.refuse(self.text())
        failed._update_trackers()
        self.assertTrue(self.ticket.sms_last_failed)
        later = self.text("Are you there?")
        self.assertFalse(self.ticket.sms_last_failed)
        later.with_user(self.agent).action_cancel_waiting()
        self.assertTrue(self.ticket.sms_last_failed)
        self.take(failed, "again")
        self.assertFalse(self.ticket.sms_last_failed)

    def test_to_another_number(self):
        other = phone_number(8)
        self.record_consent(other)
        action = self.take(self.text(), "other")
        form = self.env[action["res_model"]].with_user(self.own_agent)
        form = form.with_context(**action["context"])
        self.company.sms_free_right = "agents"
        form.create({"number": other}).action_send()
        self.assertSent(self.messages_to(other), "ticket")
        self.assertEqual(self.ticket.partner_phone_sanitized, self.number)

    def test_a_way_that_is_not_offered_is_refused(self):
        sms = self.text()
        for name in ("again", "nonsense", "", None):
            with self.subTest(name), self.assertRaises(UserError):
                self.take(sms, name)

    def test_a_text_of_another_ticket_is_none_of_this_one(self):
        sms = self.text()
        other = self.make_ticket(self.customer, user_id=self.own_agent.id)
        with self.assertRaises(UserError):
            other.with_user(self.own_agent).take_sms_way(f"out-{sms.id}", "record")

    def test_agents_of_other_teams_are_refused(self):
        sms = self.text()
        stranger = new_test_user(
            self.env, "sms-nobody", "helpdesk_mgmt.group_helpdesk_user_own"
        )
        with self.assertRaises(AccessError):
            self.take(sms, "record", stranger)

    def test_a_page_of_failed_texts_takes_no_more_queries(self):
        self.text()
        desk = self.ticket.with_user(self.own_agent)
        desk.get_sms_conversation()  # fills the caches of rules
        one = self.count_queries(desk.get_sms_conversation)
        for _ in range(8):
            self.text()
        self.assertLessEqual(self.count_queries(desk.get_sms_conversation), one)


@tagged("post_install", "-at_install")
class TestWaysTours(DeskWaysCase, HttpCase):
    """Each button, in a real browser."""

    def run_tour(self, name, url=None):
        """Run a tour as an agent, on the ticket unless an address is given."""
        url = url or f"/odoo/helpdesk.ticket/{self.ticket.id}"
        self.env.flush_all()
        self.start_tour(url, f"helpdesk_sms_ways_{name}", login="sms-agent")
        self.env.invalidate_all()

    def test_record_consent_and_send(self):
        sms = self.text()
        self.run_tour("record")
        self.assertSent(sms.sent_again_id, "ticket")

    def test_send_again(self):
        self.record_consent()
        sms = self.refuse(self.text())
        self.run_tour("again")
        self.assertSent(sms.sent_again_id, "ticket")
        self.assertEqual(len(self.messages_to()), 2)

    def test_send_to_another_number(self):
        self.company.sms_free_right = "agents"
        sms = self.text()
        self.run_tour("other")
        self.assertEqual(sms.sent_again_id.number, phone_number(9))

    def test_call_instead(self):
        self.text()
        self.run_tour("call")

    def test_messages(self):
        """One after the other on the form, many at once on the list."""
        sms = self.text()
        self.run_tour("form", f"{ACTION}sms_sms_action/{sms.id}")
        self.assertSent(sms.sent_again_id, "ticket")

    def test_many_messages(self):
        self.record_consent()
        texts = self.refuse(self.text()) | self.refuse(self.text())
        texts |= self.text()
        self.run_tour("list", f"{ACTION}sms_sms_action")
        self.assertEqual(len(texts.sent_again_id), 2)

    def test_marked_as_told(self):
        sms = self.text()
        self.run_tour("told", f"{ACTION}sms_sms_action/{sms.id}")
        self.assertEqual(sms.told_by_id, self.agent)

    def test_the_composer_keeps_what_was_typed(self):
        self.ticket.sms_waiting_since = False
        self.run_tour("composer")
        message = self.messages_to()
        self.assertSent(message, "ticket")
        self.assertIn("Half a text, and the rest", message.body)
