# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re

import phonenumbers
from phonenumbers import geocoder

from odoo.tests import BaseCase, tagged

from ...tools.geography import (
    ADDRESS,
    COMPANY,
    CONTACT,
    NUMBER,
    STATE_OF_AREA_CODE,
    ZONES_OF_STATE,
    Place,
    is_zone,
    locate,
    locate_company,
)

EASTERN, CENTRAL = "America/New_York", "America/Chicago"
MOUNTAIN, PACIFIC = "America/Denver", "America/Los_Angeles"
HOME = Place((MOUNTAIN,), (("US", "CO"),), (COMPANY,))


@tagged("post_install", "-at_install")
class TestZones(BaseCase):
    """Places where a recipient may be, and how they were found."""

    def assertPlace(self, clues, zones, sources, *regions):
        """Check the place found for ``(number, zone, country, state)``."""
        place = locate(*clues, fallback=HOME)
        self.assertEqual(set(place.zones), set(zones), clues)
        self.assertEqual(place.sources, sources, clues)
        self.assertEqual(set(place.regions), set(regions), clues)

    def test_an_address_in_a_territory_is_under_the_law_of_the_us(self):
        place = ("", "", "PR", ""), {"America/Puerto_Rico"}, (ADDRESS,), ("US", "PR")
        self.assertPlace(*place)

    def test_an_address_in_a_part_of_france_is_under_its_law(self):
        place = ("", "", "RE", ""), {"Indian/Reunion"}, (ADDRESS,), ("FR", "974")
        self.assertPlace(*place)

    def test_an_area_code_names_a_zone_and_a_state(self):
        for number, zone, state in (
            ("+12125550100", EASTERN, "NY"),
            ("+13125550100", CENTRAL, "IL"),
            ("+13035550100", MOUNTAIN, "CO"),
            ("+14155550100", PACIFIC, "CA"),
            ("+16025550100", "America/Phoenix", "AZ"),
            ("+18085550100", "Pacific/Honolulu", "HI"),
            ("+19155550100", MOUNTAIN, "TX"),
            ("+15125550100", CENTRAL, "TX"),
            ("+17875550100", "America/Puerto_Rico", "PR"),
        ):
            self.assertPlace((number,), [zone], (NUMBER,), ("US", state))

    def test_area_codes_over_two_zones(self):
        """Whatever the exchange: a number may have moved within its area code."""
        for area, state, zones in (
            ("850", "FL", {EASTERN, CENTRAL}),
            ("448", "FL", {EASTERN, CENTRAL}),
            ("931", "TN", {EASTERN, CENTRAL}),
            ("423", "TN", {EASTERN, CENTRAL}),
            ("605", "SD", {CENTRAL, MOUNTAIN}),
            ("701", "ND", {CENTRAL, MOUNTAIN}),
            ("308", "NE", {CENTRAL, MOUNTAIN}),
            ("541", "OR", {PACIFIC, MOUNTAIN}),
            ("270", "KY", {EASTERN, CENTRAL}),
            ("208", "ID", {"America/Boise", PACIFIC}),
            ("986", "ID", {"America/Boise", PACIFIC}),
            ("906", "MI", {EASTERN, CENTRAL}),
        ):
            place = locate(f"+1{area}5550100", fallback=HOME)
            with self.subTest(area=area):
                self.assertLessEqual(zones, set(place.zones))
                self.assertEqual(place.regions, (("US", state),))

    def test_a_state_names_its_zones(self):
        nobody = ""
        self.assertPlace(
            (nobody, "", "US", "FL"), [EASTERN, CENTRAL], (ADDRESS,), ("US", "FL")
        )
        self.assertPlace((nobody, "", "US", "GA"), [EASTERN], (ADDRESS,), ("US", "GA"))
        self.assertEqual(len(ZONES_OF_STATE), 50 + 1 + 5)
        for zones in ZONES_OF_STATE.values():
            self.assertTrue(all(map(is_zone, zones)))

    def test_what_differs_is_put_together(self):
        self.assertPlace(
            ("+13035550100", "", "US", "GA"),
            [EASTERN, MOUNTAIN],
            (ADDRESS, NUMBER),
            *(("US", "GA"), ("US", "CO")),
        )
        self.assertPlace(
            ("+13035550100", PACIFIC, "US", "GA"),
            [PACIFIC, EASTERN, MOUNTAIN],
            (CONTACT, ADDRESS, NUMBER),
            *(("US", "GA"), ("US", "CO")),
        )

    def test_a_mere_country_yields_to_a_place_in_it(self):
        mobile = "+61491570156"
        everywhere = locate(mobile, fallback=HOME)
        self.assertIn("Australia/Perth", everywhere.zones)
        self.assertIn("Australia/Sydney", everywhere.zones)
        self.assertPlace(
            (mobile, "Australia/Perth", "AU"),
            ["Australia/Perth"],
            (CONTACT,),
            ("AU", ""),
        )
        self.assertPlace(
            ("+13035550100", "", "US"),
            [MOUNTAIN],
            (NUMBER,),
            *(("US", ""), ("US", "CO")),
        )
        # A country with one zone is as exact as a place in it.
        tokyo = "+81312345678", "", "JP"
        self.assertPlace(tokyo, ["Asia/Tokyo"], (ADDRESS, NUMBER), ("JP", ""))

    def test_a_zone_elsewhere_does_not_hide_the_country(self):
        """The contact's zone may be that of the person who entered the contact."""
        place = locate("+61491570156", EASTERN, "AU", fallback=HOME)
        self.assertIn(EASTERN, place.zones)
        self.assertIn("Australia/Perth", place.zones)

    def test_other_countries(self):
        self.assertPlace(("+442071234567",), ["Europe/London"], (NUMBER,), ("GB", ""))
        self.assertPlace(("", "", "JP", ""), ["Asia/Tokyo"], (ADDRESS,), ("JP", ""))
        self.assertIn("Europe/London", locate("+447400123456").zones)
        self.assertPlace(("+14165550100",), ["America/Toronto"], (NUMBER,), ("CA", ""))

    def test_who_could_be_anywhere_is_where_the_company_is(self):
        for number in (
            *("", None, "call me", "+", "+18005550100", "+18885550100"),
            *("+15005550100", "+881612345678", "12345"),
        ):
            self.assertPlace((number,), HOME.zones, (COMPANY,), *HOME.regions)

    def test_what_is_no_zone_says_nothing_and_harms_nobody(self):
        for name in (
            *("Mars/Olympus", "", None, False, 7, "../../etc/passwd", "a\0b"),
            *("America", "/", "x" * 5000, "America/New_York "),
        ):
            self.assertFalse(is_zone(name), name)
        self.assertPlace(
            ("+13035550100", "Mars/Olympus"), [MOUNTAIN], (NUMBER,), ("US", "CO")
        )

    def test_the_company(self):
        for clues, zone, *regions in (
            ((PACIFIC, "US", "CO"), PACIFIC, ("US", "CO")),
            (("", "US", "CO"), MOUNTAIN, ("US", "CO")),
            ((False, "US", "", "+13035550100"), MOUNTAIN, ("US", ""), ("US", "CO")),
            (("", "", "", "+13035550100"), MOUNTAIN, ("US", "CO")),
            (("", "JP"), "Asia/Tokyo", ("JP", "")),
            # A country without a zone.
            (("", "XK", "", False), "UTC", ("XK", "")),
            ((), "UTC"),
        ):
            with self.subTest(clues=clues):
                place = Place((zone,), tuple(regions), (COMPANY,))
                self.assertEqual(locate_company(*clues), place)

    def test_the_table_of_area_codes_is_that_of_the_library(self):
        """It fails when the library knows a new area code: add it to the table."""
        missing = {}
        for code in map(str, range(200, 1000)):
            parsed = phonenumbers.parse(f"+1{code}5550100")
            if phonenumbers.region_code_for_number(parsed) != "US":
                continue
            found = geocoder.description_for_number(parsed, "en")
            if not found or code in STATE_OF_AREA_CODE:
                state = re.search(r", ([A-Z]{2})$", found or "")
                if state and state[1] != STATE_OF_AREA_CODE.get(code):
                    missing[code] = found
                continue
            missing[code] = found
        self.assertFalse(missing)
