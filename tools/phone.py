# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Phone numbers: one spelling, their kinds, and how people write them down.

Code hands numbers over in odd forms that a carrier takes all the same: with the prefix
that is dialed inside the country ("+4407911…", "+1120255…"), with the country's code
twice, with digits of another script, as an address ("tel:…") or with an extension. A
STOP of +447911… must hold for each of them.
"""

import re
from functools import lru_cache
from typing import NamedTuple

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from .geography import TERRITORIES, is_assigned

#: E.164: a plus sign, then 8 to 15 digits that do not start with 0 (ITU-T E.164).
#: Western digits only, and nothing after them, not even a line break.
E164 = re.compile(r"\+[1-9][0-9]{7,14}\Z")
#: A number of North America as it should be: nothing is to be looked up.
_PLAIN_AMERICAN = re.compile(r"\+1[2-9][0-9]{2}[2-9][0-9]{6}\Z")
#: Prefixes that are dialed before a country's code in place of the plus.
_INTERNATIONAL = re.compile(r"(?:00|011)(?=[1-9])")
_LONGEST = 100


def canonical(number):
    """Return a number as E.164, the one spelling of it; what is none stays as it is.

    :param str number: with its country's code, in whatever form; or what a carrier
        calls a sender, such as a short code or a name
    :return: E.164, or ``number``
    """
    if not number or _PLAIN_AMERICAN.match(number):
        return number
    return _canonical(number)


@lru_cache(maxsize=2**16)
def _canonical(number):
    """Return a number as E.164, after looking at how it is made."""
    digits = number[1:]
    is_plain = number[0] == "+" and digits.isascii() and digits.isdigit()
    if is_plain and is_assigned(digits):
        return number
    if len(number) > _LONGEST:
        return number
    parsed = _parse(number)
    if not parsed:
        return number
    # Without its extension.
    return phonenumbers.format_number(_repair(parsed), PhoneNumberFormat.E164)


def _parse(number):
    """Return a number as the library reads it; None for what has no country's code."""
    text = re.sub("[＋﹢⁺]", "+", number)
    text = "".join(str(int(it)) if it.isdecimal() else it for it in text).strip()
    text = re.sub(r"\Atel:\s*", "", text, flags=re.IGNORECASE)
    text = _INTERNATIONAL.sub("+", text, count=1) if text[:1] == "0" else text
    if text[:1] != "+":
        return None
    try:
        return phonenumbers.parse(text)
    except NumberParseException:
        return None


def _repair(parsed):
    """Return a number without the country's code or the trunk zero too many."""
    if phonenumbers.is_valid_number(parsed):
        return parsed
    code = str(parsed.country_code)
    national = phonenumbers.national_significant_number(parsed)
    for prefix in (code, "0", f"0{code}", f"{code}0", f"00{code}"):
        if not national.startswith(prefix):
            continue
        try:
            other = phonenumbers.parse(f"+{code}{national[len(prefix) :]}")
        except NumberParseException:
            continue
        if phonenumbers.is_valid_number(other):
            return other
    return parsed


# The kind and the country of a number that somebody has typed into a form.
#
# A number that costs its caller extra, or lies with a satellite, is typed by who earns
# by each text to it. The plans are those of ``phonenumbers``.

#: Territories: the country whose numbers theirs count as.
_PARTS = {
    **dict.fromkeys(TERRITORIES, "US"),
    **dict.fromkeys(("GG", "IM", "JE"), "GB"),
    **dict.fromkeys(("CC", "CX"), "AU"),
    "AX": "FI",
    "SJ": "NO",
    "VA": "IT",
}

MOBILE, VOIP, LANDLINE = ("mobile", "voip", "landline")
#: Kinds that a form takes, by what a company has chosen. Never premium, shared cost,
#: toll-free and personal numbers, pagers, voicemail and what is unknown.
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


def read_kind(number):
    """Return what a number (E.164) is."""
    try:
        parsed = phonenumbers.parse(number)
    except NumberParseException:
        return NumberKind("", "")
    # "001": satellites, premium numbers and others that are of no country.
    code = phonenumbers.region_code_for_number(parsed) or ""
    country = _PARTS.get(code, code) if code.isalpha() else ""
    kind = _KINDS.get(phonenumbers.number_type(parsed), "")
    return NumberKind(country, kind)


def find_kind_refusal(number, taken, is_country_taken):
    """Return why a form does not take a number (E.164), or an empty text.

    :param str taken: a key of :data:`TAKEN`
    :param is_country_taken: function from an ISO code to a bool
    :return: :data:`BAD_COUNTRY`, :data:`BAD_KIND` or empty
    """
    found = read_kind(number)
    if not found.country or not is_country_taken(found.country):
        return BAD_COUNTRY
    return "" if found.kind in TAKEN[taken] else BAD_KIND


# Spellings of a person's number, to find it where it was typed.
#
# The ledger and the messages hold numbers as E.164. A list that was uploaded, or a form
# that nobody has recorded yet, holds what somebody typed.

#: Prefixes that people dial before a country code.
_DIALED = ("", "00", "011")
#: Prefixes that people dial before a national number.
_NATIONAL = ("", "0", "1", "8")


def digits(text):
    """Return the digits of a text."""
    return re.sub(r"\D", "", text or "")


def get_tail(number):
    """Return the last digits of a number, which are in every way to write it."""
    return digits(number)[-7:]


def get_spellings(number):
    """Return the digits of each way in which a number is written.

    :param str number: E.164; anything else stands for itself
    """
    try:
        parsed = phonenumbers.parse(number or "")
    except NumberParseException:
        return {digits(number)} - {""}
    code = str(parsed.country_code)
    national = phonenumbers.national_significant_number(parsed)
    return {
        *(prefix + code + national for prefix in _DIALED),
        *(prefix + national for prefix in _NATIONAL),
    }


def is_written(text, number):
    """Tell if a text is a number, in whatever way it is written."""
    is_same = bool(text) and text.strip() == number
    return is_same or digits(text) in get_spellings(number)


def mentions(text, number):
    """Tell if a text has a number (E.164) in it, beside other words."""
    tail = get_tail(number)
    return len(tail) == 7 and tail in digits(text)
