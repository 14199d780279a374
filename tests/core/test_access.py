# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json
from datetime import timedelta

from lxml import etree

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw, get_public_method
from odoo.tests import Form

from ...models.desk.sms_template import EVENT_MODEL
from ..clock import in_a_year
from ..common import SmsCase, phone_number
from .common import MODULE, OPERATIONS, RIGHTS, SECRETS, USERS

#: All methods of this addon that can be called over RPC.
PUBLIC_METHODS = {
    "ir.actions.server": {"run"},
    # Overrides of Odoo's own: for administrators, and the login.
    "ir.config_parameter": {"write"},
    "res.config.settings": {"create", "write"},
    "base.module.uninstall": {"action_export_sms_ledger"},
    "res.users": {"authenticate", "write"},
    "mail.message": {"unlink", "write"},
    "mail.thread": {"message_process"},
    "mail.notification": {"create"},
    "phone.blacklist": {"create", "write"},
    "privacy.lookup.wizard.line": {"action_unlink"},
    "calendar.alarm": {"write"},
    "calendar.attendee": {"create", "write", "unlink"},
    "calendar.event": {
        *("mail_allowed_qweb_expressions", "create", "write", "unlink", "web_read"),
        *("copy", "action_view_ticket", "action_sms_on_the_way", "action_sms_no_show"),
        *("action_sms_untold_record", "action_sms_untold_again"),
        *("action_sms_untold_other", "action_sms_untold_call"),
        "action_sms_untold_told",
    },
    "helpdesk.ticket.stage": {"create", "write"},
    "helpdesk.ticket": {
        *("create", "write"),
        *("action_send_sms", "mail_allowed_qweb_expressions"),
        *("action_mark_sms_answered", "action_choose_sms_customer"),
        *("action_link_sms_contact", "action_create_sms_contact"),
        *("action_view_sms_ratings", "action_schedule_visit", "action_view_visits"),
        *("get_sms_conversation", "get_sms_changes", "get_sms_news"),
        *("preview_sms_reply", "send_sms_reply", "mark_sms_read"),
        *("get_sms_inbox_count", "get_sms_assignees", "assign_sms", "close_sms"),
        *("get_sms_waiting", "cancel_sms_waiting"),
        *("snooze_sms", "unsnooze_sms"),
        *("take_sms_way", "share_sms_presence"),
        *("action_raise_team_alert", "action_view_team_alerts"),
        "action_sms_not_incident",
    },
    "res.company": {"create", "write", "action_rotate_sms_webhook_key"},
    "res.partner": {"create", "write", "mail_allowed_qweb_expressions"},
    "sms.own.defaults": {"default_get"},
    "sms.setup.mixin": {"create", "write"},
    "sms.shared.row": {"write", "copy", "action_copy_for_company"},
    "sms.shared.copy": {"write"},
    "sms.settings": {
        *("create", "write", "execute", "cancel", "action_rotate_sms_webhook_key"),
        *("onchange", "action_encrypt"),
    },
    "helpdesk.ticket.team": {"write"},
    "sms.alert.source": {"create", "action_rotate_key", "action_view_troubles"},
    "sms.analysis": {"action_view_source"},
    "sms.country.rule": {"action_view_source"},
    "sms.area": {"action_view_contacts", "action_view_subscribers"},
    "sms.broadcast": {
        *("write", "action_check", "action_send", "action_approve"),
        *("action_pause", "action_resume", "action_cancel", "action_refresh"),
        *("action_view_recipients", "action_view_messages", "action_confirm"),
        *("action_change", "action_test_text", "action_confirm_cancel"),
        *("action_ask_why", "action_refuse"),
    },
    "sms.broadcast.refusal": {"action_refuse"},
    "sms.cached.rules": {"create", "write", "unlink"},
    "sms.checked.words": {"write"},
    "sms.composer": {
        *("action_record_sms_consent", "action_send_sms", "action_sms_test_text"),
        *("create", "write", "onchange"),
    },
    "base": {"export_data"},
    "sms.looked.up": {
        *("read", "search_read", "web_read", "web_read_group", "web_search_read"),
        *("formatted_read_group", "formatted_read_grouping_sets", "name_search"),
        "copy_data",
    },
    "sms.consent": {
        *("action_record_sms_consent", "action_erase_person", "get_story"),
    },
    "sms.consent.api": {
        *("record_consent", "record_opt_out", "get_state", "get_wordings"),
    },
    "sms.consent.check": {"action_verify", "action_export"},
    "sms.consent.import": {
        *("create", "write", "action_check", "action_import", "action_refresh"),
    },
    "sms.consent.import.column": {"write"},
    "sms.consent.mixin": {"action_record_sms_consent", "get_sms_consent_details"},
    "sms.consent.paper": {"create", "write", "action_add_scans", "action_record"},
    "sms.consent.paper.line": {"action_record", "action_view_scan"},
    "sms.consent.record": {"action_record", "action_back"},
    "sms.consent.review": {"create", "write", "action_opt_out", "action_conversation"},
    "sms.dashboard": {"get_dashboard", "set_weekly_mail"},
    "sms.erasure.wizard": {"action_erase"},
    "sms.evidence.audit": {"write", "action_make", "action_refresh"},
    "sms.evidence.wizard": {"default_get", "action_make"},
    "sms.reassigned.file": {"action_import_answers", "action_view_rows"},
    "sms.reassigned.wizard": {"default_get", "action_make"},
    "sms.incident": {
        *("create", "write", "action_publish", "action_view_broadcasts"),
        *("action_view_tickets", "action_view_mutes", "action_view_texts"),
        "action_open_status_page",
    },
    "sms.incident.publish": {
        *("action_publish", "action_count", "action_refresh", "action_test_text"),
    },
    "sms.replied.mixin": {"action_view_replies"},
    "sms.incident.news": {"create", "write"},
    "sms.incident.mute": {"action_unmute"},
    "sms.subscription": {"create", "write", "action_end"},
    "sms.keyword": {"create", "write"},
    "sms.inbound": {"write", "action_answer_replies"},
    "sms.ledger.row": {"write"},
    "sms.purpose": {"write", "action_copy_for_company"},
    "sms.purpose.company": {"create", "write"},
    "sms.relaxation.reason": {"create", "write", "unlink"},
    "sms.automation": {
        *("create", "write", "unlink", "action_view_messages", "action_dry_run"),
    },
    "sms.automation.replay": {"action_replay"},
    "sms.price": {"create", "write"},
    "sms.sender": {
        *("action_start", "action_view_messages", "action_view_failed"),
        *("create", "write"),
    },
    "sms.reschedule": {"action_move"},
    "sms.send.other": {"action_send", "action_record_sms_consent"},
    "sms.sender.number": {"create", "write", "unlink"},
    "sms.reminder": {"action_try_again"},
    "sms.redaction": {"action_try_again"},
    "sms.carrier.opt.out": {"action_try_again"},
    "sms.carrier.difference": {"action_done"},
    "sms.retention.form": {"action_save", "default_get"},
    "sms.oncall": {"get_on_call"},
    "sms.oncall.gap": {"action_view_shifts"},
    "sms.oncall.turn": {"action_take_over", "action_hand_over"},
    "sms.oncall.handover": {"action_hand_over"},
    "sms.oncall.shift": {
        *("action_take_over", "action_hand_over", "action_end_handover"),
    },
    "sms.onboarding": {
        *("get_setup", "check_account", "set_inbound_url", "take_numbers"),
        *("text_from_here", "text_from_here_with_waiting"),
        "remove_key",
    },
    "sms.registration": {"action_print"},
    "sms.test.text": {"action_send", "action_back"},
    "sms.sms": {
        *("create", "write", "send", "resend_failed"),
        *("action_cancel_waiting", "action_change_time", "action_mark_told"),
        *("action_send_again", "action_send_to_other", "action_record_and_send"),
        "action_call",
    },
    "sms.team.alert": {
        *("create", "message_new", "action_acknowledge", "action_resolve"),
        *("action_escalate", "action_refresh"),
    },
    "sms.team.alert.entry": {"action_called"},
    "sms.team.alert.raise": {"action_raise"},
    "sms.template": {
        *("create", "get_placeholders", "get_previews"),
        *("action_copy_for_company", "action_view_sms_figures"),
    },
    "sms.ticket.contact": {"action_save"},
    "sms.unusable.number": {"unlink"},
    "sms.wording": {"create", "write", "action_publish", "action_new_version"},
    "sms.virtual.phone": {
        *("get_phone_data", "get_contact", "get_messages", "send_text"),
        *("get_calls", "answer_call", "press_key", "hang_up"),
    },
    "web_tour.tour": {"consume"},
}

