# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...models.ledger.sms_purpose import SHIPPED_CODES
from ...tools import keywords, reply_codes, texts
from ...tools.segments import count_segments
from ..clock import freeze_time
from ..common import SmsCase

#: A long but usual name, with which the texts must not become too long.
COMPANY_NAME = "Northwind IT Services LLC"
#: More would be long for a text, and three times the price.
MAX_SEGMENTS = 2
#: Codes of replies to keywords and ratings, not to appointments, incidents, alerts.
CODES = (
    *("stop_done", "stop_purpose", "help", "start_done", "start_nothing"),
    *("join_question", "join_done", "join_already"),
    *("status_list", "status_none", "status_unknown"),
    *("rating_done", "rating_reopened"),
)


class KeywordCase(SmsCase):
    """Common base: managers edit keywords and replies."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ticket_purpose = cls.purposes("ticket")
        cls.alert_purpose = cls.purposes("alert")

    def add_word(self, word, action=keywords.STOP, **values):
        """Return a new keyword; a shared one is made by an administrator."""
        user = self.manager if values.get("company_id") else self.administrator
        words = self.env["sms.keyword"].with_user(user)
        return words.create({"word": word, "action": action, **values})

    def add_join(self, word, purpose=None, **values):
        """Return a new joining keyword."""
        purpose = purpose or self.ticket_purpose
        return self.add_word(
            word, keywords.JOIN, purpose_ids=[(6, 0, purpose.ids)], **values
        )

    def understand(self, text, company=None):
        """Return the action of a text in a company, and its keyword if it is one."""
        words = self.env["sms.keyword"]._get_words(company or self.company)
        action, word = keywords.find_action(text, words)
        keyword_id = words.get(action, {}).get(word)
        return action, self.env["sms.keyword"].browse(keyword_id)


@tagged("post_install", "-at_install")
class TestMandatoryWords(KeywordCase):
    """The keywords required by law and carriers exist, and cannot be removed."""

    def test_every_mandatory_word_ships_with_its_action(self):
        for action, words in keywords.MANDATORY_WORDS.items():
            for word in words:
                with self.subTest(word=word):
                    found = self.env["sms.keyword"].search([("word", "=", word)])
                    self.assertEqual(found.mapped("action"), [action])
                    self.assertTrue(found.mandatory)
                    self.assertFalse(found.company_id)

    def test_nothing_else_is_mandatory(self):
        mandatory = self.env["sms.keyword"].search([("mandatory", "=", True)])
        named = {word for words in keywords.MANDATORY_WORDS.values() for word in words}
        self.assertEqual(set(mandatory.mapped("word")), named)

    def test_a_manager_cannot_delete_archive_or_change_one(self):
        stop = self.env.ref("helpdesk_mgmt_sms.sms_keyword_stop").with_user(
            self.manager
        )
        for name, value in (
            ("active", False),
            ("word", "HALT"),
            ("action", "help"),
            ("company_id", self.company.id),
            ("mandatory", False),
        ):
            with self.subTest(field=name), self.assertRaises(UserError):
                stop[name] = value
        with self.assertRaises(UserError):
            stop.unlink()
        with self.assertRaises(UserError):
            stop.action_archive()
        self.assertEqual(self.understand("stop"), ("stop", stop.with_env(self.env)))

    def test_a_list_with_one_mandatory_word_cannot_be_deleted(self):
        words = self.add_word("BASTA")
        words |= self.env.ref("helpdesk_mgmt_sms.sms_keyword_quit")
        with self.assertRaises(UserError):
            words.with_user(self.manager).unlink()

    def test_the_administrator_cannot_remove_one_either(self):
        stop = self.env.ref("helpdesk_mgmt_sms.sms_keyword_stop")
        stop = stop.with_user(self.administrator)
        with self.assertRaises(UserError):
            stop.active = False
        with self.assertRaises(UserError):
            stop.unlink()

    def test_a_context_from_outside_does_not_open_the_lock(self):
        """A client's context must not pass for an installation."""
        stop = self.env.ref("helpdesk_mgmt_sms.sms_keyword_stop")
        stop = stop.with_user(self.manager).with_context(install_mode=True)
        with self.assertRaises(UserError):
            stop.active = False
        with self.assertRaises(UserError):
            stop.action = "help"

    def test_a_manager_cannot_make_a_word_mandatory(self):
        """It could never be deleted again."""
        word = self.add_word("Basta", mandatory=True)
        self.assertFalse(word.mandatory)
        word.mandatory = True
        self.assertFalse(word.mandatory)
        word.unlink()
        model = self.env["sms.keyword"].with_user(self.administrator)
        model = model.with_context(default_mandatory=True, default_word="basta  ya")
        word = model.create({"action": keywords.STOP, "word": "Basta ya"})
        self.assertFalse(word.mandatory)

    def test_a_mandatory_word_works_without_its_row(self):
        """Also if a script has deleted the row."""
        self.env.cr.execute("DELETE FROM sms_keyword")
        self.env.invalidate_all()
        self.assertEqual(self.understand("Stop.")[0], "stop")
        self.assertEqual(self.understand("opt-out")[0], "stop")
        self.assertEqual(self.understand("help?")[0], "help")


