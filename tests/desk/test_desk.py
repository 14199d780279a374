# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError

from ...models.desk.helpdesk_ticket_thread import PAGE_SIZE
from ...providers import faults
from ..common import phone_number
from .common import DeskCase

#: A picture of one pixel.
GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


class TestConversation(DeskCase):
    """What an agent reads on a ticket."""

    def test_texts_are_told_oldest_first_with_side_author_and_state(self):
        self.receive("It jams again")
        self.reply("I am on my way")
        theirs, ours = self.texts()
        self.assertEqual(
            (theirs["direction"], theirs["body"], theirs["author"]),
            ("in", "It jams again", "Dana Customer"),
        )
        self.assertEqual(
            (ours["direction"], ours["author"]), ("out", self.own_agent.name)
        )
        self.assertEqual((ours["state"], ours["label"]), ("waiting", "Waiting"))
        self.assertIn("I am on my way", ours["body"])
        self.run_outbox()
        self.assertEqual(self.texts()[1]["label"], "Delivered")

    def test_a_refusal_says_why(self):
        self.record_consent(event="revoked")
        self.send_template(
            self.ticket, self.env.ref("helpdesk_mgmt_sms.sms_template_ticket_update")
        )
        (text,) = self.texts()
        self.assertEqual((text["state"], text["author"]), ("blocked", ""))
        self.assertEqual(text["reason"], "Opted out: only the person can undo it")
        self.assertTrue(text["template"], "an automatic text names its template")

    def test_another_tickets_texts_are_not_told(self):
        other = self.make_ticket(self.customer, user_id=self.agent.id)
        self.receive("For the newest ticket")
        self.assertEqual(other.sms_unread_count, 1)
        (folded,) = self.texts()
        self.assertNotIn("body", folded)
        self.receive("Of somebody else", phone_number(6))
        ids = [f"in-{self.env['sms.inbound'].search([], limit=1).id}", "out-x", "in-0"]
        desk = self.desk_of(self.own_agent)
        self.assertFalse(desk.get_sms_changes(ids)["messages"])

    def test_older_texts_are_read_on_demand_and_none_twice(self):
        for index in range(PAGE_SIZE + 5):
            self.receive(f"Text {index}")
        newest = self.converse()
        self.assertTrue(newest["has_older"])
        before = newest["messages"][0]["id"]
        self.assertFalse(self.converse(before=before)["has_older"])
        found = self.texts(before=before) + self.texts()
        bodies = [text["body"] for text in found]
        self.assertEqual(bodies, [f"Text {i}" for i in range(PAGE_SIZE + 5)])

    def test_pictures_are_shown(self):
        inbound = self.receive("Look")
        picture = self.env["ir.attachment"].create(
            {
                "name": "screen.png",
                "mimetype": "image/png",
                "res_model": self.ticket._name,
                "res_id": self.ticket.id,
            }
        )
        inbound.attachment_ids = picture
        (text,) = self.texts()
        self.assertEqual(
            text["attachments"],
            [{"id": picture.id, "name": "screen.png", "mimetype": picture.mimetype}],
        )

    def test_more_texts_take_no_more_queries(self):
        def texts(count):
            for _index in range(count):
                self.receive("Hello")
                self.reply("Hello to you")
            self.run_outbox()

        texts(2)
        self.converse()
        few = self.count_queries(self.converse)
        texts(10)
        self.assertEqual(len(self.texts()), 24)
        self.assertEqual(self.count_queries(self.converse), few)


