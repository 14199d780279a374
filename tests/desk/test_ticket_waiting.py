# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Texts that wait are cancelled or asked about when their ticket moves on."""

from datetime import timedelta
from uuid import uuid4

from odoo import fields
from odoo.exceptions import AccessError

from ...models.automation.helpdesk_ticket import TOLD
from ..clock import freeze_time
from ..common import phone_number
from ..message.common import MORNING, NIGHT, QuietHoursCase

OTHER_NUMBER = phone_number(1)
REASON = "The ticket has moved on since, so it would no longer be right"


class WaitingTextsCase(QuietHoursCase):
    """A ticket at night: all texts about it wait until the morning."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.record_consent()
        cls.waiting_stage = cls.env.ref("helpdesk_mgmt.helpdesk_ticket_stage_awaiting")
        cls.progress_stage = cls.env.ref(
            "helpdesk_mgmt.helpdesk_ticket_stage_in_progress"
        )

    def setUp(self):
        super().setUp()
        clock = freeze_time(NIGHT, tick=True)
        clock.start()
        self.addCleanup(clock.stop)
        self.ticket.stage_id = self.quiet_stage
        self.env["sms.sms"].search([("state", "=", "outgoing")]).unlink()

    def move(self, ticket, stage, user=None):
        """Move a ticket to a stage; return the texts about it, oldest first."""
        ticket.with_user(user or self.agent).stage_id = stage
        return self.texts_about(ticket)

    def texts_about(self, ticket):
        """Return the texts about a ticket, oldest first."""
        self.run_automations()
        self.env.flush_all()
        return self.env["sms.sms"].search(
            [
                ("mail_message_id.model", "=", ticket._name),
                ("mail_message_id.res_id", "=", ticket.id),
            ],
            order="id",
        )

    def open(self, **values):
        """Return a new ticket and its confirmation, which waits."""
        values = {"stage_id": self.new_stage.id, "team_id": self.team.id, **values}
        ticket = self.make_ticket(self.customer, **values)
        [received] = self.texts_about(ticket)
        self.assertEqual(received.gate_verdict, "hold")
        # What follows happens in another transaction.
        self.env.cr.cache.pop(TOLD, None)
        return ticket, received

    def write_to(self, ticket, body="It is mended.", user=None, send_at=False):
        """Return a text that an agent wrote at night."""
        desk = ticket.with_user(user or self.agent)
        desk.send_sms_reply(body, uuid4().hex, send_at=send_at, is_sure=True)
        sms = self.texts_about(ticket)[-1]
        self.assertEqual((sms.is_personal, sms.gate_verdict), (True, "hold"))
        return sms

    def assertOvertaken(self, sms):
        """Assert that a text was cancelled because its ticket has moved on."""
        self.assertGateSays(sms, "canceled", "block", "overtaken")
        self.assertEqual((sms.shown_state, sms.shown_reason), ("cancelled", REASON))
        self.assertFalse(sms.ways)

    def assertWaits(self, sms):
        """Assert that a text leaves in the morning."""
        self.assertEqual((sms.state, sms.gate_verdict), ("outgoing", "hold"))


class TestOvertaken(WaitingTextsCase):
    """The gate cancels an automatic text that has become pointless."""

    def test_closing_cancels_the_confirmation_and_leaves_its_own_text(self):
        ticket, received = self.open()
        closed = self.move(ticket, self.closed_stage) - received
        self.assertOvertaken(received)
        self.assertEqual(closed.template_id.name, "Ticket: closed")
        self.assertWaits(closed)
        with freeze_time(MORNING + timedelta(minutes=45)):
            self.run_outbox()
        self.assertEqual((received.state, closed.state), ("canceled", "sent"))

    def test_a_notification_in_the_chatter_follows(self):
        ticket, received = self.open()
        self.move(ticket, self.closed_stage)
        notifications = self.notifications_of(ticket)
        self.assertEqual(notifications[0].notification_status, "canceled")
        self.assertFalse(ticket.sms_last_failed)

    def test_reopening_cancels_the_text_of_the_closing(self):
        ticket, received = self.open()
        closed = self.move(ticket, self.closed_stage) - received
        self.move(ticket, self.new_stage)
        self.assertOvertaken(closed)

    def test_reopening_cancels_the_question_how_it_went(self):
        self.team.sms_ask_rating = True
        ticket, received = self.open()
        question_text = self.move(ticket, self.closed_stage) - received
        question = self.env["sms.question"].search([("res_id", "=", ticket.id)])
        self.assertEqual(question.sms_id, question_text)
        self.move(ticket, self.new_stage)
        self.assertOvertaken(question_text)
        self.assertEqual(question.state, "cancelled")

    def test_another_stage_cancels_what_was_said_of_the_former(self):
        ticket, received = self.open()
        waiting = self.move(ticket, self.waiting_stage) - received
        self.assertEqual(waiting.template_id.name, "Ticket: waiting for you")
        self.assertWaits(received)
        self.move(ticket, self.progress_stage)
        self.assertOvertaken(waiting)
        self.assertWaits(received)

    def test_a_technician_who_is_none_any_more(self):
        ticket, received = self.open()
        ticket.user_id = self.team_agent
        assigned = self.texts_about(ticket) - received
        self.assertWaits(assigned)
        ticket.user_id = self.own_agent
        self.assertOvertaken(assigned)
        assigned = self.texts_about(ticket).filtered(lambda it: it.state == "outgoing")
        self.move(ticket, self.closed_stage)
        self.assertEqual(assigned.mapped("gate_reason"), ["overtaken"] * len(assigned))

    def test_what_was_told_to_colleagues_loses_its_point_too(self):
        number = phone_number(5)
        self.own_agent.partner_id.phone = number
        self.record_consent(number, "internal")
        self.purposes("internal").write({"quiet_class": "informational"})
        self.env["sms.automation"].create(
            {
                "name": "Yours",
                "trigger": "assigned",
                "audience": "assignee",
                "template_id": self.env.ref(
                    "helpdesk_mgmt_sms.sms_template_ticket_update"
                ).id,
            }
        )
        ticket, _received = self.open()
        ticket.user_id = self.own_agent
        self.texts_about(ticket)
        [told] = self.messages_to(number)
        ticket.user_id = self.team_agent
        self.assertOvertaken(told)

    def test_the_gate_sees_what_no_change_has_told(self):
        """The ticket was archived by SQL; the gate sees it when the text is due."""
        ticket, received = self.open()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE helpdesk_ticket SET active = FALSE WHERE id = %s", [ticket.id]
        )
        self.env.invalidate_all()
        with freeze_time(MORNING + timedelta(minutes=45)):
            self.run_outbox()
        self.assertOvertaken(received)

    def test_a_ticket_that_was_deleted(self):
        ticket, received = self.open()
        ticket.unlink()
        self.env.invalidate_all()
        with freeze_time(MORNING + timedelta(minutes=45)):
            self.run_outbox()
        self.assertGateSays(received, "canceled", "block", "overtaken")

    def test_what_a_colleague_has_scheduled_about_a_ticket_that_was_deleted(self):
        ticket, _received = self.open()
        written = self.write_to(ticket)
        ticket.with_user(self.manager).unlink()
        self.env.invalidate_all()
        self.assertEqual(written.state, "canceled")
        self.assertIn(self.manager.name, written.shown_reason)

    def test_what_has_left_stays_as_it_is(self):
        ticket, received = self.open()
        received.write({"state": "sent", "gate_verdict": "send"})
        self.move(ticket, self.closed_stage)
        self.assertEqual(received.state, "sent")

    def test_what_was_overtaken_does_not_count_as_told(self):
        """Closed, opened and closed again: the customer hears of it once."""
        ticket, received = self.open()
        for stage in (self.closed_stage, self.new_stage, self.closed_stage):
            texts = self.move(ticket, stage) - received
        self.assertOvertaken(texts[0])
        self.assertWaits(texts[-1])
        self.assertEqual(texts[-1].template_id.name, "Ticket: closed")

    def test_a_change_of_something_else_cancels_nothing(self):
        ticket, received = self.open()
        ticket.write({"name": "Another title", "priority": "3"})
        self.assertWaits(received)

    def test_whoever_is_no_longer_texted_about_it_gets_nothing_more(self):
        """A number that was wrong, another customer, another company."""
        changes = {
            "number": lambda it: {"partner_phone": OTHER_NUMBER},
            "no number": lambda it: {"partner_phone": False},
            "customer": lambda it: {"partner_id": self.make_customer(OTHER_NUMBER).id},
            "nobody": lambda it: {"partner_id": False},
            "company": lambda it: {"company_id": self.make_company("Other").id},
        }
        for name, get_values in changes.items():
            with self.subTest(name):
                ticket, received = self.open()
                ticket.write(get_values(ticket))
                self.assertOvertaken(received)
                ticket.write({"partner_id": self.customer.id})
                self.assertOvertaken(received)

    def test_nor_do_they_get_what_a_colleague_has_scheduled(self):
        changes = {
            "number": lambda it: {"partner_phone": OTHER_NUMBER},
            "customer": lambda it: {"partner_id": self.make_customer(OTHER_NUMBER).id},
        }
        for name, get_values in changes.items():
            with self.subTest(name):
                ticket, _received = self.open()
                sms = self.write_to(ticket, "Your password is reset.")
                known = ticket.message_ids
                ticket.write(get_values(ticket))
                self.assertOvertaken(sms)
                note = (ticket.message_ids - known).filtered("partner_ids")
                self.assertEqual(note.partner_ids, self.agent.partner_id)
                self.assertIn("“Your password is reset. ", note.body)
                self.assertIn(REASON, note.body)
                self.assertTrue(note.subtype_id.internal)

    def test_nor_what_waits_while_the_carrier_cannot_be_reached(self):
        ticket, _received = self.open()
        with freeze_time(MORNING + timedelta(hours=1)):
            desk = ticket.with_user(self.agent)
            desk.send_sms_reply("Your password is reset.", "key", is_sure=True)
            sms = self.texts_about(ticket)[-1]
            self.assertEqual((sms.state, sms.gate_verdict), ("outgoing", "send"))
            ticket.partner_phone = OTHER_NUMBER
            self.assertOvertaken(sms)
            self.assertIn(self.agent.partner_id, ticket.message_ids.partner_ids)

    def test_nor_what_somebody_has_scheduled_who_was_deleted(self):
        ticket, _received = self.open()
        sms = self.write_to(ticket, "Your password is reset.")
        self.env.flush_all()
        query = "UPDATE sms_sms SET create_uid = NULL WHERE id = %s"
        self.env.cr.execute(query, [sms.id])  # as the foreign key does
        self.env.invalidate_all()
        ticket.partner_phone = OTHER_NUMBER
        self.assertOvertaken(sms)

    def test_a_scheduled_text_to_the_same_number_waits_on(self):
        ticket, _received = self.open()
        sms = self.write_to(ticket)
        ticket.partner_id = self.make_customer(self.number, "Their spouse")
        ticket.name = "Another title"
        self.assertWaits(sms)

    def test_whoever_has_the_former_number_rates_nothing(self):
        self.team.sms_ask_rating = True
        ticket, _received = self.open()
        self.move(ticket, self.closed_stage)
        with freeze_time(MORNING + timedelta(minutes=45)):
            self.run_outbox()
            question = self.env["sms.question"].search([("res_id", "=", ticket.id)])
            self.assertEqual((question.state, question.sms_id.state), ("open", "sent"))
            ticket.write({"partner_phone": OTHER_NUMBER})
            self.receive("5")
        self.assertEqual(question.state, "cancelled")
        self.assertFalse(ticket.rating_ids)

    def test_who_is_texted_from_now_on_is_asked_for_a_rating(self):
        self.team.sms_ask_rating = True
        self.record_consent(OTHER_NUMBER)
        ticket, _received = self.open()
        ticket.write({"partner_phone": OTHER_NUMBER, "stage_id": self.closed_stage.id})
        question = self.env["sms.question"].search([("res_id", "=", ticket.id)])
        self.assertEqual((question.number, question.state), (OTHER_NUMBER, "open"))

    def test_another_contact_with_the_number_gets_what_waits(self):
        ticket, received = self.open()
        ticket.partner_id = self.make_customer(self.number, "Their spouse")
        self.assertEqual(ticket.partner_phone_sanitized, self.number)
        self.assertWaits(received)

    def test_what_colleagues_get_does_not_depend_on_the_customer(self):
        self.own_agent.partner_id.phone = OTHER_NUMBER
        self.record_consent(OTHER_NUMBER, "internal")
        self.purposes("internal").write({"quiet_class": "informational"})
        template = self.env.ref("helpdesk_mgmt_sms.sms_template_ticket_update")
        self.env["sms.automation"].create(
            {
                "name": "Yours",
                "trigger": "assigned",
                "audience": "assignee",
                "template_id": template.id,
            }
        )
        ticket, _received = self.open()
        ticket.user_id = self.own_agent
        self.texts_about(ticket)
        [told] = self.messages_to(OTHER_NUMBER)
        ticket.partner_phone = phone_number(7)
        self.assertWaits(told)

    def test_many_in_as_many_queries_as_a_few(self):
        counts = []
        for size in (1, 2, 8):
            tickets = self.env["helpdesk.ticket"]
            for index in range(size):
                number = phone_number(100 + 10 * size + index)
                self.record_consent(number)
                customer = self.make_customer(number)
                tickets |= self.make_ticket(customer, stage_id=self.new_stage.id)
            self.run_automations()
            self.env.flush_all()
            self.env.cr.execute(
                "UPDATE helpdesk_ticket SET stage_id = %s WHERE id = ANY(%s)",
                [self.closed_stage.id, tickets.ids],
            )
            counts.append(self.count_queries(tickets._end_overtaken_sms))
            numbers = tickets.mapped("partner_phone_sanitized")
            texts = self.env["sms.sms"].search([("number", "in", numbers)])
            self.assertEqual(set(texts.mapped("gate_reason")), {"overtaken"})
        # Odoo reads the recipient of each notification that it announces.
        self.assertLessEqual(counts[2] - counts[1], 8)


class TestWritten(WaitingTextsCase):
    """What an agent has written is asked about, never silently cancelled."""

    def test_the_desk_is_told_before_it_closes(self):
        ticket, _received = self.open()
        desk = ticket.with_user(self.agent)
        self.assertFalse(desk.get_sms_waiting(self.closed_stage.id))
        sms = self.write_to(ticket)
        for stage_id in (False, self.closed_stage.id):
            waiting = desk.get_sms_waiting(stage_id)
            self.assertEqual(waiting["count"], 1)
            [text] = waiting["texts"]
            self.assertIn("It is mended.", text["words"])
            self.assertEqual(text["author"], self.agent.name)
            self.assertEqual(text["label"], sms.with_user(self.agent).shown_label)
        self.assertFalse(desk.get_sms_waiting(self.waiting_stage.id))

    def test_what_leaves_now_is_not_asked_about(self):
        ticket, _received = self.open()
        sms = self.write_to(ticket)
        sms.write({"gate_verdict": "send", "not_before": fields.Datetime.now()})
        self.assertFalse(ticket.with_user(self.agent).get_sms_waiting())

    def test_to_send_it_anyway_is_noted(self):
        ticket, received = self.open()
        sms = self.write_to(ticket)
        self.move(ticket, self.closed_stage)
        self.assertWaits(sms)
        self.assertOvertaken(received)
        notes = ticket.message_ids.mapped("body")
        self.assertTrue(any("still wait for their time: 1" in note for note in notes))

    def test_to_cancel_it(self):
        ticket, _received = self.open()
        sms = self.write_to(ticket)
        self.assertEqual(ticket.with_user(self.agent).cancel_sms_waiting(), 1)
        self.move(ticket, self.closed_stage)
        self.assertEqual((sms.state, sms.cancelled_by_id), ("canceled", self.agent))
        self.assertEqual(sms.shown_reason, f"by {self.agent.name}")
        notes = " ".join(ticket.message_ids.mapped("body"))
        self.assertNotIn("still wait", notes)

    def answer_later(self):
        """Return an answer to a customer, for the morning: an answer may leave now."""
        return self.write_to(self.ticket, send_at=str(MORNING))

    def test_whoever_is_not_answered_after_all_waits_again(self):
        """Since when they had waited, which agents and automations look at."""
        since = self.receive("Is it mended?").received_at
        answer = self.answer_later()
        self.assertFalse(self.ticket.sms_waiting_since)
        answer.with_user(self.agent).action_cancel_waiting()
        self.assertEqual(self.ticket.sms_waiting_since, since)
        again = self.answer_later()
        self.assertFalse(self.ticket.sms_waiting_since)
        # The gate refuses it, as when it is sent.
        self.record_consent(event="revoked")
        again._ask_gate()
        self.assertEqual(again.gate_verdict, "block")
        self.assertEqual(self.ticket.sms_waiting_since, since)

    def test_whoever_waits_again_is_not_hidden(self):
        self.receive("Is it mended?")
        answer = self.answer_later()
        desk = self.ticket.with_user(self.agent)
        desk.snooze_sms()
        answer.with_user(self.agent).action_cancel_waiting()
        self.assertTrue(self.ticket.sms_waiting_since)
        self.assertFalse(desk.sms_is_snoozed)

    def test_whoever_has_another_answer_does_not_wait(self):
        since = self.receive("Is it mended?").received_at
        first, second = self.answer_later(), self.answer_later()
        first.with_user(self.agent).action_cancel_waiting()
        self.assertFalse(self.ticket.sms_waiting_since)
        # They ask once more, and had waited longer.
        self.receive("Well?")
        second.with_user(self.agent).action_cancel_waiting()
        self.assertEqual(self.ticket.sms_waiting_since, since)

    def test_whoever_was_answered_by_mail_or_is_done_does_not_wait(self):
        for answer_otherwise in (
            lambda ticket: self.post_on(
                ticket,
                "It is mended.",
                message_type="comment",
                subtype_xmlid="mail.mt_comment",
                partner_ids=self.customer.ids,
            ),
            lambda ticket: ticket.write({"stage_id": self.closed_stage.id}),
        ):
            self.receive("Is it mended?")
            answer = self.answer_later()
            answer_otherwise(self.ticket.with_user(self.agent))
            answer.with_user(self.agent).action_cancel_waiting()
            self.assertEqual(answer.state, "canceled")
            self.assertFalse(self.ticket.sms_waiting_since)

    def test_to_cancel_what_nobody_waited_for_begins_no_wait(self):
        self.receive("Thanks")
        self.ticket.with_user(self.agent).action_mark_sms_answered()
        self.answer_later().with_user(self.agent).action_cancel_waiting()
        self.assertFalse(self.ticket.sms_waiting_since)

    def test_several_are_counted_and_the_first_are_shown(self):
        tickets = self.env["helpdesk.ticket"]
        for index in range(7):
            number = phone_number(200 + index)
            self.record_consent(number)
            ticket = self.make_ticket(self.make_customer(number))
            self.write_to(ticket, f"Words {index} " + "x" * 100)
            tickets |= ticket
        waiting = tickets.with_user(self.agent).get_sms_waiting()
        self.assertEqual((waiting["count"], len(waiting["texts"])), (7, 5))
        self.assertLess(len(waiting["texts"][0]["words"]), 100)

    def test_to_archive_the_ticket_leaves_it_and_says_so(self):
        """Once: closing it was noted already."""
        for stage in (self.new_stage, self.closed_stage):
            ticket, _received = self.open()
            sms = self.write_to(ticket)
            self.move(ticket, stage)
            ticket.with_user(self.agent).action_archive()
            with self.subTest(stage=stage.name):
                self.assertWaits(sms)
                notes = "".join(ticket.message_ids.mapped("body"))
                self.assertEqual(notes.count("still wait for their time: 1"), 1)

    def test_the_api_and_automations_leave_it_and_say_so(self):
        ticket, _received = self.open()
        sms = [self.write_to(ticket, f"Words {index}") for index in range(2)][-1]
        ticket.sudo().write({"stage_id": self.closed_stage.id})
        self.assertWaits(sms)
        note = ticket.message_ids[0]
        self.assertIn("still wait for their time: 2.", note.body)
        self.assertEqual(note.author_id, self.env.ref("base.partner_root"))

    def test_what_waits_on_a_closed_ticket_stays_shown(self):
        ticket, _received = self.open()
        self.move(ticket, self.closed_stage)
        sms = self.write_to(ticket)
        conversation = ticket.with_user(self.agent).get_sms_conversation()
        shown = {entry["id"]: entry for entry in conversation["messages"]}
        self.assertEqual(shown[f"out-{sms.id}"]["state"], "held")

    def test_who_may_not_edit_cancels_nothing(self):
        ticket, _received = self.open()
        sms = self.write_to(ticket)
        for user in (self.employee, self.portal_user, self.compliance_officer):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                ticket.with_user(user).cancel_sms_waiting()
        with self.assertRaises(AccessError):
            ticket.with_user(self.portal_user).get_sms_waiting()
        self.assertWaits(sms)