HOSTILE = "{{ object.company_id.sms_twilio_auth_token }}"


class TestRights(SmsCase):
    """Each group has the rights of the table, and no others."""

    def get_user(self, name):
        """Return a user of the table."""
        if name == "public_user":
            return self.env.ref("base.public_user")
        return getattr(self, name)

    def read_table(self):
        """Return ``{model: rights of each user}`` out of the table."""
        _head, *rows = RIGHTS.strip().splitlines()
        return {model: rights for model, *rights in map(str.split, rows)}

    def test_each_group_may_do_what_the_table_says(self):
        for model, rights in self.read_table().items():
            found = []
            for name in USERS:
                records = self.env[model].with_user(self.get_user(name))
                found.append(
                    "".join(
                        letter if records.has_access(operation) else "."
                        for letter, operation in OPERATIONS.items()
                    )
                )
            with self.subTest(model=model):
                self.assertEqual(found, rights)

    def test_the_table_names_every_model_of_the_addon(self):
        """A new model needs a row, so that somebody decides about its rights."""
        models = {
            name
            for name, model in self.env.registry.items()
            if model._original_module == MODULE and not model._abstract
        }
        self.assertLessEqual(models, self.read_table().keys())

    def test_every_stored_model_has_a_line_that_denies_all(self):
        """A line with a forgotten group would grant everybody access."""
        lines = self.env["ir.model.access"].search(
            [
                ("group_id", "=", False),
                ("model_id.model", "in", list(self.read_table())),
            ]
        )
        stored = {
            name
            for name, model in self.env.registry.items()
            if model._original_module == MODULE and model._auto and not model._transient
        }
        self.assertLessEqual(stored, set(lines.model_id.mapped("model")))
        for line in lines:
            with self.subTest(line=line.name):
                self.assertFalse(
                    line.perm_read
                    or line.perm_write
                    or line.perm_create
                    or line.perm_unlink
                )

    def test_nobody_changes_the_ledger_not_even_with_all_rights(self):
        event = self.record_consent()
        for changed in (event, event.with_user(self.administrator)):
            with self.assertRaises(UserError):
                changed.write({"event": "revoked"})
            with self.assertRaises(UserError):
                changed.unlink()
        for name in USERS:
            user = self.get_user(name)
            with self.subTest(user=name), self.assertRaises(AccessError):
                self.env["sms.consent.event"].with_user(user).create(
                    {
                        "company_id": self.company.id,
                        "number": self.number,
                        "event": "granted",
                        "method": "paper",
                        "happened_at": "2026-01-01",
                    }
                )

    def test_nobody_creates_or_changes_an_answer_by_hand(self):
        self.record_consent(event="revoked")
        answer = self.env["sms.consent"].search([("number", "=", self.number)])
        for name in USERS:
            user = self.get_user(name)
            with self.subTest(user=name), self.assertRaises(AccessError):
                answer.with_user(user).write({"state": "opted_in"})

    def test_a_form_of_another_user_is_out_of_reach(self):
        form = (
            self.env["sms.consent.record"]
            .with_user(self.agent)
            .create({"number": self.number})
        )
        with self.assertRaises(AccessError):
            form.with_user(self.own_agent).read(["number"])

    def test_a_composer_of_another_user_is_out_of_reach(self):
        """Each answer from the desk is one for a while, with its words."""
        self.record_consent()
        self.ticket.with_user(self.own_agent).send_sms_reply("Between us", "key")
        mine = self.env["sms.composer"].with_user(self.own_agent)
        found = mine.search([("body", "=", "Between us")])
        self.assertTrue(found)
        for user in (self.employee, self.agent, self.manager):
            with self.subTest(user=user.login):
                self.assertFalse(found.with_user(user).search([("id", "=", found.id)]))
                with self.assertRaises(AccessError):
                    found.with_user(user).read(["body"])

    def test_no_form_shows_what_a_ticket_out_of_reach_says(self):
        """A client may put any id into a form, which Odoo fills in in sudo."""
        template = self.env.ref("helpdesk_mgmt_sms.sms_template_ticket_received")
        other = self.make_ticket(self.customer, user_id=self.agent.id)
        values = {
            "composition_mode": "comment",
            "res_model": other._name,
            "res_id": other.id,
        }
        defaults = {f"default_{name}": value for name, value in values.items()}
        defaults["default_template_id"] = template.id
        shown = {"body": {}, "recipient_single_number": {}}
        preview = {"sms_template_id": template.id}
        preview["resource_ref"] = f"{other._name},{other.id}"

        def read_preview(env):
            return env["sms.template.preview"].create(preview).read(["body"])

        ways = (
            lambda env: env["sms.composer"].create({**values, "body": "Hi"}),
            lambda env: env["sms.composer"].with_context(**defaults).create({}),
            lambda env: (
                env["sms.composer"].with_context(**defaults).onchange({}, [], shown)
            ),
            lambda env: env["sms.composer"].onchange(values, ["res_id"], shown),
            lambda env: env["sms.composer"].create({"body": "Hi"}).write(values),
            read_preview,
        )
        for user in (self.own_agent, self.employee):
            for index, way in enumerate(ways):
                self.env.invalidate_all()
                with (
                    self.subTest(user=user.login, way=index),
                    self.assertRaises(AccessError),
                ):
                    way(self.env(user=user))
        for way in ways:
            self.assertTrue(way(self.env(user=self.agent)))

    def test_a_form_does_not_name_the_number_of_a_text_out_of_reach(self):
        """A client may put any id into a form, and Odoo reads its name in sudo."""
        number = phone_number(7)
        company = self.make_company("Other")
        self.own_agent.company_ids -= company
        self.agent.company_ids -= company
        sms = self.env["sms.sms"].create(
            {"number": number, "body": "Hi", "record_company_id": company.id}
        )
        spec = {"sms_id": {"fields": {"display_name": {}}}}
        for user in (self.own_agent, self.agent):
            forms = self.env["sms.send.other"].with_user(user)
            with self.subTest(user=user.login):
                told = forms.onchange({"sms_id": sms.id}, ["sms_id"], spec)
                self.assertNotIn(number, str(told))
                form = forms.create({"sms_id": sms.id})
                self.assertNotIn(number, str(form.web_read(spec)))


