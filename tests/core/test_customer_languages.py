# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Everything that customers read is in their language, and nothing in another."""

import re
from datetime import datetime

from lxml import html

from odoo.tools import frozendict

from odoo.addons.http_routing.tests.common import MockRequest

from ...controllers.incident import IncidentController
from ...controllers.ticket import TicketController
from ...models.appointment.calendar_event_texts import FACTS_KEY, AppointmentFacts
from ...models.core import moments
from ..clock import freeze_time
from ..common import SmsCase

MODULE = "helpdesk_mgmt_sms"
#: The shipped languages, with the words that they have in common with English.
LANGS = {
    "es_ES": "error me no odoo plan ticket tickets use",
    "fr_FR": "cause confirmations contact exact incident maintenance me message "
    "messages minutes mobile moment odoo on page photo plan services ticket tickets",
    "de_DE": "an apps helpdesk in link manager moment odoo plan problem so status "
    "support team text ticket tickets was will",
}
#: A Tuesday in December: both are named differently in each of these languages.
START = datetime(2026, 12, 8, 21)
#: Prefixes of the names of pages that customers open.
PAGES = ("public_", "portal_")
FILLED_IN = re.compile(r"\{\{.*?\}\}|\{\w*\}|%\(\w+\)s|%s|<[^>]*>|&\w+;|https?:\S+")
#: A word, except SMS, which is the same in each language.
WORD = re.compile(r"(?!SMS)[^\W\d_]{2,}")
#: A name of people and things that is no word in any language.
NAME = "Qxz"


def find_words(text):
    """Return the words of a text, without those in capitals, which are keywords."""
    words = WORD.findall(FILLED_IN.sub(" ", text or ""))
    return {word.casefold() for word in words if not word.isupper()}


