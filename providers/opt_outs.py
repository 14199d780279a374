# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Our vocabulary for opt-outs exchanged with a carrier."""

from dataclasses import dataclass
from datetime import datetime


class NotOffered(Exception):
    """The carrier has such an API, but this account has no access to it.

    :param str words: the carrier's response; never holds a secret
    """


@dataclass(frozen=True)
class OptOut:
    """One number that opted out, or back in.

    :param str number: E.164
    :param datetime said_at: when (UTC, without a zone), None if unknown
    :param bool is_back: it opted back in
    :param str method: method of the ledger, empty if the opt-out is not from us
    :param str key: 32 hexadecimal digits, the same for each attempt to report it
    :param str sender: our number or service that it applies to, may be empty
    """

    number: str
    said_at: datetime | None = None
    is_back: bool = False
    method: str = ""
    key: str = ""
    sender: str = ""
