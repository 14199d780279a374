# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import phonenumbers
from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase

from ...tools import verdicts
from ...tools.phone import canonical, find_refusal, has_extension, tidy

#: A number, and the odd forms in which it arrives.
SPELLINGS = {
    "+12025550301": (
        *("+12025550301", "+112025550301", "+1 (202) 555-0301", "tel:+1-202-555-0301"),
        *("+12025550301;ext=7", "+1 202 555 0301 x7", "＋１２０２５５５０３０１"),
        *("+١٢٠٢٥٥٥٠٣٠١", "+१२०२५५५०३०१", "0012025550301", "  +12025550301\n"),
        *("＋12025550301", "\u202a+12025550301\u202c", "＋12025550301".rjust(100)),
    ),
    "+447911123456": (
        *("+447911123456", "+4407911123456", "+44 (0) 7911 123456", "00447911123456"),
        *(
            "011447911123456",
            "+44447911123456",
            "+4400447911123456",
            "TEL:+447911123456",
        ),
    ),
    "+33612345678": ("+330612345678", "+33 06 12 34 56 78", "+3333612345678"),
    "+4915112345678": ("+49015112345678", "+49 (0)151 12345678"),
    "+34612345678": ("+340612345678", "+34 (0) 612 345 678"),
    # As a script writes a column of figures: with the zero it would be somebody else's.
    "+436641234567": ("+436641234567.0", "+43 6641234567.0"),
    # In Italy the zero is part of the number.
    "+390612345678": ("+390612345678", "0039 06 12345678"),
}
#: Anything but a number with a country's code is unchanged.
OTHERS = (
    "",
    "12345",
    "ACME",
    "2025550301",
    "+",
    "+99",
    "+4412",
    "+4444",
    "07911123456",
    "x" * 9999,
    "+1 202 555 0301".rjust(101),
)


class TestCanonical(BaseCase):
    """One spelling for each number."""

    def test_each_spelling_is_the_number(self):
        for number, spellings in SPELLINGS.items():
            for spelling in spellings:
                with self.subTest(spelling=spelling):
                    self.assertEqual(canonical(spelling), number)

    def test_what_is_no_number_stays(self):
        for other in OTHERS:
            with self.subTest(other=other[:20]):
                self.assertEqual(canonical(other), other)
        for nothing in (None, False):
            self.assertIs(canonical(nothing), nothing)

    def test_an_example_of_each_country_and_kind_stays(self):
        for region in sorted(phonenumbers.SUPPORTED_REGIONS):
            for kind in phonenumbers.PhoneNumberType.values():
                example = phonenumbers.example_number_for_type(region, kind)
                if example is None:
                    continue
                number = phonenumbers.format_number(
                    example, phonenumbers.PhoneNumberFormat.E164
                )
                with self.subTest(number=number):
                    self.assertEqual(canonical(number), number)

    @given(st.text(max_size=40))
    def test_it_takes_anything_and_is_stable(self, text):
        once = canonical(text)
        self.assertEqual(canonical(once), once)


class TestExtensions(BaseCase):
    """A number with an extension can only be called."""

    def test_it_is_found_in_every_language(self):
        for text in (
            *("+1 303 555 0100 ext. 5", "303-555-0100x5", "303.555.0100 #5"),
            *("tel:+1-303-555-0100;ext=5", "303 555 0100,,5", "020 7946 0018 extn 5"),
            *("06 12 34 56 78 poste 12", "06 12 34 56 78 p. 12", "089 1234 App. 12"),
            *("0171 3920012 Durchwahl 12", "0171 3920012 DW12"),
            *("612 34 56 78 extensión 5", "３０３５５５０１００ ｘ５"),
            *("0171 3920012 ab 2 Uhr", "+43 664 1234567 (Büro 2)"),
            *("+43 664 1234567 (Mo-Fr 8-12)", "0664 123456 ab 18 Uhr 30"),
        ):
            with self.subTest(text=text):
                self.assertTrue(has_extension(tidy(text)))
                self.assertEqual(find_refusal(text), verdicts.EXTENSION)

    def test_other_words_are_none(self):
        for text in (
            *("303 555 0100 (mobile)", "0171 3920012 Büro", "1-800-FLOWERS", "12345"),
            *("tel:303-555-0100;phone-context=+1", "Mobil: 0171 / 39 200 12", ""),
        ):
            with self.subTest(text=text):
                self.assertFalse(has_extension(tidy(text)))

    def test_nothing_is_looked_for_in_a_long_text(self):
        text = "303 555 0100 ext. 5"
        self.assertTrue(has_extension(text.rjust(100)))
        self.assertFalse(has_extension(text.rjust(101)))


class TestRefusals(BaseCase):
    """Numbers that are never texted, each for its own reason."""

    def test_each_has_its_reason(self):
        for reason, numbers in {
            verdicts.EMERGENCY: (
                "911",
                "112",
                "999",
                "1-1-2",
                "+1 911",
                "1–1–2",
                "９１１",
                "17",
            ),
            verdicts.SHORT_CODE: ("12345", "36 105", "262966"),
            verdicts.PREMIUM: ("+19005550123", "+33899123456", "+34803123456"),
            verdicts.SERVICE_NUMBER: ("+33800123456", "+80012345678", "+447640123456"),
            verdicts.LANDLINE: ("+442079460018", "+33145000000", "+493711234567"),
            verdicts.BAD_NUMBER: (
                *("", "12", "call me", "+1303", "+4412", "+99912345678", "+" * 300),
                *("+19115550100", "+15555550100", "+11111111111", "3035550100"),
            ),
            "": (
                *("+13035550100", "+18005550100", "+14165550100", "+447911123456"),
                *("+33612345678", "+491713920012", "+34612345678"),
                "+447700900123",  # for examples: no plan has it, and it may be new
            ),
        }.items():
            for number in numbers:
                with self.subTest(number=number):
                    self.assertEqual(find_refusal(number), reason)

    @given(st.text(max_size=40))
    def test_it_takes_anything(self, text):
        self.assertIsInstance(find_refusal(text), str)
