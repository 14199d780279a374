# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Count the segments of a text as carriers bill them.

Odoo's own counter is wrong for characters that take two units and for line breaks, and
so gives wrong costs. Source: 3GPP TS 23.038 (the GSM 7-bit default alphabet and its
extension table); limits as in Twilio's documentation.
"""

import unicodedata
from typing import NamedTuple

GSM7_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM7_EXTENSION = frozenset("^{}\\[]~|€\f")

#: encoding: (units of a single segment, units of each segment if there are several)
LIMITS = {"GSM-7": (160, 153), "UCS-2": (70, 67)}

#: Characters that join the one before: zero-width joiner, skin tones, letters of flags.
JOINER = "\u200d"
SKIN_COLORS = frozenset(map(chr, range(0x1F3FB, 0x1F400)))
FLAG_LETTERS = frozenset(map(chr, range(0x1F1E6, 0x1F200)))


class Segments(NamedTuple):
    """A text's size: ``GSM-7`` or ``UCS-2``, the units it takes, and its segments."""

    encoding: str
    units: int
    count: int


def count_segments(text):
    """Count the segments of ``text``, exactly as it will be sent.

    A visible character is never split between two segments (the GSM-7 extension table,
    a UTF-16 surrogate pair, an emoji with its parts, a letter with its accents), so a
    segment may end a few units short. Twilio's own calculator (npm:
    sms-segments-calculator) counts in the same way.
    """
    text = text or ""
    rare = set(text) - GSM7_BASIC
    is_gsm7 = rare <= GSM7_EXTENSION
    encoding = "GSM-7" if is_gsm7 else "UCS-2"
    units = sum(_units(char, is_gsm7) for char in text) if rare else len(text)
    single, each = LIMITS[encoding]
    if units <= single:
        return Segments(encoding, units, int(bool(units)))
    if not rare:  # all characters are single units that do not join
        return Segments(encoding, units, -(-units // each))
    return Segments(encoding, units, _pack(_widths(text, is_gsm7, each), each))


def _units(char, is_gsm7):
    """Return how many units (septets or UTF-16 units) one character takes: 1 or 2."""
    if is_gsm7:
        return 2 if char in GSM7_EXTENSION else 1
    return 2 if ord(char) > 0xFFFF else 1


def _widths(text, is_gsm7, size):
    """Return the units of each part of ``text`` that stays together.

    A pile of accents longer than a segment of ``size`` units is split after all.
    """
    widths = []
    previous, begins_flag = "", False
    for char in text:
        units = _units(char, is_gsm7)
        ends_flag = begins_flag and char in FLAG_LETTERS
        joins = ends_flag or joins_character(previous, char)
        if widths and joins and widths[-1] + units <= size:
            widths[-1] += units
        else:
            widths.append(units)
        begins_flag = char in FLAG_LETTERS and not ends_flag
        previous = char
    return widths


def joins_character(previous, char):
    """Tell if ``char`` is displayed as part of the character before it."""
    if JOINER in (previous, char) or char in SKIN_COLORS:
        return True
    return unicodedata.category(char).startswith("M")


def _pack(widths, size):
    count, free = 1, size
    for width in widths:
        if width > free:
            count, free = count + 1, size
        free -= width
    return count
