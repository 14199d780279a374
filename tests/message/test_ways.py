# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user

from ...models.message import sms_sms_again
from ...providers import faults
from ...tools import automation
from ..common import phone_number
from .common import WaysCase


class TestWays(WaysCase):
    """Each way to go on is offered where it works."""

    def test_want_of_consent(self):
        sms = self.text()
        self.assertBlocked(sms, "ticket", "no_consent")
        self.assertEqual(self.ways(sms), "record other call")
        self.record_consent()
        self.assertEqual(self.ways(sms), "again other call")

    def test_who_has_opted_out_since_is_called(self):
        sms = self.text()
        self.record_consent(event="revoked", method="keyword")
        self.assertEqual(self.ways(sms), "call")
        self.assertIn("texting START", sms.with_user(self.agent).ways_note)
        with self.assertRaisesRegex(UserError, "Opted out"):
            sms.with_user(self.agent).action_send_again()
        self.assertEqual(len(self.messages_to()), 1)

    def test_a_fault_that_may_have_passed(self):
        self.record_consent()
        sms = self.refuse(self.text())
        self.assertEqual(self.ways(sms), "again other call")
        self.assertEqual(self.ways(self.refuse(sms, faults.FILTERED)), "call")

    def test_a_landline_that_turns_out_to_be_none(self):
        self.record_consent()
        sms = self.text(provider="sandbox", state="process")
        sms._apply_fault(faults.LANDLINE, is_taken=True)
        self.assertEqual(self.ways(sms), "other call")
        self.env["sms.unusable.number"].search([]).unlink()
        self.assertEqual(self.ways(sms), "again other call")

    def test_nothing_is_offered_for_what_is_on_its_way_or_erased(self):
        self.record_consent()
        for state in ("outgoing", "process", "unknown", "pending", "sent"):
            with self.subTest(state):
                self.assertEqual(self.ways(self.text(state=state)), "")
        blocked = self.refuse(self.text())
        blocked._forget()
        self.assertEqual(self.ways(blocked), "")

    def test_an_answer_to_help_is_not_sent_again(self):
        self.record_consent()
        sms = self.refuse(self.text(exemption="help"))
        self.assertEqual(self.ways(sms), "call")

    def test_others_are_offered_nothing(self):
        sms = self.text()
        for user in (self.compliance_officer, self.employee):
            with self.subTest(user.login):
                self.assertFalse(sms.with_user(user).sudo().with_user(user)._get_ways())

    def test_the_number_is_handed_to_the_telephone(self):
        action = self.text().with_user(self.agent).action_call()
        self.assertEqual(action["tag"], "helpdesk_mgmt_sms.call")
        self.assertEqual(action["params"], {"number": self.number})


