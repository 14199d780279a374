# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form

from ..common import SmsCase, phone_number

FOOTER = "Reply STOP to opt out, HELP for help."
OTHER_NUMBER = phone_number(1)


class TestPhone(SmsCase):
    """Which number a ticket has, and that it is never somebody else's."""

    def test_it_is_the_contacts_unless_one_is_entered(self):
        self.assertEqual(self.ticket.partner_phone, self.number)
        typed = self.make_ticket(self.customer, partner_phone=OTHER_NUMBER)
        self.assertEqual(typed.partner_phone, OTHER_NUMBER)

    def test_its_own_number_stays_out_of_the_contact(self):
        self.ticket.with_user(self.agent).partner_phone = OTHER_NUMBER
        self.assertEqual(self.customer.phone, self.number)
        self.assertEqual(self.ticket.partner_phone_sanitized, OTHER_NUMBER)

    def test_a_new_number_of_the_contact_does_not_move_a_running_ticket(self):
        """Its consent was given for the number that the ticket has."""
        self.customer.phone = OTHER_NUMBER
        self.assertEqual(self.ticket.partner_phone, self.number)

    def test_another_contact_brings_the_own_number(self):
        self.ticket.partner_id = self.make_customer(OTHER_NUMBER)
        self.assertEqual(self.ticket.partner_phone, OTHER_NUMBER)

    def test_a_number_that_was_written_otherwise_is_not_inherited_either(self):
        """Tickets that texts have made have E.164, contacts what Odoo makes of it."""
        self.customer.phone = "+1 303-555-0100"
        self.assertEqual(self.customer.phone_sanitized, self.number)
        self.ticket.partner_id = self.make_customer(False)
        self.assertFalse(self.ticket.partner_phone)

    def test_another_contact_without_a_number_does_not_inherit_one(self):
        """Otherwise texts about one person's ticket would go to another person."""
        self.ticket.partner_id = self.make_customer(False)
        self.assertFalse(self.ticket.partner_phone)
        self.assertFalse(self.ticket.partner_phone_sanitized)

    def test_the_form_forgets_the_former_contacts_number_too(self):
        with Form(self.ticket.with_user(self.agent)) as form:
            form.partner_id = self.make_customer(False)
            self.assertFalse(form.partner_phone)
        self.assertFalse(self.ticket.partner_phone)

    def test_a_new_ticket_forgets_the_contact_chosen_by_mistake(self):
        with Form(self.env["helpdesk.ticket"].with_user(self.agent)) as form:
            form.name = "New"
            form.description = "New"
            form.partner_id = self.customer
            self.assertEqual(form.partner_phone, self.number)
            form.partner_id = self.make_customer(False)
            self.assertFalse(form.partner_phone)
        self.assertFalse(form.record.partner_phone)

    def test_the_form_keeps_what_was_typed_before_the_contact_was_chosen(self):
        with Form(self.env["helpdesk.ticket"].with_user(self.agent)) as form:
            form.name = "New"
            form.description = "New"
            form.partner_phone = OTHER_NUMBER
            form.partner_id = self.make_customer(False)
        self.assertEqual(form.record.partner_phone, OTHER_NUMBER)

    def test_a_ticket_that_loses_its_contact_loses_their_number(self):
        self.ticket.partner_id = False
        self.assertFalse(self.ticket.partner_phone)

    def test_a_number_entered_for_an_unknown_person_survives_their_contact(self):
        ticket = self.make_ticket(partner_phone=OTHER_NUMBER)
        ticket.partner_id = self.make_customer(False)
        self.assertEqual(ticket.partner_phone, OTHER_NUMBER)

    def test_numbers_are_read_as_people_write_them(self):
        for typed, expected in (
            ("(303) 555-0101", OTHER_NUMBER),
            ("303.555.0101", OTHER_NUMBER),
            ("+1 303 555 0101", OTHER_NUMBER),
            ("001 44 7400 123456", False),
            ("011 44 7400 123456", "+447400123456"),
            ("call me", False),
            ("12", False),
            ("", False),
        ):
            with self.subTest(typed=typed):
                self.ticket.partner_phone = typed
                self.assertEqual(self.ticket.partner_phone_sanitized, expected)

    def test_a_national_number_is_read_in_the_contacts_country(self):
        british = self.make_customer(
            "07400 123456", country_id=self.env.ref("base.uk").id
        )
        self.assertEqual(
            self.make_ticket(british).partner_phone_sanitized, "+447400123456"
        )

    def test_a_national_number_of_nobody_is_read_in_the_companys_country(self):
        ticket = self.make_ticket(partner_phone="303 555 0101")
        self.assertEqual(ticket.partner_phone_sanitized, OTHER_NUMBER)


