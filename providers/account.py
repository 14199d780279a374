# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Senders of an account, and findings of a check of it at the carrier."""

from dataclasses import dataclass

# What a sender is; each kind has its usual speed (``tools.dispatch``).
LONG_CODE, TOLL_FREE, SHORT_CODE = "long_code", "toll_free", "short_code"
SERVICE, SANDBOX = "service", "sandbox"
#: A name, such as a company's: nobody can reply to it.
ALPHANUMERIC = "alphanumeric"

# The subjects of a check of the account, and its results.
CREDENTIALS, SENDERS, INBOUND = ("credentials", "senders", "inbound")
FINE, WRONG, UNSURE = ("fine", "wrong", "unsure")


@dataclass(frozen=True)
class Sender:
    """A number or service that sends texts.

    :param address: E.164, a short code, a name, or the carrier's id of a service
    :param kind: one of the above
    :param country: two letters (ISO 3166), empty for a sender without one
    """

    address: str
    kind: str
    country: str = ""


@dataclass(frozen=True)
class Finding:
    """One result of a check of the account at the carrier.

    :param about: ``credentials``, ``senders`` or ``inbound`` (the webhook)
    :param state: ``fine``, ``wrong`` or ``unsure``
    :param what: key of a sentence in ``sms.carrier.check``
    :param sender: the number or service concerned; empty for the account
    :param detail: detail for people, such as a host name; never holds a secret
    """

    about: str
    state: str
    what: str
    sender: str = ""
    detail: str = ""
