# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import fields
from odoo.tests import Form, tagged

from ...models.core.moments import say_moment
from ...models.message.sms_sms_intake import PersonalText
from ..common import OtherOrder, phone_number
from ..message.common import IntakeCase

HOUR = timedelta(hours=1)


@tagged("post_install", "-at_install")
class TestAnswers(IntakeCase):
    """An agent's answer to somebody who has just texted."""

    def text_in(self, body="When do you come?", ago=HOUR, **whose):
        """Receive a text of some time ago; return the ``sms.inbound``."""
        inbound = self.receive(body, **whose)
        inbound.received_at = fields.Datetime.now() - ago
        self.env["sms.consent"]._forget_answers()
        return inbound

    def answer(self, record=None, user=None, **values):
        """Write to a record's contact by the composer; return the message."""
        self.compose("comment", record or self.ticket, user, **values)
        return self.messages_to()[-1:]

    def stop(self, ago, *codes):
        """Record an opt-out of some time ago."""
        moment = fields.Datetime.now() - ago
        self.record_consent(None, *codes, event="revoked", happened_at=moment)

    # === What is allowed, and how it shows ===

    def test_an_agent_answers_without_recorded_consent(self):
        inbound = self.text_in()
        message = self.answer(user=self.own_agent)
        self.assertSent(message, "ticket", "conversation")
        self.assertTrue(message.is_personal)
        self.assertEqual(message.priority, 0, "it passes lists")
        self.assertEqual(message.inbound_id, inbound)
        self.assertFalse(message.consent_event_id)
        self.run_outbox()
        self.assertEqual(message.state, "sent")
        self.assertIn("Answers their text of", message.shown_reason)

    def test_the_reason_names_the_hour_and_another_day(self):
        now = fields.Datetime.now().replace(hour=22)
        self.text_in(ago=timedelta(0)).received_at = now - HOUR
        message = self.answer().with_context(tz="UTC")
        label = message.gate_label
        self.assertIn(say_moment(message.env, now - HOUR), label)
        message.inbound_id.received_at = now - timedelta(days=1)
        message.invalidate_recordset(["gate_label"])
        self.assertNotEqual(message.gate_label, label)
        self.assertIn("yesterday", message.gate_label)

    def test_the_chatter_says_what_a_message_answers(self):
        inbound = self.text_in()
        self.answer()
        [notification] = self.notifications_of(self.ticket)
        self.assertEqual(notification.sms_answered_at, inbound.received_at)
        self.record_consent()
        self.answer()
        self.assertFalse(self.notifications_of(self.ticket)[-1].sms_answered_at)

    def test_the_composer_says_so_before(self):
        inbound = self.text_in()
        context = {"default_res_model": "helpdesk.ticket", "tz": "UTC"}
        context |= {"default_res_id": self.ticket.id}
        context |= {"default_composition_mode": "comment"}
        composers = self.env["sms.composer"].with_user(self.agent)
        with Form(composers.with_context(**context)) as composer:
            self.assertFalse(composer.sms_block_reason)
            env = self.env(context={**self.env.context, "tz": "UTC"})
            note = composer.sms_answer_note
            self.assertIn(say_moment(env, inbound.received_at), note)
            self.assertIn(say_moment(env, inbound.received_at + 24 * HOUR), note)
            composer.body = "Hello"
        self.record_consent()
        with Form(composers.with_context(**context)) as composer:
            self.assertFalse(composer.sms_answer_note or composer.sms_block_reason)
            composer.body = "Hello"

    def test_on_a_contact_too(self):
        self.agent.group_ids |= self.env.ref("base.group_partner_manager")
        self.text_in()
        message = self.answer(self.customer)
        self.assertSent(message, "marketing", "conversation")

    def test_the_words_of_a_template_are_an_answer_when_a_person_sends_them(self):
        self.text_in()
        message = self.answer(template_id=self.ticket_template.id)
        self.assertSent(message, "ticket", "conversation")

    # === What counts as their text ===

    def test_after_a_day_it_is_over(self):
        self.text_in(ago=24 * HOUR + timedelta(minutes=1))
        self.assertBlocked(self.answer(), "ticket", "no_consent")
        self.text_in(ago=24 * HOUR - timedelta(minutes=1))
        self.assertSent(self.answer(), "ticket", "conversation")

    def test_a_command_is_no_conversation(self):
        for word in ("HELP", "START", "SUPPORT", "STOP", "Please stop texting me."):
            with self.subTest(word=word):
                number = phone_number(10 + len(word))
                ticket = self.make_ticket(self.make_customer(number))
                self.receive(word, number=number)
                self.compose("comment", ticket, self.agent)
                message = self.messages_to(number)[-1]
                self.assertEqual(message.gate_verdict, "block")

    def test_another_company_was_not_texted(self):
        other = self.make_company("Other")
        self.text_in(company=other)
        self.assertBlocked(self.answer(), "ticket", "no_consent")
        theirs = self.make_ticket(self.customer, company_id=other.id)
        self.assertSent(self.answer(theirs), "ticket", "conversation")

    def test_another_number_was_not_texted_from(self):
        self.text_in(number=phone_number(1))
        self.assertBlocked(self.answer(), "ticket", "no_consent")

    def test_an_answer_to_a_number_that_the_agent_corrected(self):
        other = phone_number(1)
        self.text_in()
        self.compose(
            "comment", self.ticket, self.agent, recipient_single_number_itf=other
        )
        self.assertBlocked(self.messages_to(other), "ticket", "no_consent")

    # === Opted out, under review ===

    def test_a_stop_ends_the_conversation(self):
        self.text_in()
        self.stop(timedelta(0))
        self.assertBlocked(self.answer(), "ticket", "opted_out")

    def test_a_question_after_a_stop_is_answered_by_a_person_alone(self):
        self.stop(2 * HOUR)
        self.text_in()
        self.assertSent(self.answer(), "ticket", "conversation")
        self.ticket._message_sms("Automatic")
        self.assertBlocked(self.messages_to()[-1], "ticket", "opted_out")

    def test_a_later_no_to_this_purpose_counts_beside_one_to_all(self):
        self.stop(3 * HOUR)
        self.text_in(ago=2 * HOUR)
        self.stop(HOUR, "alert")
        self.assertSent(self.answer(), "ticket", "conversation")
        self.stop(HOUR, "ticket")
        self.assertBlocked(self.answer(), "ticket", "opted_out")

    def test_it_passes_while_a_review_is_open(self):
        self.record_consent()
        self.text_in("I want to cancel", ago=timedelta(minutes=1))
        review = self.env["sms.consent.review"].search([("number", "=", self.number)])
        self.assertEqual(review.state, "open")
        self.ticket._message_sms("Automatic")
        self.assertBlocked(self.messages_to()[-1], "ticket", "under_review")
        self.assertSent(self.answer(), "ticket", "conversation")
        review.with_user(self.manager).action_opt_out()
        self.assertBlocked(self.answer(), "ticket", "opted_out")

    # === Written by a person, or only marked so ===

    def assertNotPersonal(self):
        message = self.messages_to()[-1]
        self.assertFalse(message.is_personal)
        self.assertBlocked(message, message.purpose_id.code, "no_consent")

    def test_a_list_of_tickets_is_no_conversation(self):
        self.text_in()
        self.compose("mass", self.ticket, self.agent)
        self.assertNotPersonal()

    def test_numbers_are_no_conversation(self):
        self.text_in()
        self.compose("numbers", user=self.agent, numbers=self.number)
        self.assertNotPersonal()

    def test_more_numbers_on_one_record_are_no_conversation(self):
        self.text_in()
        self.compose("comment", self.ticket, self.agent, numbers=phone_number(1))
        self.assertNotPersonal()

    def test_a_stage_is_no_conversation(self):
        self.text_in()
        stage = self.make_stage(self.ticket_template)
        self.ticket.with_user(self.agent).stage_id = stage
        self.assertNotPersonal()

    def test_a_server_action_is_no_conversation(self):
        """Even if its code uses the composer, and a person starts it."""
        self.text_in()
        code = """env["sms.composer"].with_context(
            default_composition_mode="comment", default_res_model="helpdesk.ticket",
            default_res_id=record.id).create({"body": "Hi"}).action_send_sms()"""
        for values in (
            {"state": "code", "code": code},
            {
                "state": "sms",
                "sms_template_id": self.ticket_template.id,
                "sms_method": "comment",
            },
        ):
            with self.subTest(state=values["state"]):
                action = self.env["ir.actions.server"].create(
                    {
                        "name": "Text them",
                        "model_id": self.env["ir.model"]._get_id("helpdesk.ticket"),
                        **values,
                    }
                )
                action.with_user(self.administrator).with_context(
                    active_model="helpdesk.ticket",
                    active_id=self.ticket.id,
                    active_ids=self.ticket.ids,
                    default_res_id=self.ticket.id,
                ).run()
                self.assertNotPersonal()

    def test_another_apps_user_holds_no_conversation(self):
        self.text_in()
        self.employee.group_ids |= self.env.ref("base.group_partner_manager")
        self.answer(self.customer, self.employee)
        self.assertNotPersonal()

    def test_code_that_posts_holds_no_conversation(self):
        self.text_in()
        self.ticket.with_user(self.agent)._message_sms("Hello")
        self.assertNotPersonal()

    def test_a_clients_context_makes_none(self):
        self.text_in()
        claim = ["helpdesk.ticket", self.ticket.id, self.agent.id, "Hello"]
        for value in (claim, tuple(claim), "1", True, {"body": "Hello"}):
            ticket = self.ticket.with_user(self.agent).with_context(
                sms_personal=value, default_is_personal=True
            )
            ticket._message_sms("Hello")
            self.assertNotPersonal()

    def test_our_own_word_holds_for_its_message_alone(self):
        """Texts sent within the call, by a hook of another app, are not personal."""
        self.text_in()
        for body, res_id, user in (
            ("Hello", self.ticket.id, self.manager),
            ("Another", self.ticket.id, self.agent),
            ("Hello", self.ticket.id + 1, self.agent),
        ):
            word = PersonalText("helpdesk.ticket", res_id, user.id, body)
            ticket = self.ticket.with_user(self.agent).with_context(sms_personal=word)
            ticket._message_sms("Hello")
            self.assertNotPersonal()

    def test_code_cannot_write_it_into_a_row(self):
        self.text_in()
        self.env["sms.sms"].create(
            {"number": self.number, "body": "Hello", "is_personal": True}
        )
        self.assertNotPersonal()

    # === Waiting in the outbox ===

    def wait(self, message, hours):
        """Make a message, and the text it answers, older by some hours."""
        moved = timedelta(hours=hours)
        self.env.flush_all()
        for table, column, record in (
            ("sms_sms", "create_date", message),
            ("sms_inbound", "received_at", message.inbound_id),
        ):
            self.env.cr.execute(
                f"UPDATE {table} SET {column} = {column} - %s WHERE id = %s",
                [moved, record.id],
            )
        self.env.invalidate_all()
        self.env["sms.consent"]._forget_answers()

    def test_an_answer_that_waits_too_long_does_not_leave(self):
        self.text_in()
        message = self.answer()
        self.wait(message, 22.9)
        self.assertTrue(message._ask_gate())
        self.wait(message, 1)
        self.run_outbox()
        self.assertBlocked(message, "ticket", "no_consent")
        self.assertFalse(message.inbound_id)

    def test_a_stop_cancels_an_answer_that_waits(self):
        self.text_in()
        message = self.answer()
        self.receive("STOP")
        self.assertBlocked(message, "ticket", "opted_out")

    def test_the_gate_asks_in_one_query(self):
        self.text_in()
        keys = [self.company.id], [self.number]
        self.env["sms.consent"]._get_known(*keys)
        self.env["sms.consent"]._forget_answers()
        self.env.flush_all()
        with self.assertQueryCount(1):
            known = self.env["sms.consent"]._get_known(*keys)
        self.assertTrue(known.texts)


class TestAnswersInOtherOrder(OtherOrder, TestAnswers):
    """The same with the rooms in another order."""
