# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Where a number says that its owner may be.

The patterns and the zones are those of ``phonenumbers``. Its functions try them one by
one, though, and some of them thrice: 60 µs for a British number, six seconds for a list
of 100,000. So the patterns of a region are put together here, once; a test compares
the answers with the library's.
"""

import re
from functools import lru_cache

import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, PhoneNumberType
from phonenumbers.phonenumberutil import is_number_type_geographical
from phonenumbers.timezone import TIMEZONE_DATA, TIMEZONE_LONGEST_PREFIX

from .area_codes import STATE_OF_AREA_CODE
from .place import NOWHERE, NUMBER, TERRITORIES, Place, is_zone

#: Area codes that lie over others, of which the library knows one zone only.
_OVERLAYS = {"364": "270", "448": "850", "458": "541", "930": "812", "986": "208"}
#: Zones that the library does not know an area code to reach into.
_MORE_ZONES = {"931": ("America/New_York",)}

#: calling code: who shares it, in the order in which the library asks
_COUNTRIES = {str(code): it for code, it in COUNTRY_CODE_TO_REGION_CODE.items()}
_LONGEST_CALLING_CODE = 3
#: Kinds of numbers that belong to a service, whose owner may be anywhere in the
#: country. The library looks for them first.
_SERVICES = (
    "premium_rate",
    "toll_free",
    "shared_cost",
    "voip",
    "personal_number",
    "pager",
    "uan",
    "voicemail",
)


def read_number(number):
    """Return what a number says: all places that fit, the same for many numbers.

    A phone goes where its owner goes, and a mobile number of most countries says no
    more than the country. Which of them do, the library knows.

    :param str number: E.164; what is none says nothing
    :rtype: Place
    """
    number = number or ""
    digits = number[1:]
    if number[:1] != "+" or not (digits.isascii() and digits.isdigit()):
        return NOWHERE
    if digits[0] == "1" and len(digits) == 11:
        return _of_area_code(digits[1:4])
    return _of_plan(digits)


def is_assigned(digits):
    """Tell if digits are a number of some country's plan, spelled as it should be.

    :param str digits: calling code and number, without the plus
    """
    _country, kind = _find_kind(digits)
    return bool(kind)


class _Region:
    """The numbers of a country, or of a part of it that has numbers of its own."""

    def __init__(self, calling_code, country):
        """Put the library's patterns together.

        :param str calling_code: without the plus
        :param str country: ISO code, of those that share the calling code
        """
        metadata = PhoneMetadata.metadata_for_region(country)
        self.country = country
        self._leading = metadata.leading_digits and re.compile(metadata.leading_digits)
        self._kinds = _compile_kinds(metadata, int(calling_code))

    def has(self, national):
        """Tell if a number is of here.

        :param str national: digits after the calling code
        """
        if self._leading:
            return bool(self._leading.match(national))
        return self.get_kind(national) is not None

    def get_kind(self, national):
        """Return what it is: ``service``, ``local``, ``mobile``, None for no number."""
        match = self._kinds.fullmatch(national)
        return match and match.lastgroup


def _compile_kinds(metadata, calling_code):
    """Return one pattern for all numbers of a region, a group for each kind.

    :param metadata: ``phonenumbers.PhoneMetadata`` of the region
    :param int calling_code: of the region
    :return: compiled pattern, for the whole of a number after its calling code
    """
    kinds = {"service": _SERVICES, "local": ("fixed_line",), "mobile": ("mobile",)}
    if is_number_type_geographical(PhoneNumberType.MOBILE, calling_code):
        kinds["local"] += kinds.pop("mobile")
    groups = (
        f"(?P<{kind}>{_join_patterns(metadata, names)})"
        for kind, names in kinds.items()
    )
    return re.compile("|".join(groups))


def _join_patterns(metadata, names):
    """Return a pattern for any of some kinds of numbers; none is matched by nothing.

    :param names: attributes of the metadata
    """
    kinds = (getattr(metadata, name) for name in names)
    patterns = [it.national_number_pattern for it in kinds if it]
    return "|".join(filter(None, patterns)) or "(?!)"


@lru_cache(maxsize=1024)
def _get_regions(calling_code):
    """Return who shares a calling code; nobody for satellites and the like."""
    countries = _COUNTRIES.get(calling_code, ())
    return [_Region(calling_code, it) for it in countries if it.isalpha()]


def _of_plan(digits):
    """Return what a number says by the plan of its country.

    :param str digits: calling code and number
    """
    country, kind = _find_kind(digits)
    if not kind:
        return NOWHERE
    is_local = kind == "local"
    zones = _get_zones(digits if is_local else _get_calling_code(digits))
    return _make_place(country, zones, is_local)


def _get_calling_code(digits):
    """Return the calling code that digits begin with, empty for none."""
    codes = (digits[: end + 1] for end in range(_LONGEST_CALLING_CODE))
    return next((it for it in codes if it in _COUNTRIES), "")


def _find_kind(digits):
    """Return the country of a number and its kind, None for what is no number."""
    code = _get_calling_code(digits)
    national = digits[len(code) :]
    region = next((it for it in _get_regions(code) if it.has(national)), None)
    return region and region.country, region and region.get_kind(national)


def _get_zones(digits):
    """Return the zones of the longest beginning of which the library knows some."""
    beginnings = (digits[:end] for end in range(TIMEZONE_LONGEST_PREFIX, 0, -1))
    return next((TIMEZONE_DATA[it] for it in beginnings if it in TIMEZONE_DATA), ())


@lru_cache(maxsize=4096)
def _make_place(country, zones, is_local):
    """Return a place, one for all of its numbers."""
    zones = tuple(filter(is_zone, zones))
    if not zones:
        return NOWHERE
    return Place(zones, ((country, ""),), (NUMBER,), is_local or len(zones) == 1)


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
        return NOWHERE
    return Place(tuple(zones), ((country, state),), (NUMBER,))


def _get_region(code):
    """Return country and state of an area code of North America."""
    if state := STATE_OF_AREA_CODE.get(code):
        return "US", state
    parsed = phonenumbers.parse(f"+1{code}5550100")
    country = phonenumbers.region_code_for_number(parsed) or ""
    return ("US", country) if country in TERRITORIES else (country, "")
