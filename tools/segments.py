# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How many segments a text takes on the air.

Odoo's own counter is wrong for the characters that take two units and for line
breaks, and a wrong counter is a wrong bill. Source: 3GPP TS 23.038 (the GSM 7-bit
default alphabet and its extension table); limits as in Twilio's documentation.
"""

from typing import NamedTuple

GSM7_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM7_EXTENSION = frozenset("^{}\\[]~|€\f")

#: encoding: (units of a message of one segment, units of each segment of several)
LIMITS = {"GSM-7": (160, 153), "UCS-2": (70, 67)}


class Segments(NamedTuple):
    """What a text costs: its encoding, the units it takes, and its segments."""

    encoding: str
    units: int
    count: int


def count_segments(text):
    """Count the segments of ``text`` as a carrier bills them.

    A character of two units (the GSM-7 extension table, or a UTF-16 surrogate pair)
    is never split over two segments, so several segments may be left one unit short.

    :param str text: the message as it will be sent, may be empty
    :return: encoding (``GSM-7`` or ``UCS-2``), units, number of segments (0 if empty)
    :rtype: Segments
    """
    text = text or ""
    is_gsm7 = all(char in GSM7_BASIC or char in GSM7_EXTENSION for char in text)
    encoding = "GSM-7" if is_gsm7 else "UCS-2"
    widths = [_units(char, is_gsm7) for char in text]
    units = sum(widths)
    single, each = LIMITS[encoding]
    if units <= single:
        return Segments(encoding, units, int(bool(units)))
    return Segments(encoding, units, _pack(widths, each))


def _units(char, is_gsm7):
    """Return how many units (septets or UTF-16 units) one character takes: 1 or 2."""
    if is_gsm7:
        return 2 if char in GSM7_EXTENSION else 1
    return 2 if ord(char) > 0xFFFF else 1


def _pack(widths, size):
    """Return how many segments of ``size`` units hold ``widths`` without a split."""
    count, free = 1, size
    for width in widths:
        if width > free:
            count, free = count + 1, size
        free -= width
    return count