class TestReaders(SmsCase):
    """Who may read a record of Odoo's can read all that the addon adds to it."""

    def test_no_field_keeps_a_reader_from_the_others(self):
        """A client that names no fields reads all."""
        readers = self.employee | self.portal_user
        self.ticket.message_subscribe(readers.partner_id.ids)
        event = self.env["calendar.event"].create(
            {
                "name": "Visit",
                "start": in_a_year(),
                "stop": in_a_year(hours=1),
                "ticket_id": self.ticket.id,
                "partner_ids": [(6, 0, self.customer.ids)],
            }
        )
        records = (
            self.ticket,
            self.team,
            self.quiet_stage,
            self.company,
            self.customer,
            self.employee,
            event,
            event.attendee_ids,
            self.env.ref("helpdesk_mgmt_sms.sms_template_ticket_update"),
            self.env["sms.area"].create({"name": "Denver", "cities": "Denver"}),
        )
        users = readers | self.own_agent | self.agent | self.manager
        for user in users | self.compliance_officer:
            for record in records:
                own = record.with_user(user)
                if not own.has_access("read"):
                    continue
                names = [
                    name
                    for name in own.fields_get()
                    if own._fields[name]._module == MODULE
                    and not own._fields[name].inherited
                ]
                with self.subTest(user=user.login, model=record._name):
                    self.env.invalidate_all()
                    own.read(["id", *names])


