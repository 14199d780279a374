# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ...tools.segments import GSM7_BASIC, GSM7_EXTENSION, count_segments

GSM7, UCS2 = "GSM-7", "UCS-2"
#: Eight UTF-16 units shown as one character: woman, joiner, woman, joiner, girl.
FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467"
#: Characters of one or two units, none of which joins another, many times.
LONG = st.lists(
    st.tuples(st.sampled_from("aé€[я😀\n"), st.integers(1, 160)), max_size=4
).map(lambda parts: "".join(char * times for char, times in parts))


@tagged("post_install", "-at_install")
class TestSegments(BaseCase):
    """Segments of a text; a wrong count would be a wrong bill."""

    def assertSegments(self, cases):
        """Check ``(text, encoding, units, segments)`` for each case."""
        for text, *expected in cases:
            with self.subTest(text=text[:20], length=len(text)):
                self.assertEqual(tuple(count_segments(text)), tuple(expected))

    def test_nothing_costs_nothing(self):
        self.assertSegments([("", GSM7, 0, 0), (None or "", GSM7, 0, 0)])
        self.assertEqual(count_segments(None).count, 0)
        self.assertEqual(count_segments(False).count, 0)

    def test_gsm7_fills_160_then_153_each(self):
        self.assertSegments(
            [
                ("a", GSM7, 1, 1),
                ("a" * 159, GSM7, 159, 1),
                ("a" * 160, GSM7, 160, 1),
                ("a" * 161, GSM7, 161, 2),
                ("a" * 306, GSM7, 306, 2),
                ("a" * 307, GSM7, 307, 3),
                ("a" * 459, GSM7, 459, 3),
                ("a" * 460, GSM7, 460, 4),
                ("a" * 1530, GSM7, 1530, 10),
                ("a" * 1531, GSM7, 1531, 11),
            ]
        )

    def test_ucs2_fills_70_then_67_each(self):
        self.assertSegments(
            [
                ("я", UCS2, 1, 1),
                ("я" * 70, UCS2, 70, 1),
                ("я" * 71, UCS2, 71, 2),
                ("я" * 134, UCS2, 134, 2),
                ("я" * 135, UCS2, 135, 3),
                ("a" * 70 + "я", UCS2, 71, 2),
            ]
        )

    def test_which_characters_are_gsm7(self):
        for char in "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà \n\r":
            with self.subTest(char=char):
                self.assertEqual(tuple(count_segments(char)), (GSM7, 1, 1))
        # Looks alike and is not: ç (the table has Ç), typographic quotes, the dash.
        for char in "çáíóúâêôœčşğ`´’“”–…\tαΑ\x00\xa0":
            with self.subTest(char=char):
                self.assertEqual(tuple(count_segments(char)), (UCS2, 1, 1))

    def test_the_alphabet_is_complete(self):
        """3GPP TS 23.038, 6.2.1: 128 codes less the escape, and the extension."""
        self.assertEqual(len(GSM7_BASIC), 127)
        self.assertEqual(len(GSM7_EXTENSION), 10)
        self.assertFalse(GSM7_BASIC & GSM7_EXTENSION)

    def test_one_character_turns_the_whole_text(self):
        self.assertSegments(
            [
                ("Ç" * 160, GSM7, 160, 1),
                ("Ç" * 159 + "ç", UCS2, 160, 3),
            ]
        )

    def test_characters_of_the_extension_table_take_two_units(self):
        for char in "^{}\\[]~|€\f":
            with self.subTest(char=char):
                self.assertEqual(tuple(count_segments(char)), (GSM7, 2, 1))
        self.assertSegments(
            [
                ("^{}\\[]~|€\f", GSM7, 20, 1),
                ("€" * 80, GSM7, 160, 1),
                ("a" + "€" * 80, GSM7, 161, 2),
                ("a" * 159 + "€", GSM7, 161, 2),
            ]
        )

    def test_a_character_of_two_units_is_never_split(self):
        self.assertSegments(
            [
                # 152 units, and the euro sign does not fit into the one that is left.
                ("a" * 152 + "€" + "a" * 152, GSM7, 306, 3),
                ("a" * 151 + "€" + "a" * 153, GSM7, 306, 2),
                # 76 of them are 152 units: one unit of each segment stays empty.
                ("€" * 152, GSM7, 304, 2),
                ("€" * 153, GSM7, 306, 3),
            ]
        )

    def test_line_breaks_count_like_letters(self):
        self.assertSegments(
            [
                ("a\n" * 80, GSM7, 160, 1),
                ("\n", GSM7, 1, 1),
                ("\r\n" * 80, GSM7, 160, 1),
                ("\r\n" * 80 + "a", GSM7, 161, 2),
            ]
        )

    def test_emoji_count_in_utf16_units(self):
        self.assertSegments(
            [
                ("😀", UCS2, 2, 1),
                ("😀" * 35, UCS2, 70, 1),
                ("😀" * 36, UCS2, 72, 2),
                # 33 of them are 66 units: a pair is not split over the 67th.
                ("😀" * 66, UCS2, 132, 2),
                ("😀" * 67, UCS2, 134, 3),
                ("❤️", UCS2, 2, 1),
                # The last character of one unit, and the first of two.
                ("\uffff", UCS2, 1, 1),
                ("\U00010000", UCS2, 2, 1),
            ]
        )

    def test_what_a_reader_sees_as_one_is_not_split(self):
        """As Twilio's calculator counts, which packs graphemes."""
        for grapheme, units in (
            (FAMILY, 8),
            ("\U0001f44d\U0001f3fd", 4),  # a thumb and its skin colour
            ("\U0001f1e9\U0001f1ea", 4),  # a flag of two letters
            ("e\u0301", 2),  # a letter and its accent
            ("1\ufe0f\u20e3", 3),  # a keycap
        ):
            with self.subTest(grapheme=grapheme):
                self.assertEqual(tuple(count_segments(grapheme)), (UCS2, units, 1))
                fits = "я" * (67 - units) + grapheme + "я" * 67
                self.assertEqual(tuple(count_segments(fits)), (UCS2, 134, 2))
                for fitting in range(1, units):
                    moves = "я" * (67 - fitting) + grapheme
                    moves += "я" * (67 - units + fitting)
                    self.assertEqual(tuple(count_segments(moves)), (UCS2, 134, 3))

    def test_flags_beside_each_other_may_part(self):
        flags = "\U0001f1e9\U0001f1ea" * 2
        text = "я" * 63 + flags + "я" * 63
        self.assertEqual(tuple(count_segments(text)), (UCS2, 134, 2))

    def test_flags_at_the_beginning_are_not_split(self):
        # 16 of them are 64 units: the next is not split over the 67th.
        text = "\U0001f1e9\U0001f1ea" * 17 + "я" * 64
        self.assertEqual(tuple(count_segments(text)), (UCS2, 132, 3))

    def test_a_heap_of_accents_that_fills_a_segment_is_split_after_all(self):
        self.assertEqual(tuple(count_segments("e" + "\u0301" * 133)), (UCS2, 134, 2))
        self.assertEqual(tuple(count_segments("e" + "\u0301" * 134)), (UCS2, 135, 3))

    @given(st.text(max_size=500))
    def test_any_text_fits_into_what_is_counted(self, text):
        encoding, units, count = count_segments(text)
        single, each = {GSM7: (160, 153), UCS2: (70, 67)}[encoding]
        self.assertGreaterEqual(single if count == 1 else count * each, units)
        self.assertEqual(bool(count), bool(text))
        if encoding == UCS2:
            self.assertEqual(units * 2, len(text.encode("utf-16-le")))

    @given(st.text(max_size=300), st.text(max_size=50))
    def test_a_longer_text_is_never_cheaper(self, text, more):
        self.assertGreaterEqual(
            count_segments(text + more).count, count_segments(text).count
        )

    @given(LONG, LONG)
    def test_two_texts_that_are_joined_cost_what_both_have(self, text, more):
        """In the alphabet that both need; each segment but the last is nearly full."""
        first, second = count_segments(text), count_segments(more)
        encoding, units, count = count_segments(text + more)
        self.assertEqual(encoding, max(first.encoding, second.encoding))
        if first.encoding == second.encoding:
            self.assertEqual(units, first.units + second.units)
        single, each = {GSM7: (160, 153), UCS2: (70, 67)}[encoding]
        # No character here takes more than two units, so at most one is left over.
        most = int(bool(units)) if units <= single else -(-units // (each - 1))
        self.assertLessEqual(count, most)
