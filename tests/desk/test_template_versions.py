# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form

from ..clock import in_a_year
from ..common import SmsCase, phone_number


class TestVersions(SmsCase):
    """A template in all languages, written and previewed by a manager."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("fr_FR")
        cls.templates = cls.env["sms.template"].with_user(cls.manager)

    def version(self, body, lang="en_US"):
        return {"lang": lang, "name": lang, "body": body}

    def make(self, *versions, **values):
        return self.templates.create(
            {
                "name": "Own",
                "about": "helpdesk.ticket",
                "language_versions": list(versions),
                **values,
            }
        )

    def preview(self, body, lang="en_US", ticket=None, user=None):
        [found] = self.templates.with_user(user or self.manager).get_previews(
            "helpdesk.ticket",
            (ticket or self.ticket).id,
            [self.version(body, lang)],
        )
        return found

    def test_each_language_has_its_own_text(self):
        template = self.make(
            self.version("Ticket {{ object.number }}"),
            self.version("Billet {{ object.number }}", "fr_FR"),
        )
        self.assertEqual(template.model, "helpdesk.ticket")
        self.assertEqual(template.body, "Ticket {{ object.number }}")
        french = template.with_context(lang="fr_FR")
        self.assertEqual(french.body, "Billet {{ object.number }}")
        template.invalidate_recordset()
        self.assertEqual(
            {v["lang"]: v["body"] for v in template.language_versions},
            {
                "en_US": "Ticket {{ object.number }}",
                "fr_FR": "Billet {{ object.number }}",
            },
        )

    def test_a_word_in_braces_that_is_no_placeholder(self):
        """It would be sent as it is: "Hi {Custmer}"."""
        self.assertTrue(self.preview("Hi {Custmer}")["problem"])
        self.assertFalse(self.preview("Hi {{ object.sms_customer_name }}")["problem"])

    def test_a_change_of_one_leaves_the_others(self):
        template = self.make(self.version("One"), self.version("Un", "fr_FR"))
        versions = template.language_versions
        versions = [
            {**v, "body": "Deux"} if v["lang"] == "fr_FR" else v for v in versions
        ]
        template.language_versions = versions
        self.assertEqual(template.body, "One")
        self.assertEqual(template.with_context(lang="fr_FR").body, "Deux")

    def test_one_that_is_emptied_is_sent_in_another(self):
        template = self.make(self.version("One"), self.version("Un", "fr_FR"))
        versions = [self.version("One"), self.version("", "fr_FR")]
        with Form(template, view="helpdesk_mgmt_sms.sms_template_view_form") as form:
            form.language_versions = versions
        self.record_consent()
        self.customer.lang = "fr_FR"
        self.send_template(self.ticket, template.sudo())
        self.assertIn("One", self.messages_to().body)

    def edit(self, template, lang, body):
        """Open the form, change the text of one language and save it."""
        self.env.flush_all()
        self.env.invalidate_all()
        template.language_versions = [
            {**it, "body": body} if it["lang"] == lang else it
            for it in template.language_versions
        ]
        self.env.flush_all()
        self.env.invalidate_all()

    def test_a_language_without_its_own_text_follows_the_one_it_shows(self):
        template = self.make(self.version("Call 1"))
        self.edit(template, "en_US", "Call 2")
        self.assertEqual(template.with_context(lang="fr_FR").body, "Call 2")
        self.assertEqual(template._get_told_langs(), {"en_US"})

    def test_what_was_written_in_one_language_only_is_corrected_for_all(self):
        french = self.templates.with_context(lang="fr_FR")
        self.patch(self, "templates", french)
        template = self.make(self.version("Appelez 1", "fr_FR"))
        self.edit(template, "fr_FR", "Appelez 2")
        self.assertEqual(template.with_context(lang="en_US").body, "Appelez 2")
        self.assertEqual(template._get_told_langs(), {"fr_FR"})
        self.edit(template, "en_US", "Call 2")
        self.assertEqual(template.with_context(lang="fr_FR").body, "Appelez 2")
        self.assertEqual(template.with_context(lang="en_US").body, "Call 2")

    def test_an_empty_one_and_an_unknown_language_change_nothing(self):
        template = self.make(self.version("One"))
        template.language_versions = [
            self.version(""),
            self.version("Eins", "de_DE"),
            self.version("x", None),
        ]
        template.invalidate_recordset()
        self.assertEqual(template.body, "One")

    def test_a_manager_makes_one_in_the_form(self):
        view = "helpdesk_mgmt_sms.sms_template_view_form"
        with Form(self.templates, view=view) as form:
            form.name = "By form"
            form.about = "helpdesk.ticket"
            form.language_versions = [self.version("Hello")]
        self.assertEqual(form.record.body, "Hello")
        self.assertEqual(form.record.model, "helpdesk.ticket")

    def test_a_preview_is_what_the_customer_gets(self):
        self.record_consent()
        body = "Hi {{ object.sms_customer_name }}, about #{{ object.number }}: reply."
        template = self.make(self.version(body))
        self.send_template(self.ticket, template.sudo())
        found = self.preview(body)
        [message] = self.messages_to()
        self.assertEqual(found["text"], message.body)
        self.assertEqual(found["segments"], message.segment_count)
        self.assertEqual(found["encoding"], message.encoding)

    def test_a_preview_speaks_its_language(self):
        self.quiet_stage.with_context(lang="fr_FR").name = "Calme"
        self.purposes("ticket").with_context(lang="fr_FR").footer = "STOP, AIDE."
        found = self.preview("{{ object.stage_id.name }}", "fr_FR")
        self.assertEqual(found["text"], "Calme\nSTOP, AIDE.")

    def test_it_says_what_to_look_at(self):
        found = self.preview("Thx, it's done")
        self.assertNotIn("No sender", " ".join(found["advice"]), "its footer says it")
        self.purposes("ticket").footer = False
        found = self.preview("Thx, it's done")
        sentences = " ".join(found["advice"])
        for words in ("No next step", "slang: Thx", "No sender"):
            self.assertIn(words, sentences)
        good = f"{self.company.name}: ticket {{{{ object.number }}}} is closed. Reply"
        good += " here, or STOP to opt out."
        self.assertFalse(self.preview(good)["advice"])

    def test_a_missing_footer_is_told(self):
        self.purposes("ticket").footer = False
        found = self.preview(f"{self.company.name}: please reply.")
        self.assertEqual(len(found["advice"]), 1)
        self.assertIn("STOP", found["advice"][0])

    def test_nobody_looks_at_a_ticket_that_they_may_not_read(self):
        other = self.make_company("Other")
        ticket = self.make_ticket(
            self.make_customer(phone_number(3)), company_id=other.id
        )
        self.manager.company_ids = self.company
        with self.assertRaises(AccessError):
            self.preview("{{ object.name }}", ticket=ticket)

    def test_who_writes_no_templates_has_no_preview(self):
        for user in (self.agent, self.own_agent, self.employee, self.portal_user):
            with self.subTest(user=user.login):
                with self.assertRaises(AccessError):
                    self.preview("Hello", user=user)
                with self.assertRaises(AccessError):
                    self.templates.with_user(user).get_placeholders("helpdesk.ticket")

    def test_only_records_of_the_helpdesk_can_be_looked_at(self):
        for model in ("res.users", "res.partner", "ir.config_parameter", "x"):
            with self.subTest(model=model), self.assertRaises(UserError):
                self.templates.get_previews(model, 1, [self.version("Hello")])
            self.assertFalse(self.templates.get_placeholders(model))

    def test_what_no_screen_sends_is_refused_in_words(self):
        version, ticket_id = self.version("Hello"), self.ticket.id
        for arguments in (
            ("1", [version]),
            (-1, [version]),
            ({"id": 1}, [version]),
            (ticket_id, "Hello"),
            (ticket_id, ["Hello"]),
            (ticket_id, [{"lang": "xx_XX", "body": "Hello"}]),
            (ticket_id, [{"lang": [], "body": "Hello"}]),
            (ticket_id, [{"lang": "en_US", "body": 5}]),
            (ticket_id, [version], "x"),
            (ticket_id, [version], 2**40),
        ):
            with self.subTest(arguments), self.assertRaises(UserError):
                self.templates.get_previews("helpdesk.ticket", *arguments)
        for versions in (False, []):
            found = self.templates.get_previews("helpdesk.ticket", ticket_id, versions)
            self.assertEqual(found, [])

    def test_an_offer_to_canada_gives_the_postal_address(self):
        template = self.make(self.version("News"))
        rule = {"level": "template", "template_id": template.id}
        rule["purpose_id"] = self.purposes("marketing").id
        self.env["sms.purpose.rule"].create(rule)
        place = {"street": "1 Main St", "city": "Denver", "phone": "303 555 0100"}
        self.company.partner_id.write(place)
        texts = []
        for number in ("+16475550142", "+33612345678"):
            self.ticket.partner_phone = number
            [found] = self.templates.with_user(self.manager).get_previews(
                "helpdesk.ticket", self.ticket.id, [self.version("News")], template.id
            )
            texts.append(found)
        canadian, french = texts
        self.assertIn("1 Main St, Denver", canadian["text"])
        self.assertNotIn("Main St", french["text"])
        self.assertGreater(canadian["units"], french["units"])

    def test_a_private_appointment_of_others_is_not_shown(self):
        event = self.env["calendar.event"].create(
            {
                **{"name": "Check-up", "location": "City clinic"},
                **{"privacy": "private", "user_id": self.agent.id},
                "partner_ids": [(6, 0, self.agent.partner_id.ids)],
                **{"start": in_a_year(), "stop": in_a_year(hours=1)},
            }
        )
        for record_id in (event.id, False):
            [found] = self.templates.get_previews(
                "calendar.event", record_id, [self.version("At {{ object.location }}")]
            )
            self.assertNotIn("clinic", found["text"])

    def test_without_a_record_the_words_are_shown_as_they_are(self):
        self.env["calendar.event"].search([]).unlink()
        [found] = self.templates.get_previews(
            "calendar.event", False, [self.version("At {{ object.sms_start_time }}")]
        )
        self.assertTrue(found["text"].startswith("At {{ object.sms_start_time }}"))
