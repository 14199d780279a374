# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Places: area codes and time zones of numbers, where people may be, postal codes."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import phonenumbers
import pytz
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, PhoneNumberType
from phonenumbers.phonenumberutil import is_number_type_geographical
from phonenumbers.timezone import TIMEZONE_DATA, TIMEZONE_LONGEST_PREFIX

from .texts import by_word

#: Sources of a place.
CONTACT, ADDRESS, NUMBER, COMPANY = "contact", "address", "number", "company"

#: Territories with their own country code (ISO) where the law of the US applies.
TERRITORIES = ("AS", "GU", "MP", "PR", "VI")
#: Parts of France with their own ISO country code, where its law applies: their codes
#: as its departments.
DEPARTMENTS = {
    **{"GP": "971", "MQ": "972", "GF": "973", "RE": "974", "YT": "976"},
    **{"BL": "BL", "MF": "MF"},
}


@dataclass(frozen=True)
class Place:
    """A place where somebody may be.

    :param zones: names of time zones (IANA), the best known first
    :param regions: pairs of ISO codes, country and state (may be empty)
    :param sources: how it was found, such as :data:`ADDRESS`
    :param is_exact: it is more specific than a country with several zones
    """

    zones: tuple = ()
    regions: tuple = ()
    sources: tuple = ()
    is_exact: bool = True


#: An unknown place.
NOWHERE = Place()


@lru_cache(maxsize=1024)
def is_zone(name):
    """Tell if ``name``, which may be any value, is a known time zone (IANA)."""
    if not name or not isinstance(name, str):
        return False
    try:
        return bool(ZoneInfo(name))
    except (ValueError, OSError, KeyError):
        return False


# States of the US by area code.
#
# ``phonenumbers`` knows them too, but would load the geography of the whole world into
# memory (100 MB a worker). A test compares this table with the library, and so reports
# new area codes.

_AREA_CODES = """
AK 907; AL 205 251 256 334 659 938; AR 327 479 501 870; AZ 480 520 602 623 928
CA 209 213 279 310 323 341 350 369 408 415 424 442 510 530 559 562 619 626 628 650 657
CA 661 669 707 714 738 747 760 805 818 820 831 840 858 909 916 925 949 951
CO 303 719 720 748 970 983; CT 203 475 860 959; DC 202 771; DE 302
FL 239 305 321 324 352 386 407 448 561 645 656 689 727 728 754 772 786 813 850 863 904
FL 941 954; GA 229 404 470 478 678 706 762 770 912 943; HI 808; IA 319 515 563 641 712
ID 208 986; IL 217 224 309 312 331 447 464 618 630 708 730 773 779 815 847 872
IN 219 260 317 463 574 765 812 930; KS 316 620 785 913; KY 270 364 502 606 859
LA 225 318 337 504 985; MA 339 351 413 508 617 774 781 857 978
MD 227 240 301 410 443 667; ME 207; MI 231 248 269 313 517 586 616 734 810 906 947 989
MN 218 320 507 612 651 763 952; MO 235 314 417 557 573 636 660 816 975
MS 228 601 662 769; MT 406; NC 252 336 472 704 743 828 910 919 980 984; ND 701
NE 308 402 531; NH 603; NJ 201 551 609 640 732 848 856 862 908 973; NM 505 575
NV 702 725 775
NY 212 315 329 332 347 363 516 518 585 607 631 646 680 716 718 838 845 914 917 929 934
OH 216 220 234 283 326 330 380 419 440 513 567 614 740 937; OK 405 539 572 580 918
OR 458 503 541 971; PA 215 223 267 272 412 445 484 570 582 610 717 724 814 835 878
RI 401; SC 803 821 839 843 854 864; SD 605; TN 423 615 629 731 865 901 931
TX 210 214 254 281 325 346 361 409 430 432 469 512 682 713 726 737 806 817 830 832 903
TX 915 936 940 945 956 972 979; UT 385 435 801
VA 276 434 540 571 686 703 757 804 826 948; VT 802; WA 206 253 360 425 509 564
WI 262 274 353 414 534 608 715 920; WV 304 681; WY 307
"""
#: area code: code of the state
STATE_OF_AREA_CODE = {
    code: state
    for state, *codes in map(str.split, re.split(r"[;\n]", _AREA_CODES.strip()))
    for code in codes
}


