# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Senders of an account, and findings of a check of it at the carrier."""

from dataclasses import dataclass

# What a sender is; each kind has its usual speed (``tools.dispatch``).
LONG_CODE, TOLL_FREE, SHORT_CODE = "long_code", "toll_free", "short_code"
SERVICE, SANDBOX = "service", "sandbox"
#: A name, such as a company's: nobody can answer it.
ALPHANUMERIC = "alphanumeric"

# What a check of the account is about, and what it found there.
CREDENTIALS, SENDERS, INBOUND = ("credentials", "senders", "inbound")
FINE, WRONG, UNSURE = ("fine", "wrong", "unsure")


@dataclass(frozen=True)
class Sender:
    """A number or service that texts leave by, and what it is.

    :param address: E.164, a short code, a name, or the carrier's id of a service
    :param kind: one of the above
    :param country: two letters (ISO 3166), empty for what belongs to none
    """

    address: str
    kind: str
    country: str = ""


@dataclass(frozen=True)
class Finding:
    """One thing that a check of the account has found at the carrier.

    :param about: ``credentials``, ``senders`` or ``inbound`` (where texts that come go)
    :param state: ``fine``, ``wrong`` or ``unsure``
    :param what: what it is, a key of ``sms.carrier.check``'s sentences
    :param sender: the number or service that it is about; empty: the account
    :param detail: more for people, such as a host name; never holds a secret
    """

    about: str
    state: str
    what: str
    sender: str = ""
    detail: str = ""
