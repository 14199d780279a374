# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A company's own row begins as a copy of the shared one, and comes first there."""

import runpy

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form

from ..common import SmsCase, phone_number
from .common import SCRIPTS

MODULE = "helpdesk_mgmt_sms"
OWN_FOOTER = "Acme: STOP to end, HELP for help."


class TestOwnRows(SmsCase):
    """A manager's own versions of shared records."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_company = cls.make_company("Other")
        cls.manager.company_ids = cls.company

    def get_own(self, record):
        """Return the company's own row, as the button opens it."""
        action = record.with_user(self.manager).action_copy_for_company()
        return self.env[action["res_model"]].with_user(self.manager).browse(
            action["res_id"]
        )  # fmt: skip

    def ref(self, name):
        return self.env.ref(f"{MODULE}.{name}")

    def test_it_is_made_once_and_has_all_languages(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        shared = self.ref("sms_reply_help")
        shared.with_context(lang="fr_FR").body = "{company} : STOP. {contact}"
        own = self.get_own(shared)
        self.assertEqual(own.company_id, self.company)
        self.assertEqual(self.get_own(shared), own)
        self.assertEqual(self.get_own(own), own)
        self.assertEqual(
            own.with_context(lang="fr_FR").body, "{company} : STOP. {contact}"
        )

    def test_it_shows_english_where_the_shared_one_does(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        about = {"model_id": self.env["ir.model"]._get_id("helpdesk.ticket")}
        templates = self.env["sms.template"]
        shared = templates.create({"name": "Own", "body": "Call 1", **about})
        own = self.get_own(shared.with_context(lang="fr_FR"))
        self.assertEqual(own._get_told_langs(), {"en_US"})
        own.with_context(lang="en_US").body = "Call 2"
        self.assertEqual(own.with_context(lang="fr_FR").body, "Call 2")

    def test_who_may_not_manage_makes_none(self):
        for user in (self.agent, self.employee, self.compliance_officer):
            for name in ("sms_reply_help", "sms_purpose_ticket", "sms_fault_too_fast"):
                record = self.env.ref(f"{MODULE}.{name}", raise_if_not_found=False)
                record = record or self.env["sms.fault"].search([], limit=1)
                with self.subTest(user=user.login), self.assertRaises(AccessError):
                    record.with_user(user).action_copy_for_company()

    def test_who_may_not_make_one_sees_no_button(self):
        for xmlid in ("sms_template_ticket_closed", "sms_quiet_hours_us_fl"):
            row = self.env.ref(f"helpdesk_mgmt_sms.{xmlid}")
            for user in (self.agent, self.manager):
                with self.subTest(row=xmlid, user=user.login):
                    is_theirs = user == self.manager
                    self.assertEqual(row.with_user(user).is_copyable, is_theirs)

    def test_the_error_says_what_to_do(self):
        with self.assertRaisesRegex(AccessError, "Edit for my company"):
            self.ref("sms_reply_help").with_user(self.manager).body = "STOP"
        with self.assertRaisesRegex(AccessError, "Edit for my company"):
            self.ref("sms_purpose_ticket").with_user(self.manager).footer = "STOP"

    def test_the_form_says_so_too(self):
        for model in ("sms.reply", "sms.quiet.hours", "sms.automation"):
            view = self.env[model].with_user(self.manager).get_view(view_type="form")
            self.assertIn("is_locked", view["arch"])
            self.assertIn("action_copy_for_company", view["arch"])

    # === Precedence in its company only ===

    def test_an_answer(self):
        own = self.get_own(self.ref("sms_reply_start_done"))
        own.body = "{company}: back again. Reply STOP to opt out, HELP for help."
        render = self.env["sms.reply"]._render
        self.assertIn("back again", render("start_done", self.company, "en_US"))
        other = render("start_done", self.other_company, "en_US")
        self.assertNotIn("back again", other)
        own.unlink()
        self.assertNotIn("back again", render("start_done", self.company, "en_US"))

    def test_a_fault(self):
        faults = self.env["sms.fault"]
        shared = faults.search([("fault", "=", "unreachable")])
        self.get_own(shared).max_attempts = 77
        get = faults._get_policy
        self.assertEqual(get("unreachable", self.company).max_attempts, 77)
        for company in (self.other_company, None):
            self.assertEqual(
                get("unreachable", company).max_attempts, shared.max_attempts
            )

    def test_what_a_stop_ends(self):
        shared = self.ref("sms_scope_rule_default")
        own = self.get_own(shared)
        with self.assertRaisesRegex(UserError, "Reason for Relaxing"):
            own.scope = "purpose"
        own.write({"scope": "purpose", "relaxation_reason": "Counsel, 3 May"})
        rules, ticket = self.env["sms.scope.rule"], self.purposes("ticket")
        ended = rules._get_ended_purposes(ticket, own.effective_from, self.company)
        self.assertEqual(ended, ticket)
        for company in (self.other_company, None):
            self.assertIsNone(
                rules._get_ended_purposes(ticket, own.effective_from, company)
            )

    def test_a_word(self):
        own = self.get_own(self.ref("sms_keyword_support"))
        own.purpose_ids = self.purposes("alert")
        words = self.env["sms.keyword"]._get_words
        self.assertEqual(words(self.company)["join"]["SUPPORT"], own.id)
        self.assertNotEqual(words(self.other_company)["join"]["SUPPORT"], own.id)
        own.active = False
        self.assertNotIn("SUPPORT", words(self.company)["join"])
        self.assertIn("SUPPORT", words(self.other_company)["join"])

    def test_a_mandatory_word_is_the_same_everywhere(self):
        with self.assertRaises(UserError):
            self.get_own(self.ref("sms_keyword_stop"))

    def test_a_wording(self):
        shared = self.ref("sms_wording_ticket")
        own = self.get_own(shared)
        self.assertEqual((own.state, own.body), ("draft", shared.body))
        own.body = f"{shared.body} Thank you."
        own.action_publish()
        get, ticket = self.env["sms.wording"]._get_published, self.purposes("ticket")
        self.assertEqual(get(self.company, ticket, "en_US"), own)
        self.assertEqual(get(self.other_company, ticket, "en_US"), shared)
        self.assertEqual(shared.state, "published")
        with self.assertRaises(AccessError):
            shared.with_user(self.manager).action_new_version()

    def test_quiet_hours(self):
        shared = self.ref("sms_quiet_hours_us_fl")
        shared.active = True
        own = self.get_own(shared)
        with self.assertRaisesRegex(UserError, "Reason for Relaxing"):
            own.weekday_to = 23
        own.write({"weekday_to": 23, "relaxation_reason": "Counsel, 3 May"})
        rules = self.env["sms.quiet.hours"]._get_rules()
        holding = {
            company: {it.rule.weekdays for it in rules if it.holds_for(company.id)}
            for company in (self.company, self.other_company)
        }
        self.assertEqual(holding[self.company], {(480, 1380)})
        self.assertEqual(holding[self.other_company], {(480, 1200)})

    def test_quiet_hours_in_a_shared_ones_place_are_not_less_strict_without_a_reason(
        self,
    ):
        shared = self.ref("sms_quiet_hours_us_fl")
        shared.active = True
        rules = self.env["sms.quiet.hours"].with_user(self.manager)
        values = {
            "name": "Mine",
            "source": "Me",
            "shared_id": shared.id,
            "company_id": self.company.id,
            "weekday_to": 24,
        }
        with (
            self.assertRaisesRegex(UserError, "Reason for Relaxing"),
            self.env.cr.savepoint(),
        ):
            rules.create(values)
        with self.assertRaises(UserError), self.env.cr.savepoint():
            rules.create({**values, "active": False})
        own = self.get_own(shared)
        with self.assertRaisesRegex(UserError, "Reason for Relaxing"):
            own.active = False
        stricter = rules.create({"name": "9 to 5", "source": "Me", "weekday_to": 17})
        with self.assertRaises(UserError):
            stricter.shared_id = shared

    def test_it_stands_for_a_shared_row_of_one_company_alone(self):
        own = self.get_own(self.ref("sms_quiet_hours_us_fl"))
        rules = self.env["sms.quiet.hours"].with_user(self.administrator)
        with self.assertRaises(ValidationError), self.env.cr.savepoint():
            rules.create({"name": "All", "source": "Me", "shared_id": own.shared_id.id})
        with self.assertRaises(ValidationError), self.env.cr.savepoint():
            rules.create(
                {
                    "name": "Mine",
                    "source": "Me",
                    "shared_id": own.id,
                    "company_id": self.company.id,
                }
            )

    def test_a_purpose(self):
        shared = self.purposes("ticket")
        own = self.get_own(shared)
        self.assertEqual(own.footer, shared.footer)
        own.footer = OWN_FOOTER
        own.max_per_day = 3
        with (
            self.assertRaisesRegex(UserError, "Reason for Relaxing"),
            self.env.cr.savepoint(),
        ):
            own.max_per_day = 30
        rules = shared._get_rules("en_US", self.company)
        self.assertEqual((rules.footer, rules.max_per_day), (OWN_FOOTER, 3))
        self.assertEqual(
            shared._get_rules("en_US", self.other_company).footer, shared.footer
        )
        self.record_consent()
        self.ticket._message_sms("Hello")
        self.assertIn(OWN_FOOTER, self.messages_to()[-1].body)

    def test_a_purposes_own_terms_are_not_less_strict_without_a_reason(self):
        shared = self.purposes("ticket")
        shared.max_per_day = 20
        terms = self.env["sms.purpose.company"].with_user(self.manager)
        values = {"purpose_id": shared.id, "quiet_class": "informational"}
        for more in ({"max_per_day": 0}, {"max_per_day": 2, "quiet_class": "urgent"}):
            with (
                self.assertRaisesRegex(UserError, "Reason for Relaxing"),
                self.env.cr.savepoint(),
            ):
                terms.create({**values, **more})
        own = terms.create({**values, "max_per_day": 2})
        with self.assertRaises(UserError):
            own.unlink()
        with self.assertRaises(ValidationError), self.env.cr.savepoint():
            terms.create(
                {"purpose_id": self.purposes("marketing").id, "quiet_class": "urgent"}
            )

    def test_a_mapping(self):
        rules = self.env["sms.purpose.rule"]
        shared = rules.search([("model", "=", "helpdesk.ticket")])
        own = self.get_own(shared)
        own.purpose_id = self.purposes("marketing")
        found = rules._find_for_model(self.company, "helpdesk.ticket")
        self.assertEqual(found.code, "marketing")
        found = rules._find_for_model(self.other_company, "helpdesk.ticket")
        self.assertEqual(found, shared.purpose_id)

    def test_a_template_where_a_stage_names_the_shared_one(self):
        for company in (self.company, self.other_company):
            self.record_consent(company=company)
        shared = self.ref("sms_template_ticket_closed")
        self.closed_stage.company_id = False
        self.closed_stage.sms_template_id = shared
        own = self.get_own(shared)
        self.assertEqual(own.name, shared.name)
        own.body = "Done: {{ object.number }}."
        other = self.make_ticket(self.customer, company_id=self.other_company.id)
        (self.ticket | other).write({"stage_id": self.closed_stage.id})
        texts = {it.record_company_id: it for it in self.messages_to()}
        self.assertIn("Done: ", texts[self.company].body)
        self.assertIn("is closed", texts[self.other_company].body)
        self.assertEqual(texts[self.company].template_id, shared)

    def test_a_template_in_the_composer(self):
        self.record_consent()
        own = self.get_own(self.ref("sms_template_ticket_update"))
        own.body = "News of {{ object.number }}: "
        ticket = self.ticket.with_user(self.agent)
        context = ticket.action_send_sms()["context"]
        composer = self.env["sms.composer"].with_user(self.agent)
        with Form(composer.with_context(**context)) as form:
            self.assertTrue(form.body.startswith("News of "))

    def test_a_template_for_purpose_rules(self):
        shared = self.ref("sms_template_ticket_update")
        self.env["sms.purpose.rule"].create(
            {
                "level": "template",
                "template_id": shared.id,
                "purpose_id": self.purposes("marketing").id,
            }
        )
        own = self.get_own(shared)
        self.record_consent()
        self.ticket._message_sms_with_template(template=own.sudo())
        self.assertEqual(self.messages_to()[-1].purpose_id.code, "marketing")

    def test_an_automation(self):
        for company in (self.company, self.other_company):
            self.record_consent(company=company)
        template = self.ref("sms_template_ticket_waiting")
        shared = self.env["sms.automation"].create(
            {"name": "All", "trigger": "stage", "template_id": template.id}
        )
        own = self.get_own(shared)
        stage = self.env["helpdesk.ticket.stage"].create({"name": "S", "company_id": 0})
        for active in (True, False):
            own.active = active
            before = self.messages_to()
            for company in (self.company, self.other_company):
                ticket = self.make_ticket(self.customer, company_id=company.id)
                ticket.stage_id = stage
            made = self.messages_to() - before
            with self.subTest(active=active):
                by_company = {it.record_company_id: it.automation_id for it in made}
                self.assertEqual(by_company.get(self.other_company), shared)
                expected = own.with_env(self.env) if active else None
                self.assertEqual(by_company.get(self.company), expected)

    def test_what_was_planned_is_texted_by_the_own_automation(self):
        self.record_consent()
        template = self.ref("sms_template_ticket_waiting")
        shared = self.env["sms.automation"].create(
            {"name": "All", "trigger": "stage", "template_id": template.id}
        )
        stage = self.env["helpdesk.ticket.stage"].create({"name": "S"})
        self.ticket.stage_id = stage
        own = self.get_own(shared)
        self.assertEqual(self.messages_to().automation_id, own.with_env(self.env))

    def test_what_limits_it_is_copied_though_it_is_hidden_or_archived(self):
        """Else the manager's copy would text the customers of all tickets."""
        teams = self.env["helpdesk.ticket.team"]
        theirs = teams.create({"name": "Hers", "company_id": self.other_company.id})
        shared = self.env["sms.automation"].create(
            {
                "name": "Hers alone",
                "trigger": "stage",
                "template_id": self.ref("sms_template_ticket_waiting").id,
                "team_ids": theirs.ids,
            }
        )
        own = self.get_own(shared)
        self.assertEqual(own.with_env(self.env).team_ids, theirs)
        tag = self.env["res.partner.category"].create({"name": "VIP"})
        area = self.env["sms.area"].create(
            {"name": "VIP in town", "cities": "Denver", "category_ids": tag.ids}
        )
        self.make_customer(phone_number(1), city="Denver")
        tag.active = False
        self.assertFalse(area.contact_count)
        self.assertFalse(self.get_own(area).contact_count)
        self.assertFalse(area.copy().contact_count)

    def test_a_plan_of_team_alerts(self):
        plans = self.env["sms.team.alert.plan"]
        shared = plans.search([("company_id", "=", False)], limit=1)
        own = self.get_own(shared)
        own.body = "[NOW] {alert} {acknowledge}"
        self.assertEqual(len(own.step_ids), len(shared.step_ids))
        self.assertEqual(plans._find(self.team, self.company), own.with_env(self.env))
        self.assertEqual(plans._find(self.team, self.other_company), shared)
        with self.assertRaises(AccessError):
            shared.step_ids[0].with_user(self.manager).after_minutes = 99
        with self.assertRaises(AccessError):
            shared.with_user(self.manager).write({"step_ids": [(5, 0, 0)]})

    def test_an_area(self):
        shared = self.env["sms.area"].create({"name": "X", "takes_subscribers": True})
        own = self.get_own(shared).with_env(self.env)
        offered = self.env["sms.area"]._get_offered
        self.assertEqual(offered(self.company) & (own | shared), own)
        self.assertEqual(offered(self.other_company) & (own | shared), shared)

    def test_a_new_row_of_a_manager_is_their_companys(self):
        areas = self.env["sms.area"].with_user(self.manager)
        self.assertEqual(
            areas.create({"name": "X", "cities": "Y"}).company_id, self.company
        )
        area = self.env["sms.area"].with_user(self.administrator)
        self.assertFalse(area.create({"name": "X", "cities": "Y"}).company_id)
        templates = self.env["sms.template"].with_user(self.manager)
        values = {"name": "X", "about": "helpdesk.ticket", "body": "Y"}
        self.assertEqual(templates.create(values).company_id, self.company)
        del values["about"]
        templates = templates.with_context(default_model="helpdesk.ticket")
        self.assertEqual(templates.create(values).company_id, self.company)

    def test_a_template_is_of_the_model_that_another_apps_form_gives(self):
        """As those of Odoo's calendar, projects and server actions do."""
        templates = self.env["sms.template"].with_context(default_model="res.partner")
        templates = templates.with_user(self.administrator)
        found = templates.default_get(["model", "model_id"])
        partners = self.env["ir.model"]._get_id("res.partner")
        self.assertEqual(found["model_id"], partners)
        values = {"name": "X", "body": "Y"}
        self.assertEqual(templates.create(values).model, "res.partner")
        values["model_id"] = self.env["ir.model"]._get_id("calendar.event")
        self.assertEqual(templates.create(values).model, "calendar.event")


class TestUpgrade(SmsCase):
    """The upgrade drops the former constraints, if they exist."""

    def test_one_answer_and_one_fault_for_all_companies_no_longer(self):
        script = runpy.run_path(str(SCRIPTS / "19.0.1.4.0/pre-shared-rows.py"))
        self.cr.execute(
            "ALTER TABLE sms_reply ADD CONSTRAINT sms_reply_code_unique UNIQUE (code)"
        )
        for _twice in range(2):
            script["migrate"](self.cr, "19.0.1.3.0")
            self.cr.execute(
                "SELECT 1 FROM pg_constraint WHERE conname IN"
                " ('sms_reply_code_unique', 'sms_fault_fault_unique')"
            )
            self.assertFalse(self.cr.fetchall())
