# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What kind of number somebody has typed into a form, and of which country it is.

A number that costs its caller extra, or lies with a satellite, is typed by who earns by
each text to it. The plans are those of ``phonenumbers``.
"""

from typing import NamedTuple

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberType

from .place import TERRITORIES

#: Whose numbers count as those of the country that they belong to.
_PARTS = {
    **dict.fromkeys(TERRITORIES, "US"),
    **dict.fromkeys(("GG", "IM", "JE"), "GB"),
    **dict.fromkeys(("CC", "CX"), "AU"),
    "AX": "FI",
    "SJ": "NO",
    "VA": "IT",
}

MOBILE, VOIP, LANDLINE = ("mobile", "voip", "landline")
#: What a form takes, by what a company has chosen. Premium, shared cost, toll-free and
#: personal numbers, pagers, voicemail and what is unknown: never.
TAKEN = {
    MOBILE: (MOBILE,),
    VOIP: (MOBILE, VOIP),
    LANDLINE: (MOBILE, VOIP, LANDLINE),
}
_KINDS = {
    PhoneNumberType.MOBILE: MOBILE,
    # North America does not tell the two apart.
    PhoneNumberType.FIXED_LINE_OR_MOBILE: MOBILE,
    PhoneNumberType.VOIP: VOIP,
    PhoneNumberType.FIXED_LINE: LANDLINE,
}

BAD_COUNTRY, BAD_KIND = ("bad_country", "bad_kind")


class NumberKind(NamedTuple):
    """Country (ISO code) and kind of a number; empty: of none, or not to be texted."""

    country: str
    kind: str


def read(number):
    """Return what a number is.

    :param str number: E.164
    :rtype: NumberKind
    """
    try:
        parsed = phonenumbers.parse(number)
    except NumberParseException:
        return NumberKind("", "")
    # "001": satellites, premium numbers and others that are of no country.
    code = phonenumbers.region_code_for_number(parsed) or ""
    country = _PARTS.get(code, code) if code.isalpha() else ""
    kind = _KINDS.get(phonenumbers.number_type(parsed), "")
    return NumberKind(country, kind)


def find_refusal(number, taken, is_country_taken):
    """Return why a form does not take a number, or an empty text.

    :param str number: E.164
    :param str taken: a key of :data:`TAKEN`
    :param is_country_taken: function from an ISO code to a bool
    :return: :data:`BAD_COUNTRY`, :data:`BAD_KIND` or empty
    :rtype: str
    """
    found = read(number)
    if not found.country or not is_country_taken(found.country):
        return BAD_COUNTRY
    return "" if found.kind in TAKEN[taken] else BAD_KIND