class TestWhoMayRead(DeskCase):
    """Helpdesk users read the conversations of the tickets that they may read."""

    METHODS = (
        ("get_sms_conversation", ()),
        ("get_sms_changes", (["in-1"],)),
        ("get_sms_news", ()),
        ("preview_sms_reply", ()),
        ("send_sms_reply", ("Hello", "key")),
        ("mark_sms_read", ()),
        ("take_sms_way", ("out-1", "again")),
        ("share_sms_presence", ("looking",)),
    )

    def assertRefused(self, user, ticket):
        for method, arguments in self.METHODS:
            with self.subTest(method=method, user=user.login):
                desk = self.desk_of(user, ticket)
                with self.assertRaises(AccessError):
                    getattr(desk, method)(*arguments)

    def test_own_team_and_all(self):
        self.receive("Hello")
        for user in (self.own_agent, self.team_agent, self.agent, self.manager):
            with self.subTest(user=user.login):
                self.assertEqual(len(self.texts(user)), 1)

    def test_an_own_agent_has_no_others_tickets(self):
        other = self.make_ticket(self.customer, user_id=self.agent.id)
        self.assertRefused(self.own_agent, other)

    def test_who_is_no_helpdesk_user_has_none_even_of_tickets_that_they_may_read(self):
        self.ticket.partner_id = self.portal_user.partner_id
        self.ticket.message_subscribe((self.portal_user | self.employee).partner_id.ids)
        for user in (self.portal_user, self.employee, self.compliance_officer):
            self.assertRefused(user, self.ticket)

    def test_another_companys_ticket_is_out_of_reach(self):
        other = self.make_company("Other")
        self.agent.company_ids -= other
        ticket = self.make_ticket(self.customer, company_id=other.id)
        self.assertRefused(self.agent, ticket)

    def test_the_columns_of_the_list_are_for_helpdesk_users(self):
        for name in ("sms_last_words", "sms_last_failed"):
            self.assertTrue(self.ticket.with_user(self.agent).read([name]))
            with self.assertRaises(AccessError):
                self.ticket.with_user(self.employee).read([name])


