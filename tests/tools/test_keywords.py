# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import random
from types import MappingProxyType

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ...tools.keywords import (
    HELP,
    JOIN,
    MANDATORY_WORDS,
    START,
    STOP,
    YES,
    find_action,
    is_mandatory,
    normalize,
    squeeze,
)

#: Only the words that the law and the carriers name.
NO_WORDS = MappingProxyType({})
#: 47 CFR 64.1200(a)(10), and Twilio's default words.
LAW = {
    STOP: (
        *("stop", "quit", "end", "revoke", "opt out", "cancel", "unsubscribe"),
        *("stopall", "optout"),
    ),
    START: ("start", "unstop"),
    HELP: ("help", "info"),
}


@tagged("post_install", "-at_install")
class TestKeywords(BaseCase):
    """Texts that are a command."""

    def assertAction(self, text, action, words=NO_WORDS):
        """Check the command of each text, None for none."""
        with self.subTest(text=text):
            self.assertEqual(find_action(text, words)[0], action)

    def test_every_mandatory_word_is_known_without_any_data(self):
        """Case, punctuation and spaces do not matter (CTIA 5.1.3)."""
        for action, words in LAW.items():
            for word in words:
                for text in (
                    *(word, word.upper(), word.title(), word.swapcase()),
                    *(f"  {word} ", f"\n{word}\r\n", f"\t{word}\x00"),
                    *(f"{word}.", f"{word}!!!", f'"{word}"', f"({word})", f"“{word}”"),
                    *(f"{word} ✋", f"{word}🛑", f"**{word}**", f"¡{word}!"),
                ):
                    self.assertAction(text, action)

    def test_the_list_is_exactly_what_the_law_and_the_carriers_name(self):
        for action, words in LAW.items():
            listed = set(map(str.casefold, MANDATORY_WORDS[action]))
            self.assertEqual(listed, set(words))

    def test_a_word_in_pieces_is_the_word(self):
        for text in (
            *("S.T.O.P.", "s t o p", "STOP-ALL", "Stop all", "opt-out", "Opt  Out"),
            *("OPT_OUT", "un-subscribe", "ST\u200bOP", "ST\u00adOP", "e.n.d"),
        ):
            self.assertAction(text, STOP)
        self.assertAction("h e l p", HELP)
        self.assertAction("un stop", START)

    def test_other_ways_to_write_the_same_letters(self):
        for text in (
            "ＳＴＯＰ",  # full width
            "𝐒𝐓𝐎𝐏",  # mathematical bold, as "fancy text" keyboards write
            "STOP \ufe0f",  # a variation selector that an emoji left behind
            "STOP\ufe00",
            "STOP ☝️",
            "❤️ stop ❤️",
        ):
            self.assertAction(text, STOP)

    def test_what_is_no_command(self):
        for text in (
            *("please stop by at 5", "we have to stop this outage"),
            *("can you cancel my 3pm appointment?", "the printer won't stop"),
            *("stopped", "stopping", "nonstop", "ends", "helpful", "information"),
            *("end of the line", "start over", "restart", "help me", "STOP 2"),
            *("", " ", "\x00", "…", "👍", "0", "HT00001", "STOP" * 2),
        ):
            self.assertAction(text, None)

    def test_whose_words_nobody_can_take_out(self):
        for action, word, expected in (
            (STOP, "stop", True),
            (STOP, "Opt-Out", True),
            (STOP, "basta", False),
            (HELP, "stop", False),
            (HELP, "info", True),
            (JOIN, "stop", False),
        ):
            with self.subTest(action=action, word=word):
                self.assertIs(is_mandatory(action, word), expected)

    def test_look_alikes_in_each_form(self):
        """In letters of whatever alphabet, a reader sees STOP."""
        for text in ("стоп", "СТОП", "στοπ", "ЅТОР", "ꜱᴛᴏᴘ", "🅂🅃🄾🄿", "ST0P", "5top"):
            self.assertEqual(find_action(text, NO_WORDS), (STOP, "STOP"))
        # In plain letters these are not mandatory words.
        for text in ("CTOP", "STO", "0", "5"):
            self.assertAction(text, None)

    def test_yes_is_an_answer(self):
        for text in ("YES", "yes!", " Yes. "):
            self.assertEqual(find_action(text, NO_WORDS), (YES, "YES"))

    def test_a_companys_own_words_are_added(self):
        words = {STOP: {"ARRET", "BASTA"}, HELP: {"AYUDA"}, JOIN: {"SUPPORT", "AGE 21"}}
        self.assertAction("Arret!", STOP, words)
        self.assertAction("basta", STOP, words)
        self.assertAction("ayuda", HELP, words)
        self.assertAction("support", JOIN, words)
        self.assertAction("age21", JOIN, words)
        self.assertAction("stop", STOP, words)

    def test_the_words_own_spelling_is_returned(self):
        """The router finds the keyword by it."""
        words = {JOIN: {"AGE 21": 1}}
        self.assertEqual(find_action("age-21", words), (JOIN, "AGE 21"))
        self.assertEqual(find_action("Age21!", words), (JOIN, "AGE 21"))

    def test_leaving_comes_before_everything(self):
        """No data can make a mandatory word mean something else."""
        words = {HELP: {"STOP"}, START: {"CANCEL"}, JOIN: {"END", "OPTOUT", "HELP"}}
        for text in ("stop", "cancel", "end", "opt out"):
            self.assertAction(text, STOP, words)
        self.assertAction("help", HELP, words)

    def test_letters_with_marks_are_letters(self):
        """Many people omit Latin and Greek accents; those of other letters count."""
        words = {STOP: {normalize("arrêt"), normalize("रोकें"), "СТОП", "停止"}}
        for text in ("ARRÊT", "arre\u0302t", "arret", "रोकें।", "стоп", "停止。"):
            self.assertAction(text, STOP, words)
        self.assertAction("रोक", None, words)
        self.assertAction("sí", YES, {YES: {"SI"}})
        for word, text in (("ΔΙΑΚΟΠΗ", "διακοπή"), ("Διακοπή", "ΔΙΑΚΟΠΗ")):
            self.assertAction(text, STOP, {STOP: {normalize(word)}})

    def test_digits_of_other_scripts(self):
        for text in ("age ٢١", "AGE ２１", "age २१", "\u200fage 21\u200f"):
            self.assertAction(text, JOIN, {JOIN: {"AGE 21"}})

    def test_the_carriers_word_rules(self):
        """It also covers words that only the carrier's account knows."""
        self.assertEqual(find_action("avsluta", NO_WORDS, "STOP"), (STOP, "AVSLUTA"))
        self.assertEqual(find_action("", NO_WORDS, " stop ")[0], STOP)
        self.assertEqual(find_action("hello", NO_WORDS, "START")[0], START)
        club = {JOIN: {"CLUB"}, STOP: {"BASTA"}}
        for text, action in (("club", JOIN), ("yes", YES), ("basta", START)):
            self.assertEqual(find_action(text, club, "START")[0], action)
        for unknown in ("", None, "PAUSE", "join"):
            with self.subTest(unknown=unknown):
                self.assertEqual(find_action("stop", NO_WORDS, unknown)[0], STOP)
                self.assertIsNone(find_action("hello", NO_WORDS, unknown)[0])

    def test_a_huge_text_is_read(self):
        self.assertIsNone(find_action("stop " * 20_000, NO_WORDS)[0])
        self.assertEqual(find_action("stop" + "!" * 100_000, NO_WORDS)[0], STOP)

    def test_none_and_false_are_no_text(self):
        self.assertEqual(find_action(None, NO_WORDS), (None, ""))
        self.assertEqual(find_action(False, NO_WORDS), (None, ""))

    @given(st.text())
    def test_normalizing_twice_changes_nothing(self, text):
        once = normalize(text)
        self.assertEqual(normalize(once), once)
        self.assertEqual(squeeze(once), squeeze(text))

    @given(
        st.sampled_from(MANDATORY_WORDS[STOP]),
        st.integers(0, 2**32),
        st.text(" \t\n.!?,;:-–—'\"()*✋🛑\u200b\ufe0f", max_size=10),
        st.text(" \t\n.!?,;:-–—'\"()*✋🛑\u200b\ufe0f", max_size=10),
    )
    def test_a_stop_word_however_it_is_written_is_a_stop(
        self, word, seed, before, after
    ):
        """In any case, with accents, spaces or dots in it, and wrapped in anything."""
        chance = random.Random(seed)
        written = "".join(
            chance.choice((letter.upper(), letter.lower()))
            + chance.choice(("", "", "\u0301", "\u0308"))
            + chance.choice(("", "", "", " ", ".", "-"))
            for letter in word
        )
        self.assertEqual(find_action(before + written + after, NO_WORDS)[0], STOP)
