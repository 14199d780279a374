# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A text that goes out, what became of it and what it cost, in our words."""

import math
import re
from dataclasses import dataclass, field

# What became of an attempt to hand over a message.
ACCEPTED = "accepted"  # the carrier has it
REFUSED = "refused"  # the carrier will not take it, now or later
AGAIN = "again"  # the carrier surely did not take it, and may do so later
UNKNOWN = "unknown"  # nobody can tell: never post it again blindly

# What a carrier reports of a message that it took, weakest first.
QUEUED, SENT, DELIVERED, READ = ("queued", "sent", "delivered", "read")
UNDELIVERED, CANCELED = ("undelivered", "canceled")
#: A report is only ever a step to a higher rank; a repeat or a late one is nothing.
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
    """One text to hand over, or one call to place.

    :param number: E.164
    :param media: public addresses of the pictures and files that go with it
    :param callback: our address for its delivery reports
    :param sender: the address of one of ``Provider.senders``
    :param key: the same for every attempt at what must be taken once; of letters,
        digits, ``-`` and ``_``. For carriers that know a second post by it.
    :param answer_url: of a call: where the carrier asks what to say when it is answered
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
    :param carrier_id: the carrier's id of the message, when it gave one
    :param report: one of :data:`REPORT_RANKS`, what the carrier said at once
    :param code: the carrier's error code, as text
    :param fault: why it was not taken, one of ``faults``
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
    """The carrier's price of one message, all its segments together.

    :param float amount: 0 or more
    :param str currency: ISO 4217, e.g. ``USD``
    """

    amount: float
    currency: str


def read_price(amount, currency):
    """Return a price as a carrier writes it; None for what is none (yet).

    :param amount: number as text; some write what they charge as less than nothing
    :param currency: ISO 4217
    """
    try:
        value = abs(float(amount))
    except (TypeError, ValueError):
        return None
    if not (currency and re.fullmatch("[A-Za-z]{3}", currency)):
        return None
    if not math.isfinite(value):
        return None
    return Price(value, currency.upper())


@dataclass(frozen=True)
class DeliveryReport:
    """One delivery report: ``report`` is one of :data:`REPORT_RANKS`.

    :param failure_type: Odoo's failure type for the chatter
    :param fault: why it was not delivered, one of ``faults``; empty if it was
    :param price: what it costs, None as long as the carrier does not say
    :param raw: every field as it came, for the record
    :param received_at: when it came (UTC, without a zone), None: now
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

    :param reports: ``DeliveryReport`` of each text in it
    :param resume: by which the next page is asked for; empty after the last one
    """

    reports: tuple
    resume: str = ""


@dataclass(frozen=True)
class Found:
    """A message that the carrier has, as a lookup shows it.

    :param created_at: UTC, without a zone; None if the carrier did not say
    """

    report: DeliveryReport
    body: str = ""
    created_at: object = None