class TestBadge(SmsCase):
    """The badge shows what the number has said about tickets."""

    def badge(self, ticket=None):
        """Return the state that an agent sees."""
        return (ticket or self.ticket).with_user(self.agent).sms_consent_state

    def test_it_follows_the_ledger(self):
        self.assertEqual(self.badge(), "none")
        for event, expected in (
            ("requested", "pending"),
            ("confirmed", "opted_in"),
            ("revoked", "opted_out"),
            ("granted", "opted_in"),
            ("expired", "none"),
        ):
            with self.subTest(event=event):
                self.record_consent(self.number, "ticket", event=event)
                self.assertEqual(self.badge(), expected)

    def test_a_consent_to_something_else_is_none_to_tickets(self):
        self.record_consent(self.number, "appointment", "marketing")
        self.assertEqual(self.badge(), "none")

    def test_a_stop_covers_tickets(self):
        self.record_consent()
        self.receive("STOP")
        self.assertEqual(self.badge(), "opted_out")

    def test_it_means_the_tickets_number_and_not_the_contacts(self):
        self.record_consent()
        self.ticket.partner_phone = OTHER_NUMBER
        self.assertEqual(self.badge(), "none")
        self.assertEqual(self.customer.sms_consent_state, "opted_in")

    def test_two_contacts_with_one_number_share_its_answer(self):
        """Consent belongs to the number: nobody knows who reads the text."""
        partner = self.make_customer(self.number, "Same phone")
        other = self.make_ticket(partner)
        self.record_consent()
        self.assertEqual((self.badge(), self.badge(other)), ("opted_in", "opted_in"))
        self.receive("stop")
        self.assertEqual((self.badge(), self.badge(other)), ("opted_out", "opted_out"))

    def test_a_ticket_without_a_number_and_a_new_one_have_no_consent(self):
        self.assertEqual(self.badge(self.make_ticket()), "none")
        self.assertEqual(self.env["helpdesk.ticket"].new().sms_consent_state, "none")

    def test_many_tickets_take_no_more_queries_than_one(self):
        """A list shows the badges of eighty tickets."""
        tickets = self.make_ticket(self.customer)
        for index in range(20):
            tickets += self.make_ticket(self.make_customer(phone_number(100 + index)))
        self.record_consent(phone_number(105), "ticket")
        self.env.flush_all()

        def count_queries(records):
            self.env.invalidate_all()
            self.env.cr.clear()  # the ledger's cached answers are read again
            records.mapped("partner_phone_sanitized")
            before = self.env.cr.sql_log_count
            records.mapped("sms_consent_state")
            return self.env.cr.sql_log_count - before

        count_queries(tickets[0])
        self.assertEqual(count_queries(tickets), count_queries(tickets[0]))
        self.assertEqual(tickets.mapped("sms_consent_state").count("opted_in"), 1)


