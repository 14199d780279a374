# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import random
from unittest.mock import patch

import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE
from phonenumbers.timezone import TIMEZONE_DATA, time_zones_for_number

from odoo.tests import BaseCase, tagged

from ...tools.geography import (
    NOWHERE,
    NUMBER,
    Place,
    is_assigned,
    is_mobile,
    is_zone,
    read_number,
)

#: Numbers generated for each kind of a country.
OF_A_KIND = 40


def ask_library(number):
    """Return a number's place by the library's own functions."""
    parsed = phonenumbers.parse(number)
    country = phonenumbers.region_code_for_number(parsed) or ""
    zones = tuple(filter(is_zone, time_zones_for_number(parsed)))
    if not zones or not country.isalpha():
        return NOWHERE
    is_exact = len(zones) == 1 or phonenumbers.is_number_geographical(parsed)
    return Place(zones, ((country, ""),), (NUMBER,), is_exact)


def is_e164(number):
    """Tell if a number is written as the intake writes it: nothing is left to strip."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return False
    e164 = phonenumbers.PhoneNumberFormat.E164
    return phonenumbers.format_number(parsed, e164) == number


def make_numbers(chance, calling_code, country):
    """Yield numbers of a country of each kind, right and wrong ones.

    The end of a number that there is gives way to other digits, more or fewer.
    """
    for kind in phonenumbers.supported_types_for_region(country):
        example = phonenumbers.example_number_for_type(country, kind)
        if not example:
            continue
        national = phonenumbers.national_significant_number(example)
        yield f"+{calling_code}{national}"
        for _number in range(OF_A_KIND):
            kept = chance.randrange(len(national))
            more = len(national) - kept + chance.choice((0, 0, 0, 1, -1))
            digits = chance.choices("0123456789", k=more)
            yield f"+{calling_code}{national[:kept]}{''.join(digits)}"


@tagged("post_install", "-at_install")
class TestNumberPlaces(BaseCase):
    """The place of a number is what the library says, but faster."""

    def test_all_numbers_of_the_world_as_the_library_has_them(self):
        chance = random.Random(4)
        count = 0
        for calling_code, countries in COUNTRY_CODE_TO_REGION_CODE.items():
            # Area codes of North America are put together: see the tests of zones.
            if calling_code == 1:
                continue
            for country in filter(str.isalpha, countries):
                numbers = make_numbers(chance, calling_code, country)
                for number in filter(is_e164, set(numbers)):
                    place = read_number(number)
                    self.assertEqual(place, ask_library(number), number)
                    count += place != NOWHERE
        self.assertGreater(count, 10_000)

    def test_a_country_that_shares_its_calling_code(self):
        for number, country in (
            ("+447400123456", "GB"),
            ("+447797712345", "JE"),
            ("+447781123456", "GG"),
            ("+447624123456", "IM"),
            ("+390612345678", "IT"),
            ("+390669812345", "VA"),
            ("+79161234567", "RU"),
            ("+77010001234", "KZ"),
        ):
            self.assertEqual(read_number(number).regions, ((country, ""),), number)

    def test_a_mobile_says_the_country_and_a_landline_the_town(self):
        sydney, mobile = read_number("+61293744000"), read_number("+61491570156")
        self.assertEqual(sydney.zones, ("Australia/Sydney",))
        self.assertTrue(sydney.is_exact)
        self.assertIn("Australia/Perth", mobile.zones)
        self.assertFalse(mobile.is_exact)

    def test_what_is_surely_a_mobile(self):
        for digits, assigned, mobile in (
            ("447400123456", True, True),
            ("442071234567", True, False),
            ("448001111", True, False),
            # Landlines and mobiles look alike there.
            ("13035550100", True, False),
            ("4474001234567", False, False),
            ("447", False, False),
            ("999123456789", False, False),
            ("", False, False),
        ):
            with self.subTest(digits=digits):
                self.assertIs(is_assigned(digits), assigned)
                self.assertIs(is_mobile(digits), mobile)

    def test_the_longest_beginning_of_which_zones_are_known(self):
        moscow = ("Europe/Moscow",)
        for known, zones in (
            ({"7": moscow}, moscow),
            ({"7": ("Asia/Omsk",), "7495": moscow, "7496": ("Asia/Tomsk",)}, moscow),
            # The library may know zones that the machine does not.
            ({"7495": ("Mars/Olympus", *moscow)}, moscow),
            ({"7495": ("Mars/Olympus",)}, ()),
            ({}, ()),
        ):
            only = patch.dict(TIMEZONE_DATA, known, clear=True)
            with self.subTest(known=known), only:
                self.assertEqual(read_number("+74951234567").zones, zones)

    def test_mobiles_of_brazil_say_the_town(self):
        manaus = read_number("+5592961234567")
        self.assertEqual(manaus.zones, ("America/Manaus",))
        self.assertTrue(manaus.is_exact)

    def test_numbers_of_one_place_have_one_answer(self):
        """So that results derived from it are computed once for all of them."""
        for numbers in (
            ("+447400123456", "+447712345678"),
            ("+4915123456789", "+4930123456"),
            ("+13035550100", "+13035550199"),
        ):
            self.assertEqual(*map(read_number, numbers))

    def test_what_is_no_number_says_nothing(self):
        for number in (
            *(None, "", "+", "++", "call me", "12345", "447400123456"),
            *("+44", "+447", "+4474001234567", "+44 7400 123456", "+44abc"),
            *("+\u0661\u0662\u0663", "+0447400123456", "+013035550100", "+1303"),
            *(
                "+999123456789",
                "+881612345678",
                "+80012345678",
                "+44\n",
                "+447400123456\n",
            ),
            "+" + "4" * 100_000,
        ):
            self.assertEqual(read_number(number), NOWHERE, repr(number)[:40])
