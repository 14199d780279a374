# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Where a recipient may be: every time zone that fits, and how each was found.

Nobody knows where a phone is. The law asks for the hour at the called party's place
(47 CFR 64.1200(c)(1)), so all that is known of the person is put together, and who
asks keeps to the strictest of the answers: a zone more can only shorten the window.

A clue that says no more than a country (a mobile number of Australia, an address
without a state) yields to one that names a place in that country. Arizona is taken to
keep no summer time; the Navajo Nation, which keeps it, cannot be told from it.
"""

from functools import lru_cache

import pytz

from .number_places import read_number
from .place import ADDRESS, COMPANY, CONTACT, NOWHERE, TERRITORIES, Place, is_zone

_EASTERN, _CENTRAL = "America/New_York", "America/Chicago"
_MOUNTAIN, _PACIFIC = "America/Denver", "America/Los_Angeles"

#: Codes of the states that keep one zone (49 CFR part 71).
_STATES_OF_ZONE = {
    _EASTERN: "CT DE DC GA ME MD MA NH NJ NY NC OH PA RI SC VT VA WV",
    _CENTRAL: "AL AR IL IA LA MN MS MO OK WI",
    _MOUNTAIN: "CO MT NM UT WY",
    _PACIFIC: "CA WA",
    "America/Phoenix": "AZ",
    "Pacific/Honolulu": "HI",
    "America/Puerto_Rico": "PR",
    "America/St_Thomas": "VI",
    "Pacific/Guam": "GU",
    "Pacific/Saipan": "MP",
    "Pacific/Pago_Pago": "AS",
}

#: Those over which a border of two zones runs.
_STATES_OF_TWO_ZONES = {
    "AK": ("America/Anchorage", "America/Adak"),
    "FL": (_EASTERN, _CENTRAL),
    "ID": ("America/Boise", _PACIFIC),
    "IN": ("America/Indiana/Indianapolis", _CENTRAL),
    "KS": (_CENTRAL, _MOUNTAIN),
    "KY": (_EASTERN, _CENTRAL),
    "MI": ("America/Detroit", _CENTRAL),
    "NE": (_CENTRAL, _MOUNTAIN),
    "NV": (_PACIFIC, _MOUNTAIN),
    "ND": (_CENTRAL, _MOUNTAIN),
    "OR": (_PACIFIC, "America/Boise"),
    "SD": (_CENTRAL, _MOUNTAIN),
    "TN": (_CENTRAL, _EASTERN),
    "TX": (_CENTRAL, _MOUNTAIN),
}

#: code of a state or territory of the US: its zones
ZONES_OF_STATE = {
    **{
        state: (zone,)
        for zone, states in _STATES_OF_ZONE.items()
        for state in states.split()
    },
    **_STATES_OF_TWO_ZONES,
}


def locate(number, tz="", country="", state="", fallback=NOWHERE):
    """Return where the person with a number and an address may be.

    :param str number: E.164; what is none says nothing
    :param str tz: the contact's own zone
    :param str country: ISO code of the address's country
    :param str state: code of its state
    :param Place fallback: where the company is, for who could be anywhere
    :rtype: Place
    """
    return _put_together(read_number(number), tz, country, state, fallback)


def locate_company(tz="", country="", state="", number=""):
    """Return where a company is; in UTC if nothing is known of it.

    :param str tz: the company's own zone, which alone counts if it is one
    :param str number: the company's phone, E.164
    :rtype: Place
    """
    regions = _of_address(country, state).regions
    if is_zone(tz):
        return Place((tz,), regions, (COMPANY,))
    found = locate(number or "", "", country or "", state or "")
    return Place(found.zones or ("UTC",), found.regions or regions, (COMPANY,))


@lru_cache(maxsize=4096)
def _put_together(of_number, tz, country, state, fallback):
    """Return what the number, the contact's zone and the address say together."""
    clues = (_of_contact(tz), _of_address(country, state), of_number)
    clues = [clue for clue in clues if clue.zones or clue.regions]
    exact = {zone for clue in clues if clue.is_exact for zone in clue.zones}
    used = [
        clue
        for clue in clues
        if clue.zones and (clue.is_exact or not exact.intersection(clue.zones))
    ]
    place = _join(used, [region for clue in clues for region in clue.regions])
    if not place.zones:
        regions = place.regions or fallback.regions
        return Place(fallback.zones, regions, (COMPANY,))
    return place


def _join(clues, regions):
    """Return one place out of several clues."""
    zones = dict.fromkeys(zone for clue in clues for zone in clue.zones)
    sources = tuple(source for clue in clues for source in clue.sources)
    return Place(tuple(zones), tuple(dict.fromkeys(regions)), sources)


def _of_contact(tz):
    """Return what the contact's own zone says."""
    return Place((tz,), (), (CONTACT,)) if is_zone(tz) else NOWHERE


def _of_address(country, state):
    """Return what the address says: its state's zones, else all of its country."""
    country, state = (country or "").upper(), (state or "").upper()
    if country in TERRITORIES:
        country, state = "US", country
    if not country:
        return NOWHERE
    if country == "US" and state in ZONES_OF_STATE:
        return Place(ZONES_OF_STATE[state], (("US", state),), (ADDRESS,))
    zones = tuple(pytz.country_timezones.get(country, ()))
    return Place(zones, ((country, state),), (ADDRESS,), len(zones) == 1)