class StageCase(SmsCase):
    """Tickets that move through stages that send texts."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.received = cls.env.ref("helpdesk_mgmt_sms.sms_template_ticket_received")
        cls.assigned = cls.env.ref("helpdesk_mgmt_sms.sms_template_ticket_assigned")
        cls.closed = cls.env.ref("helpdesk_mgmt_sms.sms_template_ticket_closed")

    def bodies(self, number=None):
        """Return the texts to a number without their footers, oldest first."""
        return [
            message.body.removesuffix(f"\n{FOOTER}")
            for message in self.messages_to(number)
        ]


class TestTicketReceived(StageCase):
    """A customer who agreed gets one text when their ticket is made."""

    def make(self, partner=None, **values):
        """Return a ticket in its first stage, made by an agent."""
        values = {"name": "New", "description": "<p>New</p>", **values}
        values["partner_id"] = partner.id if partner else False
        return self.env["helpdesk.ticket"].with_user(self.agent).create(values)

    def test_it_is_the_houses_text_with_the_way_out(self):
        self.record_consent()
        ticket = self.make(self.customer)
        [message] = self.messages_to()
        self.assertEqual(
            message.body,
            f"Hi Dana Customer, your ticket #{ticket.number} has been received and "
            f"assigned to a technician. We'll provide an update ASAP.\n{FOOTER}",
        )
        self.assertEqual(
            (message.state, message.gate_verdict, message.gate_reason),
            ("outgoing", "send", "consent"),
        )
        self.assertEqual(message.purpose_id.code, "ticket")
        self.assertEqual(message.template_id, self.received)

    def test_it_waits_in_the_outbox_and_then_arrives(self):
        self.record_consent()
        ticket = self.make(self.customer)
        [notification] = self.notifications_of(ticket)
        self.assertEqual(notification.notification_status, "ready")
        self.run_outbox()
        self.assertEqual(self.messages_to().mapped("state"), ["sent"])
        self.assertEqual(notification.notification_status, "sent")

    def test_it_is_in_the_houses_name_whoever_made_the_ticket(self):
        self.record_consent()
        ticket = self.make(self.customer)
        message = self.messages_to().mail_message_id
        self.assertEqual((message.model, message.res_id), (ticket._name, ticket.id))
        self.assertEqual(message.message_type, "sms")
        self.assertNotEqual(message.author_id, self.agent.partner_id)

    def test_without_a_number_there_is_nothing_to_send(self):
        ticket = self.make(self.make_customer(False))
        ticket |= self.make(partner_name="Walk-in")
        self.assertEqual(len(ticket), 2)
        self.assertFalse(self.notifications_of(ticket[0]))
        self.assertFalse(self.notifications_of(ticket[1]))

    def test_without_consent_it_is_blocked_and_says_why(self):
        ticket = self.make(self.customer)
        [message] = self.messages_to()
        self.assertEqual(
            (message.state, message.gate_verdict, message.gate_reason),
            ("canceled", "block", "no_consent"),
        )
        self.assertEqual(message.failure_type, "sms_no_consent")
        [notification] = self.notifications_of(ticket)
        self.assertEqual(
            (notification.notification_status, notification.failure_type),
            ("exception", "sms_no_consent"),
        )
        self.run_outbox()
        self.assertEqual(message.state, "canceled")

    def test_every_reason_to_block_shows_and_never_stops_a_ticket(self):
        for number, event, reason in (
            (phone_number(2), "requested", "awaiting_yes"),
            (phone_number(3), "revoked", "opted_out"),
            ("call me", None, "bad_number"),
            ("12", None, "bad_number"),
        ):
            with self.subTest(number=number):
                if event:
                    self.record_consent(number, "ticket", event=event)
                ticket = self.make(self.make_customer(number))
                [message] = self.messages_to(number)
                self.assertEqual(message.gate_reason, reason)
                self.assertEqual(message.state, "canceled")
                self.assertEqual(
                    self.notifications_of(ticket).mapped("notification_status"),
                    ["exception"],
                )

    def test_a_ticket_that_is_made_in_another_stage_gets_that_stages_text_only(self):
        self.record_consent()
        ticket = self.make(self.customer, stage_id=self.closed_stage.id)
        [body] = self.bodies()
        self.assertIn(f"ticket #{ticket.number} is closed", body)

    def test_a_batch_texts_each_customer_once(self):
        numbers = [phone_number(index) for index in range(10, 15)]
        partners = self.env["res.partner"]
        for number in numbers:
            self.record_consent(number, "ticket")
            partners += self.make_customer(number)
        self.env["helpdesk.ticket"].create(
            [
                {"name": "N", "description": "N", "partner_id": partner.id}
                for partner in partners
            ]
        )
        self.assertEqual([len(self.messages_to(n)) for n in numbers], [1] * 5)

    def test_a_template_in_a_title_or_name_is_not_rendered(self):
        """The customer chooses both."""
        self.record_consent()
        self.company.sms_twilio_auth_token = "the-token"
        hostile = "{{ object.company_id.sms_twilio_auth_token }}"
        self.customer.name = hostile
        self.make(self.customer, name=hostile)
        [body] = self.bodies()
        self.assertIn(f"Hi {hostile[:40]},", body)
        self.assertNotIn("the-token", body)

    def test_a_copied_ticket_is_a_new_ticket(self):
        self.record_consent()
        first = self.make(self.customer)
        copy = first.copy()
        self.assertEqual(len(self.messages_to()), 2)
        self.assertIn(copy.number, self.bodies()[-1])


class TestStageChange(StageCase):
    """A stage sends its text when a ticket arrives, and only once on the same day."""

    def setUp(self):
        super().setUp()
        self.record_consent()

    def move(self, stage, ticket=None):
        """Move a ticket as its agent does, and run the automations."""
        (ticket or self.ticket).with_user(self.own_agent).stage_id = stage
        self.run_automations()

    def test_a_closed_ticket_says_so_and_invites_an_answer(self):
        self.move(self.closed_stage)
        self.assertEqual(
            self.bodies(),
            [
                f"Hi Dana Customer, your ticket #{self.ticket.number} is closed. Is "
                "anything still wrong? Reply to this text and we'll look again."
            ],
        )

    def test_an_assigned_ticket_names_the_technician(self):
        self.own_agent.name = "Ana Rey"
        stage = self.quiet_stage.copy({"sms_template_id": self.assigned.id})
        self.move(stage)
        self.assertEqual(
            self.bodies(),
            [
                f"Hi Dana Customer, Ana Rey is now working on your ticket "
                f"#{self.ticket.number}. Reply to this text to add anything."
            ],
        )

    def test_the_text_and_its_footer_are_in_the_customers_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        french = {"lang": "fr_FR"}
        self.closed.with_context(
            **french
        ).body = (
            "Bonjour {{ object.sms_customer_name }}, ticket {{ object.number }} clos."
        )
        footer = "STOP pour sortir, AIDE pour de l'aide."
        self.purposes("ticket").with_context(**french).footer = footer
        self.customer.lang = "fr_FR"
        self.move(self.closed_stage)
        self.assertEqual(
            self.messages_to().body,
            f"Bonjour Dana Customer, ticket {self.ticket.number} clos.\n{footer}",
        )

    def test_a_stage_without_a_template_is_silent(self):
        self.move(self.quiet_stage.copy())
        self.assertFalse(self.messages_to())

    def test_a_write_that_changes_no_stage_is_silent(self):
        self.move(self.closed_stage)
        self.move(self.closed_stage)
        self.ticket.write({"priority": "3", "stage_id": self.closed_stage.id})
        self.assertEqual(len(self.messages_to()), 1)

    def test_making_and_closing_in_one_transaction_gives_one_text(self):
        ticket = self.make_ticket(self.customer, stage_id=self.new_stage.id)
        ticket.stage_id = self.new_stage
        ticket.stage_id = self.closed_stage
        self.assertEqual(self.messages_to().template_id, self.closed)
        self.assertEqual(len(self.messages_to()), 1, "what no longer holds is not told")

    def test_closing_and_reopening_all_day_texts_once(self):
        """Whoever closes and reopens a ticket must not flood its customer."""
        for _round in range(5):
            self.move(self.closed_stage)
            self.run_outbox()
            self.move(self.quiet_stage)
        self.assertEqual(len(self.messages_to()), 1)

    def test_the_day_after_it_may_text_again(self):
        self.move(self.closed_stage)
        self.move(self.quiet_stage)
        yesterday = fields.Datetime.now() - timedelta(days=1, minutes=1)
        self.env.flush_all()
        self.env.cr.execute("UPDATE sms_sms SET create_date = %s", [yesterday])
        self.env.invalidate_all()
        self.move(self.closed_stage)
        self.assertEqual(len(self.messages_to()), 2)

    def test_a_number_that_cannot_be_read_is_limited_too(self):
        """The text then goes to the contact's own number."""
        self.ticket.partner_phone = "extension 12"
        for _round in range(3):
            self.move(self.closed_stage)
            self.run_outbox()
            self.move(self.quiet_stage)
        self.assertEqual(len(self.messages_to()), 1)

    def test_another_ticket_of_the_customer_has_its_own_text(self):
        other = self.make_ticket(self.customer, user_id=self.own_agent.id)
        self.move(self.closed_stage)
        self.move(self.closed_stage, other)
        self.assertEqual(len(self.messages_to()), 2)

    def test_a_blocked_text_does_not_use_up_the_day(self):
        self.record_consent(event="revoked")
        self.move(self.closed_stage)
        self.move(self.quiet_stage)
        self.record_consent()
        self.move(self.closed_stage)
        self.assertEqual(
            self.messages_to().mapped("gate_reason"), ["opted_out", "consent"]
        )

    def test_many_tickets_moved_at_once_are_each_texted_once(self):
        other_partner = self.make_customer(OTHER_NUMBER)
        self.record_consent(OTHER_NUMBER, "ticket")
        tickets = self.ticket | self.make_ticket(other_partner) | self.make_ticket()
        tickets.with_user(self.agent).write({"stage_id": self.closed_stage.id})
        self.assertEqual(len(self.messages_to()), 1)
        self.assertEqual(len(self.messages_to(OTHER_NUMBER)), 1)

    def test_a_customer_who_closes_the_ticket_is_not_the_author(self):
        """The portal closes with the superuser's rights, as the portal's user."""
        self.ticket.with_user(self.portal_user).sudo().stage_id = self.closed_stage
        message = self.messages_to().mail_message_id
        self.assertTrue(message)
        self.assertNotEqual(message.author_id, self.portal_user.partner_id)

    def test_an_archived_or_deleted_template_stops_the_texts_and_no_ticket(self):
        self.closed.unlink()
        self.move(self.closed_stage)
        self.assertFalse(self.messages_to())
        self.assertTrue(self.ticket.closed)