class TestSendAgain(WaysCase):
    """Sending again makes a new row instead of the old one, once."""

    def setUp(self):
        super().setUp()
        self.record_consent()

    def test_the_new_text_has_the_same_words_and_the_old_one_its_end(self):
        old = self.refuse(self.text())
        told = old.with_user(self.agent).action_send_again()
        new = old.sent_again_id
        self.assertEqual(told["params"]["type"], "success")
        self.assertEqual((old.state, old.fault_id.fault), ("error", "unreachable"))
        self.assertSent(new, "ticket")
        self.assertRecordValues(
            new,
            [
                {
                    "body": old.body,
                    "number": old.number,
                    "partner_id": old.partner_id.id,
                    "mail_message_id": old.mail_message_id.id,
                    "create_uid": self.agent.id,
                }
            ],
        )
        self.run_outbox()
        self.assertEqual((old.state, new.state), ("error", "sent"))
        [notification] = self.notifications_of(self.ticket)
        self.assertEqual(notification.sms_id_int, new.id)
        self.assertEqual(notification.notification_status, "sent")
        self.assertEqual(self.ways(old), "")
        self.assertEqual(old.with_user(self.agent).ways_note, "It was sent again.")

    def test_it_keeps_its_footer_when_its_reader_has_another_language(self):
        self.env["res.lang"]._activate_lang("es_ES")
        spanish = "Responda STOP para darse de baja, HELP para ayuda."
        self.purposes("ticket").with_context(lang="es_ES").footer = spanish
        old = self.refuse(self.text())
        self.customer.lang = "es_ES"
        old.with_user(self.agent).action_send_again()
        self.assertEqual(old.sent_again_id.body, old.body)
        self.assertTrue(self.text().body.endswith(spanish))

    def test_a_double_click_sends_once(self):
        old = self.refuse(self.text()).with_user(self.agent)
        old.action_send_again()
        with self.assertRaisesRegex(UserError, "already been sent again"):
            old.action_send_again()
        with self.assertRaisesRegex(UserError, "already been sent again"):
            old.sudo().action_set_outgoing()
        self.assertEqual(len(self.messages_to()), 2)

    def test_the_new_one_is_sent_again_in_its_turn(self):
        first = self.refuse(self.text())
        first.with_user(self.agent).action_send_again()
        second = self.refuse(first.sent_again_id)
        second.with_user(self.agent).action_send_again()
        self.assertSent(second.sent_again_id, "ticket")

    def test_what_may_have_left_is_not_sent_again(self):
        for state, words in (
            ("process", "being checked"),
            ("unknown", "being checked"),
            ("pending", "already has this message"),
            ("sent", "already has this message"),
            ("outgoing", "still waiting"),
        ):
            with self.subTest(state), self.assertRaisesRegex(UserError, words):
                self.text(state=state).with_user(self.agent).action_send_again()

    def test_what_has_lost_its_point_is_not_sent_again(self):
        past = fields.Datetime.now() - timedelta(minutes=5)
        old = self.refuse(self.text(expires_at=past))
        with self.assertRaisesRegex(UserError, "too late"):
            old.with_user(self.agent).action_send_again()

    def test_what_its_ticket_has_overtaken_is_not_sent_again(self):
        fact = self.ticket._make_sms_fact(automation.STAGE)
        old = self.refuse(self.text(ticket_fact=fact))
        self.assertIn("again", self.ways(old))
        self.ticket.stage_id = self.closed_stage
        self.assertEqual(self.ways(old), "call")
        with self.assertRaisesRegex(UserError, "has moved on"):
            old.with_user(self.agent).action_send_again()

    def test_an_answer_of_an_agent_stays_one(self):
        """It needs no recorded consent, for the same reason as the first one."""
        number = phone_number(2)
        ticket = self.make_ticket(self.make_customer(number))
        self.receive("Is it mended?", number)
        composer = self.env["sms.composer"].with_user(self.agent)
        composer.create(
            {
                "composition_mode": "comment",
                "res_model": ticket._name,
                "res_id": ticket.id,
                "body": "It is.",
            }
        ).action_send_sms()
        old = self.refuse(self.messages_to(number)[-1:])
        old.with_user(self.agent).action_send_again()
        self.assertSent(old.sent_again_id, "ticket", "conversation")
        self.assertTrue(old.sent_again_id.is_personal)

        # Once there is consent, the chatter names no text that allows it.
        second = self.refuse(old.sent_again_id)
        [notification] = self.notifications_of(ticket)
        self.assertTrue(notification.sms_answered_at)
        self.record_consent(number)
        second.with_user(self.agent).action_send_again()
        self.assertSent(second.sent_again_id, "ticket", "consent")
        self.assertFalse(notification.sms_answered_at)

    def test_old_news_takes_no_newer_ones_place(self):
        template = self.env.ref("helpdesk_mgmt_sms.sms_template_ticket_update")
        self.text()
        old = self.refuse(self.text(template_id=template.id))
        self.send_template(self.ticket, template)
        newer = self.messages_to()[-1:]
        old.with_user(self.agent).action_send_again()
        self.assertSent(old.sent_again_id, "ticket")
        self.assertEqual(newer.state, "outgoing")

    def test_a_text_for_later_keeps_its_time(self):
        later = fields.Datetime.now() + timedelta(hours=5)
        old = self.refuse(self.text(send_at=later))
        told = old.with_user(self.agent).action_send_again()
        self.assertIn("Held until", told["params"]["message"])
        self.assertEqual(old.sent_again_id.send_at, later)
        self.assertEqual(old.sent_again_id.gate_verdict, "hold")

    def test_many_at_once_with_the_reasons_of_those_that_do_not_go(self):
        other = self.make_customer(phone_number(1), "No Consent")
        texts = self.refuse(self.text()) | self.refuse(self.text())
        texts |= self.text(ticket=self.make_ticket(other))
        texts |= self.text()  # waits
        told = texts.with_user(self.manager).action_send_again()["params"]
        self.assertEqual(told["type"], "warning")
        self.assertIn("Texts on their way: 2.", told["message"])
        self.assertIn("1 × No consent", told["message"])
        self.assertIn("1 × It is still waiting", told["message"])
        self.assertEqual(len(texts.sent_again_id), 2)

    def test_who_may_text_few_people_sends_few_again(self):
        self.company.sms_bulk_from = 1
        texts = self.refuse(self.text()) | self.refuse(self.text())
        with self.assertRaises(AccessError):
            texts.with_user(self.agent).action_send_again()
        texts.with_user(self.manager).action_send_again()
        self.assertEqual(len(texts.sent_again_id), 2)
        self.patch(sms_sms_again, "AGAIN_LIMIT", 1)
        with self.assertRaisesRegex(UserError, "At most 1"):
            texts.with_user(self.manager).action_send_again()

    def test_odoos_own_resend_goes_by_the_same_rules(self):
        old = self.refuse(self.text())
        filtered = self.refuse(self.text(), faults.FILTERED)
        told = (old | filtered).with_user(self.administrator).resend_failed()
        self.assertIn("Texts on their way: 1.", told["params"]["message"])
        self.assertSent(old.sent_again_id, "ticket")
        self.assertFalse(filtered.sent_again_id)


