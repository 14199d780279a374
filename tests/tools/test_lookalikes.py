# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase

from ...tools import phrases
from ...tools.keywords import (
    HELP,
    START,
    STOP,
    drop_invisible,
    find_action,
    get_skeleton,
    normalize,
    unmix,
)

#: Texts that a person reads as a command.
SEEN = {
    STOP: (
        *("stоp", "ѕtop", "SТОP", "ЅТОР", "Ϲтоp", "ＳＴＯＰ", "𝐒𝐓𝐎𝐏", "ⓈⓉⓄⓅ", "🆂🆃🅾🅿"),
        *("S\u200bT\u200cO\u200dP", "\u202eSTOP", "STO\u00adP", "STÓP", "S̶T̶O̶P̶"),
        *("ꜱᴛᴏᴘ", "\u200eSTOP"),
        *("ST0P", "5TOP", "стоп", "СТОП.", "στοπ", "ՏТОР", "quіt", "еnd", "саncel"),
        *("unsubsсribe", "орt оut", "🇸🇹🇴🇵"),
    ),
    HELP: ("hеlp", "НЕLР", "ıNFO", "lNF0".replace("l", "I")),
    START: ("stаrt", "SТАRТ", "unstор"),
}
#: Texts that look like none, or are words of their own alphabet.
UNSEEN = ("сор", "тор", "вор", "нет", "да", "ok", "СТО", "ctop", "στο", "5", "🛑", "")


class TestLookalikes(BaseCase):
    """Mixed alphabets are read as what they look like."""

    def test_a_command_is_what_is_seen(self):
        for action, texts in SEEN.items():
            for text in texts:
                with self.subTest(text=text):
                    self.assertEqual(find_action(text, {})[0], action)

    def test_other_words_are_none(self):
        for text in UNSEEN:
            with self.subTest(text=text):
                self.assertIsNone(find_action(text, {})[0])

    def test_a_companys_own_word_goes_before(self):
        words = {"join": [normalize("СТОП КРАН")], "help": [normalize("ПОМОЩЬ")]}
        self.assertEqual(find_action("помощь", words)[0], HELP)
        self.assertEqual(find_action("стоп кран", words)[0], "join")

    def test_sentences_are_read_so_too(self):
        for text in (
            *("plеase stоp tеxting me", "please ѕтор texting me", "rem\u200bove me"),
            *("tаke me оff your list", "ꜱᴛᴏᴘ texting me"),
        ):
            with self.subTest(text=text):
                self.assertEqual(phrases.classify(text), phrases.OPT_OUT)

    def test_words_of_other_alphabets_stay(self):
        for text in (
            *("Привет, мой принтер не работает", "Καλημέρα", "Ok, это сбой"),
            "Ok, \U00017000\U00017001",  # letters that have no name
        ):
            with self.subTest(text=text):
                self.assertEqual(unmix(text), text)

    def test_words_of_latin_letters_have_them_all(self):
        """With accents and digits of any kind in them."""
        for text, expected in (
            ("prоblème", "problème"),
            ("stоp٣", "stop٣"),
        ):
            with self.subTest(text=text):
                self.assertEqual(unmix(text), expected)

    def test_the_look_of_a_word(self):
        for text, expected in (
            *(("ꜱᴛᴏᴘ", "STOP"), ("st0p", "STOP"), ("Arrêt", "ARRET")),
            *(("ЅТОР", "STOP"), ("стоп", "CTOП"), ("", "")),
        ):
            with self.subTest(text=text):
                self.assertEqual(get_skeleton(text), expected)

    @given(st.text(max_size=60))
    def test_they_take_anything(self, text):
        for function in (drop_invisible, unmix, get_skeleton, normalize):
            self.assertIsInstance(function(text), str)

    @given(st.text(st.characters(max_codepoint=127), max_size=60))
    def test_ascii_is_what_it_is(self, text):
        self.assertEqual(unmix(text), text)