class TestComposer(SmsCase):
    """An agent texts from the ticket by Odoo's composer, if the gate lets them."""

    def compose(self, user=None, ticket=None, **values):
        """Return the composer that "Send SMS" opens."""
        ticket = (ticket or self.ticket).with_user(user or self.own_agent)
        action = ticket.action_send_sms()
        composer = self.env[action["res_model"]].with_user(user or self.own_agent)
        return composer.with_context(**action["context"]).create(values)

    def test_it_opens_with_the_template_for_an_update(self):
        composer = self.compose()
        self.assertEqual(
            composer.body,
            f"Hi Dana Customer, an update on your ticket #{self.ticket.number}: ",
        )
        self.assertEqual(composer.composition_mode, "comment")
        self.assertEqual(composer.recipient_single_number_itf, self.number)

    def test_a_customer_who_was_replaced_meanwhile_gets_nothing(self):
        """Nor does the ticket get their number again."""
        self.record_consent()
        action = self.ticket.with_user(self.own_agent).action_send_sms()
        composers = self.env["sms.composer"].with_user(self.own_agent)
        form = Form(composers.with_context(**action["context"]))
        form.body = "It is mended."
        self.ticket.with_user(self.agent).partner_id = self.make_customer(OTHER_NUMBER)
        with self.assertRaisesRegex(UserError, "has changed"):
            form.save().action_send_sms()
        self.assertEqual(self.ticket.partner_phone_sanitized, OTHER_NUMBER)
        self.assertFalse(self.messages_to())

    def test_it_opens_empty_when_the_template_is_gone(self):
        self.env.ref("helpdesk_mgmt_sms.sms_template_ticket_update").unlink()
        composer = self.compose(body="By hand")
        self.assertEqual(composer.body, "By hand")

    def test_a_sent_text_is_a_row_a_message_and_a_notification(self):
        self.record_consent()
        self.compose(body="We are on it.").action_send_sms()
        [sms] = self.messages_to()
        self.assertEqual(sms.body, f"We are on it.\n{FOOTER}")
        self.assertEqual((sms.state, sms.purpose_id.code), ("outgoing", "ticket"))
        self.assertEqual(sms.partner_id, self.customer)
        message = sms.mail_message_id
        self.assertEqual(message.author_id, self.own_agent.partner_id)
        self.assertEqual(message.message_type, "sms")
        self.assertIn("We are on it.", message.body)
        self.assertIn(message, self.ticket.message_ids)
        [notification] = self.notifications_of(self.ticket)
        self.assertEqual(notification.sms_number, self.number)
        self.run_outbox()
        self.assertEqual((sms.state, sms.provider), ("sent", "sandbox"))
        self.assertEqual(notification.notification_status, "sent")

    def test_it_is_not_sent_inside_the_agents_transaction(self):
        self.record_consent()
        self.compose(body="We are on it.").action_send_sms()
        self.assertEqual(self.messages_to().state, "outgoing")

    def test_it_says_beforehand_why_a_text_would_be_blocked(self):
        for event, words in (
            (None, "No consent"),
            ("requested", "YES"),
            ("granted", False),
            ("revoked", "Opted out"),
        ):
            with self.subTest(event=event):
                if event:
                    self.record_consent(self.number, "ticket", event=event)
                reason = self.compose().sms_block_reason
                if words:
                    self.assertIn(words, reason)
                else:
                    self.assertFalse(reason)

    def test_it_asks_about_the_number_that_is_typed(self):
        self.record_consent()
        with Form(self.compose()) as form:
            self.assertFalse(form.sms_block_reason)
            form.recipient_single_number_itf = "303 555 0101"
            self.assertIn("No consent", form.sms_block_reason)

    def test_what_is_sent_against_the_warning_is_blocked_and_visible(self):
        self.compose(body="Anyway").action_send_sms()
        [sms] = self.messages_to()
        self.assertEqual((sms.state, sms.gate_reason), ("canceled", "no_consent"))
        [notification] = self.notifications_of(self.ticket)
        self.assertEqual(notification.failure_type, "sms_no_consent")

    def test_the_reason_names_a_carrier_that_is_not_set_up(self):
        self.company.sms_provider = "twilio"
        self.record_consent()
        self.assertIn("not set up", self.compose().sms_block_reason)
        self.company.sms_provider = "iap"
        self.assertIn("STOP", self.compose().sms_block_reason)

    def test_the_text_goes_to_the_tickets_own_number(self):
        self.ticket.partner_phone = OTHER_NUMBER
        self.record_consent(OTHER_NUMBER, "ticket")
        self.compose(body="Hello").action_send_sms()
        self.assertEqual(len(self.messages_to(OTHER_NUMBER)), 1)
        self.assertFalse(self.messages_to())

    def test_a_number_corrected_in_the_composer_is_the_tickets_from_now_on(self):
        """And that number has given no consent."""
        self.record_consent()
        action = self.ticket.with_user(self.own_agent).action_send_sms()
        composer = self.env["sms.composer"].with_user(self.own_agent)
        with Form(composer.with_context(**action["context"])) as form:
            form.body = "Hello"
            form.recipient_single_number_itf = OTHER_NUMBER
        form.record.action_send_sms()
        self.assertEqual(self.ticket.partner_phone_sanitized, OTHER_NUMBER)
        self.assertEqual(self.messages_to(OTHER_NUMBER).gate_reason, "no_consent")
        self.assertFalse(self.messages_to())
        self.assertEqual(self.customer.phone, self.number)

    def test_a_list_of_tickets_is_texted_in_one_go(self):
        other = self.make_ticket(self.make_customer(OTHER_NUMBER))
        self.record_consent()
        tickets = self.ticket | other
        composer = (
            self.env["sms.composer"]
            .with_user(self.agent)
            .create(
                {
                    "composition_mode": "mass",
                    "res_model": "helpdesk.ticket",
                    "res_ids": repr(tickets.ids),
                    "body": "About {{ object.number }}",
                }
            )
        )
        composer.action_send_sms()
        [sms] = self.messages_to()
        self.assertEqual(sms.body, f"About {self.ticket.number}\n{FOOTER}")
        self.assertEqual(sms.purpose_id.code, "ticket")
        self.assertEqual(self.messages_to(OTHER_NUMBER).gate_reason, "no_consent")

    def test_the_way_out_is_added_once(self):
        self.record_consent()
        self.compose(body=f"Hello\n{FOOTER.lower()}").action_send_sms()
        self.assertEqual(self.messages_to().body, f"Hello\n{FOOTER.lower()}")


