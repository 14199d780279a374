# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError

from ..common import phone_number
from ..message.common import IntakeCase


class TestRating(IntakeCase):
    """After a ticket is closed: "Reply 1 to 5, or NO"."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.team.sms_ask_rating = True
        cls.record_consent()

    def setUp(self):
        super().setUp()
        self.question = self.close(self.ticket)

    def close(self, ticket):
        """Close a ticket as its agent does; return the question about it."""
        ticket.with_user(self.agent).stage_id = self.closed_stage
        return self.env["sms.question"].search([("res_id", "=", ticket.id)], limit=1)

    def get_ratings(self, ticket=None):
        """Return a ticket's ratings."""
        domain = [("res_model", "=", "helpdesk.ticket"), ("consumed", "=", True)]
        ticket = ticket or self.ticket
        return self.env["rating.rating"].search([*domain, ("res_id", "=", ticket.id)])

    # === Asking ===

    def test_the_customer_is_asked_once_in_the_houses_name(self):
        message = self.question.sms_id
        self.assertSent(message, "ticket")
        self.assertIn("Reply 1", message.body)
        self.assertIn(self.ticket.number, message.body)
        self.assertFalse(message.is_personal)
        self.assertEqual(
            message.mail_message_id.author_id, self.env.ref("base.partner_root")
        )
        self.assertEqual(
            (self.question.number, self.question.state), (self.number, "open")
        )
        self.ticket.with_user(self.agent).name = "Another title"
        self.assertEqual(self.count_questions(), 1)

    def count_questions(self):
        """Return how many questions were asked by text."""
        messages = self.messages_to()
        return len(messages.filtered(lambda sms: "Reply 1" in sms.body))

    def test_a_team_that_does_not_ask(self):
        self.team.sms_ask_rating = False
        self.assertFalse(
            self.close(self.make_ticket(self.customer, team_id=self.team.id))
        )

    def test_the_question_is_the_only_text_about_the_closing(self):
        self.assertEqual(self.messages_to(), self.question.sms_id)
        self.assertIn("is closed. How did we do?", self.question.sms_id.body)
        self.closed_stage.sms_template_id = self.env.ref(
            "helpdesk_mgmt_sms.sms_template_ticket_closed"
        )
        other = self.make_ticket(self.customer, team_id=self.team.id)
        question = self.close(other)
        self.assertEqual(self.messages_to()[1:], question.sms_id)

    def test_who_is_not_asked_is_told_that_it_is_closed(self):
        self.team.sms_ask_rating = False
        self.close(self.make_ticket(self.customer, team_id=self.team.id))
        self.assertIn("is closed. Is anything", self.messages_to()[-1].body)

    def test_colleagues_are_told_as_ever(self):
        self.own_agent.partner_id.phone = phone_number(5)
        self.record_consent(phone_number(5), "internal")
        self.env["sms.automation"].create(
            {
                "name": "Tell the assignee",
                "trigger": "closed",
                "audience": "assignee",
                "template_id": self.env.ref(
                    "helpdesk_mgmt_sms.sms_template_ticket_closed"
                ).id,
            }
        )
        ticket = self.make_ticket(
            self.customer, team_id=self.team.id, user_id=self.own_agent.id
        )
        self.close(ticket)
        self.assertEqual(len(self.messages_to(phone_number(5))), 1)

    def test_nobody_is_asked_without_consent(self):
        number = phone_number(1)
        ticket = self.make_ticket(self.make_customer(number), team_id=self.team.id)
        self.assertFalse(self.close(ticket))
        [message] = self.messages_to(number)
        self.assertEqual(message.gate_reason, "no_consent")

    def send_question(self):
        """Mark the question as sent; its gate has let it go."""
        self.question.sms_id.state = "sent"

    def test_a_ticket_that_comes_and_goes_asks_once_a_day(self):
        self.send_question()
        self.ticket.stage_id = self.quiet_stage
        self.assertEqual(self.question.state, "cancelled")
        self.close(self.ticket)
        self.assertEqual(self.count_questions(), 1)
        self.question.asked_at -= timedelta(days=2)
        self.close(self.ticket)
        self.ticket.stage_id = self.quiet_stage
        self.close(self.ticket)
        self.assertEqual(self.count_questions(), 2)

    def test_who_is_not_asked_again_is_told_that_it_is_closed(self):
        self.send_question()
        self.ticket.stage_id = self.quiet_stage
        self.close(self.ticket)
        self.run_automations()
        self.assertIn("is closed. Is anything", self.messages_to()[-1].body)

    def test_a_question_that_was_never_sent_is_asked_again(self):
        """A ticket closed by mistake, while the question waited for the morning."""
        self.ticket.stage_id = self.quiet_stage
        self.assertEqual(self.question.sms_id.state, "canceled")
        question = self.close(self.ticket)
        self.assertEqual((question.state, question.sms_id.state), ("open", "outgoing"))

    def test_nobody_is_asked_about_a_duplicate(self):
        ticket = self.make_ticket(self.customer, team_id=self.team.id)
        ticket.duplicate_id = self.ticket
        self.assertFalse(self.close(ticket))
        self.run_automations()
        self.assertIn("is closed. Is anything", self.messages_to()[-1].body)

    # === Answering ===

    def test_a_rating_is_odoos_own(self):
        inbound = self.receive("4, quick work")
        [rating] = self.get_ratings()
        self.assertEqual((rating.rating, rating.feedback), (4, "quick work"))
        self.assertEqual(rating.partner_id, self.customer)
        self.assertEqual(rating.rated_partner_id, self.own_agent.partner_id)
        self.assertEqual(self.ticket.rating_last_value, 4)
        self.assertEqual((inbound.kind, inbound.ticket_id), ("answer", self.ticket))
        self.assertEqual((self.question.state, self.question.answer), ("answered", "4"))
        self.assertEqual(self.question.inbound_id, inbound)
        self.assertTrue(self.ticket.closed)
        self.assertFalse(self.ticket.sms_waiting_since or self.ticket.sms_unread_count)
        self.assertIn("quick work", self.ticket.message_ids[0].body)
        answers = self.messages_to().filtered(lambda sms: "thank you" in sms.body)
        self.assertEqual(len(answers), 1)

    def test_the_ticket_shows_it_to_its_agent(self):
        self.receive("2")
        ticket = self.ticket.with_user(self.own_agent)
        self.assertEqual((ticket.rating_last_value, ticket.rating_count), (2, 1))
        action = ticket.action_view_sms_ratings()
        found = self.env["rating.rating"].with_user(self.own_agent)
        self.assertEqual(found.search(action["domain"]).rating, 2)
        with self.assertRaises(AccessError):
            self.ticket.with_user(self.employee).action_view_sms_ratings()

    def test_only_who_works_with_tickets_sees_it_and_only_managers_change_it(self):
        self.receive("2, rude")
        rating = self.get_ratings()
        found = self.env["rating.rating"].with_user(self.employee)
        self.assertFalse(found.search([("res_model", "=", "helpdesk.ticket")]))
        with self.assertRaises(AccessError):
            rating.with_user(self.employee).read(["feedback"])
        self.assertEqual(rating.with_user(self.own_agent).feedback, "rude")
        for user in (self.employee, self.own_agent, self.agent):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                rating.with_user(user).rating = 5
        rating.with_user(self.manager).rating = 3
        # Of other records Odoo's own rights hold.
        own = {"res_model_id": self.env["ir.model"]._get_id("res.partner")}
        other = found.create({**own, "res_id": self.customer.id, "rating": 1})
        other.rating = 2
        self.assertEqual(found.search([("id", "=", other.id)]), other)

    def test_not_solved_opens_the_ticket_again(self):
        self.team.sms_reopen_stage_id = self.quiet_stage
        self.team.sms_reopen = False
        inbound = self.receive("NO, it still jams")
        self.assertEqual(self.ticket.stage_id, self.quiet_stage)
        self.assertEqual(
            (inbound.kind, inbound.ticket_id), ("conversation", self.ticket)
        )
        self.assertTrue(self.ticket.sms_waiting_since)
        self.assertEqual(self.question.state, "answered")
        self.assertFalse(self.get_ratings())
        self.assertIn("open again", self.messages_to()[-1].body)

    def test_not_solved_is_not_lost_on_an_archived_ticket(self):
        self.ticket.active = False
        ticket = self.receive("NO, it still jams").ticket_id
        self.assertNotEqual(ticket, self.ticket)
        self.assertTrue(ticket.active)
        self.assertFalse(ticket.closed)

    def test_no_and_yes_answer_what_was_asked_last(self):
        self.receive("SUPPORT")
        self.question.asked_at += timedelta(minutes=1)
        self.receive("Nein")
        self.assertEqual(self.question.state, "answered")
        self.assertEqual(self.receive("ja bitte").kind, "confirm")

    def test_thanks_leave_the_ticket_closed_and_the_question_open(self):
        self.receive("Liked “Is your ticket solved? Reply 1 to 5, or NO.”")
        inbound = self.receive("Thank you so much!")
        self.assertEqual(
            (inbound.kind, inbound.ticket_id), ("conversation", self.ticket)
        )
        self.assertTrue(self.ticket.closed)
        self.assertFalse(self.ticket.sms_waiting_since)
        self.receive("5")
        self.assertEqual(self.get_ratings().rating, 5)

    def test_a_wrong_answer_is_conversation(self):
        inbound = self.receive("3 printers are broken")
        self.assertEqual(inbound.kind, "conversation")
        self.assertFalse(self.get_ratings())

    def test_a_late_answer_is_conversation(self):
        self.question.expires_at = fields.Datetime.now() - timedelta(seconds=1)
        self.assertEqual(self.receive("5").kind, "conversation")
        self.assertFalse(self.get_ratings())

    def test_a_question_that_is_still_held_has_no_answer(self):
        later = fields.Datetime.now() + timedelta(hours=8)
        self.question.sms_id.write({"gate_verdict": "hold", "not_before": later})
        self.assertEqual(self.receive("2").kind, "conversation")
        self.assertFalse(self.get_ratings())

    def test_a_second_answer_is_conversation(self):
        self.receive("5")
        self.assertEqual(self.receive("1").kind, "conversation")
        self.assertEqual(self.get_ratings().rating, 5)

    def test_another_number_and_another_company_answer_nothing(self):
        other = self.make_company("Other")
        self.assertEqual(self.receive("5", phone_number(1)).kind, "conversation")
        self.assertEqual(self.receive("5", company=other).kind, "conversation")
        self.assertFalse(self.get_ratings())

    def test_of_several_people_with_the_number_who_was_asked_is_thanked(self):
        self.env["res.lang"]._activate_lang("de_DE")
        thanks = self.env.ref("helpdesk_mgmt_sms.sms_reply_rating_done")
        thanks.with_context(lang="de_DE").body = "Danke für {ticket}."
        self.make_customer(self.number, "Her daughter")
        self.customer.lang = "de_DE"
        self.receive("5")
        self.assertIn("Danke für", self.messages_to()[-1].body)

    def test_the_newest_of_several_questions_is_answered_first(self):
        newer = self.make_ticket(self.customer, team_id=self.team.id)
        self.close(newer)
        self.receive("5")
        self.assertEqual(self.get_ratings(newer).rating, 5)
        self.assertFalse(self.get_ratings())
        self.receive("1")
        self.assertEqual(self.get_ratings().rating, 1)

    def test_what_one_of_us_asked_since_is_answered_instead(self):
        """Otherwise the number would rate the ticket, and nobody would read it."""
        other = self.make_ticket(self.customer, team_id=self.team.id)
        for ticket, body, answer, kind in (
            (self.ticket, "We are glad that it works.", "5", "answer"),
            (self.ticket, "How many computers?", "5", "conversation"),
            (self.ticket, "Does anything else jam?", "No", "conversation"),
            (other, "Tell us how many computers.", "5", "conversation"),
        ):
            self.question.state = "open"
            self.compose("comment", ticket, body=body)
            self.run_outbox()
            with self.subTest(body):
                self.assertEqual(self.receive(answer).kind, kind)
        self.assertTrue(self.ticket.closed)

    def test_stop_and_yes_are_no_answers(self):
        for word in ("STOP", "START", "HELP"):
            self.receive(word)
        self.assertEqual(self.question.state, "open")

    def test_who_has_opted_out_is_not_thanked(self):
        self.run_outbox()
        self.receive("STOP")
        count = len(self.messages_to())
        self.receive("5")
        self.assertEqual(self.get_ratings().rating, 5)
        self.assertEqual(len(self.messages_to()), count)

    def test_a_text_that_failed_has_asked_nothing(self):
        self.question.sms_id.state = "error"
        self.assertEqual(self.receive("2").kind, "conversation")
        self.assertFalse(self.get_ratings())

    def test_what_fails_is_kept_as_conversation(self):
        self.env.cr.execute(
            "ALTER TABLE rating_rating ADD CONSTRAINT none CHECK (rating < 1) NOT VALID"
        )
        with self.assertLogs("odoo.addons.helpdesk_mgmt_sms", "ERROR"):
            inbound = self.receive("5")
        self.assertEqual(
            (inbound.kind, inbound.ticket_id), ("conversation", self.ticket)
        )
        self.assertNotEqual(self.question.state, "answered")

    def test_an_erased_person_is_in_no_question(self):
        self.receive("5 - from Dana")
        self.env["sms.erasure"]._erase(self.company, self.number, "Letter 1")
        self.assertFalse(self.question.number or self.question.answer)
        self.assertFalse(self.question.partner_id)