class TestRights(WaysCase):
    """Agents may do it on their tickets, in their current companies."""

    ACTIONS = ("action_send_again", "action_record_and_send", "action_send_to_other")
    ACTIONS += ("action_call", "action_mark_told")

    def test_who_is_no_agent(self):
        sms = self.text()
        for user in (self.compliance_officer, self.employee, self.portal_user):
            for name in self.ACTIONS:
                with (
                    self.subTest(name, user=user.login),
                    self.assertRaises(AccessError),
                ):
                    getattr(sms.with_user(user), name)()

    def test_an_agent_of_other_tickets(self):
        sms = self.text(ticket=self.make_ticket(self.customer, user_id=self.agent.id))
        for name in self.ACTIONS:
            with self.subTest(name), self.assertRaises(AccessError):
                getattr(sms.with_user(self.own_agent), name)()
        with self.assertRaises(AccessError):
            sms.with_user(self.own_agent)._take_way("call")

    def test_another_company(self):
        stranger = new_test_user(
            self.env,
            "sms-stranger",
            "helpdesk_mgmt.group_helpdesk_manager",
            company_id=self.make_company("Other").id,
        )
        sms = self.text()
        for name in self.ACTIONS:
            with self.subTest(name), self.assertRaises(AccessError):
                getattr(sms.with_user(stranger), name)()

    def test_the_forms_tell_no_words_of_others(self):
        sms = self.text(ticket=self.make_ticket(self.customer, user_id=self.agent.id))
        form = self.env["sms.send.other"].with_user(self.own_agent)
        form = form.new({"sms_id": sms.id, "number": phone_number(1)})
        self.assertFalse(form.body)
        self.assertFalse(form.block_reason)


