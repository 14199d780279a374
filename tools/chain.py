# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The arithmetic of the consent ledger: digests, keyed hashes, and the chain.

Everything here can be done again by anybody with a calculator for SHA-256, without
Odoo: ``bin/verify-ledger.py`` does. What is hashed is the canonical JSON of a mapping:
sorted keys, no spaces, UTF-8, times in UTC as ``2026-11-25T10:18:00Z``.
"""

import hashlib
import hmac
import json
from datetime import datetime
from typing import NamedTuple

#: What the first link of a chain follows.
GENESIS = "0" * 64

#: What a link hashes of its event, in the words of the export.
CONTENT_FIELDS = (
    "event_id",
    "company_id",
    "number_hash",
    "purpose",
    "event",
    "method",
    "happened_at",
    "recorded_at",
    "user_id",
    "wording_digest",
    "evidence_digest",
)

# Why a chain is broken.
MISSING = "missing"  # a link is not there: its number is left out
REORDERED = "reordered"  # a link does not follow the one before it
CHANGED = "changed"  # the event is not what was sealed
EVENT_GONE = "event_gone"  # the event of a link is not there
SHORTENED = "shortened"  # the chain ends before a head that was seen earlier
EVIDENCE_CHANGED = "evidence_changed"  # the evidence is not what was recorded


class Break(NamedTuple):
    """The first place where a chain does not hold: a link's number and the reason."""

    sequence: int
    reason: str


def canonical(values):
    """Return a mapping in the one form that is hashed.

    :param dict values: JSON values and naive UTC datetimes
    :rtype: bytes
    """
    text = json.dumps(
        values,
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        default=_plain,
    )
    return text.encode()


def _plain(value):
    """Return a datetime as text; nothing else is expected here."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    raise TypeError(f"cannot be hashed: {value!r}")


def digest(values):
    """Return the SHA-256 (hex) of a mapping in its canonical form."""
    return hashlib.sha256(canonical(values)).hexdigest()


def number_hash(key, number):
    """Return the keyed hash (HMAC-SHA-256, hex) that stands for a number.

    There are few enough phone numbers to try them all, so a hash without a key would
    name the person whose data was erased.

    :param str key: secret
    :param str number: E.164, or what the carrier calls the sender
    """
    return hmac.digest(key.encode(), number.encode(), "sha256").hex()


def link_hash(previous, sequence, content):
    """Return the hash of one link.

    :param str previous: hash of the link before, :data:`GENESIS` for the first
    :param int sequence: its number in the company's chain, from 1 without gaps
    :param dict content: :data:`CONTENT_FIELDS` of its event
    """
    return digest({"previous": previous, "sequence": sequence, "content": content})


class Verifier:
    """Walks one chain from its first link, and stops at the first that does not hold.

    :param dict heads: ``{sequence: hash}`` that were seen at an earlier time; a chain
        that lost its end, or was computed anew as a whole, does not hold them any more
    """

    def __init__(self, heads=None):
        self.heads = dict(heads or {})
        self.sequence = 0
        self.hash = GENESIS

    def check(self, sequence, previous, own_hash, content):
        """Check the next link.

        :param int sequence: its number as stored
        :param str previous: hash of the link before, as stored
        :param str own_hash: its own hash as stored
        :param dict content: what is there of its event now, or None if it is gone
        :return: the :class:`Break`, or None while the chain holds
        """
        expected = self.sequence + 1
        if sequence != expected:
            return Break(expected, MISSING)
        if previous != self.hash:
            return Break(sequence, REORDERED)
        if content is None:
            return Break(sequence, EVENT_GONE)
        if link_hash(previous, sequence, content) != own_hash:
            return Break(sequence, CHANGED)
        if self.heads.pop(sequence, own_hash) != own_hash:
            return Break(sequence, CHANGED)
        self.sequence, self.hash = sequence, own_hash
        return None

    def finish(self):
        """Check the end of the chain.

        :return: the :class:`Break`, or None when every head that was seen is there
        """
        return Break(self.sequence + 1, SHORTENED) if self.heads else None
