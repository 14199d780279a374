# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Addresses for a text: a record's id, the last day of the address, a signature.

As short as that can be, in letters and digits alone: every character costs room in a
text, and none of these makes it Unicode. Nothing is stored for it.

    3 characters   the last day (days since 1970)
    14 characters  the first 80 bits of an HMAC over what the caller names
    1 or more      the id
"""

import hmac
import string
from typing import NamedTuple

LETTERS = string.digits + string.ascii_letters
DAY_LENGTH = 3
SIGNATURE_LENGTH = 14
#: The longest id of PostgreSQL's ``integer`` takes six characters.
MAX_LENGTH = DAY_LENGTH + SIGNATURE_LENGTH + 6
#: Hexadecimal digits of the HMAC that are used: 80 bits.
HEX_DIGITS = 20


class Parts(NamedTuple):
    """What an address says, whether it is genuine or not."""

    record_id: int
    day: int
    signature: str


def encode(number, length=1):
    """Return a number as at least ``length`` letters and digits."""
    found = ""
    while number:
        number, digit = divmod(number, len(LETTERS))
        found = LETTERS[digit] + found
    return found.rjust(length, LETTERS[0])


def decode(text):
    """Return the number that :func:`encode` has written."""
    number = 0
    for letter in text:
        number = number * len(LETTERS) + LETTERS.index(letter)
    return number


def make(record_id, day, digest):
    """Return an address.

    :param int record_id: id of the record
    :param int day: the last day, as days since 1970
    :param str digest: HMAC over both and more, in hexadecimal digits
    :rtype: str
    """
    signature = encode(int(digest[:HEX_DIGITS], 16), SIGNATURE_LENGTH)
    return encode(day, DAY_LENGTH) + signature + encode(record_id)


def read(token):
    """Return what an address says, or None when it cannot be one.

    :param str token: what a visitor called
    :rtype: Parts
    """
    fixed = DAY_LENGTH + SIGNATURE_LENGTH
    if not fixed < len(token) <= MAX_LENGTH or not set(token) <= set(LETTERS):
        return None
    record_id = decode(token[fixed:])
    if encode(record_id) != token[fixed:] or not 0 < record_id < 2**31:
        return None
    return Parts(record_id, decode(token[:DAY_LENGTH]), token[DAY_LENGTH:fixed])


def is_genuine(parts, digest):
    """Tell in constant time if the signature of an address is that of a digest.

    :param Parts parts: what was read
    :param str digest: HMAC in hexadecimal digits, computed anew
    :rtype: bool
    """
    wanted = encode(int(digest[:HEX_DIGITS], 16), SIGNATURE_LENGTH)
    return hmac.compare_digest(parts.signature, wanted)
