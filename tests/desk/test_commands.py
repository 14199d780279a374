# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, ValidationError

from ...models.core.sms_rate_limit import LIMITS
from ...providers import SandboxProvider
from ..common import SmsCase, phone_number

STRANGER = phone_number(40)


class CommandCase(SmsCase):
    """Requests that customers make by texting a keyword."""

    def answer(self, body, number=None, company=None):
        """Receive a text; return the only answer to it."""
        before = self.messages_to(number)
        self.receive(body, number, company)
        message = (self.messages_to(number) - before).filtered("exemption")
        self.assertEqual(len(message), 1, message.mapped("body"))
        self.assertEqual(message.gate_verdict, "send")
        return message.body

    def count_answers(self, body, number=None):
        """Receive a text; return the number of answers to it."""
        before = self.messages_to(number)
        self.receive(body, number)
        return len((self.messages_to(number) - before).filtered("exemption"))


class TestStatus(CommandCase):
    """STATUS, and the number of a ticket."""

    def test_status_tells_the_open_tickets_of_the_number(self):
        closed = self.make_ticket(
            self.customer, name="Old", stage_id=self.closed_stage.id
        )
        other = self.make_ticket(self.make_customer(STRANGER), name="Theirs")
        text = self.answer(" status ")
        self.assertIn(f"{self.ticket.number} Printer jams: Quiet", text)
        self.assertNotIn(closed.number, text)
        self.assertNotIn(other.number, text)
        self.assertIn("STOP", text)
        inbound = self.env["sms.inbound"].search([], limit=1)
        self.assertEqual(inbound.kind, "service")
        self.assertFalse(self.ticket.sms_waiting_since)

    def test_status_tells_nothing_of_another_company(self):
        other = self.make_company("Other")
        text = self.answer("STATUS", company=other)
        self.assertNotIn(self.ticket.number, text)
        self.assertIn("no ticket is open", text)

    def test_status_of_who_has_none(self):
        tickets = self.env["helpdesk.ticket"].search_count([])
        self.assertIn("no ticket is open", self.answer("STATUS", STRANGER))
        self.assertEqual(self.env["helpdesk.ticket"].search_count([]), tickets)

    def test_status_of_who_has_opted_out_is_answered(self):
        self.receive("STOP")
        self.assertIn(self.ticket.number, self.answer("STATUS"))

    def test_status_is_not_answered_hours_later(self):
        """As when the worker stood still in the evening: that would be at night."""
        form = {"id": "SBlate", "from": self.number, "body": "STATUS"}
        received_at = fields.Datetime.now() - timedelta(hours=2)
        text = SandboxProvider.parse_inbound(form)
        self.env["sms.inbound"]._receive(self.company, text, received_at)
        message = self.messages_to()
        reason = (message.state, message.gate_reason)
        self.assertEqual(reason, ("canceled", "unanswered"))

    def test_the_next_holder_of_a_number_is_not_told_of_the_formers_tickets(self):
        self.record_consent()
        self.check_next_holder()

    def test_nor_if_the_former_had_agreed_to_nothing(self):
        self.check_next_holder()

    def check_next_holder(self):
        """Check that who has another's number is not told of an older ticket."""
        self.env.cr.execute(
            "UPDATE helpdesk_ticket SET create_date = create_date - interval '1 day'"
            " WHERE id = %s",
            [self.ticket.id],
        )
        self.ticket.invalidate_recordset(["create_date"])
        self.receive("Sorry, wrong number")
        for body in ("STATUS", self.ticket.number):
            with self.subTest(body=body):
                text = self.answer(body)
                self.assertNotIn(self.ticket.sms_title, text)
                self.assertIn("no ticket is open", text)

    def test_a_hostile_title_is_only_text(self):
        self.ticket.name = "{company} {{ object.company_id.sms_webhook_key }} {tickets}"
        text = self.answer("STATUS")
        self.assertIn("{company} {{", text)
        self.assertNotIn(self.company.sms_webhook_key, text)

    def test_the_number_of_a_ticket_alone(self):
        closed = self.make_ticket(self.customer, stage_id=self.closed_stage.id)
        for body in (
            closed.number,
            f"#{closed.number.lower()}?",
            f"ticket {closed.number}",
        ):
            with self.subTest(body=body):
                text = self.answer(body)
                self.assertIn(
                    f"{closed.number} Printer jams: {closed.stage_id.name}", text
                )
        self.assertTrue(closed.closed)

    def test_nobody_learns_whether_anothers_ticket_exists(self):
        theirs = self.make_ticket(self.make_customer(STRANGER))
        there = self.answer(theirs.number)
        not_there = self.answer("HT99999")
        self.assertEqual(there, not_there)
        self.assertNotIn(theirs.name, there)
        inbounds = self.env["sms.inbound"].search([], limit=2)
        self.assertEqual(set(inbounds.mapped("kind")), {"conversation"})
        self.assertEqual(inbounds.ticket_id, self.ticket)

    def test_what_is_no_ticket_number_is_conversation(self):
        for body in ("PC0042", "42", "HT is broken"):
            with self.subTest(body=body):
                self.assertEqual(self.count_answers(body), 0)

    def test_nobody_is_asked_to_join_for_ever(self):
        """Otherwise a forged sender makes us text that number's owner without end."""
        limit = LIMITS["answers"][0]
        for _ in range(limit + 2):
            self.assertEqual(self.receive("SUPPORT", phone_number(9)).kind, "join")
        asked = self.messages_to(phone_number(9)).mapped("exemption")
        self.assertEqual(asked.count("opt_in_question"), limit)

    def test_two_machines_do_not_answer_each_other_for_ever(self):
        limit = LIMITS["answers"][0]
        counts = [self.count_answers("STATUS") for _time in range(limit + 3)]
        self.assertEqual(sum(counts), limit)
        self.assertEqual(self.count_answers("HELP"), 0)
        self.assertEqual(self.count_answers("STATUS", STRANGER), 1)
        self.assertEqual(self.count_answers("STOP"), 1)


