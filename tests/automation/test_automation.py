# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime, timedelta

from psycopg2.errors import CheckViolation, SerializationFailure

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import SQL, mute_logger

from ..clock import freeze_time
from ..common import OtherOrder, phone_number
from .common import ENGINE, AutomationCase

OTHER_NUMBER = phone_number(1)
RETRY = "odoo.addons.helpdesk_mgmt_sms.models.core.batch_jobs"


class TestTriggers(AutomationCase):
    """Each trigger runs its own automations, and nothing else does."""

    def test_a_new_ticket(self):
        automation = self.automate("created")
        ticket = self.make_ticket(self.customer)
        [message] = self.made_by(automation)
        self.assertSent(message, "ticket")
        self.assertIn(f"Own words about {ticket.number}", message.body)
        ticket.name = "Other title"
        ticket.stage_id = self.progress_stage
        self.assertEqual(len(self.made_by(automation)), 1)

    def test_a_new_ticket_that_is_routed_while_it_is_created(self):
        """By an automated action, which runs after it exists."""
        category = self.env["helpdesk.ticket.category"].create({"name": "Net"})
        self.own_agent.partner_id.phone = OTHER_NUMBER
        first = self.automate("created", audience="team")
        automation = self.automate("created", team_ids=self.team.ids)
        other = self.automate("created", category_ids=category.ids, sequence=2)
        ticket = self.make_ticket(self.customer)
        ticket.team_id = self.team
        ticket.category_id = category
        ticket.priority = "3"
        [message] = self.made_by(automation)
        self.assertEqual(message.mail_message_id.res_id, ticket.id)
        self.assertFalse(self.made_by(other), "one number gets one text of a change")
        self.assertEqual(len(self.made_by(first)), 2)
        ticket.priority = "1"
        self.assertEqual(len(self.made_by(automation)), 1)

    def test_a_new_ticket_that_is_routed_and_assigned_in_one_go(self):
        """By one automated action, or into a stage of the team."""
        automation = self.automate("created", team_ids=self.team.ids)
        for values in (
            {"user_id": self.own_agent.id},
            {"stage_id": self.progress_stage.id},
        ):
            ticket = self.make_ticket(self.customer)
            ticket.write({"team_id": self.team.id, **values})
            texted = self.made_by(automation).mail_message_id.mapped("res_id")
            with self.subTest(values=values):
                self.assertEqual(texted.count(ticket.id), 1)

    def test_an_assignment(self):
        automation = self.automate("assigned")
        self.ticket.user_id = False
        self.assertFalse(self.made_by(automation))
        self.ticket.with_user(self.agent).user_id = self.team_agent
        self.assertEqual(len(self.made_by(automation)), 1)
        self.ticket.user_id = self.team_agent
        self.assertEqual(len(self.made_by(automation)), 1, "nothing has changed")

    def test_a_stage(self):
        automation = self.automate("stage", stage_ids=self.waiting_stage.ids)
        self.ticket.stage_id = self.progress_stage
        self.assertFalse(self.made_by(automation))
        self.ticket.stage_id = self.waiting_stage
        self.assertEqual(len(self.made_by(automation)), 1)

    def test_closing_and_reopening(self):
        closed, reopened = self.automate("closed"), self.automate("reopened")
        self.ticket.stage_id = self.closed_stage
        self.assertEqual(len(self.made_by(closed)), 1)
        self.assertFalse(self.made_by(reopened))
        cancelled = self.env.ref("helpdesk_mgmt.helpdesk_ticket_stage_cancelled")
        self.ticket.stage_id = cancelled
        self.assertEqual(len(self.made_by(closed)), 1, "it was closed already")
        reopened.template_id = self.make_template("Open again").id
        self.ticket.stage_id = self.quiet_stage
        self.assertEqual(len(self.made_by(reopened)), 1)

    def test_a_text_of_the_customer(self):
        automation = self.automate("wrote")
        self.receive("Any news?")
        self.assertEqual(len(self.made_by(automation)), 1)
        self.receive("STOP")
        self.assertEqual(len(self.made_by(automation)), 1, "a STOP is no conversation")

    def test_what_is_switched_off_or_has_no_template_is_silent(self):
        automation = self.automate("stage")
        automation.active = False
        self.ticket.stage_id = self.waiting_stage
        self.assertFalse(self.made_by(automation))
        automation.active = True
        self.template.unlink()
        self.ticket.stage_id = self.progress_stage
        self.assertFalse(self.made_by(automation))

    def test_an_import_of_old_tickets_tells_nobody(self):
        """Nor asks for a rating, unless the box to track them is ticked."""
        self.team.sms_ask_rating = True
        self.automate("created", at_most="each")
        closed = self.env["helpdesk.ticket.stage"].search([("closed", "=", True)])[0]
        texts = [("partner_id", "=", self.customer.id)]
        new = {
            "name": "Old",
            "description": "Old",
            "partner_id/.id": str(self.customer.id),
            "team_id/.id": str(self.team.id),
        }
        for is_unticked, counts in ((True, (0, 0)), (False, (1, 2))):
            with self.subTest(is_unticked=is_unticked):
                tickets = self.env["helpdesk.ticket"].with_context(
                    import_file=True, tracking_disable=is_unticked
                )
                [ticket_id] = tickets.load([*new], [[*new.values()]])["ids"]
                self.run_automations()
                self.assertEqual(self.env["sms.sms"].search_count(texts), counts[0])
                row = [str(ticket_id), str(closed.id)]
                self.assertTrue(tickets.load([".id", "stage_id/.id"], [row])["ids"])
                self.run_automations()
                self.assertEqual(self.env["sms.sms"].search_count(texts), counts[1])

    def test_the_portal_and_the_mail_gateway_set_them_off(self):
        created = self.automate("created")
        closed = self.automate("closed", self.make_template("Closed"))
        ticket = self.env["helpdesk.ticket"].message_new(
            {
                "subject": "By mail",
                "body": "Help",
                "from": "dana@example.com",
                "author_id": self.customer.id,
            }
        )
        self.assertEqual(len(self.made_by(created)), 1)
        ticket.with_user(self.portal_user).sudo().stage_id = self.closed_stage
        [message] = self.made_by(closed)
        author = message.mail_message_id.author_id
        self.assertNotEqual(author, self.portal_user.partner_id)


