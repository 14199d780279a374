# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta
from types import SimpleNamespace

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form

from ...providers import TwilioProvider
from ..common import SmsCase, phone_number

STRANGER = phone_number(40)
DAY = timedelta(days=1)


class RoutingCase(SmsCase):
    """A team with stages: open, waiting for the customer, closed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        stages = cls.env["helpdesk.ticket.stage"]
        cls.work_stage = stages.create({"name": "Work", "sequence": 90})
        cls.waiting_stage = stages.create({"name": "Waiting", "sequence": 91})

    def texted(self, ticket):
        """Return what the customer has texted in a ticket's chatter, oldest first."""
        inbounds = self.env["sms.inbound"].search([("ticket_id", "=", ticket.id)])
        return [message.preview for message in inbounds.mail_message_id.sorted("id")]

    def pass_time(self, ticket):
        """Make the customer's last text about a ticket a minute older."""
        ticket.sms_last_inbound_at -= timedelta(minutes=1)

    def close(self, ticket, ago=timedelta(0)):
        """Close a ticket, as of some time ago."""
        ticket.stage_id = self.closed_stage
        ticket.last_stage_update = fields.Datetime.now() - ago


class TestWhichTicket(RoutingCase):
    """Which ticket a text belongs to that is no command."""

    def test_the_one_open_ticket_however_it_was_made(self):
        self.assertEqual(self.receive("It still jams").ticket_id, self.ticket)
        self.assertEqual(self.texted(self.ticket), ["It still jams"])

    def test_the_newest_open_ticket_of_several(self):
        newer = self.make_ticket(self.customer)
        self.assertEqual(self.receive("Hello").ticket_id, newer)

    def test_the_conversation_goes_on_where_it_is(self):
        self.receive("Hello")
        newer = self.make_ticket(self.customer)
        self.assertEqual(self.receive("Any news?").ticket_id, self.ticket)
        self.pass_time(self.ticket)
        self.record_consent()
        newer._message_sms("We have ordered the part.")
        self.run_outbox()
        self.assertEqual(self.receive("Thank you").ticket_id, newer)

    def test_a_text_that_has_not_left_begins_no_conversation(self):
        older = self.ticket
        newer = self.make_ticket(self.customer)
        older._message_sms("Blocked: nobody agreed.")
        self.assertEqual(self.receive("Hello").ticket_id, newer)

    def test_the_ticket_that_is_named(self):
        newer = self.make_ticket(self.customer)
        self.receive("Hello")
        self.pass_time(newer)
        number = self.ticket.number.lower()
        for body in (f"About #{number}: done", f"{number[:2]} {number[2:]} again"):
            with self.subTest(body=body):
                self.assertEqual(self.receive(body).ticket_id, self.ticket)
        self.assertEqual(self.receive("Thanks").ticket_id, self.ticket)
        self.assertEqual(len(self.texted(newer)), 1)

    def test_another_persons_ticket_is_not_written_to(self):
        stranger = self.make_customer(STRANGER)
        theirs = self.make_ticket(stranger)
        inbound = self.receive(f"About {theirs.number}")
        self.assertEqual(inbound.ticket_id, self.ticket)
        self.assertEqual(self.texted(theirs), [])

    def test_another_companys_ticket_is_not_written_to(self):
        other = self.make_company("Other")
        theirs = self.make_ticket(self.customer, company_id=other.id)
        inbound = self.receive(f"About {theirs.number}")
        self.assertEqual(inbound.ticket_id, self.ticket)
        answer = self.receive(f"About {self.ticket.number}", company=other)
        self.assertEqual(answer.ticket_id, theirs)

    def test_an_archived_ticket_gets_nothing(self):
        self.ticket.active = False
        ticket = self.receive("Hello").ticket_id
        self.assertTrue(ticket)
        self.assertNotEqual(ticket, self.ticket)

    def test_a_ticket_without_a_stage_is_open(self):
        self.env.cr.execute(
            "UPDATE helpdesk_ticket SET stage_id = NULL WHERE id = %s", [self.ticket.id]
        )
        self.env.invalidate_all()
        self.assertEqual(self.receive("Hello").ticket_id, self.ticket)

    def test_a_text_of_who_has_opted_out_is_conversation(self):
        self.receive("STOP")
        inbound = self.receive("Is it fixed?")
        self.assertEqual(
            (inbound.kind, inbound.ticket_id), ("conversation", self.ticket)
        )

    def test_a_colleagues_number_is_a_customers(self):
        self.agent.partner_id.write(
            {"phone": STRANGER, "country_id": self.country.id, "name": "Ana"}
        )
        ticket = self.receive("My laptop is slow", STRANGER).ticket_id
        self.assertEqual(ticket.partner_id, self.agent.partner_id)
        self.assertFalse(ticket.user_id)
        self.assertTrue(ticket.sms_waiting_since)

    def test_who_cannot_be_answered_gets_no_ticket(self):
        tickets = self.env["helpdesk.ticket"].search_count([])
        for sender in ("ACME-BANK", "12345"):
            inbound = self.receive("Your code is 123", sender)
            self.assertEqual(inbound.kind, "conversation")
            self.assertFalse(inbound.ticket_id or inbound.error)
        self.assertEqual(self.env["helpdesk.ticket"].search_count([]), tickets)


