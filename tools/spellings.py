# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""In which ways a person's number may be written down: to find it where it was typed.

The ledger and the messages hold numbers as E.164. A list that was uploaded, or a form
that nobody has recorded yet, holds what somebody typed.
"""

import re

import phonenumbers

#: What people dial before a country code.
_INTERNATIONAL = ("", "00", "011")
#: What people dial before a national number.
_NATIONAL = ("", "0", "1", "8")


def digits(text):
    """Return the digits of a text."""
    return re.sub(r"\D", "", text or "")


def get_tail(number):
    """Return the last digits of a number, which are in every way to write it.

    :param str number: E.164, or what the carrier calls the sender
    """
    return digits(number)[-7:]


def get_spellings(number):
    """Return the digits of each way in which a number is written.

    :param str number: E.164; anything else stands for itself
    :rtype: set
    """
    try:
        parsed = phonenumbers.parse(number or "")
    except phonenumbers.NumberParseException:
        return {digits(number)} - {""}
    code = str(parsed.country_code)
    national = phonenumbers.national_significant_number(parsed)
    return {
        *(prefix + code + national for prefix in _INTERNATIONAL),
        *(prefix + national for prefix in _NATIONAL),
    }


def is_written(text, number):
    """Tell if a text is a number, in whatever way it is written.

    :param str text: as somebody typed it, the number alone
    :param str number: E.164, or what the carrier calls the sender
    """
    if text and text.strip() == number:
        return True
    return digits(text) in get_spellings(number)


def mentions(text, number):
    """Tell if a text has a number in it, beside other words.

    :param str text: words of a person
    :param str number: E.164
    """
    tail = get_tail(number)
    return len(tail) == 7 and tail in digits(text)
