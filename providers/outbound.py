# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Our vocabulary for outgoing texts, their outcomes, reports and prices."""

import math
import re
from dataclasses import dataclass, field

# The outcome of an attempt to post a message.
ACCEPTED = "accepted"  # the carrier has it
REFUSED = "refused"  # the carrier will not accept it, now or later
AGAIN = "again"  # the carrier certainly did not accept it, but may do so later
UNKNOWN = "unknown"  # it may have been accepted: never post it again blindly

# What a carrier reports about an accepted message, weakest first.
QUEUED, SENT, DELIVERED, READ = ("queued", "sent", "delivered", "read")
UNDELIVERED, CANCELED = ("undelivered", "canceled")
#: A report only counts if its rank is higher; a repeated or late one changes nothing.
REPORT_RANKS = {
    UNKNOWN: 0,
    QUEUED: 1,
    SENT: 2,
    CANCELED: 3,
    UNDELIVERED: 3,
    DELIVERED: 4,
    READ: 5,
}


@dataclass(frozen=True)
class OutboundMessage:
    """One text to post, or one call to place.

    :param number: E.164
    :param media: public URLs of its pictures and files
    :param callback: our URL for its delivery reports
    :param sender: the address of one of ``Provider.senders``
    :param key: idempotency key, the same for every attempt; letters, digits, ``-`` and
        ``_``
    :param answer_url: of a call: our URL that the carrier asks what to say
    """

    uuid: str
    number: str
    body: str
    callback: str = ""
    sender: str = ""
    media: tuple = ()
    key: str = ""
    answer_url: str = ""


@dataclass(frozen=True)
class Outcome:
    """The outcome of an attempt to send.

    :param kind: ``accepted``, ``refused``, ``again`` or ``unknown``
    :param carrier_id: the carrier's id of the message, if it gave one
    :param report: one of :data:`REPORT_RANKS`, from the response itself
    :param code: the carrier's error code, as text
    :param fault: why it was not accepted, one of ``faults``
    :param failure_type: Odoo's failure type for the chatter
    :param detail: the carrier's own words, for people; never holds a secret
    """

    kind: str
    carrier_id: str = ""
    report: str = ""
    code: str = ""
    fault: str = ""
    failure_type: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Price:
    """The carrier's price of one message, for all its segments.

    :param float amount: 0 or more
    :param str currency: ISO 4217, e.g. ``USD``
    """

    amount: float
    currency: str


def read_price(amount, currency):
    """Parse a price; return None if it is none (yet).

    :param amount: number as text; some carriers write a charge as a negative amount
    :param currency: ISO 4217
    """
    try:
        value = abs(float(amount))
    except (TypeError, ValueError):
        return None
    is_code = currency and re.fullmatch("[A-Za-z]{3}", currency)
    return Price(value, currency.upper()) if is_code and math.isfinite(value) else None


@dataclass(frozen=True)
class DeliveryReport:
    """One delivery report: ``report`` is one of :data:`REPORT_RANKS`.

    :param failure_type: Odoo's failure type for the chatter
    :param fault: why it was not delivered, one of ``faults``; empty if it was
    :param price: ``Price``, None until the carrier tells it
    :param raw: every field as received, for the record
    :param received_at: UTC, without a zone; None for now
    """

    carrier_id: str
    report: str
    code: str = ""
    failure_type: str = ""
    fault: str = ""
    raw: dict = field(default_factory=dict)
    price: Price | None = None
    received_at: object = None


@dataclass(frozen=True)
class ReportPage:
    """A page of a carrier's list of texts.

    :param reports: ``DeliveryReport`` of each text on it
    :param resume: asks for the next page; empty after the last one
    """

    reports: tuple
    resume: str = ""


@dataclass(frozen=True)
class Found:
    """A message at the carrier, as a result of a lookup.

    :param created_at: UTC, without a zone; None if the carrier did not say
    """

    report: DeliveryReport
    body: str = ""
    created_at: object = None