class TestCompanyRules(SmsCase):
    """A user sees the texts and consents of the companies that they work in now."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_company = cls.make_company("Other")
        cls.compliance_officer.company_ids |= cls.other_company
        cls.companies = cls.company + cls.other_company
        for company in cls.companies:
            cls.record_consent(company=company)
            cls.env["sms.sms"].create(
                {
                    "number": cls.number,
                    "body": company.name,
                    "record_company_id": company.id,
                }
            )
            cls.env["sms.keyword"].create(
                {"word": "BASTA", "action": "stop", "company_id": company.id}
            )

    def find(self, user, model, companies):
        """Return the companies whose rows a user with access to ``companies`` finds."""
        field = "record_company_id" if model == "sms.sms" else "company_id"
        records = self.env[model].with_user(user)
        records = records.with_context(allowed_company_ids=companies.ids)
        found = records.search([(field, "in", self.companies.ids)])
        return found.sudo()[field]

    def test_rows_of_another_company_are_not_found(self):
        for company in self.companies:
            self.receive("hello", company=company)
        for model, user in (
            ("sms.sms", self.agent),
            ("sms.sms", self.compliance_officer),
            ("sms.inbound", self.agent),
            ("sms.inbound", self.compliance_officer),
            ("sms.consent", self.agent),
            ("sms.consent", self.compliance_officer),
            ("sms.consent.event", self.agent),
            ("sms.consent.event", self.compliance_officer),
            ("sms.keyword", self.own_agent),
            ("sms.keyword", self.manager),
        ):
            for companies in (self.company, self.other_company, self.companies):
                with self.subTest(model=model, user=user.login, companies=companies):
                    self.assertEqual(self.find(user, model, companies), companies)

    def test_a_row_of_another_company_cannot_be_read_by_its_id(self):
        self.agent.company_ids = self.company
        for model in ("sms.sms", "sms.consent", "sms.consent.event"):
            row = self.env[model].search([("number", "=", self.number)])[-1:]
            field = "record_company_id" if model == "sms.sms" else "company_id"
            row = self.env[model].search([(field, "=", self.other_company.id)], limit=1)
            with self.subTest(model=model), self.assertRaises(AccessError):
                row.with_user(self.agent).read(["number"])

    def test_a_manager_cannot_add_a_word_to_another_company(self):
        self.manager.company_ids = self.company
        with self.assertRaises(AccessError):
            self.env["sms.keyword"].with_user(self.manager).create(
                {"word": "SALIR", "action": "stop", "company_id": self.other_company.id}
            )

    def test_common_words_are_everybodys(self):
        keywords = self.env["sms.keyword"].with_user(self.own_agent)
        self.assertTrue(keywords.search([("word", "=", "STOP")]))


class TestMenus(SmsCase):
    """Each user sees the menus that they may use, and no others."""

    MENUS = {
        "helpdesk_mgmt.helpdesk_ticket_main_menu": "own agent manager officer",
        "helpdesk_mgmt.helpdesk_ticket_dashboard_menu": "own agent manager",
        "helpdesk_mgmt.helpdesk_ticket_menu": "own agent manager",
        f"{MODULE}.sms_menu_messages": "manager officer",
        f"{MODULE}.sms_menu_consent_numbers": "agent manager officer",
        f"{MODULE}.sms_menu_consent_events": "manager officer",
        f"{MODULE}.sms_menu_consent_reviews": "manager officer",
        f"{MODULE}.sms_menu_templates": "manager",
        f"{MODULE}.sms_menu_reporting": "agent manager officer",
    }

    def test_who_sees_which_menu(self):
        users = {
            "own": self.own_agent,
            "agent": self.agent,
            "manager": self.manager,
            "officer": self.compliance_officer,
            "employee": self.employee,
        }
        for name, user in users.items():
            visible = self.env["ir.ui.menu"].with_user(user).load_menus(False)
            found = {xmlid for xmlid in self.MENUS if self.env.ref(xmlid).id in visible}
            wanted = {x for x, names in self.MENUS.items() if name in names.split()}
            with self.subTest(user=name):
                self.assertEqual(found, wanted)


class TestSecrets(SmsCase):
    """Only administrators set secrets, and nobody can read them indirectly."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write(SECRETS)
        cls.env.flush_all()
        cls.strangers = (
            cls.manager | cls.agent | cls.employee | cls.portal_user
            | cls.compliance_officer
        )  # fmt: skip

    def assert_no_secret(self, data):
        """Check that the data that was read contains no secret."""
        text = json.dumps(data, default=str)
        for name, value in SECRETS.items():
            self.assertNotIn(value, text, name)

    def test_no_user_but_the_administrator_reads_one(self):
        for user in self.strangers:
            company = self.company.with_user(user)
            for name in (
                *SECRETS,
                "sms_inbound_url",
                "sms_twilio_messaging_service_sid",
            ):
                with self.subTest(user=user.login, field=name):
                    with self.assertRaises(AccessError):
                        company.read([name])
                    self.assertNotIn(name, company.fields_get())
        company = self.company.with_user(self.administrator)
        self.assertEqual(company.sms_webhook_key, "the-webhook-key")

    def test_reading_everything_reads_no_secret(self):
        for user in self.strangers - self.portal_user:
            company = self.company.with_user(user)
            # By Odoo's own rule only administrators may read Twilio's numbers.
            names = list(company.fields_get().keys() - {"sms_twilio_number_ids"})
            self.assert_no_secret(company.read(names))

    def test_a_secret_cannot_be_guessed_by_searching_for_it(self):
        """Letter by letter, on the company or through records that refer to it."""
        for user in (self.manager, self.agent, self.employee):
            for model, path in (
                ("res.company", ""),
                ("helpdesk.ticket", "company_id."),
                ("res.users", "company_id."),
            ):
                records = self.env[model].with_user(user)
                for name in SECRETS:
                    with (
                        self.subTest(user=user.login, model=model, field=name),
                        self.assertRaises(AccessError),
                    ):
                        records.search([(f"{path}{name}", "=like", "t%")])

    def test_a_secret_cannot_be_grouped_or_exported(self):
        self.manager.group_ids += self.env.ref("base.group_allow_export")
        company = self.company.with_user(self.manager)
        tickets = self.ticket.with_user(self.manager)
        for name in SECRETS:
            with self.subTest(field=name):
                with self.assertRaises(AccessError):
                    company.formatted_read_group([], [name], ["__count"])
                with self.assertRaises(AccessError):
                    company.export_data([name])
                with self.assertRaises(AccessError):
                    tickets.export_data([f"company_id/{name}"])

    def test_odoos_settings_are_the_administrators(self):
        for user in self.strangers:
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.env["res.config.settings"].with_user(user).create({})

    def test_the_settings_show_no_secret_to_the_administrator_either(self):
        """A browser would keep them in its memory and caches."""
        settings = self.env["sms.settings"].with_user(self.administrator)
        self.assertNotIn("sms_webhook_key", settings._fields)
        created = settings.create({})
        names = [name for name in settings._fields if name.startswith("sms_")]
        shown = {**created.read(names)[0], **settings.default_get(names)}
        self.assertNotIn("the-key-secret", json.dumps(shown, default=str))
        self.assertNotIn("the-auth-token", json.dumps(shown, default=str))
        with Form(settings) as form:
            self.assertNotIn("the-key-secret", str(form.sms_twilio_api_key_secret))
            self.assertNotIn("the-auth-token", str(form.sms_twilio_auth_token))

    def test_the_settings_keep_a_secret_that_nobody_touches(self):
        settings = self.env["sms.settings"].with_user(self.administrator)
        with Form(settings) as form:
            form.sms_consent_policy = "opt_out"
            form.sms_relaxation_reason = "The board, on 3 May"
        form.record.execute()
        self.assertEqual(self.company.sms_consent_policy, "opt_out")
        self.assertEqual(self.company.sms_twilio_api_key_secret, "the-key-secret")

    def test_the_settings_take_a_new_secret_and_can_remove_it(self):
        settings = self.env["sms.settings"].with_user(self.administrator)
        self.company.sms_provider = "twilio"
        for entered, stored in (("another-secret", "another-secret"), (False, False)):
            with Form(settings) as form:
                form.sms_twilio_api_key_secret = entered
            form.record.execute()
            self.assertEqual(self.company.sms_twilio_api_key_secret, stored)

    def test_only_the_administrator_makes_a_new_address(self):
        for user in self.strangers:
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                call_kw(
                    self.env["res.company"].with_user(user),
                    "action_rotate_sms_webhook_key",
                    [self.company.ids],
                    {},
                )
        self.company.with_user(self.administrator).action_rotate_sms_webhook_key()
        self.assertGreaterEqual(len(self.company.sms_webhook_key), 40)

    def test_a_former_address_ends_by_itself(self):
        companies = self.env["res.company"]
        key = self.company.sms_webhook_key
        self.company.action_rotate_sms_webhook_key()
        self.assertEqual(companies._find_by_sms_webhook_key(key), self.company)
        self.assertGreater(self.company._get_sms_key_end(key), fields.Datetime.now())
        self.company.sms_old_webhook_key_until -= timedelta(days=8)
        self.assertLess(self.company._get_sms_key_end(key), fields.Datetime.now())
        self.assertIsNone(self.company._get_sms_key_end(self.company.sms_webhook_key))

    def test_the_raw_form_of_a_text_is_the_administrators(self):
        inbound = self.receive("hello")
        with self.assertRaises(AccessError):
            inbound.with_user(self.agent).read(["raw"])
        self.assertNotIn("raw", inbound.with_user(self.agent).read()[0])