@tagged("post_install", "-at_install")
class TestOwnWords(KeywordCase):
    """Managers add keywords, and each has only one meaning."""

    def test_a_word_is_stored_as_texts_are_compared(self):
        word = self.add_word(" ¡No más! ")
        self.assertEqual(word.word, "NO MÁS")
        self.assertEqual(self.understand("no más")[0], "stop")
        word.word = "déjame  en paz"
        self.assertEqual(self.understand("DÉJAME EN PAZ")[0], "stop")
        self.assertIsNone(self.understand("no más")[0])

    def test_an_archived_own_word_means_nothing_any_more(self):
        word = self.add_word("BASTA")
        word.active = False
        self.assertIsNone(self.understand("basta")[0])

    def test_a_word_without_letters_or_digits_is_refused(self):
        for word in ("", " ", "...", "👍"):
            with self.subTest(word=word), self.assertRaises(ValidationError):
                self.add_word(word)

    def test_yes_has_no_other_meaning(self):
        with self.assertRaises(ValidationError):
            self.add_join("yes!", company_id=self.company.id)

    def test_a_joining_word_must_say_what_is_joined(self):
        with self.assertRaises(ValidationError):
            self.add_word("ALERTS", keywords.JOIN)
        word = self.add_join("ALERTS")
        with self.assertRaises(ValidationError):
            word.purpose_ids = False

    def test_a_duplicate_is_refused(self):
        """In any case, and by a unique index, so that no two pass at the same time."""
        self.add_word("BASTA")
        self.add_word("BASTA", company_id=self.company.id)
        for values in ({}, {"company_id": self.company.id}):
            with (
                self.subTest(**values),
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError),
                self.env.cr.savepoint(),
            ):
                self.add_word("basta!", **values)

    def test_a_carriers_word_cannot_get_another_meaning(self):
        for word in ("Stop", "HELP", "start", "opt-out"):
            with self.subTest(word=word), self.assertRaises(ValidationError):
                self.add_join(word, company_id=self.company.id)

    def test_a_word_cannot_have_two_meanings_in_one_company(self):
        """Or one of them would not do what customers were promised."""
        own = self.add_join("NEWS", company_id=self.company.id)
        with self.assertRaises(ValidationError):
            self.add_word("NEWS")
        with self.assertRaises(ValidationError, msg="ARRÊT ships"):
            self.add_join("ARRET", company_id=self.company.id)
        own.unlink()
        self.add_word("NEWS")
        with self.assertRaises(ValidationError):
            self.add_join("NEWS", company_id=self.company.id)

    def test_two_companies_may_give_a_word_two_meanings(self):
        other = self.make_company("Other")
        self.add_join("NEWS", company_id=self.company.id)
        self.add_word("NEWS", company_id=other.id)
        self.assertEqual(self.understand("news")[0], "join")
        self.assertEqual(self.understand("news", other)[0], "stop")

    def test_a_companys_own_word_goes_before_the_common_one(self):
        common = self.add_join("NEWS")
        own = self.add_join("NEWS", self.alert_purpose, company_id=self.company.id)
        other = self.make_company("Other")
        self.assertEqual(self.understand("news")[1], own.with_env(self.env))
        self.assertEqual(self.understand("news", other)[1], common.with_env(self.env))

    def test_an_agent_reads_words_and_changes_none(self):
        support = self.env.ref("helpdesk_mgmt_sms.sms_keyword_support")
        support = support.with_user(self.agent)
        self.assertEqual(support.word, "SUPPORT")
        with self.assertRaises(AccessError):
            support.word = "ME"
        with self.assertRaises(AccessError):
            support.unlink()
        with self.assertRaises(AccessError):
            support.copy({"word": "ME"})

    def test_support_joins_what_the_helpdesk_sends_and_no_offers(self):
        support = self.env.ref("helpdesk_mgmt_sms.sms_keyword_support")
        self.assertEqual(
            set(support.purpose_ids.mapped("code")), {"ticket", "appointment", "alert"}
        )


