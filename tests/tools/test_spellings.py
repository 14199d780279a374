# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.tests import BaseCase, tagged

from ...tools.phone import (
    get_spellings,
    get_spellings_to_read,
    get_tail,
    is_written,
    mentions,
)

US, UK = "+13035550100", "+447400123456"


@tagged("post_install", "-at_install")
class TestSpellings(BaseCase):
    """A number is found however somebody has typed it."""

    def test_it_is_found_as_it_is_typed(self):
        for number, texts in (
            (US, ("+13035550100", "(303) 555-0100", "303.555.0100", "1-303-555-0100")),
            (US, ("0013035550100", "011 1 303 555 0100", " +1 303 555 0100 ")),
            (UK, ("+44 7400 123456", "07400 123456", "0044 7400 123456")),
            (UK, ("+44 (0) 7400 123456", "tel:+447400123456", "447400123456.0")),
            (US, ("(٣٠٣) ٥٥٥-٠١٠٠", "３０３５５５０１００")),
            ("12345", ("12345", "123 45")),
            ("ACME", ("ACME",)),
        ):
            for text in texts:
                with self.subTest(text):
                    self.assertTrue(is_written(text, number))

    def test_another_number_is_not(self):
        for number, texts in (
            (US, ("+13035550101", "555-0100", "5550100", "13035550100 4", "", None)),
            (UK, ("+44 7400 123457", "17400123456 0")),
            ("ACME", ("ACMES", "")),
        ):
            for text in texts:
                with self.subTest(text):
                    self.assertFalse(is_written(text, number))

    def test_every_spelling_has_the_tail(self):
        for number in (US, UK):
            for spelling in get_spellings(number):
                self.assertIn(get_tail(number), spelling)

    def test_a_sentence_that_has_the_number_is_noticed(self):
        self.assertTrue(mentions("Letter from 303-555-0100", US))
        self.assertFalse(mentions("Letter of 12 May, file 2026/117", US))
        self.assertFalse(mentions("Letter", "ACME"))


@tagged("post_install", "-at_install")
class TestReading(BaseCase):
    """The possible readings of a typed number, the likeliest first."""

    def test_words_beside_it_and_how_it_is_dialed(self):
        for text, expected in (
            ("303 555 0100", ["303 555 0100"]),
            ("Tel: 303 555 0100", ["303 555 0100"]),
            ("303 555 0100 mobile", ["303 555 0100"]),
            ("Tel. 20 12 34 56", ["20 12 34 56"]),
            ("Tel. 555-0100", ["Tel. 555-0100"]),
            ("011 44 7400 123456", ["011 44 7400 123456", "+44 7400 123456"]),
            ("1-800-FLOWERS", ["1-800-FLOWERS"]),
        ):
            with self.subTest(text=text):
                found = get_spellings_to_read(text)
                self.assertEqual([it.replace("+ ", "+") for it in found], expected)
