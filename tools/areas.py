# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Postal codes of an area: single ones, beginnings and ranges."""

import re
from typing import NamedTuple

#: A list names at most so many.
MAX_ZIPS = 500

_SEPARATOR = re.compile(r"[\s,;]+")
_PREFIX = re.compile(r"([0-9A-Z]{1,10})\*")
_SINGLE = re.compile(r"[0-9A-Z]{2,10}")
_RANGE = re.compile(r"(\d{2,10})-(\d{2,10})")


class ZipRange(NamedTuple):
    """Postal codes whose first ``length`` characters lie between two, both included."""

    low: str
    high: str
    length: int


def parse_zips(text):
    """Return what a list of postal codes means.

    :param str text: such as ``80202, 803*, 80401-80419``, may be empty
    :return: list of :class:`ZipRange`
    :raises ValueError: with the first part that cannot be read
    """
    parts = [part for part in _SEPARATOR.split((text or "").upper()) if part]
    if len(parts) > MAX_ZIPS:
        raise ValueError(parts[MAX_ZIPS])
    return [_parse_zip(part) for part in parts]


def _parse_zip(part):
    """Return what one part of a list means."""
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
    """Return the names in a list that people write, folded for comparison.

    :param str text: such as ``Denver, Boulder``, may be empty
    :rtype: list[str]
    """
    names = (" ".join(name.split()) for name in re.split(r"[,;\n]", text or ""))
    return [name.lower() for name in names if name]