@freeze_time("2026-12-01 18:00:00")
class TestCustomersLanguages(SmsCase):
    """Check every shipped text and page in each language."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for lang in LANGS:
            cls.env["res.lang"]._activate_lang(lang)
        modules = cls.env["ir.module.module"]
        modules._load_module_terms(["helpdesk_mgmt", MODULE], list(LANGS))
        cls.env.invalidate_all()
        cls.company.write({"name": NAME, "phone": "+1 303 555 0199"})
        # Cities that have another name in each of the languages.
        cls.company.partner_id.tz = "Europe/Warsaw"
        cls.customer.write({"name": NAME, "tz": "Europe/Athens", "city": NAME})
        cls.customer.state_id = cls.env["res.country.state"].create(
            {"name": NAME, "code": "QX", "country_id": cls.country.id}
        )
        cls.own_agent.name = NAME
        cls.ticket.write({"name": NAME, "stage_id": cls.new_stage.id})
        cls.event = cls.env["calendar.event"].create(
            {
                "name": NAME,
                "start": START,
                "stop": START.replace(hour=22),
                "ticket_id": cls.ticket.id,
                "technician_id": cls.own_agent.id,
                "partner_ids": [(6, 0, cls.customer.ids)],
            }
        )
        cls.incident = cls.env["sms.incident"].create(
            {"name": NAME, "planned_from": START, "planned_to": START.replace(day=9)}
        )

    @classmethod
    def get_shipped(cls, model):
        """Return ``(name, record)`` of the shipped records of a model."""
        domain = [("module", "=", MODULE), ("model", "=", model)]
        found = cls.env["ir.model.data"].search(domain, order="name")
        return [(it.name, cls.env[model].browse(it.res_id)) for it in found]

    # === Texts that customers read ===

    def read_templates(self, lang):
        """Yield the rendered templates."""
        facts = AppointmentFacts(
            self.customer.id, START, known=START.replace(hour=17), count=3
        )
        records = {it._name: it for it in (self.ticket, self.event, self.customer)}
        for name, template in self.get_shipped("sms.template"):
            template = template.with_context(
                **{FACTS_KEY: frozendict({self.event.id: facts})}
            )
            yield name, template._render_text(records[template.model], lang=lang)

    def read_fields(self, lang):
        """Yield the stored texts of replies, keywords, purposes and plans."""
        for model, *names in (
            ("sms.reply", "body"),
            ("sms.keyword", "answer"),
            ("sms.purpose", "name", "description", "footer"),
            ("sms.team.alert.plan", "body"),
        ):
            for xmlid, record in self.get_shipped(model):
                for name in names:
                    yield f"{xmlid}.{name}", record.with_context(lang=lang)[name]

    def read_wordings(self, lang):
        """Yield the wordings of consent, as they are shown."""
        purposes = self.env["sms.purpose"].search([])
        wordings = self.env["sms.wording"]._get_published(self.company, purposes, lang)
        self.assertEqual(len(wordings), 5)
        self.assertEqual(set(wordings.mapped("lang")), {lang})
        for wording in wordings:
            yield wording.display_name, wording._render(self.company)

    def read_incident(self, lang):
        """Yield the texts about a maintenance and an outage."""
        incident = self.incident.with_context(lang=lang)
        yield "begins", incident._say_begin()
        yield "ends", incident._say_end()
        yield "is near", incident._say_reminder()
        yield "takes longer", incident._say_longer(START)
        yield "news", incident._render_news(NAME)
        for state in ("planned", "open", "resolved", "cancelled"):
            yield state, incident._suggest_news(state)
        for kind in ("opening", "update", "resolved"):
            yield kind, incident._get_body(kind)

    def read_views(self, lang):
        """Yield all translatable terms of the pages."""
        field = self.env["ir.ui.view"]._fields["arch_db"]
        for name, view in self.get_shipped("ir.ui.view"):
            if view.type == "qweb" and name.startswith(PAGES):
                arch = view.with_context(lang=lang).arch_db
                for number, term in enumerate(field.get_trans_terms(arch)):
                    yield f"{name} {number}", term

    def read_pages(self, lang):
        """Yield the rendered pages that show times and states."""
        env = self.env(su=True, context={"lang": lang})
        with MockRequest(env) as request:
            request.env, request.httprequest.path = env, "/"
            pages = {
                "public_incident": IncidentController()._get_values(
                    self.incident.with_env(env)
                ),
                "public_ticket": TicketController()._get_values(
                    self.ticket.with_env(env), "Europe/Athens"
                ),
            }
        layout = {"language": lang, "direction": "ltr", "csrf_token": ""}
        for name, values in pages.items():
            page = env["ir.qweb"]._render(f"{MODULE}.{name}", {**layout, **values})
            yield name, html.fromstring(str(page)).text_content()

    def read_all(self, lang):
        """Return all texts that customers read in a language, by name."""
        return {
            f"{read.__name__} {name}": text or ""
            for read in (
                *(self.read_templates, self.read_fields, self.read_wordings),
                *(self.read_incident, self.read_views, self.read_pages),
            )
            for name, text in read(lang)
        }

    # === Tests ===

    def test_there_is_no_english_in_any_other_language(self):
        english = self.read_all("en_US")
        self.assertGreater(len(english), 150)
        words = set().union(*map(find_words, english.values())) - {NAME.casefold()}
        self.assertLessEqual({"at", "dec", "athens", "warsaw", "agree"}, words)
        for lang, shared in LANGS.items():
            foreign = words - set(shared.split())
            spoken = self.read_all(lang)
            faults = [
                f"{lang} {name}: {', '.join(sorted(found))} in “{text.strip()}”"
                for name, text in spoken.items()
                if (found := find_words(text) & foreign)
            ]
            self.assertFalse(faults, "\n".join(faults))
            silent = [it for it in spoken if english.get(it) and not spoken[it]]
            self.assertFalse(silent)

    def test_a_number_without_a_contact_speaks_by_its_country(self):
        received = self.env.ref(f"{MODULE}.sms_template_ticket_received")
        for number, start in (
            ("+4915112345678", "Hallo, Ihr Ticket"),
            ("+33612345678", "Bonjour, votre ticket"),
            ("+34612345678", "Hola, hemos recibido"),
            ("+13035550123", "Hi, your ticket"),
            ("+390612345678", "Hi, your ticket"),
        ):
            with self.subTest(number):
                ticket = self.make_ticket(partner_phone=number, user_id=self.agent.id)
                self.record_consent(number)
                self.send_template(ticket, received)
                [sms] = self.messages_to(number)
                self.assertTrue(sms.body.startswith(start), sms.body)
                lang = self.company._find_sms_lang(False, number)
                footer = self.purposes("ticket").with_context(lang=lang).footer
                self.assertTrue(sms.body.endswith(footer), sms.body)
                self.receive("STOP", number)
                self.assertEqual(
                    self.messages_to(number)[-1].body,
                    self.env["sms.reply"]._render("stop_done", self.company, lang),
                )

    def test_a_text_in_one_language_gets_no_footer_in_another(self):
        template = self.env["sms.template"].with_context(lang="de_DE")
        template = template.create(
            {
                "name": NAME,
                "model_id": self.env["ir.model"]._get_id("helpdesk.ticket"),
                "body": "Ihr Ticket {{ object.number }} wartet auf Sie.",
            }
        )
        self.record_consent()
        german = self.purposes("ticket").with_context(lang="de_DE").footer
        for lang in ("fr_FR", "en_US", "de_DE"):
            self.customer.lang = lang
            self.send_template(self.ticket, template)
            body = self.messages_to()[-1].body
            self.assertTrue(body.endswith(f"wartet auf Sie.\n{german}"), body)

    def test_it_goes_on_in_the_language_of_the_word_that_it_texted(self):
        number = "+13035550124"
        inbound = self.receive("ayuda", number)
        self.assertEqual(inbound.lang, "es_ES")
        self.assertIn("para darse de baja", self.messages_to(number)[-1].body)
        self.receive("SUPPORT", number)
        self.assertIn("para recibir SMS sobre", self.messages_to(number)[-1].body)
        self.receive("YES", number)
        self.assertIn("se ha dado de alta", self.messages_to(number)[-1].body)
        ticket = self.make_ticket(partner_phone=number)
        ticket._message_sms("Hola", number_field="partner_phone")
        self.assertIn("darse de baja", self.messages_to(number)[-1].body)
        # A contact's own language comes first.
        self.customer.lang = "de_DE"
        self.receive("ayuda")
        self.assertIn("Antworten Sie", self.messages_to()[-1].body)

    def test_a_language_that_is_not_used_any_more(self):
        self.customer.lang = "fr_FR"
        self.env["res.lang"]._get_data(code="fr_FR")
        lang = self.env["res.lang"].search([("code", "=", "fr_FR")])
        self.cr.execute("UPDATE res_lang SET active = FALSE WHERE id = %s", [lang.id])
        self.env.registry.clear_all_caches()
        self.env.invalidate_all()
        self.record_consent()
        self.ticket._message_sms("Hello")
        self.assertTrue(self.messages_to()[-1].body.endswith(self.footer))
        self.receive("HELP")
        self.assertIn("For help:", self.messages_to()[-1].body)
        purposes = self.purposes("ticket")
        found = self.env["sms.wording"]._get_published(self.company, purposes, "fr_FR")
        self.assertEqual(found.lang, "en_US")

    def test_consent_is_given_in_the_words_that_were_read(self):
        forms = self.env["sms.consent.form"].sudo().with_context(lang="fr_FR")
        purposes, number = self.purposes("ticket"), "+13035550125"
        trace = forms._get_trace("192.0.2.1", "Browser", "/sms/join")
        [choice] = forms._get_choices(self.company, "", purposes)
        self.assertTrue(choice.text.startswith("J'accepte que Qxz m'envoie des SMS"))
        form = {"phone": number, choice.field: str(choice.wording.id)}
        self.assertFalse(forms._take_join(self.company, form, trace))
        self.assertIn("pour recevoir des SMS", self.messages_to(number)[-1].body)
        self.receive("YES", number)
        self.assertIn("inscription confirmée", self.messages_to(number)[-1].body)
        event = self.env["sms.consent.event"].search([("event", "=", "confirmed")])[:1]
        self.assertEqual(event.evidence_id.wording, choice.text)
        self.assertEqual(event.wording_id, choice.wording)
        self.assertEqual(event.wording_digest, choice.wording.digest)

    def test_words_of_several_purposes_are_in_one_language(self):
        own = self.env["sms.purpose"].create({"name": NAME, "code": "own"})
        english = self.env["sms.wording"].create(
            {"purpose_id": own.id, "lang": "en_US", "body": "I agree. {company}"}
        )
        english.action_publish()
        both = self.purposes("ticket") | own
        get = self.env["sms.wording"]._get_published
        self.assertEqual(
            get(self.company, both, "de_DE").mapped("lang"), ["de_DE", "en_US"]
        )
        found = get(self.company, both, "de_DE", as_one=True)
        self.assertEqual(set(found.mapped("lang")), {"en_US"})

    def test_a_language_without_translation_says_its_times_in_english(self):
        self.env["res.lang"]._activate_lang("it_IT")
        italian = self.event.with_context(lang="it_IT")
        self.assertEqual(italian.sms_when, self.event.sms_when)
        self.assertEqual(moments.get_spoken_lang(italian.env), "en_US")
        self.env["res.lang"]._activate_lang("es_MX")
        mexican = self.event.with_context(lang="es_MX")
        self.assertEqual(moments.get_spoken_lang(mexican.env), "es_MX")
        self.assertIn("dic", mexican.sms_when)