class TestShipped(AutomationCase):
    """The automations of a new installation."""

    def get(self, name):
        return self.env.ref(f"helpdesk_mgmt_sms.sms_automation_{name}")

    def test_all_are_there_and_work(self):
        for name in ("received", "assigned", "waiting", "resolved"):
            with self.subTest(name=name):
                self.assertTrue(self.get(name).active)

    def test_received_and_assigned_in_one_go_are_one_text(self):
        ticket = self.make_ticket(
            self.customer, stage_id=self.new_stage.id, user_id=self.own_agent.id
        )
        self.assertEqual(self.messages_to().automation_id, self.get("received"))
        ticket.user_id = self.team_agent
        self.assertEqual(len(self.messages_to()), 1)

    def test_assigned_in_one_go_is_told_if_the_ticket_is_confirmed_only_later(self):
        self.get("received").write({"delay_number": 2, "delay_unit": "days"})
        ticket = self.make_ticket(
            self.customer, stage_id=self.new_stage.id, user_id=False
        )
        ticket.user_id = self.team_agent
        self.assertEqual(self.messages_to().automation_id, self.get("assigned"))

    def test_assigned_in_one_go_tells_the_technician(self):
        """As where an automated action assigns it while it is created."""
        self.own_agent.partner_id.phone = OTHER_NUMBER
        automation = self.automate("assigned", audience="assignee")
        ticket = self.make_ticket(
            self.customer, stage_id=self.new_stage.id, user_id=False
        )
        ticket.user_id = self.own_agent
        self.assertEqual(len(self.made_by(automation)), 1)
        self.assertEqual(self.messages_to().automation_id, self.get("received"))

    def test_assigned_later_is_a_text_of_its_own(self):
        self.ticket.write({"user_id": False, "stage_id": self.new_stage.id})
        self.ticket.user_id = self.team_agent
        self.assertEqual(self.messages_to().automation_id, self.get("assigned"))

    def test_waiting_and_resolved(self):
        self.ticket.stage_id = self.waiting_stage
        self.run_automations()
        self.ticket.stage_id = self.closed_stage
        self.assertEqual(
            self.messages_to().mapped("automation_id"),
            self.get("waiting") + self.get("resolved"),
        )

    def test_the_text_of_a_stage_comes_before_the_automations(self):
        self.closed_stage.sms_template_id = self.template
        self.ticket.stage_id = self.closed_stage
        [message] = self.messages_to()
        self.assertEqual(message.template_id, self.template)
        self.assertFalse(message.automation_id)

    def test_a_new_ticket_moved_at_once_gets_the_text_of_its_stage(self):
        """As where an automated action moves it while it is created."""
        self.new_stage.sms_template_id = self.make_template("It is new")
        self.waiting_stage.sms_template_id = self.template
        ticket = self.make_ticket(self.customer, stage_id=self.new_stage.id)
        ticket.stage_id = self.waiting_stage
        self.run_automations()
        self.assertIn(self.template, self.messages_to().template_id)
        self.assertNotIn("It is new", self.messages_to().mapped("body"))


