# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields
from odoo.tests import tagged

from ..common import phone_number
from .common import LedgerCase


@tagged("post_install", "-at_install")
class TestAnswers(LedgerCase):
    """Yes, no and commands in the shipped languages."""

    def test_yes_confirms_joining(self):
        texts = ("sí", "Oui, svp", "JA!", "ja, gerne", "d'accord", "Yes please")
        for index, text in enumerate(texts, 1):
            number = phone_number(index)
            with self.subTest(text):
                self.receive("SUPPORT", number)
                self.assertEqual(self.receive(text, number).kind, "confirm")
                self.assertEqual(self.state("ticket", number), "opted_in")

    def test_what_is_less_than_yes_gives_no_consent(self):
        self.receive("SUPPORT")
        for text in ("ok", "ja, aber nur montags", "si el martes"):
            with self.subTest(text):
                self.receive(text)
                self.assertNotEqual(self.state("ticket"), "opted_in", text)

    def test_laughter_in_spanish_is_no_yes_to_a_question_in_spanish(self):
        self.env["res.lang"]._activate_lang("es_ES")
        self.customer.lang = "es_ES"
        self.receive("SUPPORT")
        for text in ("jajaja", "ja ja", "JA", "jaja vale"):
            with self.subTest(text):
                inbound = self.receive(text)
                self.assertEqual(inbound.kind, "conversation")
                self.assertFalse(inbound.lang, "they speak no German")
        self.assertEqual(self.receive("jaja, sí").kind, "confirm")
        self.assertEqual(self.state("ticket"), "opted_in")

    def test_no_is_an_opt_out_of_what_was_asked(self):
        self.record_consent(None, "marketing", method="web")
        self.receive("SUPPORT")
        self.assertEqual(self.receive("Nein danke").kind, "stop")
        self.assertEqual(self.state("ticket"), "opted_out")
        self.assertEqual(self.exemptions()[-1], "opt_out_confirmation")
        self.receive("ja")
        self.assertEqual(self.state("ticket"), "opted_out", "it was answered")

    def test_no_to_nothing_is_conversation(self):
        self.assertEqual(self.receive("non").kind, "conversation")
        self.assertEqual(self.state("ticket"), "none")

    def test_only_the_carriers_yes_lifts_an_opt_out(self):
        self.record_consent(None, "ticket")
        self.receive("STOP")
        for text, state in (("oui", "opted_out"), ("YES", "opted_in")):
            self.receive(text)
            self.assertEqual(self.state("ticket"), state)

    def test_a_yes_that_the_carrier_takes_for_start_confirms_joining(self):
        """Twilio calls it START in each Messaging Service with Advanced Opt-Out."""
        self.receive("SUPPORT")
        self.bring("YES", OptOutType="START")
        self.run_events()
        self.assertEqual(self.state("ticket"), "opted_in")
        self.receive("STOP")
        self.bring("Oui", OptOutType="START")
        self.run_events()
        self.assertEqual(self.state("ticket"), "opted_in")

    def ask(self, body):
        """Send a user's text to the customer."""
        message = self.env["sms.sms"].create(
            {
                "number": self.number,
                "body": body,
                "purpose_id": self.purposes("ticket").id,
            }
        )
        now = fields.Datetime.now()
        values = {"is_personal": True, "state": "sent", "claimed_at": now}
        message.sudo().write(values)

    def test_the_answer_to_a_users_question_is_no_answer_to_joining(self):
        for answer in ("Yes please", "YES", "no"):
            with self.subTest(answer):
                self.receive("SUPPORT")
                self.ask("May I come at 3 pm?")
                self.assertEqual(self.receive(answer).kind, "conversation")
                self.assertEqual(self.state("ticket"), "pending")
        self.ask("Did you get our question? Please answer it with YES.")
        self.assertEqual(self.receive("YES").kind, "confirm")
        self.assertEqual(self.state("ticket"), "opted_in")

    def test_commands(self):
        for index, (text, kind) in enumerate(
            (
                *(("AYUDA", "help"), ("aide", "help"), ("Hilfe!", "help")),
                *(("ARRET", "stop"), ("arrêt", "stop"), ("Baja.", "stop")),
                *(("stopp", "stop"), ("ALTO", "stop"), ("fin", "stop")),
                *(("alta", "start"), ("anmelden", "start"), ("Stop", "stop")),
                *(("Étât", "service"), ("estado", "service")),
            ),
            1,
        ):
            with self.subTest(text):
                self.assertEqual(self.receive(text, phone_number(index)).kind, kind)

    def test_a_word_of_the_data_may_answer_one_of_us(self):
        self.record_consent(None, "ticket")
        message = self.env["sms.sms"].create(
            {
                "number": self.number,
                "body": "¿Es de prioridad alta o baja? STOP para no recibir más.",
                "purpose_id": self.purposes("ticket").id,
            }
        )
        message.sudo().write({"is_personal": True, "state": "sent"})
        said = self.receive("baja")
        self.assertEqual((said.kind, said.partner_id), ("conversation", self.customer))
        self.assertEqual(self.state("ticket"), "opted_in")
        self.assertEqual(self.receive("alto").kind, "stop", "it was not offered")

    def test_a_word_without_capitals_ends_texts_whoever_has_named_it(self):
        for word in ("إيقاف", "הסר", "停止"):
            with self.subTest(word):
                self.env["sms.keyword"].create({"word": word, "action": "stop"})
                self.record_consent(None, "ticket")
                self.ask(f"STOP, {word} !")
                self.assertEqual(self.receive(word).kind, "stop")
                self.assertEqual(self.state("ticket"), "opted_out")

    def test_the_footer_asks_nothing(self):
        """Each shipped footer names a word that opts out in its language."""
        for index, (footer, word) in enumerate(
            (
                ("Antworten Sie STOP zum Abmelden, HELP für Hilfe.", "Abmelden"),
                ("Responda STOP para darse de baja, HELP para ayuda.", "baja"),
                (
                    "Répondez STOP pour vous désinscrire, HELP pour l'aide.",
                    "désinscrire",
                ),
                ("Abmelden? STOP. Fragen? HELP.", "abmelden"),
            )
        ):
            with self.subTest(footer):
                self.purposes("ticket").footer = footer
                self.record_consent(None, "ticket")
                self.ask(f"OK {index}.")
                self.assertEqual(self.receive(word).kind, "stop")
                self.assertEqual(self.state("ticket"), "opted_out")

    def test_a_question_mark_of_a_footer_is_no_question(self):
        self.purposes("ticket").footer = "Questions? Reply HELP, or STOP to opt out."
        self.receive("SUPPORT")
        self.ask("We are on our way.")
        self.assertEqual(self.receive("YES").kind, "confirm")

    def test_words_that_ship_know_their_language(self):
        words = self.env["sms.keyword"].search([("lang", "!=", False)])
        for name, lang in (("AYUDA", "es_ES"), ("OUI", "fr_FR"), ("JA", "de_DE")):
            found = words.filtered(lambda it, word=name: it.word == word)
            self.assertEqual(found.lang, lang)
        self.assertFalse(words.filtered("mandatory"), "said in every language")
