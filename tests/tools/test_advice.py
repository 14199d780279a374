# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.tests import BaseCase, tagged

from ...tools import advice
from ...tools.advice import WORDING_ELEMENTS, Wording, missing_elements
from ...tools.segments import count_segments
from .mandatory_words import CONFIRMATIONS, FOOTERS, HELP_WORDS, PROMOTIONS

FOOTER = "Reply STOP to opt out, HELP for help."
GOOD = "Acme IT: your ticket #HT1 is closed. Still wrong? Reply to this text."


@tagged("post_install", "-at_install")
class TestAdvice(BaseCase):
    """Advice that a manager gets on a wording."""

    def advise(self, text, footer=FOOTER, names=("Acme IT",), **facts):
        segments = count_segments(f"{text}\n{footer}" if footer else text)
        return advice.advise(Wording(text, footer, segments, names, **facts))

    def codes(self, text, *args, **facts):
        return [found.code for found in self.advise(text, *args, **facts)]

    def test_a_good_text_gets_no_advice(self):
        for text in (
            GOOD,
            # Just two segments.
            GOOD + " Please." * 24,
            "Acme IT: 3 tickets are open. We'll write when one is solved.",
            "Acme IT: reply YES to confirm. Msg & data rates may apply.",
            "Acme IT: 4 msg/month, MSG AND DATA rates. Reply to this text.",
            "Acme IT: see https://help.example.com/t.co/7",
            "Acme IT: por favor responda a este mensaje.",
            "Acme IT: veuillez répondre à ce message.",
            "Acme IT: bitte antworten Sie auf diese Nachricht.",
            "Acme IT: the VPN and the ERP are back. Please log in again.",
        ):
            with self.subTest(text=text):
                self.assertEqual(self.codes(text), [])

    def test_each_thing_is_found(self):
        for text, code in (
            (GOOD + " Please." * 25, "too_long"),
            ("Acme IT: your ticket is closed.", "no_next_step"),
            ("Acme IT: PLEASE READ THIS NOW and reply.", "all_caps"),
            ("Acme IT: pls reply.", "slang"),
            ("Acme IT: please read this msg and reply.", "slang"),
            ("Acme IT: thx, we'll write.", "slang"),
            ("Acme IT: r u there? Please reply.", "slang"),
            ("Acme IT: we're gonna call you.", "slang"),
            ("Your ticket is closed. Reply to this text.", "no_sender"),
            ("Acme IT: see https://bit.ly/abc", "shortener"),
            ("Acme IT: see tinyurl.com/abc, please.", "shortener"),
            ("Acme IT: 20% off, reply to this text.", "promotion"),
            ("Acme IT: please use this coupon.", "promotion"),
            ("Acme IT: bitte nutzen Sie den Gutschein.", "promotion"),
            ("Acme IT: please reply – soon.", "unicode"),
            ("Acme IT: please reply 🙂", "unicode"),
        ):
            with self.subTest(text=text):
                self.assertEqual(self.codes(text), [code])

    def test_what_looks_like_it_is_not_it(self):
        for text in (
            "Acme IT: the URGENT queue is served first. Please wait.",
            "Acme IT: reply STOP or HELP, please.",
            "Acme IT: PLEASE reply.",
            # A beginning that somebody completes.
            "Hi, Acme IT here:\n",
            "Acme IT: your offer letter is attached. Please call.",
            "Acme IT: please visit https://not-bit.ly.example.com/x",
            "Acme IT: we'll deal with it today.",
            "Acme IT: the sales team will call.  Please wait.",
            "Acme IT: please call 303 555 0100.",
            "Acme IT: your laptop's order no. 4 is here. Please visit us.",
        ):
            with self.subTest(text=text):
                self.assertEqual(self.codes(text), [])

    def test_an_offer_may_be_one_where_it_is_meant(self):
        self.assertEqual(
            self.codes("Acme IT: 20% off. Reply to this text.", is_promotional=True), []
        )

    def test_a_way_out_stands_in_the_text_or_below_it(self):
        self.assertEqual(self.codes(GOOD, footer=""), ["no_opt_out"])
        self.assertEqual(self.codes(f"{GOOD} Reply STOP to end.", footer=""), [])
        self.assertEqual(
            self.codes("Server down. Please help.", "", is_internal=True), []
        )

    def test_it_names_what_it_means(self):
        for text, expected in (
            (GOOD + " Please." * 40, ("too_long", "3")),
            ("Acme IT: PLEASE READ this.", ("all_caps", "PLEASE READ")),
            ("Acme IT: PLEASE READ THIS NOTE.", ("all_caps", "PLEASE READ THIS")),
            ("Acme IT: thx, we'll write.", ("slang", "thx")),
            ("Acme IT: see https://bit.ly/abc", ("shortener", "bit.ly")),
            ("Acme IT: 20% off, please reply.", ("promotion", "20% off")),
            ("Acme IT: „please“ reply", ("unicode", "„ “")),
            ("Acme IT: please, 你好世界和平", ("unicode", "你 好 世 界 和")),
        ):
            with self.subTest(text=text):
                self.assertEqual(self.advise(text), [expected])

    def test_a_name_in_capitals_does_not_shout(self):
        text = "ACME SUPPORT: please reply."
        self.assertEqual(self.codes(text, names=("Acme", "ACME SUPPORT")), [])
        self.assertEqual(self.codes(text, names=("Acme",)), ["all_caps"])

    def test_an_empty_text(self):
        self.assertIn("no_next_step", self.codes(""))


