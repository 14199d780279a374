# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Replies to a broadcast or an incident are collected on it."""

from datetime import timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ...models.broadcast import sms_inbound
from .common import PublishCase


@tagged("post_install", "-at_install")
class TestReplies(PublishCase):
    """Replies belong to the newest text before them; agents answer one or many."""

    def answer(self, replies, body="It works again.", user=None):
        """Answer with the composer that the button opens."""
        action = replies.with_user(user or self.agent).action_answer_replies()
        composers = self.env["sms.composer"].with_user(user or self.agent)
        composer = composers.with_context(**action["context"]).create({"body": body})
        composer.action_send_sms()

    def answers_to(self, partner):
        """Return the answers to a contact."""
        texts = self.messages_to(partner.phone)
        return texts.filtered(lambda it: it.body.startswith("It works again."))

    def test_they_are_linked_and_sorted(self):
        early = self.receive("Hello", self.first.phone)
        broadcast = self.say()
        question = self.receive("When will it work again", self.first.phone)
        thanks = self.receive("Thank you", self.second.phone)
        stop = self.receive("STOP", self.third.phone)
        other = self.receive("Hello", self.far.phone)
        replies = question | thanks | stop
        self.assertEqual(replies.broadcast_id, broadcast)
        self.assertEqual(replies.incident_id, self.incident)
        self.assertEqual(replies.mapped("reply_kind"), ["question", "thanks", "stop"])
        for inbound in (early, other):
            self.assertFalse(inbound.broadcast_id or inbound.reply_kind)
        for record in (self.incident, broadcast):
            record = record.with_user(self.agent)
            self.assertEqual(record.reply_count, 3)
            action = record.action_view_replies()
            found = self.env["sms.inbound"].with_user(self.agent)
            found = found.search(action["domain"], order="reply_kind, id desc")
            self.assertEqual(found.ids, [question.id, stop.id, thanks.id])

    def test_the_newest_is_meant(self):
        self.say()
        update = self.say()
        self.assertEqual(self.receive("Ok", self.first.phone).broadcast_id, update)

    def test_what_comes_later_is_no_reply(self):
        broadcast = self.say()
        for text in self.texts(broadcast):
            text.sent_at -= timedelta(days=8)
        self.assertFalse(self.receive("Ok", self.first.phone).broadcast_id)

    def test_an_answer_that_we_know_is_of_the_incident(self):
        self.receive("My internet is down", self.silent.phone)
        self.run_outbox()
        reply = self.receive("And when is it back", self.silent.phone)
        self.assertEqual(
            (reply.incident_id, reply.reply_kind),
            (
                self.incident,
                "question",
            ),
        )
        self.assertFalse(reply.broadcast_id)

    def test_another_companys_text_is_not_meant(self):
        broadcast = self.say()
        other = self.make_company("Other")
        self.texts(broadcast).record_company_id = other
        self.assertFalse(self.receive("Ok", self.first.phone).broadcast_id)

    def test_answer_one(self):
        self.say()
        reply = self.receive("When?", self.first.phone)
        self.answer(reply)
        self.assertEqual(self.answers_to(self.first).mapped("state"), ["outgoing"])

    def test_answer_many(self):
        """Consent to alerts is enough, because they have just written to us."""
        self.say()
        replies = self.env["sms.inbound"]
        for partner in self.agreed:
            replies |= self.receive("When?", partner.phone)
        self.receive("STOP", self.third.phone)
        self.answer(replies, user=self.manager)
        for partner in self.first | self.second:
            self.assertEqual(self.answers_to(partner).mapped("state"), ["outgoing"])
            posted = self.answers_to(partner).mail_message_id
            self.assertEqual(posted.model, "helpdesk.ticket")
            self.assertIn(posted.res_id, replies.ticket_id.ids)
        self.assertEqual(self.answers_to(self.third).gate_reason, "opted_out")

    def test_a_template_is_filled_in_for_each(self):
        self.say()
        replies = self.receive("When?", self.second.phone)
        replies |= self.receive("When?", self.third.phone)
        template = self.env["sms.template"].create(
            {
                "name": "Works again",
                "model_id": self.env["ir.model"]._get_id("helpdesk.ticket"),
                "body": "It works again. This was {{ object.number }}.",
            }
        )
        action = replies.with_user(self.agent).action_answer_replies()
        composers = self.env["sms.composer"].with_user(self.agent)
        composers = composers.with_context(**action["context"])
        composers.create({"template_id": template.id}).action_send_sms()
        for reply in replies:
            [answer] = self.answers_to(reply.partner_id)
            self.assertIn(f"This was {reply.ticket_id.number}.", answer.body)
            self.assertEqual(answer.template_id, template)

    def test_none_to_answer_and_too_many(self):
        self.say()
        stop = self.receive("STOP", self.first.phone)
        with self.assertRaisesRegex(UserError, "None of these has a ticket"):
            stop.with_user(self.agent).action_answer_replies()
        replies = self.receive("When?", self.second.phone)
        replies |= self.receive("When?", self.third.phone)
        limit, sms_inbound.MANY = sms_inbound.MANY, 1
        self.addCleanup(setattr, sms_inbound, "MANY", limit)
        with self.assertRaisesRegex(UserError, "at most 1"):
            replies.with_user(self.agent).action_answer_replies()

    def test_rights(self):
        broadcast = self.say()
        reply = self.receive("When?", self.first.phone)
        with self.assertRaises(AccessError):
            reply.with_user(self.employee).action_answer_replies()
        self.assertEqual(self.incident.with_user(self.own_agent).reply_count, 0)
        self.assertEqual(broadcast.with_user(self.compliance_officer).reply_count, 1)