class TestWhich(AutomationCase):
    """Which tickets an automation covers."""

    def moved(self, **values):
        """Return how many texts a change of stage causes, and roll everything back."""
        savepoint = self.cr.savepoint()
        automation = self.automate("stage", **values)
        self.ticket.stage_id = self.waiting_stage
        count = len(self.made_by(automation))
        savepoint.rollback()
        savepoint.close(rollback=False)
        self.env.registry.clear_cache()
        return count

    def test_filters(self):
        category = self.env["helpdesk.ticket.category"].create({"name": "Net"})
        other_team = self.env["helpdesk.ticket.team"].create({"name": "Other"})
        self.ticket.write({"category_id": category.id, "priority": "2"})
        other_category = category.copy()
        for values, count in (
            ({"team_ids": self.team.ids}, 1),
            ({"team_ids": other_team.ids}, 0),
            ({"category_ids": category.ids}, 1),
            ({"category_ids": other_category.ids}, 0),
            ({"min_priority": "2"}, 1),
            ({"min_priority": "3"}, 0),
            ({"stage_ids": self.progress_stage.ids}, 0),
            ({"domain": "[('name', 'ilike', 'printer')]"}, 1),
            ({"domain": "[('name', 'ilike', 'scanner')]"}, 0),
            ({"domain": "[('partner_id.country_id.code', '=', 'US')]"}, 1),
            ({"domain": "[('create_date', '>', 'today -7d')]"}, 1),
            ({"company_id": self.company.id}, 1),
        ):
            with self.subTest(**values):
                self.assertEqual(self.moved(**values), count)

    def test_an_archived_filter_is_still_one(self):
        """Not one that covers the tickets of all teams, stages or categories."""
        category = self.env["helpdesk.ticket.category"].create({"name": "Net"})
        team = self.env["helpdesk.ticket.team"].create({"name": "Important people"})
        for name, record in (
            ("team_ids", team),
            ("category_ids", category),
            ("stage_ids", self.progress_stage),
        ):
            with self.subTest(name=name):
                record.active = False
                self.assertEqual(self.moved(**{name: record.ids}), 0)
                automation = self.automate("stage", **{name: record.ids})
                self.assertIn(record.name, automation.summary)
                self.assertEqual(automation.copy()[name], record)
                automation.active = False

    def test_a_template_of_another_company_is_refused(self):
        """Its customers would be texted in the name of the other company."""
        other = self.make_company("Other")
        own = self.template._copy_for_company(other)
        theirs = self.make_template("Of the other", company_id=other.id)
        automation = self.automate("stage", template=own, company_id=other.id)
        for record, values in (
            (automation.sudo(), {"company_id": False}),
            (automation, {"company_id": self.company.id}),
            (self.automate("stage").sudo(), {"template_id": own.id}),
            (self.waiting_stage, {"company_id": False, "sms_template_id": own.id}),
            (self.template, {"unassigned_id": theirs.id}),
        ):
            with self.subTest(record=record), self.assertRaises(UserError):
                record.write(values)

    def test_today_is_where_the_company_is(self):
        """Not where whoever changes the ticket is, or OdooBot."""
        self.company.partner_id.tz = "America/Denver"
        self.env.user.tz = "UTC"
        evening = datetime(2026, 5, 5, 3)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE helpdesk_ticket SET create_date = %s WHERE id = %s",
            [evening - timedelta(hours=6), self.ticket.id],
        )
        self.env.invalidate_all()
        automation = self.automate("stage", domain="[('create_date', '>=', 'today')]")
        for days, count in ((0, 1), (1, 0)):
            with self.subTest(days=days), freeze_time(evening + timedelta(days=days)):
                [rule] = automation._get_rules()[:1]
                found = automation._filter_by_domain(rule, self.ticket.ids)
                self.assertEqual(len(found), count)

    def test_another_companys_automation_is_silent(self):
        other = self.make_company("Other")
        manager = self.manager
        self.assertIn(other, manager.company_ids)
        automation = self.automate("stage")
        automation.sudo().company_id = other
        self.ticket.stage_id = self.waiting_stage
        self.assertFalse(self.made_by(automation))

    def test_automations_of_another_company_are_out_of_reach(self):
        other = self.make_company("Other")
        automation = self.automate("stage", company_id=other.id)
        self.manager.company_ids = self.company
        self.env.invalidate_all()
        found = self.env["sms.automation"].with_user(self.manager).search([])
        self.assertNotIn(automation, found)
        with self.assertRaises(AccessError):
            automation.with_user(self.manager).name = "Mine"

    def test_a_ticket_is_texted_by_its_own_companys_automation(self):
        other = self.make_company("Other")
        self.record_consent(company=other)
        automation = self.automate("stage", company_id=other.id)
        ticket = self.make_ticket(self.customer, company_id=other.id)
        (self.ticket | ticket).write({"stage_id": self.waiting_stage.id})
        message = self.made_by(automation)
        self.assertEqual(message.mail_message_id.res_id, ticket.id)
        self.assertEqual(message.record_company_id, other)

    def test_conditions_that_would_tell_a_secret_are_refused(self):
        for domain in (
            "[('company_id.sms_webhook_key', '=like', 'a%')]",
            "[('company_id.sms_twilio_auth_token', '!=', False)]",
            "[('company_id', 'any', [('sms_webhook_key', '=like', 'a%')])]",
            "[('company_id.sms_twilio_number_ids.number', '=like', '+1%')]",
            "[('no_such_field', '=', 1)]",
            "[('name', 'ilike', env.user.name)]",
            "__import__('os').system('true')",
            "{'a': 1}",
            "[('name', 'no-such', 1)]",
            "[('create_date', '>', 'today -9999999d')]",
        ):
            for user in (self.manager, self.administrator):
                with (
                    self.subTest(domain=domain, user=user.login),
                    self.assertRaises(ValidationError, msg=domain),
                ):
                    automations = self.env["sms.automation"].with_user(user)
                    automations.create(
                        {
                            "name": "Secret",
                            "trigger": "stage",
                            "template_id": self.template.id,
                            "domain": domain,
                        }
                    )

    def test_an_agent_reads_automations_and_writes_none(self):
        automation = self.automate("stage")
        self.assertEqual(automation.with_user(self.agent).name, "stage")
        with self.assertRaises(AccessError):
            automation.with_user(self.agent).name = "Mine"