@tagged("post_install", "-at_install")
class TestElements(BaseCase):
    """Elements of a call to action that CTIA requires and a wording lacks."""

    def test_what_is_missing_is_named(self):
        complete = (
            "{company} texts. Message frequency varies. Message and data rates may "
            "apply. Reply STOP to opt out, HELP for help. {privacy} {terms}"
        )
        self.assertEqual(missing_elements(complete), [])
        for element, without in (
            ("program", complete.replace("{company}", "Our")),
            ("frequency", complete.replace("Message frequency varies. ", "")),
            ("rates", complete.replace("rates", "prices")),
            ("STOP", complete.replace("STOP", "stop")),
            ("HELP", complete.replace("HELP", "help")),
            ("privacy policy", complete.replace("{privacy}", "")),
            ("terms", complete.replace("{terms}", "")),
        ):
            with self.subTest(element):
                self.assertEqual(missing_elements(without), [element])

    def test_nothing_has_nothing(self):
        for body in ("", None, "x" * 100_000):
            self.assertEqual(missing_elements(body), list(WORDING_ELEMENTS))

    def test_other_languages_are_read(self):
        for body in (
            "{company}: la frecuencia varía. Se aplican tarifas. STOP, HELP, {privacy}"
            " {terms}",
            "{company} : fréquence variable. Des frais s'appliquent. STOP, HELP,"
            " {privacy} {terms}",
            "{company}: Häufigkeit unterschiedlich. Kosten können anfallen. STOP, HELP,"
            " {privacy} {terms}",
        ):
            with self.subTest(body):
                self.assertEqual(missing_elements(body), [])


@tagged("post_install", "-at_install")
class TestMandatoryWords(BaseCase):
    """Footers and confirmations, in English, French, Spanish and German."""

    def test_footers(self):
        for text, missing in FOOTERS:
            with self.subTest(text=text):
                found = advice.find_missing(text, (), HELP_WORDS)
                self.assertEqual(found, missing)

    def test_confirmations(self):
        for text in CONFIRMATIONS:
            with self.subTest(text=text):
                self.assertEqual(advice.find_promotion(text), "")

    def test_promotion(self):
        for text in PROMOTIONS:
            with self.subTest(text=text):
                self.assertTrue(advice.find_promotion(text))

    def test_what_is_longer_than_two_segments_does_more_than_confirm(self):
        for length, expected in ((306, ""), (307, "…")):
            with self.subTest(length=length):
                self.assertEqual(advice.find_promotion("x" * length), expected)

    def test_words_that_a_company_knows(self):
        footer = "Reply LEAVE to opt out, ASSIST for help."
        found = advice.find_missing(footer, ("LEAVE",), ("ASSIST",))
        self.assertEqual(found, ())
        self.assertEqual(advice.find_missing(footer), ("STOP", "HELP"))
        footer = "להסרה השיבו הסר, לעזרה השיבו עזרה"
        self.assertEqual(advice.find_missing(footer, ("הסר",), ("עזרה",)), ())

    def test_who_sends(self):
        footer = "Reply STOP to opt out, HELP for help."
        for body, given, expected in (
            ("Hi", footer, f"Acme IT: {footer}"),
            ("Hi from ACME  IT", footer, footer),
            ("Hi", f"Acme IT. {footer}", f"Acme IT. {footer}"),
            ("Hi", "", "Acme IT"),
            ("Acme IT: hi", "", ""),
            (f"Hi\n{footer}", footer, "Acme IT"),
            (None, None, "Acme IT"),
        ):
            with self.subTest(body=body, footer=given):
                self.assertEqual(advice.sign(body, given, "Acme IT"), expected)
        self.assertEqual(advice.sign(None, footer, "X"), f"X: {footer}")
        signed = advice.sign("Allô", "STOP, AIDE", "Acme IT", lang="fr_CA")
        self.assertEqual(signed, "Acme IT : STOP, AIDE")


@tagged("post_install", "-at_install")
class TestContact(BaseCase):
    """HELP names a contact; a text that must name its sender does."""

    def test_somebody_to_ask(self):
        for text, expected in (
            ("Ask {contact}", True),
            ("Write to help@acme.example", True),
            ("Call 303 555 0100", True),
            ("Call 5550100", True),
            ("Call 555010", False),
            ("We help you", False),
        ):
            with self.subTest(text=text):
                self.assertIs(advice.names_contact(text), expected)

    def test_the_address_is_added_where_it_is_asked(self):
        for body, footer, expected in (
            ("Hi", "STOP to end", "Acme IT, 1 Main St: STOP to end"),
            ("Acme IT: hi", "STOP to end", "1 Main St: STOP to end"),
            ("Hi from 1 Main St", "", "Acme IT"),
            ("Acme IT, 1  MAIN st", "", ""),
        ):
            with self.subTest(body=body, footer=footer):
                found = advice.sign(body, footer, "Acme IT", "1 Main St")
                self.assertEqual(found, expected)
