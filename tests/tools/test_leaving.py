# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What real people do to leave, by the figures of how they did (docs/opt-outs.md)."""

from odoo.tests import BaseCase

from ...tools import automatic, slips
from ...tools.phrases import (
    CONVERSATION,
    DOUBTFUL,
    ENDING,
    OPT_OUT,
    WRONG_NUMBER,
    Known,
    classify,
    find_names,
    judge,
)

FOOTER = "Reply STOP to opt out, HELP for help."


class TestSlips(BaseCase):
    """One word of the law with one slip, and copies of a footer."""

    def test_one_word_with_a_slip(self):
        for text in (
            *("Wuit", "Dtop", "Stip", "Quot", "Sgop", "Quir", "Stoop", "Stopp", "Sto"),
            *("Qit", "SOTP", "Qiut", "Canel", "Unsubscibe", "arrret", "Abmeldem"),
        ):
            with self.subTest(text=text):
                self.assertEqual(classify(text), OPT_OUT)

    def test_what_a_phone_suggests_is_read_by_a_person(self):
        for text in (
            "Quite",
            "Stops",
            "Stopped",
            "Sty",
            "Remove",
            "Suit",
            "🛑",
            "✋✋",
        ):
            with self.subTest(text=text):
                self.assertEqual(classify(text), DOUBTFUL)

    def test_a_slip_that_is_a_word_after_a_text_that_names_stop(self):
        for text in ("Suit", "Quiz", "arrete"):
            with self.subTest(text=text):
                self.assertEqual(judge(text).kind, DOUBTFUL)
                self.assertEqual(judge(text, Known(FOOTER)).kind, OPT_OUT)

    def test_words_of_a_language_are_no_slips_in_it(self):
        for text, lang in (("qui", "fr"), ("stp", "fr"), ("top", "de"), ("alta", "es")):
            with self.subTest(text=text):
                self.assertIsNone(slips.find_slip(text, lang))
                self.assertEqual(
                    judge(text, Known(FOOTER, lang=lang)).kind, CONVERSATION
                )

    def test_copies_of_a_footer(self):
        for text in (
            *("Stop2End", "Quit2End", "Stop to quit", "2quit", "Quit to end"),
            *("Replystop", "Reply STOP to quit", "stop=end", "Text STOP to end"),
        ):
            with self.subTest(text=text):
                self.assertEqual(classify(text), OPT_OUT)

    def test_copies_of_a_footer_that_a_manager_wrote(self):
        own = Known("Your ticket is solved.\nWrite BAJA and we go silent for good")
        for text in ("Write baja and we go silent", "write bja and we go silent"):
            with self.subTest(text=text):
                self.assertEqual(judge(text, own).kind, OPT_OUT)
        for text in ("we go silent for good", "Your ticket is solved"):
            with self.subTest(text=text):
                self.assertNotEqual(judge(text, own).kind, OPT_OUT)


class TestStrangers(BaseCase):
    """Who is not the person that we text."""

    def test_a_name_that_our_texts_have_used(self):
        known = Known(FOOTER, find_names(["Dana Customer"], ["Hi Dana, all is well"]))
        for text in (
            *("Not Dana", "I am not Dana", "no Dana here", "I'm not Dana."),
            "This isn't Dana's phone anymore",
        ):
            with self.subTest(text=text):
                self.assertEqual(judge(text, known).kind, WRONG_NUMBER)
                self.assertEqual(classify(text), DOUBTFUL)

    def test_names_are_those_that_were_used(self):
        for names, texts, found in (
            (["José Pérez"], ["Hola Jose:"], {"jose"}),
            (["Dana", ""], [], set()),
            (["Dana"], ["Hi Dan"], set()),
            ([], ["Hi Dana"], set()),
        ):
            with self.subTest(names=names, texts=texts):
                self.assertEqual(find_names(names, texts), found)

    def test_what_somebody_is_not(self):
        for text in ("I am not at home", "Not today", "not my ticket", "Not working"):
            with self.subTest(text=text):
                self.assertNotIn(judge(text, Known(FOOTER)).kind, ENDING)
        self.assertNotIn(classify("I have no appointment"), ENDING)


class TestThirdThings(BaseCase):
    """Reports, questions and negations of an IT helpdesk end nothing."""

    def test_nothing_is_ended(self):
        for text in (
            *("stop the backup", "the app stopped", "next stop", "my stop is next"),
            *("please stop by at 5", "we have to stop this outage", "stop it"),
            *("can you cancel my 3pm appointment?", "the printer won't stop"),
            *("Don't stop texting me", "Why did you stop texting me?"),
            *("I can't stop the messages on the printer", "The messages stop at noon"),
            *(
                "no text messages are arriving at my phone",
                "Quit Outlook and restarted",
            ),
            *("I'm leaving my house now", "I dont understand your message."),
            *("Why was my cash withdrawal declined?", "I get no messages in Teams"),
            *("please don't contact me before 9", "Delete my account"),
            *("remove me from the distribution list in Outlook", "Not Windows"),
        ):
            with self.subTest(text=text):
                self.assertNotIn(judge(text, Known(FOOTER)).kind, ENDING)


class TestAutomatic(BaseCase):
    """What phones and carriers write."""

    def test_it_is_conversation(self):
        for text in (
            "I'm driving right now. I'll get back to you when I'm done.",
            "I'm driving with Do Not Disturb While Driving turned on.",
            "Auto-reply: I am out of the office",
            "Free Msg: Unable to send message - Message Blocking is active.",
            "Respuesta automática: estoy de vacaciones",
        ):
            with self.subTest(text=text):
                self.assertTrue(automatic.is_automatic(text))
                self.assertEqual(classify(text), CONVERSATION)

    def test_people_write_otherwise(self):
        for text in (
            *("", None, "STOP", "The printer sends automatic replies", "I drive home"),
            "Auto-reply: " + "x" * automatic.MAX_LENGTH,
        ):
            with self.subTest(text=text):
                self.assertFalse(automatic.is_automatic(text))
