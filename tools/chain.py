# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Cryptography of the consent ledger: digests, keyed hashes, seals, and the chain.

Hashes are taken over the canonical JSON of a mapping: sorted keys, no spaces, UTF-8,
times in UTC as ``2026-11-25T10:18:00Z``. Anybody can verify the chain of hashes without
Odoo and without a secret (``bin/verify-ledger.py``). The seals are keyed
(HMAC-SHA-256): without the ledger's key nobody can recompute them.
"""

import hashlib
import hmac
import json
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from .texts import is_same

#: The previous hash of a chain's first link.
GENESIS = "0" * 64

#: Event fields hashed by version 1 of a link, by their names in the export.
FIRST_CONTENT_FIELDS = [
    "event_id",
    "company_id",
    "number_hash",
    "purpose",
    "event",
    "method",
] + ["happened_at", "recorded_at", "user_id", "wording_digest", "evidence_digest"]
#: Event fields hashed by the current version.
CONTENT_FIELDS = [*FIRST_CONTENT_FIELDS, "sandbox"]
#: Event fields by the version of a link's content.
CONTENT_VERSIONS = {1: FIRST_CONTENT_FIELDS, 2: CONTENT_FIELDS}
CURRENT_VERSION = 2

# Kinds of seals. Each has its own key, so that no seal can pass for another kind's.
LINK, ENTRY, ERASURE, CHECK, PACKET = "link", "entry", "erasure", "check", "packet"
SEAL_KINDS = (LINK, ENTRY, ERASURE, CHECK, PACKET)
#: Prefix of the context from which the seals' keys are derived.
SEAL_CONTEXT = "helpdesk_mgmt_sms.ledger.seal"

#: Statement of the link that takes over a chain from before seals were introduced.
CARRIED_OVER = "carried_over"

# Why a chain is broken.
MISSING = "missing"  # a link is missing: its number is skipped
REORDERED = "reordered"  # a link does not follow the one before it
CHANGED = "changed"  # the event differs from what was hashed
EVENT_GONE = "event_gone"  # the event of a link is missing
SHORTENED = "shortened"  # the chain ends before a head that was seen earlier
EVIDENCE_CHANGED = "evidence_changed"  # the evidence differs from what was recorded
FORGED = "forged"  # a link's seal was not made with the key
NOT_SEALED = "not_sealed"  # a link has no seal
NOT_CARRIED = "not_carried"  # a carry-over contradicts the chain before it


class Break(NamedTuple):
    """The first place where a chain is broken: a link's number and the reason."""

    sequence: int
    reason: str


class Link(NamedTuple):
    """A stored link with the content of its event, None if the event is missing.

    A link that never had an event has a ``statement`` instead.
    """

    sequence: int
    previous: str
    hash: str
    content: dict | None
    seal: str | None = None
    statement: dict | None = None


def canonical(values):
    """Return a mapping in canonical form, as UTF-8 bytes.

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

    An unkeyed hash could be reversed by trying all phone numbers, and would identify
    the person whose data was erased.

    :param str number: E.164, or the carrier's name for the sender
    """
    return hmac.digest(key.encode(), number.encode(), hashlib.sha256).hex()


def fingerprint(key):
    """Return a short id of a key (hex) that does not reveal it."""
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
    """Tell if a stored seal, which may be empty, is the seal of a mapping."""
    return is_same(found, seal(key, kind, values))


def entry_seal(key, content):
    """Return the seal that an event gets when it is entered, before it has an id."""
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
    :param dict content: :data:`CONTENT_FIELDS` of its event, or the link's statement
    """
    return digest({"previous": previous, "sequence": sequence, "content": content})


def content_of(content, version):
    """Return the part of an event's content that a link of a version hashes.

    :param int version: a key of :data:`CONTENT_VERSIONS`; None stands for 1, and any
        other, which nobody but a forger stores, for the current one
    """
    names = CONTENT_VERSIONS.get(version or 1, CONTENT_FIELDS)
    return {name: content[name] for name in names}


def carry_over(company_id, sequence, previous, key, moment):
    """Return the statement of the link that takes over all unsealed links before it.

    :param int sequence: the link's own number
    :param str previous: hash of the link before
    :param datetime moment: UTC
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
    """Walk one chain from its first link, and stop at the first broken one.

    :param dict heads: ``{sequence: hash}`` as seen at earlier times; a chain that lost
        its end, or was recomputed as a whole, no longer matches them
    :param str key: the ledger's secret; without it seals are not checked
    :param int company_id: the chain's company, as its seals name it
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
        """Return why a link's seal is not valid, or None.

        From the first seal on, each link must have one. The first seal is on the first
        link, or on the one that takes over all links before it.
        """
        if not link.seal:
            return NOT_SEALED if self.is_sealed or link.statement else None
        expected = link_seal(self.key, self.company_id, link.sequence, link.hash)
        if not is_same(link.seal, expected):
            return FORGED
        if link.statement is not None:
            if self.is_sealed or not self._takes_over(link):
                return NOT_CARRIED
            self.carried = link.statement
        elif not self.is_sealed and link.sequence > 1:
            return NOT_SEALED  # no link took over those before it
        self.is_sealed = True
        return None

    def _takes_over(self, link):
        """Tell if a link's statement is the one of its place, made at any time."""
        expected = carry_over(
            self.company_id, link.sequence, link.previous, self.key, datetime.min
        )
        return {**link.statement, "at": None} == {**expected, "at": None}

    def finish(self):
        """Check that all heads were met, and that the chain has seals.

        :return: a :class:`Break`, or None
        """
        if self.heads:
            return Break(self.sequence + 1, SHORTENED)
        if self.key and self.sequence and not self.is_sealed:
            return Break(self.sequence, NOT_SEALED)
        return None