class TestKeywords(CommandCase):
    """Keywords that managers have added."""

    def make_keyword(self, word, action, **values):
        return (
            self.env["sms.keyword"]
            .with_user(self.manager)
            .create({"word": word, "action": action, **values})
        )

    def test_a_word_is_answered(self):
        self.make_keyword(
            "HOURS", "answer", answer="{company}: 8 to 5. Call {contact}."
        )
        self.company.phone = "+13035550199"
        text = self.answer("Hours?")
        self.assertEqual(text, f"{self.company.name}: 8 to 5. Call +13035550199.")

    def test_an_answer_is_needed(self):
        for answer in (False, " "):
            with self.assertRaises(ValidationError):
                self.make_keyword("HOURS", "answer", answer=answer)

    def test_a_misspelled_placeholder_is_refused(self):
        """Customers would read it as it is."""
        for action, answer in (
            ("answer", "Call {contct}."),
            ("answer", "Your ticket is {ticket}."),
            ("ticket", "Ticket {tickets}."),
        ):
            with self.subTest(answer), self.assertRaises(ValidationError):
                self.make_keyword("HOURS", action, answer=answer)

    def test_in_the_language_of_who_asks(self):
        self.env["res.lang"]._activate_lang("es_ES")
        keyword = self.make_keyword("HOURS", "answer", answer="8 to 5")
        keyword.with_context(lang="es_ES").answer = "De 8 a 17"
        self.customer.lang = "es_ES"
        self.assertEqual(self.answer("HOURS"), "De 8 a 17")

    def test_a_word_makes_a_ticket_for_a_team(self):
        other_team = self.team.copy({"name": "Facilities"})
        self.make_keyword(
            "LEAK", "ticket", team_id=other_team.id, answer="We come. Ticket {ticket}."
        )
        text = self.answer("leak!")
        inbound = self.env["sms.inbound"].search([], limit=1)
        self.assertNotEqual(inbound.ticket_id, self.ticket)
        self.assertEqual(inbound.ticket_id.team_id, other_team)
        self.assertEqual(text, f"We come. Ticket {inbound.ticket_id.number}.")
        other_team.active = False
        self.receive("LEAK", STRANGER)
        self.assertTrue(self.env["sms.inbound"].search([], limit=1).ticket_id)

    def test_stop_cannot_be_given_another_meaning(self):
        with self.assertRaises(ValidationError):
            self.make_keyword("STOP", "answer", answer="No", company_id=self.company.id)

    def test_an_agent_adds_no_word(self):
        with self.assertRaises(AccessError):
            self.env["sms.keyword"].with_user(self.agent).create(
                {"word": "HOURS", "action": "answer", "answer": "8 to 5"}
            )

    def test_a_word_of_another_company_is_conversation(self):
        other = self.make_company("Other")
        self.make_keyword("HOURS", "answer", answer="8 to 5", company_id=other.id)
        self.assertEqual(self.count_answers("HOURS"), 0)
