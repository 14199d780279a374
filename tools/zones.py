# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Where a recipient may be: every time zone that fits, and how each was found.

Nobody knows where a phone is. The law asks for the hour at the called party's place
(47 CFR 64.1200(c)(1)), so all that is known of the person is put together, and who
asks keeps to the strictest of the answers: a zone more can only shorten the window.

A clue that says no more than a country (a mobile number of Australia, an address
without a state) yields to one that names a place in that country. Arizona is taken to
keep no summer time; the Navajo Nation, which keeps it, cannot be told from it.
"""

from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

import phonenumbers
import pytz
from phonenumbers.timezone import TIMEZONE_DATA, time_zones_for_number

from .area_codes import STATE_OF_AREA_CODE

CONTACT, ADDRESS, NUMBER, COMPANY = SOURCES = (
    "contact",
    "address",
    "number",
    "company",
)

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

#: Countries of their own for the post and the phone, parts of the US for its law.
_TERRITORIES = ("AS", "GU", "MP", "PR", "VI")

#: Area codes that lie over others, of which the library knows one zone only.
_OVERLAYS = {"364": "270", "448": "850", "458": "541", "930": "812", "986": "208"}
#: Zones that the library does not know an area code to reach into.
_MORE_ZONES = {"931": (_EASTERN,)}


@dataclass(frozen=True)
class Place:
    """Where somebody may be.

    :param zones: names of time zones (IANA), the best known first
    :param regions: pairs of ISO codes, country and state (may be empty)
    :param sources: how it was found, of :data:`SOURCES`
    :param is_exact: it names more than a country
    """

    zones: tuple = ()
    regions: tuple = ()
    sources: tuple = ()
    is_exact: bool = True


@lru_cache(maxsize=1024)
def is_zone(name):
    """Tell if ``name`` is a time zone that can be reckoned with; anything may be asked.

    :param name: what a field of a contact holds
    """
    if not name or not isinstance(name, str):
        return False
    try:
        return bool(ZoneInfo(name))
    except (ValueError, OSError, KeyError):
        return False


@lru_cache(maxsize=4096)
def locate(number, tz="", country="", state="", fallback=Place()):
    """Return where the person with a number and an address may be.

    :param str number: E.164; what is none says nothing
    :param str tz: the contact's own zone
    :param str country: ISO code of the address's country
    :param str state: code of its state
    :param Place fallback: where the company is, for who could be anywhere
    :rtype: Place
    """
    clues = (_of_contact(tz), _of_address(country, state), _of_number(number))
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


def get_region_digits(number):
    """Return the part of a number that tells where it is: many have the same.

    :param str number: E.164, may be empty
    :return: of a number of North America its area code, else all of it
    """
    is_north_american = number and number.startswith("+1") and len(number) == 12
    return number[:5] if is_north_american else number


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


def _join(clues, regions):
    """Return one place out of several clues."""
    zones = dict.fromkeys(zone for clue in clues for zone in clue.zones)
    sources = tuple(source for clue in clues for source in clue.sources)
    return Place(tuple(zones), tuple(dict.fromkeys(regions)), sources)


def _of_contact(tz):
    """Return what the contact's own zone says."""
    return Place((tz,), (), (CONTACT,)) if is_zone(tz) else Place()


def _of_address(country, state):
    """Return what the address says: its state's zones, else all of its country."""
    country, state = (country or "").upper(), (state or "").upper()
    if country in _TERRITORIES:
        country, state = "US", country
    if not country:
        return Place()
    if country == "US" and state in ZONES_OF_STATE:
        return Place(ZONES_OF_STATE[state], (("US", state),), (ADDRESS,))
    zones = tuple(pytz.country_timezones.get(country, ()))
    return Place(zones, ((country, state),), (ADDRESS,), len(zones) == 1)


@lru_cache(maxsize=4096)
def _of_number(number):
    """Return what an E.164 number says."""
    number = number or ""
    digits = get_region_digits(number)
    if digits != number:
        return _of_area_code(digits[2:])
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return Place()
    country = phonenumbers.region_code_for_number(parsed) or ""
    zones = tuple(filter(is_zone, time_zones_for_number(parsed)))
    if not zones or not country.isalpha():
        return Place()
    is_exact = len(zones) == 1 or phonenumbers.is_number_geographical(parsed)
    return Place(zones, ((country, ""),), (NUMBER,), is_exact)


@lru_cache(maxsize=1024)
def _of_area_code(code):
    """Return what an area code of North America says: all zones it reaches into.

    Numbers move with their owners within an area code, so its exchanges, which the
    library knows one by one, are put together. A code without a place says nothing:
    toll-free, or personal numbers.
    """
    prefixes = {f"1{code}", f"1{_OVERLAYS.get(code, code)}"}
    found = (
        zone
        for prefix, names in TIMEZONE_DATA.items()
        if prefix[:4] in prefixes
        for zone in names
    )
    zones = dict.fromkeys((*found, *_MORE_ZONES.get(code, ())))
    country, state = _get_region(code)
    if not zones or not country:
        return Place()
    return Place(tuple(zones), ((country, state),), (NUMBER,))


def _get_region(code):
    """Return country and state of an area code of North America."""
    if state := STATE_OF_AREA_CODE.get(code):
        return "US", state
    parsed = phonenumbers.parse(f"+1{code}5550100")
    country = phonenumbers.region_code_for_number(parsed) or ""
    return ("US", country) if country in _TERRITORIES else (country, "")