class TestReply(DeskCase):
    """A reply from the desk passes the same gate as one from the composer."""

    def test_it_is_a_personal_text_through_the_gate(self):
        news = self.reply("It is mended.")
        message = self.messages_to()
        self.assertSent(message, "ticket")
        self.assertTrue(message.is_personal)
        self.assertEqual(
            [text["id"] for text in news["messages"]], [f"out-{message.id}"]
        )
        self.assertEqual(message.mail_message_id.author_id, self.own_agent.partner_id)

    def test_the_same_key_sends_once(self):
        self.reply("Once", key="one")
        again = self.reply("Once", key="one")
        self.assertTrue(again["is_repeated"])
        self.assertEqual(len(self.messages_to()), 1)
        self.reply("Another", key="two")
        self.reply("A colleague's", user=self.agent, key="one")
        self.assertEqual(len(self.messages_to()), 3)

    def test_nothing_in_a_text_is_rendered(self):
        self.reply("{{ object.company_id.name }} {{ 7 * 7 }}")
        self.assertIn(
            "{{ object.company_id.name }} {{ 7 * 7 }}", self.messages_to().body
        )

    def test_a_template_is_rendered_once_for_this_ticket(self):
        self.ticket.name = "{{ object.partner_phone }}"
        template = self.env["sms.template"].create(
            {
                "name": "Title",
                "model_id": self.env["ir.model"]._get_id("helpdesk.ticket"),
                "body": "About {{ object.name }}",
            }
        )
        desk = self.desk_of(self.own_agent)
        preview = desk.preview_sms_reply(template_id=template.id)
        self.assertEqual(preview["body"], "About {{ object.partner_phone }}")
        self.reply(preview["body"], template_id=template.id)
        self.assertIn("About {{ object.partner_phone }}", self.messages_to().body)
        self.assertEqual(self.messages_to().template_id, template)

    def test_a_template_of_another_model_is_none(self):
        template = self.env["sms.template"].create(
            {
                "name": "Contact",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "body": "{{ object.name }}",
            }
        )
        desk = self.desk_of(self.own_agent)
        self.assertNotIn("body", desk.preview_sms_reply(template_id=template.id))
        offered = [each["id"] for each in self.converse()["templates"]]
        self.assertNotIn(template.id, offered)

    def test_an_author_without_the_list_of_messages_cancels_their_own(self):
        """As the note on a closed ticket asks them to."""
        later = fields.Datetime.to_string(fields.Datetime.now() + timedelta(hours=3))
        self.reply(send_at=later)
        self.reply(user=self.agent, send_at=later)
        own, others = self.texts()
        shown = [(it["is_cancellable"], it["is_movable"]) for it in (own, others)]
        self.assertEqual(shown, [(True, False), (False, False)])
        shown = [
            (it["is_cancellable"], it["is_movable"]) for it in self.texts(self.agent)
        ]
        self.assertEqual(shown, [(True, True)] * 2)
        messages = self.messages_to().with_user(self.own_agent)
        with self.assertRaises(AccessError):
            messages.action_cancel_waiting()
        mine = messages.filtered(lambda it: it.sudo().create_uid == self.own_agent)
        self.assertFalse(mine.action_cancel_waiting())
        own, others = self.texts()
        self.assertEqual((own["state"], others["state"]), ("cancelled", "held"))
        with self.assertRaisesRegex(UserError, "no longer waits"):
            mine.action_cancel_waiting()

    def test_send_at_holds_it(self):
        later = fields.Datetime.now() + timedelta(hours=3)
        send_at = fields.Datetime.to_string(later)
        note = self.desk_of(self.own_agent).preview_sms_reply(send_at=send_at)
        self.assertTrue(note["time_note"])
        self.reply(send_at=send_at)
        message = self.messages_to()
        self.assertEqual((message.send_at, message.gate_verdict), (later, "hold"))
        with self.assertRaises(ValidationError):
            self.reply(send_at="2020-01-01 00:00:00")

    def test_quiet_hours_are_told_before_and_after(self):
        self.close_hours()
        note = self.converse()["reply"]["time_note"]
        self.assertIn("Denver time", note)
        (text,) = self.reply()["messages"]
        self.assertEqual(text["state"], "held")
        self.assertRegex(text["label"], r"Held until .*Denver time")

    def test_what_the_box_says_of_the_footer_and_the_price(self):
        self.set_price(0.008)
        told = self.converse()
        self.assertEqual(told["reply"]["footer"], self.footer)
        self.assertFalse(told["reply"]["blocked"])
        self.assertAlmostEqual(told["price"]["amount"], 0.008)
        self.assertEqual(told["price"]["currency_id"], self.env.ref("base.USD").id)

    def test_the_footer_is_in_the_readers_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        footer = "STOP pour sortir, AIDE."
        self.purposes("ticket").with_context(lang="fr_FR").footer = footer
        self.customer.lang = "fr_FR"
        self.assertEqual(self.converse()["reply"]["footer"], footer)

    def test_without_consent_the_box_says_why_and_what_to_do(self):
        self.record_consent(event="revoked", method="keyword")
        told = self.converse()["reply"]
        self.assertEqual(told["blocked"], "Opted out: only the person can undo it")
        self.assertIn("preference page", told["advice"])
        self.assertEqual(told["call"], self.number)
        other = self.make_customer(phone_number(7), "Nobody asked")
        self.ticket.partner_id = other
        told = self.converse()["reply"]
        self.assertEqual(told["blocked"], "No consent: ask the person and record it")
        self.assertEqual(told["button"]["kind"], "record")

    def test_a_refused_template_offers_to_record_consent_to_its_purpose(self):
        template = self.make_an_offer("ticket_update")
        desk = self.desk_of(self.own_agent)
        told = desk.preview_sms_reply(template_id=template.id)
        self.assertTrue(told["blocked"])
        self.assertEqual(told["button"]["label"], "Record consent")
        defaults = {"default_purpose_ids": self.purposes("marketing").ids}
        self.assertEqual(told["button"]["context"], defaults)

    def test_a_consent_that_is_no_proof_offers_to_record_one(self):
        template = self.make_an_offer("ticket_update")
        offers = self.purposes("marketing")
        law = self.env.ref("helpdesk_mgmt_sms.sms_consent_law_us")
        reason = {"relaxation_reason": "Before the upgrade"}
        offers.write({"accepts_spoken": True, **reason})
        law.write({"is_written": False, **reason})
        self.record_consent(self.number, "marketing", method="phone")
        offers.accepts_spoken, law.is_written = False, True
        desk = self.desk_of(self.own_agent)
        told = desk.preview_sms_reply(template_id=template.id)
        self.assertIn("not given as this purpose asks", told["blocked"])
        self.assertEqual(told["button"]["label"], "Record consent")
        defaults = {"default_purpose_ids": offers.ids}
        self.assertEqual(told["button"]["context"], defaults)

    def test_what_no_screen_sends_is_refused_in_words(self):
        desk = self.desk_of(self.own_agent)
        for values in (
            *({"template_id": it} for it in ("x", -1, 2**40, [1], {"id": 1}, True)),
            *({"send_at": it} for it in ("soon", 5, [1], {"at": 1}, True)),
        ):
            with self.subTest(values), self.assertRaises(UserError):
                desk.preview_sms_reply(**values)
            with self.subTest(values), self.assertRaises(UserError):
                self.reply(**values)
        for values in ({"body": 5}, {"body": ["x"]}, {"attachment_ids": ["x"]}):
            with self.subTest(values), self.assertRaises(UserError):
                self.reply(**values)

    def test_a_refusal_without_regard_to_consent_offers_no_opt_out(self):
        refusals = patch.object(
            type(self.company), "_find_sms_sender_refusals", return_value=["no_sender"]
        )
        with refusals:
            told = self.converse()["reply"]
        self.assertTrue(told["blocked"])
        self.assertEqual((told["button"], told["advice"]), (False, ""))

    def test_characters_that_nobody_can_store(self):
        ticket = self.desk_of(self.own_agent)
        with self.assertRaisesRegex(UserError, "Write a text first"):
            ticket.send_sms_reply("\x00 ", "one")
        self.record_consent()
        ticket.send_sms_reply("It is\x00 done\ud83d", "two")
        self.assertIn("It is done?", self.messages_to().body)

    def test_who_may_not_edit_the_ticket_reads_and_does_not_text(self):
        self.receive("Hello")
        ticket = self.desk_of(self.team_agent)
        self.env["ir.model.access"].search(
            [
                ("model_id.model", "=", "helpdesk.ticket"),
                ("group_id", "!=", False),
            ]
        ).perm_write = False
        self.assertTrue(ticket.get_sms_conversation()["reply"]["blocked"])
        with self.assertRaises(AccessError):
            ticket.send_sms_reply("Hello", "key")
        self.assertFalse(self.messages_to())

    def make_upload(self, user, **values):
        """Return a file as the reply box uploads it."""
        uploaded = {
            **{"name": "plan.gif", "raw": GIF},
            **{"res_model": "sms.composer", "res_id": 0, **values},
        }
        return self.env["ir.attachment"].with_user(user).create(uploaded)

    def test_a_picture_goes_along(self):
        picture = self.make_upload(self.own_agent)
        self.assertTrue(self.converse()["reply"]["may_send_media"])
        (text,) = self.reply(attachment_ids=picture.ids)["messages"]
        self.assertEqual([file["id"] for file in text["attachments"]], picture.ids)
        self.assertEqual(self.messages_to().attachment_ids.ids, picture.ids)

    def test_nobody_sends_a_file_that_they_may_not_read(self):
        secret = self.make_upload(
            self.administrator, res_model="ir.config_parameter", res_id=1
        )
        with self.assertRaises(AccessError):
            self.reply(attachment_ids=secret.ids)
        self.assertFalse(self.messages_to())

    def test_a_text_needs_words(self):
        with self.assertRaises(UserError):
            self.reply("  \n ")

    def test_a_clients_context_brings_nothing_in(self):
        desk = self.desk_of(self.own_agent).with_context(
            default_composition_mode="mass",
            default_numbers=phone_number(9),
            default_mass_force_send=True,
            sms_purpose="internal",
        )
        desk.send_sms_reply("Hello", "key")
        self.assertSent(self.messages_to(), "ticket")
        self.assertFalse(self.messages_to(phone_number(9)))