# Places of numbers.
#
# The patterns and zones are those of ``phonenumbers``, but its functions try them one
# by one, some of them three times: 60 µs for a British number, six seconds for a list
# of 100,000. So the patterns of a region are combined here, once; a test compares the
# answers with the library's.

#: Overlay area codes for which the library knows only one zone, and the older codes.
_OVERLAYS = {"364": "270", "448": "850", "458": "541", "930": "812", "986": "208"}
#: Further zones of an area code that the library lacks.
_MORE_ZONES = {"931": ("America/New_York",)}

#: calling code: the countries that share it, in the order in which the library tries
_COUNTRIES = {str(code): it for code, it in COUNTRY_CODE_TO_REGION_CODE.items()}
_LONGEST_CALLING_CODE = 3
#: Kinds of service numbers, whose owner may be anywhere in the country. The library
#: checks them first.
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
    """Return the place that a number (E.164) indicates; many numbers share one object.

    In most countries a mobile number indicates no more than the country; the library
    knows in which it indicates a place.
    """
    if not re.fullmatch(r"\+[0-9]+", number or ""):
        return NOWHERE
    digits = number[1:]
    if digits[0] == "1" and len(digits) == 11:
        return _of_area_code(digits[1:4])
    return _of_plan(digits)


def is_assigned(digits):
    """Tell if digits (E.164 without the plus) are valid in a country's number plan."""
    _country, kind = _find_kind(digits)
    return bool(kind)


def is_mobile(digits):
    """Tell if digits (E.164 without the plus) are certainly a mobile number.

    In some countries mobile numbers cannot be distinguished from others.
    """
    _country, kind = _find_kind(digits)
    return kind == "mobile"


@lru_cache(maxsize=1024)
def _get_kinds(calling_code):
    """Return the countries that share a calling code, each with its compiled pattern.

    None for codes that belong to no country, such as those of satellites.

    :return: list of ``(ISO code, pattern)``
    """
    countries = filter(str.isalpha, _COUNTRIES.get(calling_code, ()))
    return [(it, _compile_kinds(it, int(calling_code))) for it in countries]


def _compile_kinds(country, calling_code):
    """Return one pattern for all numbers of a country, with a group for each kind.

    A territory with its own numbers counts as a country.
    """
    metadata = PhoneMetadata.metadata_for_region(country)
    kinds = {"service": _SERVICES, "local": ("fixed_line",), "mobile": ("mobile",)}
    if is_number_type_geographical(PhoneNumberType.MOBILE, calling_code):
        kinds["local"] += kinds.pop("mobile")
    groups = (f"(?P<{it}>{_join_patterns(metadata, kinds[it])})" for it in kinds)
    return re.compile("|".join(groups))


def _join_patterns(metadata, names):
    """Return a pattern for several kinds of numbers; without any, it never matches."""
    kinds = (getattr(metadata, name) for name in names)
    patterns = [it.national_number_pattern for it in kinds if it]
    return "|".join(filter(None, patterns)) or "(?!)"


def _of_plan(digits):
    """Return the place that a number indicates by its country's number plan."""
    country, kind = _find_kind(digits)
    if not kind:
        return NOWHERE
    is_local = kind == "local"
    zones = _get_zones(digits if is_local else _get_calling_code(digits))
    return _make_place(country, zones, is_local)


def _get_calling_code(digits):
    """Return the calling code with which digits begin, or None."""
    codes = (digits[: end + 1] for end in range(_LONGEST_CALLING_CODE))
    return next((it for it in codes if it in _COUNTRIES), None)