class TestClosed(RoutingCase):
    """A text after its ticket was closed."""

    def setUp(self):
        super().setUp()
        self.team.sms_reopen_stage_id = self.work_stage

    def test_it_is_opened_again_within_the_teams_days(self):
        self.close(self.ticket, ago=6 * DAY)
        self.assertEqual(self.receive("It jams again").ticket_id, self.ticket)
        self.assertEqual(self.ticket.stage_id, self.work_stage)
        self.assertTrue(self.ticket.sms_waiting_since)

    def test_after_the_days_there_is_a_new_one(self):
        self.close(self.ticket, ago=8 * DAY)
        ticket = self.receive("It jams again").ticket_id
        self.assertNotEqual(ticket, self.ticket)
        self.assertEqual(self.ticket.stage_id, self.closed_stage)
        self.team.sms_reopen_days = 30
        self.close(ticket, ago=10 * DAY)
        self.close(self.ticket, ago=9 * DAY)
        self.assertEqual(self.receive("And again").ticket_id, self.ticket)

    def test_the_one_that_we_have_texted_about_since_comes_first(self):
        """The answer to "Does it work now?" is not about what was closed later."""
        newer = self.make_ticket(self.customer, team_id=self.team.id)
        self.close(self.ticket, ago=2 * DAY)
        self.close(newer, ago=DAY)
        self.run_automations()  # without consent nobody is told
        self.record_consent()
        self.ticket.with_user(self.agent)._message_sms("Does it work now?")
        self.run_outbox()
        self.assertEqual(self.receive("It jams again").ticket_id, self.ticket)
        self.assertTrue(newer.closed)

    def test_with_no_days_there_is_always_a_new_one(self):
        self.team.sms_reopen_days = 0
        self.close(self.ticket)
        self.assertNotEqual(self.receive("It jams again").ticket_id, self.ticket)

    def test_a_team_may_leave_it_closed(self):
        self.team.sms_reopen = False
        self.close(self.ticket)
        self.assertEqual(self.receive("It jams again").ticket_id, self.ticket)
        self.assertEqual(self.ticket.stage_id, self.closed_stage)
        self.assertTrue(self.ticket.sms_waiting_since)

    def test_thanks_open_nothing(self):
        self.close(self.ticket)
        self.assertEqual(self.receive("Perfect, thank you!").ticket_id, self.ticket)
        self.assertTrue(self.ticket.closed)
        self.assertFalse(self.ticket.sms_waiting_since)
        self.assertEqual(self.ticket.sms_unread_count, 1)

    def test_an_open_ticket_comes_first(self):
        other = self.make_ticket(self.customer)
        self.receive("Hello")
        self.close(self.ticket)
        self.assertEqual(self.receive("Hello").ticket_id, other)

    def test_a_named_one_is_opened_whenever_it_was_closed(self):
        self.make_ticket(self.customer)
        self.close(self.ticket, ago=300 * DAY)
        inbound = self.receive(f"{self.ticket.number} is broken again")
        self.assertEqual(inbound.ticket_id, self.ticket)
        self.assertFalse(self.ticket.closed)

    def test_a_duplicate_is_not_opened(self):
        other = self.make_ticket()
        self.ticket.duplicate_id = other
        self.close(self.ticket)
        self.assertNotEqual(self.receive("It jams again").ticket_id, self.ticket)

    def test_a_stage_that_is_gone_is_replaced_by_the_first_open_one(self):
        self.work_stage.active = False
        self.close(self.ticket)
        self.receive("It jams again")
        self.assertFalse(self.ticket.closed)

    def test_a_stage_of_another_company_is_replaced_too(self):
        """Nobody there could read it, nor the ticket; the team is that of both."""
        other = self.make_company("Other")
        self.team.company_id = False
        self.work_stage.company_id = other
        self.close(self.ticket)
        self.receive("It jams again")
        self.assertFalse(self.ticket.closed)
        self.assertFalse(self.ticket.stage_id.company_id)
        self.team.sms_answered_stage_ids = self.waiting_stage
        self.team.sms_answered_stage_id = self.work_stage
        self.ticket.stage_id = self.waiting_stage
        self.receive("Here is the serial number")
        self.assertEqual(self.ticket.stage_id, self.waiting_stage)

    def test_without_a_team_too(self):
        self.ticket.team_id = False
        self.close(self.ticket)
        self.assertEqual(self.receive("It jams again").ticket_id, self.ticket)
        self.assertFalse(self.ticket.closed)

    def test_without_a_team_into_a_stage_of_its_company(self):
        other = self.make_company("Other")
        ours = {"sequence": -10, "company_id": self.company.id}
        self.env["helpdesk.ticket.stage"].create({"name": "Ours", **ours})
        ticket = self.make_ticket(self.customer, company_id=other.id)
        self.close(ticket)
        self.assertEqual(self.receive("It jams", company=other).ticket_id, ticket)
        self.assertFalse(ticket.closed)
        self.assertFalse(ticket.stage_id.company_id)

    def test_nobody_reopens_into_a_closed_stage(self):
        with self.assertRaises(ValidationError):
            self.team.with_user(self.manager).sms_reopen_stage_id = self.closed_stage


