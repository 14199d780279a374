# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import phonenumbers
from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase

from ...tools.phone import canonical

#: One number, and the odd forms in which code has it.
SPELLINGS = {
    "+12025550301": (
        *("+12025550301", "+112025550301", "+1 (202) 555-0301", "tel:+1-202-555-0301"),
        *("+12025550301;ext=7", "+1 202 555 0301 x7", "＋１２０２５５５０３０１"),
        *("+١٢٠٢٥٥٥٠٣٠١", "+१२०२५५५०३०१", "0012025550301", "  +12025550301\n"),
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
    # In Italy the zero is part of the number.
    "+390612345678": ("+390612345678", "0039 06 12345678"),
}
#: What is no number with its country's code stays as it is.
OTHERS = (
    "",
    "12345",
    "ACME",
    "2025550301",
    "+",
    "+99",
    "+4412",
    "07911123456",
    "x" * 9999,
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