class TestInjection(SmsCase):
    """A customer's words are never evaluated, wherever a template inserts them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.sms_twilio_auth_token = "the-auth-token"
        cls.record_consent()
        cls.ticket.name = HOSTILE

    def send(self, mode, body, user=None, **values):
        """Send a text about the ticket by the composer; return its body."""
        target = {"res_ids": repr(self.ticket.ids)}
        if mode == "comment":
            target = {"res_id": self.ticket.id}
        composer = self.env["sms.composer"].with_user(user or self.administrator)
        composer.create(
            {
                "composition_mode": mode,
                "res_model": "helpdesk.ticket",
                "body": body,
                **target,
                **values,
            }
        ).action_send_sms()
        return self.messages_to()[-1:].body or ""

    def test_a_title_reaches_the_customer_as_it_is(self):
        """Administrators may render anything, so nothing may be rendered twice."""
        template = self.env["sms.template"].create(
            {
                "name": "Title",
                "model_id": self.env["ir.model"]._get_id("helpdesk.ticket"),
                "body": "About: {{ object.name }}",
            }
        )
        for mode in ("comment", "mass"):
            with self.subTest(mode=mode):
                ticket = self.ticket.with_user(self.administrator)
                composer = ticket.env["sms.composer"].with_context(
                    default_composition_mode=mode,
                    default_res_model="helpdesk.ticket",
                    default_res_id=ticket.id if mode == "comment" else False,
                    default_res_ids=repr(ticket.ids) if mode == "mass" else False,
                    default_template_id=template.id,
                )
                composer.create({}).action_send_sms()
                body = self.messages_to()[-1:].body
                self.assertTrue(body.startswith(f"About: {HOSTILE}"), body)
                self.assertNotIn("the-auth-token", body)

    def test_a_title_that_an_administrator_pastes_reaches_the_customer_as_it_is(self):
        self.assertTrue(self.send("comment", f"About: {HOSTILE}").startswith(
            f"About: {HOSTILE}"
        ))  # fmt: skip

    def test_a_title_rendered_by_hand_in_a_mass_message_is_not_rendered_again(self):
        body = self.send("mass", "About: {{ object.name }}")
        self.assertTrue(body.startswith(f"About: {HOSTILE}"), body)

    def test_the_chatter_shows_it_as_it_is_too(self):
        self.send("comment", f"About: {HOSTILE}")
        message = self.messages_to()[-1:].mail_message_id
        self.assertIn(HOSTILE, message.body)

    def test_an_agent_cannot_render_a_secret_in_a_mass_message(self):
        for user in (self.agent, self.manager):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.send("mass", HOSTILE, user)
        self.assertFalse(self.messages_to())

    def test_an_agents_single_message_is_sent_as_it_was_written(self):
        body = self.send("comment", HOSTILE, self.agent)
        self.assertTrue(body.startswith(HOSTILE), body)

    def test_a_stages_text_does_not_render_the_title(self):
        self.new_stage.sms_template_id = self.env.ref(
            f"{MODULE}.sms_template_ticket_received"
        )
        self.new_stage.sms_template_id.body = "New: {{ object.name }}"
        self.ticket.with_user(self.own_agent).stage_id = self.new_stage
        body = self.messages_to()[-1:].body
        self.assertTrue(body.startswith(f"New: {HOSTILE}"), body)


class TestTemplates(SmsCase):
    """Managers write the helpdesk's templates, with safe placeholders only."""

    HELPDESK_TEMPLATES = (
        *("ticket_received", "ticket_assigned", "ticket_update", "ticket_closed"),
        *("appointment_reminder", "internal"),
    )
    DANGEROUS = (
        HOSTILE,
        "{{ object.company_id.sms_webhook_key }}",
        "{{ object.number or object.company_id.sms_twilio_auth_token }}",
        "{{ object.number ||| x }}{{ object.env }}",
        "{{ object.sudo().message_ids }}",
        "{{ user.company_id }}",
        "{{ ctx }}",
        "{{ env['res.users'].sudo().search([]) }}",
        "{{ object.partner_id.phone }}",
        "{{ ().__class__ }}",
        "{{ 7 * 7 }}",
        "{{ object.unlink() }}",
    )

    def get_template(self, name, user=None):
        """Return a shipped template, as the manager sees it."""
        template = self.env.ref(f"{MODULE}.sms_template_{name}")
        user = user or self.manager
        if user == self.manager and template.model in ("helpdesk.ticket", EVENT_MODEL):
            # The shared ones are the administrator's.
            return template.with_user(user)._copy_for_company(self.company)
        return template.with_user(user)

    def create_template(self, model, body="Hello", **values):
        """Return a new template, created by the manager."""
        model_id = self.env["ir.model"]._get_id(model)
        return (
            self.env["sms.template"]
            .with_user(self.manager)
            .create({"name": "Own", "model_id": model_id, "body": body, **values})
        )

    def test_a_manager_rewords_each_template_of_the_helpdesk(self):
        """With the placeholders and the language that it ships with."""
        for name in self.HELPDESK_TEMPLATES:
            with self.subTest(template=name):
                template = self.get_template(name)
                template.body = f"Dear customer. {template.body}"
                self.assertTrue(template.body.startswith("Dear customer. "))

    def test_a_manager_searches_by_whatever_is_offered(self):
        templates = self.env["sms.template"].with_user(self.manager)
        [view] = templates.get_views([(False, "search")])["views"].values()
        names = [node.get("name") for node in etree.fromstring(view["arch"])]
        self.assertIn("name", names)
        for name in names:
            with self.subTest(name):
                templates.search([(name, "ilike", "ticket")])

    def test_a_manager_translates_them(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        template = self.get_template("ticket_closed")
        template.update_field_translations(
            "body", {"fr_FR": "Ticket {{ object.number }} clos."}
        )
        self.assertEqual(
            template.with_context(lang="fr_FR").body, "Ticket {{ object.number }} clos."
        )
        with self.assertRaises(AccessError):
            template.update_field_translations("body", {"fr_FR": HOSTILE})

    def test_a_manager_makes_and_deletes_own_ones(self):
        for model, body in (
            (
                "helpdesk.ticket",
                "Ticket {{ object.number }}: {{ object.stage_id.name }}",
            ),
            ("helpdesk.ticket", "Hi {{ object.sms_customer_name }}"),
            ("calendar.event", "At {{ object.sms_start_time }}, {{ object.location }}"),
        ):
            with self.subTest(body=body):
                self.create_template(model, body).unlink()

    def test_a_manager_cannot_save_what_could_render_a_secret(self):
        template = self.get_template("ticket_closed")
        for body in self.DANGEROUS:
            with self.subTest(body=body):
                with self.assertRaises(AccessError):
                    self.create_template("helpdesk.ticket", body)
                with self.assertRaises(AccessError):
                    template.body = body
                with self.assertRaises(AccessError):
                    template.lang = body

    def test_what_a_manager_may_name_is_never_a_secret(self):
        """Only fields of the record, or of a record that it refers to."""
        for model in ("helpdesk.ticket", "calendar.event"):
            allowed = self.env[model].mail_allowed_qweb_expressions()
            for expression in allowed:
                with self.subTest(expression=expression):
                    for secret in SECRETS:
                        self.assertNotIn(secret, expression)
                    self.assertRegex(expression, r"^object(\.\w+){1,2}$")

    def test_templates_of_other_apps_are_not_the_managers(self):
        outage = self.get_template("outage")
        self.assertTrue(outage.read(["body"]))
        with self.assertRaises(AccessError):
            outage.body = "Hello"
        with self.assertRaises(AccessError):
            outage.unlink()
        for model in ("res.partner", "res.users"):
            with self.subTest(model=model), self.assertRaises(AccessError):
                self.create_template(model)

    def test_a_template_cannot_be_moved_to_another_app(self):
        template = self.create_template("helpdesk.ticket")
        with self.assertRaises(AccessError):
            template.model_id = self.env["ir.model"]._get_id("res.partner")

    def test_an_agent_uses_templates_and_changes_none(self):
        for user in (self.agent, self.own_agent, self.employee):
            template = self.get_template("ticket_closed", user)
            self.assertTrue(template.body)
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                template.body = "Hello"

    def test_the_administrator_writes_any(self):
        template = self.get_template("outage", self.administrator)
        template.body = "{{ object.city }}"
        self.assertEqual(template.body, "{{ object.city }}")


class TestOutside(SmsCase):
    """Methods that can be called over RPC are listed here, and check the caller."""

    def get_methods(self):
        """Return the addon's methods that RPC can call, by model, and the others."""
        reached, refused = {}, []
        for name in self.env.registry:
            model = self.env[name]
            for cls in type(model).mro():
                if not cls.__module__.startswith(f"odoo.addons.{MODULE}."):
                    continue
                if getattr(cls, "_name", name) != name and cls._inherit != name:
                    continue  # a mixin's method, listed under the mixin
                for method in vars(cls):
                    if not callable(getattr(cls, method)) or method.startswith("__"):
                        continue
                    try:
                        get_public_method(model, method)
                    except AccessError:
                        refused.append((name, method))
                    else:
                        reached.setdefault(name, set()).add(method)
        return reached, refused

    def test_nothing_else_can_be_called(self):
        reached, _refused = self.get_methods()
        self.maxDiff = None
        self.assertEqual(reached, PUBLIC_METHODS)

    def test_the_ledger_and_the_outbox_cannot_be_called(self):
        _reached, refused = self.get_methods()
        for way in (
            ("sms.consent.event", "_record"),
            ("sms.ledger.row", "init"),
            ("sms.consent.evidence", "_erase"),
            ("sms.consent.evidence", "_insert_many"),
            ("sms.consent.key", "_get"),
            ("sms.consent.form", "_agree"),
            ("sms.consent.form", "_stop"),
            ("sms.consent.form", "_take_account"),
            ("sms.consent.link", "_append"),
            ("sms.consent", "_apply"),
            ("sms.consent", "_upsert"),
            ("sms.erasure", "_erase"),
            ("sms.gate", "_decide"),
            ("sms.dispatcher", "_run"),
            ("sms.opt.in", "_ask"),
            ("sms.preference.link", "_get_urls"),
            ("sms.rate.limit", "_is_over"),
            ("sms.retention", "_run"),
            ("sms.inbound", "_receive"),
            ("sms.inbound.router", "_route"),
            ("sms.sms", "_apply_reports"),
            ("sms.sms", "_cancel_waiting"),
            ("sms.sms", "_forget"),
            ("res.company", "_get_sms_account"),
            ("res.company", "_find_by_sms_webhook_key"),
            ("sms.virtual.phone", "_get_user_bus_channels"),
        ):
            with self.subTest(way=way):
                self.assertIn(way, refused)

    def test_a_call_of_a_private_method_is_refused(self):
        for model, method in (
            ("sms.consent.event", "_record"),
            ("sms.inbound", "_receive"),
            ("res.company", "_get_sms_account"),
        ):
            with self.subTest(method=method), self.assertRaises(AccessError):
                call_kw(self.env[model].with_user(self.administrator), method, [], {})

    def test_an_outsiders_call_is_refused(self):
        phone = ("sms.virtual.phone",)
        for model, method, args in (
            (*phone, "get_phone_data", []),
            (*phone, "get_contact", [self.number]),
            (*phone, "get_messages", [self.number]),
            (*phone, "send_text", [self.number, "STOP"]),
            ("helpdesk.ticket", "action_send_sms", [self.ticket.ids]),
        ):
            for user in (
                self.employee,
                self.portal_user,
                self.env.ref("base.public_user"),
            ):
                with (
                    self.subTest(method=method, user=user.login),
                    self.assertRaises(AccessError),
                ):
                    call_kw(self.env[model].with_user(user), method, args, {})

    def test_who_reads_a_message_cannot_set_its_state(self):
        """Odoo's own buttons are public methods of a model that agents may read."""
        self.record_consent(event="revoked")
        sms = self.env["sms.sms"].create(
            {
                "number": self.number,
                "body": "Hi",
                "purpose_id": self.purposes("ticket").id,
            }
        )
        for user in (self.agent, self.manager, self.compliance_officer):
            self.assertEqual(sms.with_user(user).state, "canceled")
            for method, args in (
                ("action_set_outgoing", []),
                ("action_set_canceled", []),
                ("action_set_error", ["sms_server"]),
                ("write", [{"state": "outgoing"}]),
                ("unlink", []),
            ):
                with (
                    self.subTest(user=user.login, method=method),
                    self.assertRaises(AccessError),
                ):
                    call_kw(
                        self.env["sms.sms"].with_user(user),
                        method,
                        [sms.ids, *args],
                        {},
                    )
        self.assertEqual(sms.state, "canceled")

    def test_who_reads_a_message_cannot_send_it_again(self):
        self.record_consent()
        self.ticket._message_sms("Hi")
        sms = self.messages_to()
        sms.state = "error"
        for user in (self.agent, self.manager, self.compliance_officer):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                call_kw(
                    self.env["sms.sms"].with_user(user), "resend_failed", [sms.ids], {}
                )
        self.assertEqual(sms.state, "error")
        sms.with_user(self.administrator).resend_failed()
        self.assertEqual(sms.sent_again_id.state, "outgoing")

    def test_to_send_again_what_is_blocked_is_to_ask_the_gate_again(self):
        self.record_consent(event="revoked")
        sms = self.env["sms.sms"].create(
            {
                "number": self.number,
                "body": "Hi",
                "purpose_id": self.purposes("ticket").id,
            }
        )
        sms.with_user(self.administrator).action_set_outgoing()
        self.assertEqual((sms.state, sms.gate_reason), ("canceled", "opted_out"))
        sms.with_user(self.agent).send()
        self.run_outbox()
        self.assertEqual((sms.state, sms.provider), ("canceled", False))

    def test_the_fields_that_decide_cannot_be_set_from_a_composer(self):
        """A user cannot give a text an exemption or a purpose by the context."""
        composer = self.env["sms.composer"].with_user(self.agent)
        composer = composer.with_context(
            default_exemption="help",
            default_gate_verdict="send",
            default_purpose_id=self.purposes("ticket").id,
            default_state="outgoing",
            default_record_company_id=self.company.id,
        )
        self.record_consent()
        composer.create(
            {"composition_mode": "numbers", "numbers": self.number, "body": "Buy"}
        ).action_send_sms()
        [sms] = self.messages_to()
        self.assertFalse(sms.exemption)
        self.assertEqual(sms.purpose_id.code, "marketing")
        self.assertEqual((sms.state, sms.gate_verdict), ("canceled", "block"))

    def test_nor_by_defaults_that_a_user_has_stored(self):
        """They would apply after the gate's decision, to what it reads again later."""
        defaults = self.env["ir.default"].with_user(self.agent)
        defaults.set("sms.sms", "exemption", "help", user_id=True)
        defaults.set("sms.sms", "is_call", True, user_id=True)
        self.record_consent()
        self.ticket.with_user(self.agent)._message_sms("Hello")
        [sms] = self.messages_to()
        self.assertEqual((sms.exemption, sms.is_call), (False, False))

    def test_a_read_by_the_public_finds_nothing(self):
        self.record_consent()
        public = self.env.ref("base.public_user")
        for model in ("sms.consent", "sms.inbound", "sms.sms", "sms.purpose"):
            with self.subTest(model=model), self.assertRaises(AccessError):
                self.env[model].with_user(public).search_count([])

    def test_examples_of_numbers_are_not_numbers_of_people(self):
        """The tests must never use a real person's number."""
        self.assertEqual(phone_number(999), "+12065550199")