class TestFollowUp(RoutingCase):
    """A text moves a ticket that waits for the customer."""

    def test_it_moves_as_the_team_says(self):
        self.team.sms_answered_stage_ids = self.waiting_stage
        self.team.sms_answered_stage_id = self.work_stage
        self.ticket.stage_id = self.waiting_stage
        self.receive("Here is the serial number")
        self.assertEqual(self.ticket.stage_id, self.work_stage)

    def test_it_stays_in_other_stages_and_without_a_setting(self):
        self.receive("Hello")
        self.assertEqual(self.ticket.stage_id, self.quiet_stage)
        self.team.sms_answered_stage_ids = self.waiting_stage
        self.ticket.stage_id = self.waiting_stage
        self.receive("Hello")
        self.assertEqual(self.ticket.stage_id, self.waiting_stage)

    def test_what_oca_is_told_of_mails_counts_for_texts(self):
        """As on a team with OCA's ``helpdesk_ticket_partner_response``."""
        team = SimpleNamespace(
            _fields={"autoupdate_ticket_stage": True},
            sms_answered_stage_id=self.team.sms_answered_stage_id,
            autoupdate_ticket_stage=True,
            autopupdate_src_stage_ids=self.waiting_stage,
            autopupdate_dest_stage_id=self.work_stage,
        )
        find = type(self.team)._get_sms_answered_stage
        self.assertEqual(find(team, self.waiting_stage), self.work_stage)
        self.assertFalse(find(team, self.quiet_stage))
        team.autoupdate_ticket_stage = False
        self.assertFalse(find(team, self.waiting_stage))

    def test_it_is_the_house_that_moves_it(self):
        self.team.sms_answered_stage_ids = self.waiting_stage
        self.team.sms_answered_stage_id = self.work_stage
        self.ticket.stage_id = self.waiting_stage
        self.env.flush_all()
        self.flush_tracking()
        self.receive("Hello")
        self.flush_tracking()
        tracked = self.ticket.message_ids.filtered("tracking_value_ids")[:1]
        self.assertEqual(tracked.author_id, self.env.ref("base.partner_root"))

    def flush_tracking(self):
        """Flush what Odoo tracks into the chatter."""
        self.env.flush_all()
        self.cr.precommit.run()