class TestWhoMayText(SmsCase):
    """Only helpdesk users text from a ticket; who merely reads it does not."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.record_consent()
        followers = cls.portal_user.partner_id | cls.employee.partner_id
        cls.ticket.message_subscribe(followers.ids)
        cls.readers = cls.portal_user | cls.employee

    def refuse(self, user):
        """Return a context in which the user must be refused."""
        return self.assertRaises(AccessError, msg=user.login)

    def test_readers_really_can_read_it(self):
        """Otherwise the refusals below would prove nothing."""
        for user in self.readers:
            self.assertEqual(self.ticket.with_user(user).name, self.ticket.name)

    def test_helpdesk_users_may_text_from_the_tickets_that_they_edit(self):
        for user in self.own_agent | self.team_agent | self.agent | self.manager:
            with self.subTest(user=user.login):
                before = len(self.messages_to())
                self.ticket.with_user(user)._message_sms("Hello")
                self.assertEqual(len(self.messages_to()), before + 1)

    def test_a_customer_reads_no_texts_to_colleagues(self):
        """Odoo keeps from them only comments that are internal."""
        text = {"message_type": "sms", "subtype_xmlid": "mail.mt_note"}
        told = self.post_on(self.ticket, "Careful, they are angry", **text)
        author_id = self.portal_user.partner_id.id
        own = self.post_on(self.ticket, "Hello", author_id=author_id, **text)
        self.env.invalidate_all()
        self.assertTrue(own.with_user(self.portal_user).read(["body"]))
        self.assertTrue(told.with_user(self.employee).read(["body"]))
        with self.refuse(self.portal_user):
            told.with_user(self.portal_user).read(["body"])

    def test_a_reader_cannot_open_the_composer_from_a_ticket(self):
        for user in self.readers:
            with self.subTest(user=user.login), self.refuse(user):
                self.ticket.with_user(user).action_send_sms()

    def test_an_agent_cannot_text_from_a_ticket_of_another(self):
        other = self.make_ticket(self.customer, user_id=self.agent.id)
        with self.refuse(self.own_agent):
            other.with_user(self.own_agent).action_send_sms()

    def test_a_reader_cannot_send_by_the_composer(self):
        values = {"res_model": "helpdesk.ticket", "body": "Hello"}
        for mode in (
            {"composition_mode": "comment", "res_id": self.ticket.id},
            {"composition_mode": "comment", "res_ids": repr(self.ticket.ids)},
            {"composition_mode": "mass", "res_ids": repr(self.ticket.ids)},
            {"composition_mode": "numbers", "numbers": self.number},
            {
                "composition_mode": "numbers",
                "numbers": self.number,
                "res_id": self.ticket.id,
            },
        ):
            composer = self.env["sms.composer"].with_user(self.employee)
            with self.subTest(**mode), self.refuse(self.employee):
                composer.create({**values, **mode}).action_send_sms()
        self.assertFalse(self.messages_to())

    def test_a_reader_cannot_post_a_text(self):
        for user in self.readers:
            with self.subTest(user=user.login), self.refuse(user):
                self.post_on(
                    self.ticket.with_user(user),
                    "Hello",
                    message_type="sms",
                    sms_numbers=[self.number],
                )
        self.assertFalse(self.messages_to())

    def test_a_reader_cannot_hide_a_text_in_a_comment(self):
        """Odoo's own method takes numbers to text with any kind of message."""
        for user in self.readers:
            with self.subTest(user=user.login), self.refuse(user):
                self.post_on(
                    self.ticket.with_user(user),
                    "Hello",
                    message_type="comment",
                    sms_numbers=[self.number],
                )
        self.assertFalse(self.messages_to())

    def test_a_reader_can_still_comment(self):
        message = self.post_on(
            self.ticket.with_user(self.employee), "Any news?", message_type="comment"
        )
        self.assertIn(message.sudo(), self.ticket.message_ids)
        self.assertFalse(self.messages_to())

    def test_nobody_chooses_what_a_text_is_for_by_a_context(self):
        """Consent to texts about tickets does not cover whatever a user sends."""
        composer = self.env["sms.composer"].with_user(self.agent)
        composer = composer.with_context(sms_purpose="ticket").create(
            {"composition_mode": "numbers", "numbers": self.number, "body": "Buy now"}
        )
        composer.action_send_sms()
        [sms] = self.messages_to()
        self.assertEqual(sms.purpose_id.code, "marketing")
        self.assertEqual((sms.state, sms.gate_reason), ("canceled", "no_consent"))