@tagged("post_install", "-at_install")
class TestReplies(KeywordCase):
    """Replies to keywords have the carriers' mandatory words, and advertise nothing."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write({"name": COMPANY_NAME, "phone": "+1 303-555-0100"})
        cls.replies = cls.env["sms.reply"].search([])

    def render(self, code, purposes="Tickets, Appointments, Outages and system alerts"):
        """Return a reply as a customer gets it."""
        return self.env["sms.reply"]._render(
            code,
            self.company,
            "en_US",
            purposes=purposes,
            tickets="HT00042 Printer jams: New",
            ticket="HT00042",
        )

    def test_every_answer_ships_once(self):
        codes = [code for code, _name in self.replies._fields["code"].selection]
        self.assertEqual(sorted(self.replies.mapped("code")), sorted(codes))

    def test_every_answer_names_the_company_and_leaves_no_placeholder(self):
        for code in CODES:
            with self.subTest(code=code):
                text = self.render(code)
                self.assertTrue(text.startswith(COMPANY_NAME), text)
                self.assertNotRegex(text, r"[{}]")

    def test_every_answer_is_short_and_plain(self):
        for code in CODES:
            with self.subTest(code=code):
                segments = count_segments(self.render(code))
                self.assertEqual(segments.encoding, "GSM-7")
                self.assertLessEqual(segments.count, MAX_SEGMENTS)

    def test_no_answer_sells_anything(self):
        """An advertisement would make the confirmation of an opt-out unlawful."""
        promotional = re.compile(
            r"\b(offer|sale|save|discount|free|deal|buy|visit|http)|www\.|%|\$", re.I
        )
        for code in CODES:
            with self.subTest(code=code):
                self.assertNotRegex(self.render(code), promotional)

    def test_the_confirmation_of_an_opt_out_only_confirms(self):
        text = self.render("stop_done")
        self.assertIn("you have opted out", text)
        self.assertIn("no more text messages", text)
        self.assertEqual(count_segments(text).count, 1)

    def test_help_names_the_program_a_contact_and_the_way_out(self):
        text = self.render("help")
        for part in (COMPANY_NAME, "IT support", "+1 303-555-0100", "STOP", "rates"):
            with self.subTest(part=part):
                self.assertIn(part, text)

    def test_help_falls_back_to_the_mail_address(self):
        self.company.write({"phone": False, "email": "help@northwind.example"})
        self.assertIn("help@northwind.example", self.render("help"))

    def test_help_of_a_company_without_a_contact_says_so_in_the_sandbox(self):
        self.company.write({"phone": False, "email": False})
        self.assertIn("For help: not set yet.", self.render("help"))
        self.company.sms_provider = "twilio"
        self.assertIn(f"For help: {COMPANY_NAME}", self.render("help"))

    def test_the_question_says_all_that_must_be_known_before_joining(self):
        """CTIA 5.1.2: program, frequency, fees, HELP, STOP; and it asks for YES."""
        text = self.render("join_question")
        for part in ("reply YES", "frequency", "data rates", "STOP", "HELP", "Tickets"):
            with self.subTest(part=part):
                self.assertIn(part, text)

    def test_a_manager_may_reword_but_not_hide_the_way_out(self):
        for code, ill in (
            ("help", "Call {contact}."),
            ("join_question", "Reply YES. You cannot get out."),
            ("join_question", "Do you agree? STOP ends it."),
            ("join_done", "Welcome to {company}."),
        ):
            reply = self.replies.filtered(lambda reply, code=code: reply.code == code)
            reply = reply.with_user(self.manager)
            with self.subTest(code=code), self.assertRaises(AccessError):
                reply.body = "{company}: YES, STOP"
            reply = reply._copy_for_company(self.company)
            with self.subTest(code=code), self.assertRaises(ValidationError):
                reply.body = ill
            with self.subTest(code=code), self.assertRaises(ValidationError):
                reply.update_field_translations("body", {"en_US": ill})
        reply.body = "{company}: welcome. Text stop to leave, help for help."
        self.assertIn("welcome", self.render("join_done"))

    def test_an_answer_cannot_be_deleted_or_doubled(self):
        reply = self.replies[0]
        with self.assertRaises(AccessError):
            reply.with_user(self.manager).unlink()
        with self.assertRaises(UserError):
            reply.unlink()
        own = reply.with_user(self.manager)._copy_for_company(self.company)
        for doubled in (reply.with_user(self.administrator), own):
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError),
                self.env.cr.savepoint(),
            ):
                doubled.copy()
        own.unlink()

    def test_a_wording_cannot_reach_into_records(self):
        reply = self.replies.filtered(lambda reply: reply.code == "stop_done")
        reply = reply.with_user(self.manager)._copy_for_company(self.company)
        for body in (
            "{company.sms_webhook_key} done",
            "{company!r} done",
            "{{ object.env }} done",
            "{unknown} { done",
        ):
            with (
                self.subTest(body=body),
                self.assertRaisesRegex(ValidationError, "is not a placeholder"),
            ):
                reply.body = body
        reply.body = "Done {"
        self.assertEqual(self.render("stop_done"), "Done {")

    def test_a_misspelled_placeholder_is_refused_in_each_language(self):
        """Customers would read it as it is."""
        self.env["res.lang"]._activate_lang("fr_FR")
        reply = self.replies.filtered(lambda reply: reply.code == "rating_done")
        reply = reply.with_user(self.manager)._copy_for_company(self.company)
        for body in ("Thanks, {compny}.", "Thanks. {choices}"):
            with self.subTest(body), self.assertRaises(ValidationError):
                reply.body = body
        with self.assertRaises(ValidationError):
            reply.update_field_translations("body", {"fr_FR": "Merci, {societe}."})
        reply.body = "{company}, {contact}: thanks for ticket { ticket }."

    def test_each_shipped_reply_has_only_placeholders_that_are_filled_in(self):
        for reply in self.env["sms.reply"].search([]):
            with self.subTest(reply.code):
                known = reply_codes.get_placeholders(reply.code)
                self.assertFalse(texts.find_unknown(reply.body, known))

    def test_a_translation_is_used_for_its_reader(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        reply = self.replies.filtered(lambda reply: reply.code == "stop_done")
        reply.with_context(lang="fr_FR").body = "{company} : vous êtes désinscrit."
        text = self.env["sms.reply"]._render("stop_done", self.company, "fr_FR")
        self.assertEqual(text, f"{COMPANY_NAME} : vous êtes désinscrit.")
        self.assertIn("you have opted out", self.render("stop_done"))


@tagged("post_install", "-at_install")
class TestPurposes(KeywordCase):
    """Shipped purposes have a footer that says how to opt out."""

    def test_the_shipped_purposes_are_there_with_their_footer(self):
        for code in SHIPPED_CODES:
            with self.subTest(code=code):
                purpose = self.env["sms.purpose"]._get(code)
                self.assertTrue(purpose.active)
                self.assertTrue(purpose.name and purpose.description)
                self.assertEqual(
                    purpose.footer, "Reply STOP to opt out, HELP for help."
                )

    def test_what_a_customer_reads_of_a_purpose_can_be_translated(self):
        fields = self.env["sms.purpose"]._fields
        for name in ("name", "description", "footer"):
            with self.subTest(field=name):
                self.assertTrue(fields[name].translate)

    def test_only_offers_are_not_the_helpdesks(self):
        purposes = self.env["sms.purpose"].search([("code", "in", SHIPPED_CODES)])
        others = purposes.filtered(lambda purpose: not purpose.is_helpdesk)
        self.assertEqual(others.mapped("code"), ["marketing"])

    def test_the_urgent_ones_leave_first(self):
        purposes = self.env["sms.purpose"].search([("code", "in", SHIPPED_CODES)])
        codes = purposes.sorted("sequence").mapped("code")
        self.assertEqual(codes[:2], ["internal", "alert"])
        self.assertEqual(codes[-1], "marketing")

    def test_an_administrator_writes_footers_but_keeps_the_shipped_purposes(self):
        purpose = self.ticket_purpose.with_user(self.administrator)
        purpose.footer = "STOP to leave, HELP for help."
        with self.assertRaises(UserError):
            purpose.code = "other"
        with self.assertRaises(UserError):
            purpose.unlink()
        own = (
            self.env["sms.purpose"]
            .with_user(self.administrator)
            .create({"name": "Surveys", "code": "survey"})
        )
        own.name = "Polls"
        own.unlink()

    def test_an_unknown_purpose_is_named_in_the_error(self):
        with self.assertRaisesRegex(UserError, "surveys"):
            self.env["sms.purpose"]._get("surveys")

    def test_an_archived_purpose_is_still_found_by_the_code(self):
        self.ticket_purpose.active = False
        self.assertEqual(self.env["sms.purpose"]._get("ticket"), self.ticket_purpose)


@tagged("post_install", "-at_install")
class TestShippedTemplates(KeywordCase):
    """The shipped texts as customers get them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.write(
            {
                "name": "Dana Fields",
                "state_id": cls.env.ref("base.state_us_6").id,
                "tz": "America/Denver",
            }
        )
        cls.own_agent.name = "Ana Rey"
        cls.ticket.name = "Server 4 offline"
        cls.event = cls.env["calendar.event"].create(
            {
                "name": "Visit",
                "start": "2026-11-03 20:30:00",
                "stop": "2026-11-03 21:00:00",
                "user_id": cls.own_agent.id,
                "partner_ids": [(6, 0, (cls.own_agent.partner_id + cls.customer).ids)],
            }
        )

    def render(self, xmlid, record):
        """Return a shipped template's text about a record."""
        template = self.env.ref(f"helpdesk_mgmt_sms.sms_template_{xmlid}")
        return template._render_field("body", record.ids, compute_lang=True)[record.id]

    @freeze_time("2026-11-03 15:00:00")
    def test_the_four_texts_are_the_houses(self):
        self.company.partner_id.tz = "America/Denver"
        for xmlid, record, expected in (
            (
                "ticket_received",
                self.ticket,
                f"Hi Dana Fields, your ticket #{self.ticket.number} has been received "
                "and assigned to a technician. We'll provide an update ASAP.",
            ),
            (
                "appointment_reminder",
                self.event,
                "Hi Dana Fields, this is a reminder of your IT appointment with "
                "Ana Rey today at 1:30 PM.",
            ),
            (
                "outage",
                self.customer,
                "[System Alert] A major network outage is affecting the Colorado "
                "region. Our team is investigating, and we will send updates.",
            ),
            (
                "internal",
                self.ticket,
                "[URGENT] Server 4 offline. All hands on deck in the data center.",
            ),
        ):
            with self.subTest(template=xmlid):
                self.assertEqual(self.render(xmlid, record), expected)

    def test_every_shipped_text_with_its_footer_is_short_and_plain(self):
        """One character outside GSM-7 would double the price of a text."""
        footer = self.ticket_purpose.footer
        for xmlid, record in (
            ("ticket_received", self.ticket),
            ("ticket_assigned", self.ticket),
            ("ticket_update", self.ticket),
            ("ticket_closed", self.ticket),
            ("appointment_reminder", self.event),
            ("outage", self.customer),
            ("internal", self.ticket),
        ):
            with self.subTest(template=xmlid):
                segments = count_segments(f"{self.render(xmlid, record)}\n{footer}")
                self.assertEqual(segments.encoding, "GSM-7")
                self.assertLessEqual(segments.count, MAX_SEGMENTS)

    def test_a_text_about_nobody_in_particular_is_still_polite(self):
        self.ticket.write({"partner_id": False, "partner_name": False})
        self.assertIn("Hi, your ticket", self.render("ticket_received", self.ticket))

    def test_an_outage_names_no_region_that_is_not_known(self):
        self.customer.state_id = False
        self.assertIn(
            "affecting the local region", self.render("outage", self.customer)
        )

    def test_every_shipped_template_can_be_translated(self):
        self.assertTrue(self.env["sms.template"]._fields["body"].translate)