class TestNewTicket(RoutingCase):
    """A text that belongs to no ticket makes one."""

    def test_it_says_who_texted_what(self):
        self.make_customer(STRANGER, "Lee Guest", email="lee@example.com")
        body = "The projector in room 4 is broken, and the lamp\nblinks red <b>now</b>"
        ticket = self.receive(body, STRANGER).ticket_id
        self.assertEqual(
            ticket.name, "The projector in room 4 is broken, and the lamp blinks red…"
        )
        self.assertIn("blinks red &lt;b&gt;now&lt;/b&gt;", ticket.description)
        channel = self.env.ref("helpdesk_mgmt_sms.helpdesk_ticket_channel_sms")
        self.assertEqual(ticket.channel_id, channel)
        self.assertFalse(channel.company_id)
        self.assertEqual(ticket.partner_id.name, "Lee Guest")
        self.assertEqual(ticket.partner_name, "Lee Guest")
        self.assertEqual(ticket.partner_email, "lee@example.com")
        self.assertEqual(ticket.partner_phone_sanitized, STRANGER)
        self.assertFalse(ticket.user_id)
        self.assertEqual(ticket.priority, "1")
        self.assertEqual(ticket.create_uid, self.env.ref("base.user_root"))
        self.assertEqual(len(self.texted(ticket)), 1)
        self.assertNotIn(
            self.env.ref("base.public_partner"), ticket.message_partner_ids
        )

    def test_two_texts_in_a_minute_make_one(self):
        first = self.receive("My screen", STRANGER)
        second = self.receive("is black", STRANGER)
        self.assertEqual(first.ticket_id, second.ticket_id)
        self.assertEqual(self.texted(first.ticket_id), ["My screen", "is black"])

    def test_the_team_is_that_of_the_number_texted(self):
        other_team = self.team.copy({"name": "Field service", "sms_priority": "3"})
        sender = self.env["sms.sender"].search([("company_id", "=", self.company.id)])
        sender[:1].with_user(self.manager).team_id = other_team
        self.company.sms_team_id = self.team
        ticket = self.receive("Hello", STRANGER).ticket_id
        self.assertEqual((ticket.team_id, ticket.priority), (other_team, "3"))
        other_team.active = False
        self.assertEqual(
            self.receive("Hello", phone_number(41)).ticket_id.team_id, self.team
        )
        self.company.sms_team_id = False
        ticket = self.receive("Hello", phone_number(42)).ticket_id
        self.assertTrue(ticket)
        self.assertFalse(ticket.team_id)

    def test_a_team_of_another_company_is_not_taken(self):
        other = self.make_company("Other")
        self.team.company_id = other
        sender = self.env["sms.sender"].search([("company_id", "=", self.company.id)])
        self.env.cr.execute(
            "UPDATE sms_sender SET team_id = %s WHERE id = %s",
            [self.team.id, sender[0].id],
        )
        self.env.invalidate_all()
        ticket = self.receive("Hello", STRANGER).ticket_id
        self.assertEqual(ticket.company_id, self.company)
        self.assertFalse(ticket.team_id)

    def test_the_service_that_a_number_is_in(self):
        sender = self.env["sms.sender"].create(
            {
                "company_id": self.company.id,
                "provider": "twilio",
                "address": "MG1",
                "kind": "service",
                "team_id": self.team.id,
            }
        )
        form = {
            "MessageSid": "SM1",
            "From": STRANGER,
            "To": phone_number(99),
            "Body": "Hello",
            "MessagingServiceSid": sender.address,
        }
        event = TwilioProvider.parse_inbound(form)
        inbound = self.env["sms.inbound"]._receive(self.company, event)
        self.assertEqual(inbound.ticket_id.team_id, self.team)

    def test_a_company_without_stages_loses_no_text(self):
        self.env["helpdesk.ticket.stage"].search([]).active = False
        inbound = self.receive("Hello", STRANGER)
        self.assertFalse(inbound.error)
        self.assertTrue(inbound.ticket_id)
        self.assertEqual(self.receive("Again", STRANGER).ticket_id, inbound.ticket_id)

    def test_a_ticket_that_cannot_be_made_loses_no_text(self):
        """For example because another addon requires a field that texts cannot fill."""
        self.env.cr.execute(
            "ALTER TABLE helpdesk_ticket ADD CONSTRAINT no_text"
            " CHECK (name NOT LIKE 'Boom%') NOT VALID"
        )
        with self.assertLogs("odoo.addons.helpdesk_mgmt_sms", "ERROR"):
            inbound = self.receive("Boom", STRANGER)
        self.assertEqual(inbound.kind, "conversation")
        self.assertFalse(inbound.ticket_id)
        self.assertTrue(inbound.error)
        self.assertEqual(inbound.body, "Boom")

    def test_a_text_without_words_and_a_huge_one(self):
        for index, body in enumerate(("", "\x00 \n", "x" * 100_000, "😀" * 5000)):
            with self.subTest(body=body[:5]):
                ticket = self.receive(body, phone_number(50 + index)).ticket_id
                self.assertTrue(ticket.name)
                self.assertLessEqual(len(ticket.name), 60)
                self.assertTrue(ticket.description)

    def test_queries_do_not_grow_with_what_is_there(self):
        def count():
            return self.count_queries(self.receive, "Hello, HT99999", self.number)

        count()
        few = count()
        self.assertLessEqual(few, 41)
        new = self.count_queries(self.receive, "A new one", phone_number(77))
        self.assertLessEqual(new, 96)
        for _index in range(30):
            self.make_ticket(self.customer)
            self.receive("Hello")
        # In another second the ticket's time is written as well.
        self.assertLessEqual(count(), few + 1)


