# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Opt-outs as a carrier and we tell each other of them."""

from dataclasses import dataclass
from datetime import datetime


class NotOffered(Exception):
    """The carrier has a way, and this account has no access to it.

    :param str words: what it answered; never holds a secret
    """


@dataclass(frozen=True)
class OptOut:
    """One number that wants no more texts, or wants them again.

    :param str number: E.164
    :param datetime said_at: when (UTC, without a zone), None if it is not known
    :param bool is_back: it has opted out before, and takes texts again
    :param str method: how we know of it, a method of the ledger; empty: not from us
    :param str key: 32 hexadecimal digits, the same each time that it is told
    :param str sender: our number or service that the carrier keeps it for, may be empty
    """

    number: str
    said_at: datetime | None = None
    is_back: bool = False
    method: str = ""
    key: str = ""
    sender: str = ""