class TestOtherNumber(WaysCase):
    """Sending the same text to another number needs that number's consent."""

    def setUp(self):
        super().setUp()
        self.sms = self.text()
        self.other = phone_number(7)

    def open(self, number, user=None, **values):
        """Return the filled-in form."""
        action = self.sms.with_user(user or self.manager).action_send_to_other()
        model = self.env[action["res_model"]].with_user(user or self.manager)
        return model.create({"sms_id": self.sms.id, "number": number, **values})

    def test_the_gate_asks_for_the_consent_of_that_number(self):
        form = self.open(self.other)
        self.assertIn("No consent", form.block_reason)
        with self.assertRaisesRegex(UserError, "No consent"):
            form.action_send()
        self.assertFalse(self.messages_to(self.other))

    def test_consent_of_who_was_only_asked_can_be_recorded_too(self):
        self.record_consent(self.other, event="requested", method="web")
        form = self.open(self.other)
        self.assertIn("has not said YES", form.block_reason)
        self.assertTrue(form.needs_consent)

    def test_consent_can_be_recorded_and_leads_back(self):
        form = self.open(self.other)
        action = form.action_record_sms_consent()
        record = self.env["sms.consent.record"].with_user(self.manager)
        record = record.with_context(**action["context"]).create({})
        back = record.action_record()
        self.assertEqual((back["res_model"], back["res_id"]), (form._name, form.id))
        self.env.invalidate_all()
        self.assertFalse(form.block_reason)
        form.action_send()
        self.assertSent(self.messages_to(self.other), "ticket")

    def test_the_ticket_keeps_its_number_unless_asked(self):
        self.record_consent(self.other)
        self.open("(303) 555-0107").action_send()
        self.assertEqual(self.sms.sent_again_id.number, self.other)
        self.assertEqual(self.ticket.partner_phone_sanitized, self.number)

    def test_the_ticket_takes_the_number_over_when_asked(self):
        self.record_consent(self.other)
        self.open(self.other, is_kept=True).action_send()
        self.assertEqual(self.ticket.partner_phone_sanitized, self.other)

    def test_what_is_no_number(self):
        with self.assertRaisesRegex(UserError, "Enter the number"):
            self.open(" ").action_send()
        with self.assertRaisesRegex(UserError, "usable phone number"):
            self.open("12").action_send()

    def test_who_may_not_type_numbers(self):
        self.record_consent(self.other)
        self.company.sms_free_right = "managers"
        with self.assertRaises(AccessError):
            self.open(self.other, self.agent).action_send()


class TestRecordAndSend(WaysCase):
    """Recording consent also sends the text that lacked it, others on request."""

    def record(self, action, user=None, **values):
        """Fill in and save the form of an action; return the action that follows."""
        form = self.env["sms.consent.record"].with_user(user or self.agent)
        with Form(form.with_context(**action["context"])) as record:
            for name, value in values.items():
                record[name] = value
        return record.save().action_record()

    def test_the_very_text_is_sent_once(self):
        first, second = self.text("One"), self.text("Two")
        told = self.record(second.with_user(self.agent).action_record_and_send())
        self.assertEqual(told["params"]["type"], "success")
        self.assertFalse(first.sent_again_id)
        self.assertSent(second.sent_again_id, "ticket")

    def test_the_others_are_offered_and_not_sent_silently(self):
        texts = self.text("One") | self.text("Two")
        old = self.text("Three")
        self.env.flush_all()
        self.cr.execute(
            "UPDATE sms_sms SET create_date = create_date - interval '4 days'"
            " WHERE id = %s",
            [old.id],
        )
        action = self.ticket.with_user(self.own_agent).action_record_sms_consent()
        form = self.env["sms.consent.record"].with_user(self.own_agent)
        record = form.with_context(**action["context"]).create({})
        self.assertEqual(record.blocked_count, 2)
        self.assertIn("2 texts", record.blocked_note)
        self.assertFalse(record.sends_blocked)
        record.sends_blocked = True
        told = record.action_record()
        self.assertIn("Texts on their way: 2.", told["params"]["message"])
        self.assertEqual(len(texts.sent_again_id), 2)
        self.assertFalse(old.sent_again_id)

    def test_without_being_asked_nothing_is_sent(self):
        sms = self.text()
        self.record(self.ticket.with_user(self.agent).action_record_sms_consent())
        self.assertFalse(sms.sent_again_id)
        self.assertEqual(len(self.messages_to()), 1)

    def test_a_forged_list_of_texts_sends_nothing_of_others(self):
        other = self.make_customer(phone_number(1), "Somebody Else")
        strange = self.text(ticket=self.make_ticket(other))
        action = self.ticket.with_user(self.agent).action_record_sms_consent()
        for forged in (repr(strange.ids), "(" * 500, "[10**9, 'x']", "99999999999"):
            with self.subTest(forged[:20]):
                form = self.env["sms.consent.record"].with_user(self.agent)
                form = form.with_context(**action["context"])
                form.create({"text_ids": forged}).action_record()
                self.assertFalse(strange.sent_again_id)

    def test_an_opt_out_sends_nothing(self):
        sms = self.text()
        action = sms.with_user(self.agent).action_record_and_send()
        self.record(action, decision="revoked")
        self.assertFalse(sms.sent_again_id)


