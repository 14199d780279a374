# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The arithmetic of the consent ledger: digests, keyed hashes, seals, and the chain.

What is hashed is the canonical JSON of a mapping: sorted keys, no spaces, UTF-8, times
in UTC as ``2026-11-25T10:18:00Z``. Anybody can verify the chain of hashes without Odoo
and without a secret (``bin/verify-ledger.py``). The seals are keyed (HMAC-SHA-256):
without the ledger's key nobody can compute them anew.
"""

import hashlib
import hmac
import json
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

#: What the first link of a chain follows.
GENESIS = "0" * 64

#: What the first version of a link hashes of its event, in the words of the export.
FIRST_CONTENT_FIELDS = [
    "event_id",
    "company_id",
    "number_hash",
    "purpose",
    "event",
    "method",
] + ["happened_at", "recorded_at", "user_id", "wording_digest", "evidence_digest"]
#: What a link hashes now.
CONTENT_FIELDS = [*FIRST_CONTENT_FIELDS, "sandbox"]
#: By the version of a link's content.
CONTENT_VERSIONS = {1: FIRST_CONTENT_FIELDS, 2: CONTENT_FIELDS}
CURRENT_VERSION = 2

# What is sealed. Each kind has a key of its own, so that no seal can stand for another.
LINK, ENTRY, ERASURE, CHECK, PACKET = "link", "entry", "erasure", "check", "packet"
SEAL_KINDS = (LINK, ENTRY, ERASURE, CHECK, PACKET)
#: Begins what the keys of the seals are derived from.
SEAL_CONTEXT = "helpdesk_mgmt_sms.ledger.seal"

#: What the link says that takes over a chain from before there were seals.
CARRIED_OVER = "carried_over"

# Why a chain is broken.
MISSING = "missing"  # a link is not there: its number is left out
REORDERED = "reordered"  # a link does not follow the one before it
CHANGED = "changed"  # the event is not what was sealed
EVENT_GONE = "event_gone"  # the event of a link is not there
SHORTENED = "shortened"  # the chain ends before a head that was seen earlier
EVIDENCE_CHANGED = "evidence_changed"  # the evidence is not what was recorded
FORGED = "forged"  # a link's seal was not made with the key
NOT_SEALED = "not_sealed"  # a link has no seal
NOT_CARRIED = "not_carried"  # a carry-over says something else than the chain


class Break(NamedTuple):
    """The first place where a chain does not hold: a link's number and the reason."""

    sequence: int
    reason: str


class Link(NamedTuple):
    """A link as it is stored, and the content of its event, None if that is gone.

    A link without an event has a ``statement`` of its own.
    """

    sequence: int
    previous: str
    hash: str
    content: dict | None
    seal: str | None = None
    statement: dict | None = None


def canonical(values):
    """Return a mapping in the one form that is hashed.

    :param dict values: JSON values and naive UTC datetimes
    """
    form = {"sort_keys": True, "separators": (",", ":"), "ensure_ascii": False}
    return json.dumps(values, default=_plain, **form).encode()


def _plain(value):
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    raise TypeError(f"cannot be hashed: {value!r}")


def digest(values):
    """Return the SHA-256 (hex) of a mapping in its canonical form."""
    return hashlib.sha256(canonical(values)).hexdigest()


def number_hash(key, number):
    """Return the keyed hash (HMAC-SHA-256, hex) that stands for a number.

    Without a key all phone numbers could be tried, and the hash would name the person
    whose data was erased.

    :param str number: E.164, or what the carrier calls the sender
    """
    return hmac.digest(key.encode(), number.encode(), hashlib.sha256).hex()


def fingerprint(key):
    """Return what tells one key from another and does not give it away (hex)."""
    return number_hash(key, "fingerprint")[:16]


@lru_cache(maxsize=64)
def _derive_key(key, kind):
    """Derive the key of one kind of seal (RFC 5869, expand)."""
    if kind not in SEAL_KINDS:
        raise ValueError(f"nothing of this kind is sealed: {kind!r}")
    return hmac.digest(key.encode(), f"{SEAL_CONTEXT}.{kind}".encode(), hashlib.sha256)


def seal(key, kind, values):
    """Return the seal (HMAC-SHA-256, hex) of a mapping.

    :param str key: the ledger's secret
    :param str kind: one of :data:`SEAL_KINDS`
    :param dict values: as for :func:`canonical`
    """
    return hmac.digest(_derive_key(key, kind), canonical(values), hashlib.sha256).hex()