class TestReadMarks(DeskCase):
    """A text that one of the team has read counts as read for all of them."""

    def test_reading_is_shared_and_looking_from_afar_is_not_reading(self):
        inbound = self.receive("Hello")
        self.converse()
        self.assertEqual(self.converse(self.agent)["unread"], 1)
        self.desk_of(self.own_agent).mark_sms_read()
        self.assertTrue(inbound.read_at)
        self.assertEqual(self.converse(self.agent)["unread"], 0)
        self.receive("And another thing")
        self.assertEqual(self.converse()["unread"], 1)

    def test_an_answer_ends_the_waiting(self):
        self.receive("Hello")
        self.assertTrue(self.ticket.sms_waiting_since)
        self.reply()
        self.assertFalse(self.ticket.sms_waiting_since)

    def test_whom_the_carrier_did_not_bring_the_answer_waits_again(self):
        self.receive("Hello")
        since = self.ticket.sms_waiting_since
        self.reply()
        self.desk_of(self.agent).snooze_sms()
        sms = self.messages_to()
        self.run_outbox()
        sms._fail(self.env["sms.fault"]._get_policy(faults.UNREACHABLE, self.company))
        sms._update_trackers()
        self.assertEqual(sms.state, "error")
        self.assertEqual(self.ticket.sms_waiting_since, since)
        self.assertFalse(self.desk_of(self.agent).sms_is_snoozed)
        self.desk_of(self.agent).take_sms_way(f"out-{sms.id}", "again")
        self.assertFalse(self.ticket.sms_waiting_since)