def _find_kind(digits):
    """Return the country and the kind of a number; both None if it is not valid."""
    code = _get_calling_code(digits)
    for country, kinds in _get_kinds(code):
        if match := kinds.fullmatch(digits[len(code) :]):
            return country, match.lastgroup
    return None, None


def _get_zones(digits):
    beginnings = (digits[:end] for end in range(TIMEZONE_LONGEST_PREFIX, 0, -1))
    return next((TIMEZONE_DATA[it] for it in beginnings if it in TIMEZONE_DATA), ())


@lru_cache(maxsize=4096)
def _make_place(country, zones, is_local):
    zones = tuple(filter(is_zone, zones))
    if not zones:
        return NOWHERE
    return Place(zones, ((country, ""),), (NUMBER,), is_local or len(zones) == 1)


@lru_cache(maxsize=1024)
def _of_area_code(code):
    """Return the place of a North American area code, with all zones that it spans.

    Numbers move with their owners within an area code, so its exchanges, which the
    library knows one by one, are combined. A code without a place (toll-free, personal
    numbers) gives :data:`NOWHERE`.
    """
    found = (
        zone
        for prefix, names in TIMEZONE_DATA.items()
        if prefix[0] == "1" and prefix[1:4] in (code, _OVERLAYS.get(code))
        for zone in names
    )
    zones = dict.fromkeys((*found, *_MORE_ZONES.get(code, ())))
    country, state = _get_region(code)
    if not zones or not country:
        return NOWHERE
    return Place(tuple(zones), ((country, state),), (NUMBER,))


def _get_region(code):
    if state := STATE_OF_AREA_CODE.get(code):
        return "US", state
    parsed = phonenumbers.parse(f"+1{code}5550100")
    country = phonenumbers.region_code_for_number(parsed)
    return ("US", country) if country in TERRITORIES else (country, "")


# Places of recipients: every possible time zone, and how each was found.
#
# Nobody knows where a phone is. The law goes by the local time at the called party's
# place (47 CFR 64.1200(c)(1)), so everything known about the person is combined, and
# callers apply the strictest of the answers: another zone can only shorten the window.
#
# A clue that indicates only a country (an Australian mobile number, an address without
# a state) yields to one that indicates a place in that country. Arizona is assumed to
# have no daylight saving time; the Navajo Nation, which has it, cannot be told apart.

_EASTERN, _CENTRAL = "America/New_York", "America/Chicago"
_MOUNTAIN, _PACIFIC = "America/Denver", "America/Los_Angeles"

#: zones: codes of the states and territories in them (49 CFR part 71)
_STATES_OF_ZONES = {
    (_EASTERN,): "CT DE DC GA ME MD MA NH NJ NY NC OH PA RI SC VT VA WV",
    (_EASTERN, _CENTRAL): "FL KY",
    ("America/Detroit", _CENTRAL): "MI",
    ("America/Indiana/Indianapolis", _CENTRAL): "IN",
    (_CENTRAL, _EASTERN): "TN",
    (_CENTRAL,): "AL AR IL IA LA MN MS MO OK WI",
    (_CENTRAL, _MOUNTAIN): "KS NE ND SD TX",
    (_MOUNTAIN,): "CO MT NM UT WY",
    ("America/Boise", _PACIFIC): "ID",
    (_PACIFIC, "America/Boise"): "OR",
    (_PACIFIC, _MOUNTAIN): "NV",
    (_PACIFIC,): "CA WA",
    ("America/Phoenix",): "AZ",
    ("America/Anchorage", "America/Adak"): "AK",
    ("Pacific/Honolulu",): "HI",
    ("America/Puerto_Rico",): "PR",
    ("America/St_Thomas",): "VI",
    ("Pacific/Guam",): "GU",
    ("Pacific/Saipan",): "MP",
    ("Pacific/Pago_Pago",): "AS",
}
#: code of a state or territory of the US: its zones
ZONES_OF_STATE = by_word(_STATES_OF_ZONES)


