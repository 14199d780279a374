# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.tests import BaseCase

from ...tools.grammar import compile_patterns


class TestGrammar(BaseCase):
    """The number of words that a pattern takes."""

    def test_a_row_of_places(self):
        for source, said, length in (
            ("yes", "yes", 1),
            ("yes", "no", 0),
            ("yes", "", 0),
            ("yes", "yes indeed", 1),
            ("yes|yeah", "yeah", 1),
            ("i do", "i do", 2),
            ("i do", "i", 0),
            ("i do", "do i", 0),
            # Optional words in the middle and at the end.
            ("yes|yeah i? do?", "yes", 1),
            ("yes|yeah i? do?", "yeah do", 2),
            ("yes|yeah i? do?", "yes i do", 3),
            ("yes|yeah i? do?", "i do", 0),
            ("i? do", "do", 1),
            ("i? do", "i", 0),
            ("i? do?", "no", 0),
            # Up to three words of any kind.
            ("no ... sms", "no sms", 2),
            ("no ... sms", "no more of your sms please", 5),
            ("no ... sms", "no one ever sent me sms", 0),
            # Once only.
            ("no|nope", "no nope", 1),
            # Accents, and umlauts as they are written without umlaut keys.
            ("año", "ano", 1),
            ("möchte|für", "mochte", 1),
            ("möchte|für", "moechte", 1),
            ("möchte|für", "fuer", 1),
        ):
            with self.subTest(source=source, said=said):
                patterns = compile_patterns(source)
                self.assertEqual(patterns.measure(said.split()), length)

    def test_the_longest_of_some_from_any_word_on(self):
        patterns = compile_patterns("no", "no way at? all?", "at all")
        for said, start, length in (
            ("no", 0, 1),
            ("no way", 0, 2),
            ("no way at all", 0, 4),
            ("no way at all", 1, 0),
            ("no way at all", 2, 2),
            ("no way at all", 4, 0),
        ):
            with self.subTest(said=said, start=start):
                self.assertEqual(patterns.measure(said.split(), start), length)

    def test_names_of_sets_of_words(self):
        patterns = compile_patterns("<stop> it", "<stop>", words={"stop": "stop|quit"})
        for said, length in (("quit it", 2), ("stop", 1), ("it", 0)):
            with self.subTest(said=said):
                self.assertEqual(patterns.measure(said.split()), length)

    def test_patterns_together(self):
        patterns = compile_patterns("yes") + compile_patterns("yes indeed")
        self.assertEqual(patterns.measure(["yes", "indeed"]), 2)