class TestWhom(AutomationCase):
    """Customers, followers, the technician, the team."""

    def test_colleagues_get_what_is_internal_and_only_if_they_agreed(self):
        automation = self.automate("stage", audience="assignee")
        self.assertEqual(automation.purpose_id.code, "internal")
        self.own_agent.partner_id.write(
            {"phone": OTHER_NUMBER, "country_id": self.country.id}
        )
        self.ticket.stage_id = self.progress_stage
        self.assertBlocked(self.made_by(automation), "internal", "no_consent")
        self.record_consent(OTHER_NUMBER, "internal")
        self.ticket.stage_id = self.waiting_stage
        self.assertSent(self.made_by(automation)[-1], "internal")
        self.assertEqual(self.made_by(automation)[-1].number, OTHER_NUMBER)

    def test_the_team_without_who_did_it(self):
        automation = self.automate("stage", audience="team")
        for index, user in enumerate(self.team.user_ids):
            user.partner_id.phone = phone_number(10 + index)
        self.ticket.with_user(self.team_agent).stage_id = self.progress_stage
        self.assertEqual(self.made_by(automation).partner_id, self.own_agent.partner_id)

    def test_whoever_has_left_is_told_nothing_more(self):
        """They keep their tickets, their number and their consent."""
        users, elsewhere = self.team.user_ids, self.make_company("Elsewhere")
        for index, user in enumerate(users):
            user.partner_id.phone = phone_number(10 + index)
        here = {"company_ids": [(6, 0, self.company.ids)]}
        away = {"company_ids": [(6, 0, elsewhere.ids)], "company_id": elsewhere.id}
        for audience in ("assignee", "team"):
            automation = self.automate("stage", audience=audience)
            for leave, back in (
                ({"active": False}, {"active": True}),
                (away, {**here, "company_id": self.company.id}),
            ):
                with self.subTest(audience, **leave):
                    users.write(leave)
                    self.ticket.stage_id = self.waiting_stage
                    self.assertFalse(self.made_by(automation))
                    users.write(back)
                    self.ticket.stage_id = self.progress_stage
                    self.assertTrue(self.made_by(automation).unlink())
            automation.unlink()

    def test_a_colleague_who_has_left_follows_as_no_customer(self):
        self.own_agent.partner_id.phone = OTHER_NUMBER
        self.record_consent(OTHER_NUMBER)
        self.ticket.message_subscribe(self.own_agent.partner_id.ids)
        self.own_agent.active = False
        automation = self.automate("stage", audience="followers")
        self.ticket.stage_id = self.progress_stage
        self.assertFalse(self.made_by(automation))

    def test_followers_are_contacts_and_not_the_customer(self):
        friend = self.make_customer(OTHER_NUMBER, "Friend")
        self.record_consent(OTHER_NUMBER)
        people = friend | self.customer | self.agent.partner_id
        self.ticket.message_subscribe(people.ids)
        automation = self.automate("stage", audience="followers")
        self.ticket.stage_id = self.progress_stage
        self.assertEqual(self.made_by(automation).partner_id, friend)

    def test_one_number_gets_one_text_of_a_change(self):
        friend = self.make_customer(self.number, "Same phone")
        self.ticket.message_subscribe(friend.ids)
        self.automate("stage")
        self.automate("stage", audience="followers")
        self.ticket.stage_id = self.progress_stage
        self.assertEqual(len(self.messages_to()), 1)

    def test_what_is_internal_never_goes_to_a_customer(self):
        internal = self.purposes("internal")
        with self.assertRaises(ValidationError):
            self.automate("stage", purpose_id=internal.id)
        with self.assertRaises(ValidationError):
            self.automate(
                "stage", audience="team", purpose_id=self.purposes("ticket").id
            )

    def test_everybody_reads_their_own_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.template.with_context(
            lang="fr_FR"
        ).body = "Au sujet de {{ object.number }}"
        friend = self.make_customer(OTHER_NUMBER, "Amie", lang="fr_FR")
        self.record_consent(OTHER_NUMBER)
        self.ticket.message_subscribe(friend.ids)
        self.automate("stage", audience="followers")
        self.automate("stage")
        self.ticket.with_context(lang="fr_FR").stage_id = self.progress_stage
        self.assertIn("Au sujet de", self.messages_to(OTHER_NUMBER).body)
        self.assertIn("Own words about", self.messages_to().body)

    def test_the_purpose_and_the_urgency_are_the_messages(self):
        self.record_consent(self.number, "alert")
        automation = self.automate(
            "stage", purpose_id=self.purposes("alert").id, is_urgent=True
        )
        self.ticket.stage_id = self.progress_stage
        message = self.made_by(automation)
        self.assertSent(message, "alert")
        self.assertLess(message.priority, 0)