class TestWhoWrote(RoutingCase):
    """No contact is guessed: the agent says whose number it is."""

    def test_contacts_that_share_a_number_are_named(self):
        pair = self.make_customer(STRANGER, "Ann") | self.make_customer(STRANGER, "Bo")
        ticket = self.receive("Hello", STRANGER).ticket_id.with_user(self.agent)
        self.assertFalse(ticket.partner_id)
        self.assertEqual(ticket.sms_candidate_ids, pair)
        self.assertEqual(
            ticket.sms_candidate_note, "2 contacts have this number: who wrote?"
        )
        ticket.action_choose_sms_customer(pair[1].id)
        self.assertEqual(ticket.partner_id, pair[1])
        self.assertEqual(ticket.partner_name, "Bo")
        self.assertFalse(ticket.sms_candidate_ids or ticket.sms_candidate_note)
        inbound = self.env["sms.inbound"].search([("ticket_id", "=", ticket.id)])
        self.assertEqual(inbound.partner_id, pair[1])
        self.assertEqual(inbound.mail_message_id.author_id, pair[1])

    def test_who_does_not_have_the_number_cannot_be_chosen(self):
        self.make_customer(STRANGER, "Ann")
        self.make_customer(STRANGER, "Bo")
        ticket = self.receive("Hello", STRANGER).ticket_id.with_user(self.agent)
        ticket.action_choose_sms_customer(self.customer.id)
        self.assertFalse(ticket.partner_id)

    def test_who_may_not_edit_the_ticket_may_not_choose(self):
        pair = self.make_customer(STRANGER, "Ann") | self.make_customer(STRANGER, "Bo")
        ticket = self.receive("Hello", STRANGER).ticket_id
        for user in (self.own_agent, self.employee, self.portal_user):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                ticket.with_user(user).action_choose_sms_customer(pair[0].id)

    def test_another_companys_contact_is_no_candidate(self):
        other = self.make_company("Other")
        self.make_customer(STRANGER, "Ann", company_id=other.id)
        ticket = self.receive("Hello", STRANGER).ticket_id
        self.assertFalse(ticket.sms_candidate_ids)

    def open_form(self, ticket, action):
        """Return the form that a button of the ticket opens for the agent."""
        context = getattr(ticket.with_user(self.agent), action)()["context"]
        forms = self.env["sms.ticket.contact"].with_user(self.agent)
        return Form(forms.with_context(**context))

    def test_an_unknown_number_is_linked(self):
        self.agent.group_ids |= self.env.ref("base.group_partner_manager")
        lee = self.env["res.partner"].create({"name": "Lee"})
        ticket = self.receive("Hello", STRANGER).ticket_id
        self.assertIn("No contact", ticket.sms_candidate_note)
        with self.open_form(ticket, "action_link_sms_contact") as form:
            form.partner_id = lee
            self.assertTrue(form.is_number_kept)
        form.record.action_save()
        self.assertEqual((ticket.partner_id, ticket.partner_name), (lee, "Lee"))
        self.assertEqual(lee.phone_sanitized, STRANGER)

    def test_a_contact_keeps_the_number_that_it_has(self):
        ticket = self.receive("Hello", STRANGER).ticket_id
        with self.open_form(ticket, "action_link_sms_contact") as form:
            form.partner_id = self.customer
            self.assertFalse(form.is_number_kept)
        form.record.action_save()
        self.assertEqual(ticket.partner_id, self.customer)
        self.assertEqual(self.customer.phone_sanitized, self.number)
        self.assertEqual(ticket.partner_phone_sanitized, STRANGER)
        self.assertEqual(self.receive("And", STRANGER).ticket_id, ticket)

    def test_choosing_a_contact_on_the_ticket_keeps_the_number_too(self):
        ticket = self.receive("Hello", STRANGER).ticket_id
        with Form(ticket.with_user(self.agent)) as form:
            form.partner_id = self.customer
        self.assertEqual(ticket.partner_phone_sanitized, STRANGER)

    def test_a_new_contact_has_the_number(self):
        self.agent.group_ids |= self.env.ref("base.group_partner_manager")
        ticket = self.receive("Hello", STRANGER).ticket_id
        with self.open_form(ticket, "action_create_sms_contact") as form:
            form.name = "New Person"
        form.record.action_save()
        self.assertEqual(ticket.partner_id.name, "New Person")
        self.assertEqual(ticket.partner_id.phone_sanitized, STRANGER)
        self.assertFalse(ticket.sms_candidate_note)

    def test_a_new_contact_is_texted_in_the_language_of_the_number(self):
        self.agent.group_ids |= self.env.ref("base.group_partner_manager")
        self.env["res.lang"]._activate_lang("de_DE")
        ticket = self.receive("Hallo", "+4915112345678").ticket_id
        with self.open_form(ticket, "action_create_sms_contact") as form:
            form.name = "Neue Person"
        form.record.action_save()
        self.assertEqual(ticket.partner_id.lang, "de_DE")

    def test_who_may_not_make_contacts_is_told_so(self):
        ticket = self.receive("Hello", STRANGER).ticket_id
        with self.open_form(ticket, "action_create_sms_contact") as form:
            form.name = "New Person"
        with self.assertRaises(AccessError):
            form.record.action_save()

    def test_nobody_chosen_is_refused(self):
        ticket = self.receive("Hello", STRANGER).ticket_id
        form = self.env["sms.ticket.contact"].with_user(self.agent)
        with self.assertRaises(UserError):
            form.create({"ticket_id": ticket.id}).action_save()
