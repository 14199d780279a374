# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""One spelling for a number: what the ledger is asked about is what was recorded.

Code hands numbers over in odd forms that a carrier takes all the same: with the prefix
that is dialed inside the country ("+4407911…", "+1120255…"), with the country's code
twice, with digits of another script, as an address ("tel:…") or with an extension. A
STOP of +447911… must hold for each of them.
"""

import re
from functools import lru_cache

import phonenumbers

from .number_places import is_assigned

#: A number of North America as it should be: nothing is to be looked up.
_PLAIN_AMERICAN = re.compile(r"\+1[2-9][0-9]{2}[2-9][0-9]{6}\Z")
#: What is dialed before a country's code, where it stands for the plus.
_INTERNATIONAL = re.compile(r"(?:00|011)(?=[1-9])")
_LONGEST = 100


def canonical(number):
    """Return a number as E.164, the one spelling of it; what is none stays as it is.

    :param str number: with its country's code, in whatever form; or what a carrier
        calls a sender, such as a short code or a name
    :return: E.164, or ``number``
    :rtype: str
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
    return _format(_repair(parsed)) if parsed else number


def _parse(number):
    """Return a number as the library reads it; None for what has no country's code."""
    text = "".join(_to_ascii(char) for char in number).strip()
    text = re.sub(r"\Atel:\s*", "", text, flags=re.IGNORECASE)
    text = _INTERNATIONAL.sub("+", text, count=1) if text[:1] == "0" else text
    if text[:1] != "+":
        return None
    try:
        return phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        return None


def _to_ascii(char):
    """Return a digit or a plus in ASCII, whatever script or style it is in."""
    if char in "＋﹢⁺":
        return "+"
    return str(int(char)) if char.isdecimal() else char


def _repair(parsed):
    """Return a number without the country's code or the trunk zero too many.

    :param parsed: ``phonenumbers.PhoneNumber``
    """
    if phonenumbers.is_valid_number(parsed):
        return parsed
    code = str(parsed.country_code)
    national = phonenumbers.national_significant_number(parsed)
    for prefix in (code, "0", f"0{code}", f"{code}0", f"00{code}"):
        if not national.startswith(prefix):
            continue
        try:
            other = phonenumbers.parse(f"+{code}{national[len(prefix) :]}")
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(other):
            return other
    return parsed


def _format(parsed):
    """Return a number as E.164, without its extension."""
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