def locate(number, tz="", country="", state="", fallback=NOWHERE):
    """Return where the person with a number (E.164) and an address may be.

    :param str tz: the contact's own time zone, may be empty or unknown
    :param str country: ISO code of the address's country
    :param str state: code of its state
    :param Place fallback: where the company is, used if nothing is known of the person
    """
    return _put_together(read_number(number), tz, country, state, fallback)


def locate_company(tz="", country="", state="", number=""):
    """Return where a company is; its zone is UTC if nothing is known.

    :param str tz: the company's own zone; if it is valid, no other counts
    :param str number: the company's phone, E.164
    """
    regions = _of_address(country, state).regions
    if is_zone(tz):
        return Place((tz,), regions, (COMPANY,))
    found = locate(number, country=country, state=state)
    return Place(found.zones or ("UTC",), found.regions or regions, (COMPANY,))


@lru_cache(maxsize=4096)
def _put_together(of_number, tz, country, state, fallback):
    """Combine the places of the number, the contact's zone and the address."""
    of_contact = Place((tz,), (), (CONTACT,)) if is_zone(tz) else NOWHERE
    clues = (of_contact, _of_address(country, state), of_number)
    exact = {zone for clue in clues if clue.is_exact for zone in clue.zones}
    used = [
        clue
        for clue in clues
        if clue.zones and (clue.is_exact or not exact.intersection(clue.zones))
    ]
    found = (_get_law_region(*region) for clue in clues for region in clue.regions)
    regions = tuple(dict.fromkeys(found))
    zones = tuple(dict.fromkeys(zone for clue in used for zone in clue.zones))
    if not zones:
        return Place(fallback.zones, regions or fallback.regions, (COMPANY,))
    return Place(zones, regions, tuple(it for clue in used for it in clue.sources))


def _get_law_region(country, state):
    """Return the region whose law applies: the same, or a department of France."""
    department = DEPARTMENTS.get(country)
    return ("FR", department) if department else (country, state)


def _of_address(country, state):
    """Return the place of an address: its state's zones, else all of its country's."""
    country, state = country.upper(), state.upper()
    if country in TERRITORIES:
        country, state = "US", country
    if not country:
        return NOWHERE
    if country == "US" and state in ZONES_OF_STATE:
        return Place(ZONES_OF_STATE[state], (("US", state),), (ADDRESS,))
    zones = tuple(pytz.country_timezones.get(country, ()))
    return Place(zones, ((country, state),), (ADDRESS,), len(zones) == 1)


# Postal codes of an area: single ones, prefixes and ranges.

#: Most entries in a list.
MAX_ZIPS = 500

_PREFIX = re.compile(r"([0-9A-Z]{1,10})\*")
_SINGLE = re.compile(r"[0-9A-Z]{2,10}")
_RANGE = re.compile(r"(\d{2,10})-(\d{2,10})")


class ZipRange(NamedTuple):
    """Postal codes whose first ``length`` characters lie between two, both included."""

    low: str
    high: str
    length: int


def parse_zips(text):
    """Return the :class:`ZipRange` of each part of a list of postal codes.

    :param str text: such as ``80202, 803*, 80401-80419``, may be empty
    :raises ValueError: with the first part that cannot be read, or that is too many
    """
    parts = [part for part in re.split(r"[\s,;]+", (text or "").upper()) if part]
    if len(parts) > MAX_ZIPS:
        raise ValueError(parts[MAX_ZIPS])
    return [_parse_zip(part) for part in parts]


def _parse_zip(part):
    if match := _RANGE.fullmatch(part):
        low, high = match.groups()
        if len(low) == len(high) and low <= high:
            return ZipRange(low, high, len(low))
    elif match := _PREFIX.fullmatch(part):
        return ZipRange(match[1], match[1], len(match[1]))
    elif _SINGLE.fullmatch(part):
        return ZipRange(part, part, len(part))
    raise ValueError(part)


def split_names(text):
    """Return the names in a typed list, in lower case.

    :param str text: such as ``Denver, Boulder``, may be empty
    """
    names = (" ".join(name.split()) for name in re.split(r"[,;\n]", text or ""))
    return [name.lower() for name in names if name]