class TestCompanies(SmsCase):
    """A ticket's texts are its company's, wherever the agent works at the moment."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_company = cls.make_company("Other")
        cls.other_ticket = cls.make_ticket(
            cls.customer, company_id=cls.other_company.id, user_id=cls.own_agent.id
        )

    def as_agent(self, ticket):
        """Return a ticket as seen by an agent who now works in the first company."""
        companies = self.company + self.other_company
        return ticket.with_user(self.own_agent).with_context(
            allowed_company_ids=companies.ids
        )

    def test_a_consent_in_one_company_is_none_in_another(self):
        self.record_consent()
        self.as_agent(self.other_ticket)._message_sms("Hello")
        [sms] = self.messages_to()
        self.assertEqual(sms.record_company_id, self.other_company)
        self.assertEqual(sms.gate_reason, "no_consent")
        self.assertEqual(self.ticket.sms_consent_state, "opted_in")
        self.assertEqual(self.other_ticket.sms_consent_state, "none")

    def test_a_stop_in_one_company_does_not_silence_the_other(self):
        self.record_consent()
        self.record_consent(company=self.other_company)
        self.receive("STOP", company=self.company)
        self.as_agent(self.other_ticket).stage_id = self.closed_stage
        sms = self.messages_to()[-1]
        self.assertEqual(sms.record_company_id, self.other_company)
        self.assertEqual((sms.gate_verdict, sms.state), ("send", "outgoing"))

    def test_the_composer_asks_about_the_tickets_company(self):
        self.record_consent()
        ticket = self.as_agent(self.other_ticket)
        action = ticket.action_send_sms()
        composer = ticket.env["sms.composer"].with_context(**action["context"])
        composer = composer.create({"body": "Hello"})
        self.assertIn("No consent", composer.sms_block_reason)
        composer.action_send_sms()
        self.assertEqual(self.messages_to().record_company_id, self.other_company)

    def test_a_consent_recorded_from_a_ticket_is_its_companys(self):
        action = self.as_agent(self.other_ticket).action_record_sms_consent()
        context = action["context"]
        self.assertEqual(context["default_company_id"], self.other_company.id)
        self.assertEqual(context["default_number"], self.number)
        self.assertEqual(context["default_purpose_ids"], self.purposes("ticket").ids)

    def test_an_agent_of_another_company_neither_reads_nor_texts(self):
        self.own_agent.company_ids = self.company
        ticket = self.other_ticket.with_user(self.own_agent)
        with self.assertRaises(AccessError):
            ticket.action_send_sms()
        with self.assertRaises(AccessError):
            ticket._message_sms("Hello")
