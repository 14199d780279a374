# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import date

import holidays

from odoo.tests import BaseCase, tagged

from ...tools.business_days import (
    ANY_PART,
    MAX_DAYS,
    add_business_days,
    are_holidays_known,
    find_part,
    get_holidays,
    is_business_day,
)


@tagged("post_install", "-at_install")
class TestBusinessDays(BaseCase):
    """Weekends and federal holidays do not count (47 CFR 64.1200(a)(10))."""

    def test_the_law_allows_ten(self):
        self.assertEqual(MAX_DAYS, 10)

    def test_federal_holidays_and_the_days_on_which_they_are_observed(self):
        for day in (
            date(2026, 1, 1),
            date(2026, 1, 19),
            date(2026, 2, 16),
            date(2026, 5, 25),
            date(2026, 6, 19),
            date(2026, 7, 3),
            date(2026, 9, 7),
            date(2026, 10, 12),
            date(2026, 11, 11),
            date(2026, 11, 26),
            date(2026, 12, 25),
            date(2027, 12, 31),
        ):
            with self.subTest(day=day):
                self.assertFalse(is_business_day(day))

    def test_other_days_count(self):
        for day in (date(2026, 11, 25), date(2026, 11, 27), date(2026, 12, 24)):
            with self.subTest(day=day):
                self.assertTrue(is_business_day(day))

    def test_counting(self):
        for day, count, deadline in (
            (date(2026, 11, 2), 0, date(2026, 11, 2)),
            (date(2026, 11, 2), 1, date(2026, 11, 3)),
            (date(2026, 11, 6), 1, date(2026, 11, 9)),
            (date(2026, 11, 7), 1, date(2026, 11, 9)),
            # Veterans Day and Thanksgiving lie between.
            (date(2026, 11, 2), 10, date(2026, 11, 17)),
            (date(2026, 11, 16), 10, date(2026, 12, 1)),
            # Over the turn of the year, with both holidays.
            (date(2026, 12, 21), 10, date(2027, 1, 6)),
        ):
            with self.subTest(day=day, count=count):
                self.assertEqual(add_business_days(day, count), deadline)


@tagged("post_install", "-at_install")
class TestHolidays(BaseCase):
    """The places in which a day is a holiday."""

    def test_each_place(self):
        assumption, epiphany = date(2026, 8, 15), date(2026, 1, 6)
        for place, day, expected in (
            (("DE", "BY"), epiphany, True),
            (("DE", "DE-BY"), epiphany, True),
            (("DE", "BE"), epiphany, False),
            (("DE", ""), epiphany, False),
            (("DE", None), epiphany, False),
            (("DE", "nowhere"), epiphany, False),
            (("DE", ANY_PART), epiphany, True),
            (("FR", ""), assumption, True),
            # Abolition of slavery: not where numbers of France itself are.
            (("FR", "974"), date(2026, 12, 20), True),
            (("FR", ANY_PART), date(2026, 12, 20), False),
            (("XX", ANY_PART), date(2026, 1, 1), False),
            (("", ""), date(2026, 1, 1), False),
        ):
            with self.subTest(place=place, day=day):
                self.assertIs(day in get_holidays(*place, 2026), expected)

    def test_years_of_which_all_are_known(self):
        """Where the moon makes them, a table does, which ends."""
        for country, last in (("LK", holidays.LK.end_year), ("IN", 2035)):
            with self.subTest(country=country):
                self.assertTrue(are_holidays_known(country, last))
                self.assertFalse(are_holidays_known(country, last + 1))
        for country in ("US", "FR", "UA", "XX", ""):
            with self.subTest(country=country):
                self.assertTrue(are_holidays_known(country, 2027))

    def test_parts_whose_holidays_are_known(self):
        for place, expected in (
            (("DE", "DE-BY"), "BY"),
            (("DE", "CO"), ""),
            (("US", "CO"), "CO"),
            (("XX", "CO"), ""),
        ):
            with self.subTest(place=place):
                self.assertEqual(find_part(*place), expected)