class TestUntold(WaysCase):
    """Which customers were not reached, and which texts count as reaching them."""

    def untold(self):
        """Return the customer's texts that reached nobody."""
        self.env.invalidate_all()
        domain = [("is_untold", "=", True), ("number", "=", self.number)]
        return self.env["sms.sms"].search(domain)

    def test_the_last_text_of_a_ticket_counts(self):
        first, last = self.text(), self.text()
        self.assertEqual(self.untold(), last)
        self.assertTrue(last.is_untold)
        self.assertFalse(first.is_untold)

    def test_a_later_text_tells(self):
        self.text()
        self.record_consent()
        self.text()
        self.assertFalse(self.untold())

    def test_a_text_about_another_ticket_tells_nothing_of_this_one(self):
        sms = self.text()
        self.record_consent()
        self.text(ticket=self.make_ticket(self.customer))
        self.assertEqual(self.untold(), sms)

    def test_what_a_colleague_gets_tells_the_customer_nothing(self):
        sms = self.text()
        number = phone_number(9)
        told = self.tell_colleague(self.ticket, number)
        self.assertTrue(told.is_untold, "without consent it does not leave either")
        self.assertEqual(self.untold(), sms)
        self.record_consent(number, "internal")
        self.assertSent(self.tell_colleague(self.ticket, number), "internal")
        self.assertEqual(self.untold(), sms)
        told.invalidate_recordset()
        self.assertFalse(told.is_untold)

    def test_an_e_mail_tells(self):
        self.text()
        self.customer.email = "dana@example.com"
        words = "It is mended"
        self.ticket.message_post(
            body=words,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            partner_ids=self.customer.ids,
        )
        self.assertFalse(self.untold())

    def test_a_note_among_colleagues_does_not(self):
        sms = self.text()
        words = "Call her?"
        self.ticket.message_post(body=words, message_type="comment")
        self.assertEqual(self.untold(), sms)

    def test_a_call_that_was_noted_tells(self):
        self.text()
        activity = self.ticket.activity_schedule("mail.mail_activity_data_call")
        activity.action_feedback("Told her")
        self.assertFalse(self.untold())

    def test_told_otherwise(self):
        sms = self.text()
        sms.with_user(self.agent).action_mark_told()
        self.assertEqual(sms.told_by_id, self.agent)
        self.assertFalse(self.untold())

    def test_what_was_cancelled_needs_no_telling(self):
        self.record_consent()
        self.text().action_cancel_waiting()
        self.assertFalse(self.untold())

    def test_what_was_called_off_tells_nothing(self):
        sms = self.text()
        self.record_consent()
        later = self.text(ticket_fact="stage left")
        later._ask_gate()
        self.assertEqual(later.gate_reason, "overtaken")
        self.assertEqual(self.untold(), sms)

    def test_after_a_week_it_is_history(self):
        sms = self.text()
        self.env.flush_all()
        self.cr.execute(
            "UPDATE sms_sms SET create_date = create_date - interval '8 days'"
            " WHERE id = %s",
            [sms.id],
        )
        self.assertFalse(self.untold())
