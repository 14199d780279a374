# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import date

from odoo.tests import BaseCase, tagged

from ...tools.purpose_rules import (
    ADDRESS,
    ASSUMED,
    CONSENT,
    IN_WRITING,
    RECORDS,
    SENDER,
    OfferLaw,
    find_duties,
    find_years_to_keep,
)
from ...tools.strictness import is_law_less_strict

DAY = date(2026, 11, 27)


@tagged("post_install", "-at_install")
class TestOfferLaw(BaseCase):
    """Legal duties for offers in the recipient's country."""

    def test_silence_is_no_leave(self):
        for laws, countries in (
            ([], []),
            ([], ["US"]),
            ([OfferLaw("CA", False)], ["US"]),
        ):
            self.assertEqual(find_duties(laws, countries, DAY), ASSUMED)
        self.assertIn(CONSENT, ASSUMED)

    def test_the_law_of_the_day(self):
        laws = [
            OfferLaw("US", False, None, date(2026, 6, 30)),
            OfferLaw("US", True, date(2026, 7, 1)),
            OfferLaw("CA", False),
            OfferLaw("CA", True, date(2027, 1, 1)),
        ]
        for country, day, expected in (
            ("US", date(2026, 6, 30), False),
            ("US", date(2026, 7, 1), True),
            ("CA", DAY, False),
            ("CA", date(2027, 1, 1), True),
        ):
            with self.subTest(country=country, day=day):
                self.assertEqual(CONSENT in find_duties(laws, [country], day), expected)

    def test_the_strictest_of_several_countries(self):
        laws = [OfferLaw("CA", False), OfferLaw("US", True)]
        self.assertNotIn(CONSENT, find_duties(laws, ["CA", "CA"], DAY))
        self.assertIn(CONSENT, find_duties(laws, ["CA", "US"], DAY))

    def test_each_duty_by_itself(self):
        laws = [
            OfferLaw("CA", True, duty=ADDRESS),
            OfferLaw("CA", False, duty=SENDER),
            OfferLaw("CA", True, is_written=False),
        ]
        expected = ASSUMED - {SENDER, IN_WRITING} | {ADDRESS}
        self.assertEqual(find_duties(laws, ["CA"], DAY), expected)

    def test_the_newest_law_counts_whatever_their_order(self):
        laws = [OfferLaw("US", True, date(2026, 7, 1)), OfferLaw("US", False)]
        for some in (laws, laws[::-1]):
            self.assertIn(CONSENT, find_duties(some, ["US"], DAY))
        lifted = [OfferLaw("US", False, date(2026, 7, 1)), OfferLaw("US", True)]
        for some in (lifted, lifted[::-1]):
            self.assertNotIn(CONSENT, find_duties(some, ["US"], DAY))

    def test_how_long_proof_is_kept(self):
        law = OfferLaw("US", True, duty=RECORDS, keep_years=4)
        for laws, expected in (
            ([law], {"US": 4}),
            ([law, law._replace(keep_years=5), law._replace(keep_years=3)], {"US": 5}),
            ([law, law._replace(country="CA", keep_years=3)], {"US": 4, "CA": 3}),
            ([law._replace(keep_years=0)], {"US": 0}),
            ([law._replace(is_required=False)], {}),
            ([law._replace(duty=SENDER)], {}),
            ([law._replace(effective_from=date(2026, 11, 28))], {}),
            ([law._replace(effective_to=date(2026, 11, 26))], {}),
            ([law._replace(effective_from=DAY, effective_to=DAY)], {"US": 4}),
        ):
            with self.subTest(laws=laws):
                self.assertEqual(find_years_to_keep(laws, DAY), expected)

    def test_what_is_less_strict(self):
        asks, lets = OfferLaw("JP", True), OfferLaw("JP", False)
        spoken = asks._replace(is_written=False)
        address = OfferLaw("JP", True, duty=ADDRESS)
        records = OfferLaw("JP", True, duty=RECORDS, keep_years=3)
        for before, after, expected in (
            (None, asks, False),
            (None, lets, True),
            (None, spoken, True),
            (None, address._replace(is_required=False), False),
            (asks, spoken, True),
            (spoken, asks, False),
            (lets, asks, False),
            (lets, None, False),
            (lets, lets, False),
            (lets, lets._replace(country="US"), True),
            (asks, None, True),
            (asks, asks._replace(country="US"), True),
            (asks, asks._replace(effective_to=DAY), True),
            (address, address._replace(is_required=False), True),
            (records, records._replace(keep_years=2), True),
            (records, records._replace(keep_years=4), False),
        ):
            with self.subTest(before=before, after=after):
                self.assertEqual(is_law_less_strict(before, after), expected)