class TestHowOften(AutomationCase):
    """One change causes one text; moving back and forth causes no more."""

    def go_to_and_fro(self, rounds):
        for _round in range(rounds):
            self.ticket.stage_id = self.progress_stage
            self.run_outbox()
            self.ticket.stage_id = self.quiet_stage

    def age(self, **delta):
        """Make the messages older."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sms_sms SET create_date = create_date - %s", [timedelta(**delta)]
        )
        self.env.invalidate_all()

    def test_at_most(self):
        for at_most, just_before, after in (
            ("hour", {"minutes": 59}, {"minutes": 2}),
            ("day", {"hours": 23}, {"hours": 2}),
            ("week", {"days": 6}, {"days": 2}),
        ):
            with self.subTest(at_most=at_most):
                automation = self.automate(
                    "stage",
                    self.make_template(at_most),
                    at_most=at_most,
                    stage_ids=self.progress_stage.ids,
                )
                self.go_to_and_fro(3)
                self.age(**just_before)
                self.go_to_and_fro(1)
                self.assertEqual(len(self.made_by(automation)), 1)
                self.age(**after)
                self.go_to_and_fro(1)
                self.assertEqual(len(self.made_by(automation)), 2)
                automation.active = False

    def test_what_was_taken_back_does_not_count(self):
        automation = self.automate("stage", stage_ids=self.progress_stage.ids)
        self.ticket.stage_id = self.progress_stage
        self.made_by(automation).action_set_canceled()
        self.ticket.stage_id = self.quiet_stage
        self.go_to_and_fro(2)
        self.assertEqual(len(self.made_by(automation)), 2)

    def test_each_time_and_once(self):
        for at_most, count in (("each", 3), ("once", 1)):
            automation = self.automate(
                "stage",
                self.make_template(at_most),
                at_most=at_most,
                stage_ids=self.progress_stage.ids,
            )
            for _round in range(3):
                self.go_to_and_fro(1)
                self.age(days=400)
            self.assertEqual(len(self.made_by(automation)), count, at_most)
            automation.active = False

    def test_of_several_the_first_texts(self):
        second = self.automate("stage", sequence=3)
        first = self.automate("stage", self.make_template("First"), sequence=2)
        self.ticket.stage_id = self.progress_stage
        self.assertEqual(len(self.made_by(first)), 1)
        self.assertFalse(self.made_by(second))

    def test_many_tickets_at_once_are_texted_once_each(self):
        numbers = [phone_number(index) for index in range(20, 30)]
        tickets = self.env["helpdesk.ticket"]
        for number in numbers:
            self.record_consent(number, "ticket")
            tickets += self.make_ticket(self.make_customer(number))
        automation = self.automate("stage")
        tickets.with_user(self.agent).write({"stage_id": self.progress_stage.id})
        self.assertEqual(self.made_by(automation).mapped("number"), numbers)

    def test_what_matches_nothing_costs_no_query(self):
        """However many tickets change, and however many automations exist."""
        tickets = self.ticket
        for index in range(20):
            tickets += self.make_ticket(self.make_customer(phone_number(30 + index)))
        engine = self.env["sms.automation"]

        def move(stage):
            tickets.write({"stage_id": stage.id})

        engine.search([]).active = False
        move(self.progress_stage)
        move(self.quiet_stage)
        without = self.count_queries(move, self.progress_stage)
        move(self.quiet_stage)
        for _index in range(5):
            self.automate("stage", domain="[('name', 'ilike', 'x')]", min_priority="3")
        move(self.progress_stage)
        move(self.quiet_stage)
        self.assertEqual(self.count_queries(move, self.progress_stage), without)

    def test_what_is_at_its_limit_costs_some_queries_for_all(self):
        """Recipients and their last texts are read once for all tickets that change."""
        tickets = self.env["helpdesk.ticket"]
        for index in range(20):
            number = phone_number(60 + index)
            self.record_consent(number)
            tickets += self.make_ticket(self.make_customer(number))
        self.env["sms.automation"].search([]).active = False
        automation = self.automate("stage", at_most="once")

        def move(stage):
            tickets.write({"stage_id": stage.id})

        move(self.progress_stage)
        self.assertEqual(len(self.made_by(automation)), 20)
        move(self.quiet_stage)
        with_limit = self.count_queries(move, self.progress_stage)
        automation.active = False
        move(self.quiet_stage)
        move(self.progress_stage)
        without = self.count_queries(move, self.quiet_stage)
        self.assertEqual(len(self.made_by(automation)), 20)
        self.assertLessEqual(with_limit, without + 8)


class TestFailure(AutomationCase):
    """The ticket is saved, whatever happens to the text."""

    @mute_logger(ENGINE, "odoo.addons.mail.models.mail_render_mixin")
    def test_a_broken_template_is_noted_and_stops_nothing(self):
        self.template.body = "{{ 1 / 0 }}"
        self.automate("stage")
        other_number = phone_number(5)
        other = self.make_ticket(self.make_customer(other_number))
        before = len(self.ticket.message_ids)
        (self.ticket | other).write({"stage_id": self.waiting_stage.id})
        self.assertEqual((self.ticket | other).stage_id, self.waiting_stage)
        self.env.flush_all()
        self.assertFalse(self.messages_to())
        note = self.ticket.message_ids - self.ticket.message_ids[before:]
        self.assertIn("could not be created", "".join(note.mapped("body")))

    @mute_logger(ENGINE, "odoo.addons.mail.models.mail_render_mixin")
    def test_a_failure_of_one_text_spares_the_others_about_the_ticket(self):
        broken = self.make_template("{{ 1 / 0 }}")
        failing = self.automate("stage", broken, audience="team")
        automation = self.automate("stage", sequence=2)
        before = self.ticket.message_ids
        self.ticket.stage_id = self.waiting_stage
        self.assertEqual(len(self.made_by(automation)), 1)
        self.assertFalse(self.made_by(failing))
        notes = "".join((self.ticket.message_ids - before).mapped("body"))
        self.assertEqual(notes.count("could not be created"), 1)

    @mute_logger(ENGINE, "odoo.addons.mail.models.mail_render_mixin", "odoo.sql_db")
    def test_a_failure_of_one_ticket_spares_the_others(self):
        self.record_consent(OTHER_NUMBER)
        other = self.make_ticket(self.make_customer(OTHER_NUMBER), name="Good")
        self.template.body = "{{ 'ok' if object.name == 'Good' else 1 / 0 }}"
        self.automate("stage")
        (self.ticket | other).write({"stage_id": self.waiting_stage.id})
        self.assertFalse(self.messages_to())
        self.assertEqual(len(self.messages_to(OTHER_NUMBER)), 1)
        self.assertEqual((self.ticket | other).stage_id, self.waiting_stage)

    @mute_logger(ENGINE, "odoo.addons.mail.models.mail_render_mixin", "odoo.sql_db")
    def test_a_template_that_breaks_the_database_loses_no_ticket(self):
        self.template.body = "{{ object.browse(10 ** 12).name }}"
        self.automate("created")
        ticket = self.make_ticket(self.customer, name="Kept")
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(ticket.name, "Kept")

    def test_a_conflict_with_another_transaction_is_not_kept_back(self):
        """Odoo retries the transaction; catching the error would lose the ticket."""

        def collide():
            raise SerializationFailure("could not serialize access")

        with self.assertRaises(SerializationFailure):
            self.env["sms.automation"]._isolate(collide, self.ticket)

    @mute_logger(RETRY, "odoo.sql_db")
    def test_a_ticket_that_stays_locked_keeps_no_other_waiting(self):
        self.env.cr.execute(
            """
            CREATE FUNCTION pg_temp.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION 'locked' USING ERRCODE = 'lock_not_available'; END $$;
            CREATE TRIGGER refuse BEFORE INSERT ON sms_sms FOR EACH ROW
            WHEN (NEW.body LIKE 'Locked%') EXECUTE FUNCTION pg_temp.refuse();
            """
        )
        self.record_consent(OTHER_NUMBER)
        self.template.body = "{{ object.name }}"
        automation = self.automate("created")
        locked = self.make_ticket(self.customer, name="Locked")
        self.make_ticket(self.make_customer(OTHER_NUMBER), name="Good")
        [message] = self.made_by(automation)
        self.assertEqual(message.number, OTHER_NUMBER)
        self.env.cr.execute("DROP TRIGGER refuse ON sms_sms")
        self.let_time_pass(hours=1)
        self.assertEqual(len(self.made_by(automation)), 2)
        self.assertIn(f"{locked.name}", self.messages_to()[-1].body)

    @mute_logger(ENGINE)
    def test_a_condition_that_fails_spares_the_other_texts_about_the_ticket(self):
        """As one on a field that went with its module."""
        broken = self.automate("stage")
        self.env.flush_all()
        unknown = "UPDATE sms_automation SET domain = %s WHERE id = %s"
        self.env.cr.execute(unknown, ["[('x_removed', '=', 1)]", broken.id])
        self.env.invalidate_all()
        self.env.registry.clear_cache()
        staff = self.automate("stage", audience="team")
        self.waiting_stage.sms_template_id = self.template
        before = self.ticket.message_ids
        self.ticket.stage_id = self.waiting_stage
        self.assertEqual(len(self.messages_to()), 1)
        self.assertEqual(len(self.made_by(staff)), 2)
        self.assertFalse(self.made_by(broken))
        notes = "".join((self.ticket.message_ids - before).mapped("body"))
        self.assertEqual(notes.count("could not be created"), 1)

    def test_a_ticket_that_is_there_twice_is_written_once(self):
        automation = self.automate("stage", stage_ids=self.waiting_stage.ids)
        (self.ticket + self.ticket).stage_id = self.waiting_stage
        self.assertEqual(len(self.made_by(automation)), 1)

    def test_a_customer_without_a_number_is_not_texted(self):
        automation = self.automate("created")
        self.make_ticket(self.make_customer(False))
        self.assertFalse(self.made_by(automation))

    def test_a_number_that_cannot_be_read_is_a_blocked_message(self):
        automation = self.automate("created")
        self.make_ticket(self.make_customer("call me"))
        self.assertBlocked(self.made_by(automation), "ticket", "bad_number")


class TestLater(AutomationCase):
    """A delayed text leaves if its condition still holds, and only once."""

    def wait(self, automation, **delta):
        self.let_time_pass(**delta)
        self.run_clock()
        return self.made_by(automation)

    def test_it_waits_and_then_texts_once(self):
        automation = self.automate("stage", delay_number=2, delay_unit="hours")
        self.ticket.stage_id = self.waiting_stage
        self.run_clock()
        self.assertFalse(self.made_by(automation))
        self.assertEqual(len(self.wait(automation, hours=2, minutes=1)), 1)
        self.assertEqual(len(self.wait(automation, hours=2)), 1)

    def test_it_is_dropped_when_it_no_longer_holds(self):
        category = self.env["helpdesk.ticket.category"].create({"name": "Net"})
        self.ticket.category_id = category
        for undo in (
            lambda: self.ticket.write({"stage_id": self.progress_stage.id}),
            lambda: self.ticket.write({"category_id": False}),
            lambda: self.ticket.write({"active": False}),
        ):
            automation = self.automate(
                "stage",
                stage_ids=self.waiting_stage.ids,
                category_ids=category.ids,
                delay_number=1,
            )
            self.ticket.write(
                {"stage_id": self.waiting_stage.id, "category_id": category.id}
            )
            undo()
            self.assertFalse(self.wait(automation, hours=2))
            run = self.env["sms.automation.run"].search(
                [("automation_id", "=", automation.id)]
            )
            self.assertEqual(run.state, "skipped")
            automation.active = False
            self.ticket.write({"stage_id": self.quiet_stage.id, "active": True})

    def test_what_happens_again_starts_its_time_over(self):
        automation = self.automate(
            "stage", stage_ids=self.waiting_stage.ids, delay_number=2
        )
        self.ticket.stage_id = self.waiting_stage
        self.let_time_pass(hours=1, minutes=59)
        self.ticket.stage_id = self.quiet_stage
        self.ticket.stage_id = self.waiting_stage
        self.assertFalse(self.wait(automation, minutes=30))
        self.assertEqual(len(self.wait(automation, hours=2)), 1)

    @mute_logger("odoo.sql_db")
    def test_a_time_beyond_all_calendars_is_refused(self):
        """Otherwise no ticket that it covers could be saved any more."""
        for values in (
            {"delay_number": 99_999_999, "delay_unit": "hours"},
            {"delay_number": 366, "delay_unit": "days"},
            {"wait_hours": 99_999_999},
        ):
            with self.assertRaises(CheckViolation), self.env.cr.savepoint():
                self.automate("stage", **values)
        self.automate("stage", delay_number=365, delay_unit="days")
        self.ticket.stage_id = self.waiting_stage

    def test_it_is_dropped_when_the_automation_is_switched_off(self):
        automation = self.automate("stage", delay_number=1)
        self.ticket.stage_id = self.waiting_stage
        automation.active = False
        self.assertFalse(self.wait(automation, hours=2))

    def test_a_deleted_ticket_stops_nothing(self):
        automation = self.automate("created", delay_number=1)
        ticket = self.make_ticket(self.customer)
        kept = self.make_ticket(self.customer)
        ticket.unlink()
        [message] = self.wait(automation, hours=2)
        self.assertEqual(message.mail_message_id.res_id, kept.id)

    def test_no_answer_for_hours(self):
        automation = self.automate(
            "no_answer", audience="assignee", wait_hours=4, at_most="each"
        )
        automation.sudo().in_force_since -= timedelta(days=1)
        self.own_agent.partner_id.phone = OTHER_NUMBER
        self.receive("Hello?")
        self.assertTrue(self.ticket.sms_waiting_since)
        self.run_clock()
        self.assertFalse(self.made_by(automation))
        self.ticket.sms_waiting_since -= timedelta(hours=4, minutes=1)
        self.run_clock()
        self.assertEqual(len(self.made_by(automation)), 1)
        self.run_clock()
        self.assertEqual(len(self.made_by(automation)), 1, "once for each waiting")
        self.ticket.sms_waiting_since += timedelta(seconds=1)
        self.run_clock()
        self.assertEqual(len(self.made_by(automation)), 2, "they wait again")

    def test_who_texts_to_a_ticket_that_stays_closed_waits_too(self):
        self.own_agent.partner_id.phone = OTHER_NUMBER
        self.team.sms_reopen = False
        automation = self.automate("no_answer", audience="assignee", wait_hours=4)
        automation.sudo().in_force_since -= timedelta(days=1)
        self.ticket.stage_id = self.closed_stage
        self.receive("It jams again")
        self.assertEqual(self.ticket.stage_id, self.closed_stage)
        self.ticket.sms_waiting_since -= timedelta(hours=5)
        self.run_clock()
        self.assertEqual(len(self.made_by(automation)), 1)

    def test_what_is_found_again_uses_up_no_id(self):
        """It is found again with every change of a ticket, for years."""
        automation = self.automate("no_answer", audience="assignee", wait_hours=4)
        automation.sudo().in_force_since -= timedelta(days=1)
        self.receive("Hello?")
        self.ticket.sms_waiting_since -= timedelta(hours=5)
        self.run_clock()
        ids = "SELECT last_value FROM sms_automation_run_id_seq"
        [before] = self.env.execute_query(SQL(ids))
        self.run_clock()
        self.assertEqual(self.env.execute_query(SQL(ids)), [before])
        runs = [("automation_id", "=", automation.id)]
        self.assertEqual(self.env["sms.automation.run"].search_count(runs), 1)

    def test_what_is_done_is_kept_until_its_time_is_past(self):
        """A deadline that is months away would be found again."""
        now = fields.Datetime.now()
        occasions = ("", "at once 7", now - timedelta(days=9), now + timedelta(days=9))
        runs = self.env["sms.automation.run"].create(
            [
                {
                    "res_model": self.ticket._name,
                    "res_id": self.ticket.id,
                    "occasion": str(occasion),
                    "happened_at": now,
                    "due_at": now,
                    "done_at": now - timedelta(days=61),
                    "state": "done",
                }
                for occasion in occasions
            ]
        )
        runs._gc_done()
        self.assertEqual(runs.exists(), runs[3])

    def test_who_comes_under_its_conditions_while_waiting(self):
        """The technician is chosen only when the customer has waited for long."""
        self.own_agent.partner_id.phone = OTHER_NUMBER
        self.ticket.user_id = False
        automation = self.automate("no_answer", audience="assignee", wait_hours=4)
        automation.sudo().in_force_since -= timedelta(days=1)
        self.receive("Hello?")
        self.ticket.sms_waiting_since -= timedelta(hours=5)
        self.run_clock()
        self.assertFalse(self.made_by(automation))
        run = self.env["sms.automation.run"].search(
            [("automation_id", "=", automation.id)]
        )
        self.assertEqual(run.state, "skipped")
        run.done_at -= timedelta(days=1)  # all of this is one transaction
        self.ticket.user_id = self.own_agent
        self.run_clock()
        self.assertEqual(len(self.made_by(automation)), 1)
        run.done_at -= timedelta(days=1)
        self.ticket.name = "Other title"
        self.run_clock()
        self.assertEqual(len(self.made_by(automation)), 1)

    def test_what_waits_is_not_sent_for_another_trigger(self):
        """A new ticket was never reopened."""
        automation = self.automate("created", delay_number=1)
        shared = self.automate("created", delay_number=1)
        shared.sudo().company_id = False
        self.make_ticket(self.customer)
        automation.trigger = "reopened"
        own = shared._copy_for_company(self.company)
        own.trigger = "reopened"
        self.assertFalse(self.wait(automation, hours=2))
        self.assertFalse(self.made_by(own))

    def test_who_was_answered_does_not_wait(self):
        automation = self.automate("no_answer", wait_hours=1)
        automation.sudo().in_force_since -= timedelta(days=1)
        self.receive("Hello?")
        self.ticket.sms_waiting_since -= timedelta(hours=2)
        self.ticket.action_mark_sms_answered()
        self.run_clock()
        self.assertFalse(self.made_by(automation))

    def test_a_new_automation_leaves_alone_who_has_waited_for_long(self):
        self.receive("Hello?")
        self.ticket.sms_waiting_since -= timedelta(hours=30)
        automation = self.automate("no_answer", wait_hours=1)
        self.run_clock()
        self.assertFalse(self.made_by(automation))

    def test_the_cron_is_woken_when_a_text_is_due(self):
        cron = self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_automation")
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        self.automate("stage", delay_number=3)
        self.ticket.stage_id = self.waiting_stage
        self.env.cr.flush()
        new = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]) - triggers
        due = fields.Datetime.now() + timedelta(hours=3)
        self.assertTrue(new)
        self.assertLess(abs(max(new.mapped("call_at")) - due), timedelta(minutes=2))


class TestFigures(AutomationCase):
    """The form counts the texts that have left, and separately those blocked."""

    def test_sent_and_blocked_apart(self):
        automation = self.automate("stage", at_most="each")
        stages = self.waiting_stage, self.progress_stage, self.waiting_stage
        for stage in stages:
            self.ticket.stage_id = stage
            self.run_automations()
        texts = self.made_by(automation)
        self.assertEqual(len(texts), 3)
        self.assertEqual(automation.message_sms_count, 0, "they wait")
        self.run_outbox()
        left = texts.filtered(lambda it: it.state == "sent")
        automation.invalidate_recordset()
        self.assertEqual(automation.message_sms_count, len(left))
        self.receive("STOP")
        self.ticket.stage_id = self.progress_stage
        blocked = self.made_by(automation) - texts
        self.assertEqual(blocked.shown_state, "blocked")
        automation.invalidate_recordset()
        self.assertEqual(
            (automation.message_sms_count, automation.message_sms_blocked_count),
            (len(left), 1),
        )


class TestTriggersInOtherOrder(OtherOrder, TestTriggers):
    """The same with the rooms in another order."""