def is_sealed(key, kind, values, found):
    """Tell if a stored seal, which may be empty, is that of a mapping."""
    return hmac.compare_digest(seal(key, kind, values), found or "")


def entry_seal(key, content):
    """Return the seal that an event gets when it is entered, without an id yet."""
    entered = {name: content[name] for name in CONTENT_FIELDS if name != "event_id"}
    return seal(key, ENTRY, entered)


def link_seal(key, company_id, sequence, own_hash):
    """Return the seal of one link."""
    values = {"company_id": company_id, "sequence": sequence, "hash": own_hash}
    return seal(key, LINK, values)


def link_hash(previous, sequence, content):
    """Return the hash of one link.

    :param str previous: hash of the link before, :data:`GENESIS` for the first
    :param int sequence: its number in the company's chain, from 1 without gaps
    :param dict content: :data:`CONTENT_FIELDS` of its event, or what the link says
    """
    return digest({"previous": previous, "sequence": sequence, "content": content})


def content_of(content, version):
    """Return what a link of some version hashes of its event; None is the first."""
    return {name: content[name] for name in CONTENT_VERSIONS[version or 1]}


def carry_over(company_id, sequence, previous, key, moment):
    """Return what the link says that takes over all links before it, without seals.

    :param int sequence: its own number
    :param datetime moment: when (UTC)
    """
    return {
        "statement": CARRIED_OVER,
        "company_id": company_id,
        "links": sequence - 1,
        "end": previous,
        "key": fingerprint(key),
        "at": _plain(moment),
    }


class Verifier:
    """Walks one chain from its first link, and stops at the first that does not hold.

    :param dict heads: ``{sequence: hash}`` that were seen at an earlier time; a chain
        that lost its end, or was computed anew as a whole, does not hold them any more
    :param str key: the ledger's secret; without it no seal is looked at
    :param int company_id: whose chain it is, as its seals name it
    """

    def __init__(self, heads=None, key=None, company_id=None):
        self.heads = dict(heads or {})
        self.key = key
        self.company_id = company_id
        self.sequence = 0
        self.hash = GENESIS
        self.carried = None
        self.is_sealed = False

    def check(self, link):
        """Check the next link; return the :class:`Break`, or None."""
        expected = self.sequence + 1
        if link.sequence != expected:
            return Break(expected, MISSING)
        if link.previous != self.hash:
            return Break(link.sequence, REORDERED)
        content = link.content if link.statement is None else link.statement
        if content is None:
            return Break(link.sequence, EVENT_GONE)
        if link_hash(link.previous, link.sequence, content) != link.hash:
            return Break(link.sequence, CHANGED)
        if self.heads.pop(link.sequence, link.hash) != link.hash:
            return Break(link.sequence, CHANGED)
        if self.key and (reason := self._check_seal(link)):
            return Break(link.sequence, reason)
        self.sequence, self.hash = link.sequence, link.hash
        return None

    def _check_seal(self, link):
        """Return why a link's seal does not hold, or None.

        From the first seal on each link has one. The first seal is on the first link,
        or on that which takes over all links before.
        """
        if not link.seal:
            return NOT_SEALED if self.is_sealed or link.statement else None
        expected = link_seal(self.key, self.company_id, link.sequence, link.hash)
        if not hmac.compare_digest(expected, link.seal):
            return FORGED
        if link.statement is not None:
            if self.is_sealed or not self._takes_over(link):
                return NOT_CARRIED
            self.carried = link.statement
        elif not self.is_sealed and link.sequence > 1:
            return NOT_SEALED  # what is before it was taken over by nobody
        self.is_sealed = True
        return None

    def _takes_over(self, link):
        said = link.statement
        return (
            said.get("statement") == CARRIED_OVER
            and said.get("company_id") == self.company_id
            and said.get("links") == link.sequence - 1
            and said.get("end") == link.previous
            and said.get("key") == fingerprint(self.key)
        )

    def finish(self):
        """Check that all heads are there, and that the chain has seals."""
        if self.heads:
            return Break(self.sequence + 1, SHORTENED)
        if self.key and self.sequence and not self.is_sealed:
            return Break(self.sequence, NOT_SEALED)
        return None
