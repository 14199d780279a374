# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The contract between the outbox and a carrier, in our own words.

An adapter does three things: send one message, verify one request, parse its events.
It knows nothing of Odoo's models: what it needs of an account comes in as data, what
it has to say goes out as the classes below. Whoever adds a carrier writes one file
beside ``twilio.py``, adds it to :data:`providers.PROVIDERS` and to the selection
``res.company.sms_provider``.
"""

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

# Why a carrier did not take or not deliver a message. What is done about each is the
# manager's data (``sms.fault``); which of its codes mean which is the adapter's.
TOO_FAST = "too_fast"  # more than the sender may send, or its queue is full
NO_CONNECTION = "no_connection"  # it was not reached at all
NO_ANSWER = "no_answer"  # it was reached, and nobody can tell what it did
UNREACHABLE = "unreachable"  # the handset is off or out of reach
UNSURE = "unsure"  # not delivered, and the carrier does not know why
GONE = "gone"  # the carrier knows no such handset (any more)
LANDLINE = "landline"
BAD_NUMBER = "bad_number"
OPTED_OUT = "opted_out"  # the carrier knows of an opt-out
FILTERED = "filtered"  # taken for spam, or forbidden by the network
EXPIRED = "expired"  # not delivered within its time
CLOSED_HOURS = "closed_hours"  # the carrier's own quiet hours
COUNTRY = "country"  # the account may not text this country
AUTHENTICATION = "authentication"
SENDER = "sender"  # the number or service that sends is missing or not ours
REGISTRATION = "registration"  # the sender is not registered (A2P 10DLC)
NO_CREDIT = "no_credit"
LOCKED = "locked"  # no carrier's: the key to the account is missing here
REFUSED_OTHERWISE = "other"

#: A carrier passes on so many pictures and files with one text, in either direction.
MEDIA_LIMIT = 10

#: E.164: a plus sign, then 8 to 15 digits that do not start with 0 (ITU-T E.164).
#: Western digits only, and nothing after them, not even a line break.
E164 = re.compile(r"\+[1-9][0-9]{7,14}\Z")


# What a sender is; each kind has its usual speed (``tools.pace``).
LONG_CODE, TOLL_FREE, SHORT_CODE, SERVICE, SANDBOX = SENDER_KINDS = (
    "long_code",
    "toll_free",
    "short_code",
    "service",
    "sandbox",
)


# What a check of the account is about, and what it found there.
CREDENTIALS, SENDERS, INBOUND = ("credentials", "senders", "inbound")
FINE, WRONG, UNSURE = ("fine", "wrong", "unsure")


def read_price(amount, currency):
    """Return a price as a carrier writes it; None for what is none (yet).

    :param amount: number as text; some write what they charge as less than nothing
    :param currency: ISO 4217
    :rtype: Price
    """
    try:
        value = abs(float(amount))
    except (TypeError, ValueError):
        return None
    if not math.isfinite(value) or not re.fullmatch("[A-Za-z]{3}", currency or ""):
        return None
    return Price(value, currency.upper())


class LookupFailed(Exception):
    """The carrier could not be asked what became of a message: ask again later.

    :param str words: what came instead of an answer; never holds a secret
    :param int status: of an HTTP answer that says no, None where there was none
    """

    def __init__(self, words="", status=None):
        super().__init__(words)
        self.status = status


class RedactionRefused(Exception):
    """The carrier will not remove a message, however often it is asked."""


@dataclass(frozen=True)
class OutboundMessage:
    """One text to hand over.

    :param number: E.164
    :param media: public addresses of the pictures and files that go with it
    :param callback: our address for its delivery reports
    :param sender: by whom it leaves, the address of one of :meth:`Provider.senders`
    :param key: the same for every attempt at what must be taken once; of letters,
        digits, ``-`` and ``_``. For carriers that know a second post by it.
    """

    uuid: str
    number: str
    body: str
    callback: str = ""
    sender: str = ""
    media: tuple = ()
    key: str = ""


@dataclass(frozen=True)
class Sender:
    """A number or service that texts leave by, and what it is.

    :param address: E.164, or the carrier's id of a service
    :param kind: one of :data:`SENDER_KINDS`
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


@dataclass(frozen=True)
class Found:
    """A message that the carrier has, as a lookup shows it.

    :param created_at: UTC, without a zone; None if the carrier did not say
    """

    report: "DeliveryReport"
    body: str = ""
    created_at: object = None


@dataclass(frozen=True)
class Outcome:
    """What an attempt to send came to.

    :param kind: ``accepted``, ``refused``, ``again`` or ``unknown``
    :param carrier_id: the carrier's id of the message, when it gave one
    :param report: one of :data:`REPORT_RANKS`, what the carrier said at once
    :param code: the carrier's error code, as text
    :param fault: why it was not taken, one of the faults above
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
class Media:
    """A picture or a file that came with a text, where the carrier keeps it.

    :param content_type: what the sender's phone says that it is; believe the bytes
    """

    url: str
    content_type: str = ""


@dataclass(frozen=True)
class InboundEvent:
    """One text that came in.

    :param provider: code of the adapter that read it
    :param carrier_id: unique id of the event within the company
    :param number: the sender as the carrier names it, usually E.164; may be empty
    :param opt_out_type: ``STOP``, ``START`` or ``HELP`` when the carrier answered it
    :param service: the carrier's id of the service that ``to_number`` is in
    :param media: what came with it, a tuple of :class:`Media`
    :param raw: every field as it came, for the record
    """

    provider: str
    carrier_id: str
    number: str
    to_number: str
    body: str
    opt_out_type: str = ""
    service: str = ""
    media: tuple = ()
    raw: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Price:
    """What the carrier charges for one message, all its segments together.

    :param float amount: 0 or more
    :param str currency: ISO 4217, e.g. ``USD``
    """

    amount: float
    currency: str


@dataclass(frozen=True)
class DeliveryReport:
    """One delivery report: ``report`` is one of :data:`REPORT_RANKS`.

    :param failure_type: Odoo's failure type for the chatter
    :param fault: why it was not delivered, one of the faults above; empty if it was
    :param price: what it costs, None as long as the carrier does not say
    :param raw: every field as it came, for the record
    """

    carrier_id: str
    report: str
    code: str = ""
    failure_type: str = ""
    fault: str = ""
    raw: dict = field(default_factory=dict)
    price: Price | None = None


class Provider:
    """What every carrier's adapter offers.

    :param dict account: the company's credentials and senders; keys are the
        adapter's own and documented on it
    """

    #: value of ``res.company.sms_provider``
    code = ""
    #: as people call it, in every language
    name = ""
    #: what messages cost must be asked for (:meth:`list_prices`): no report tells it
    lists_prices = False
    #: whether the carrier removes what a single message said
    can_redact = False

    def __init__(self, account):
        self.account = account

    def missing(self):
        """Return what the account lacks for sending, in a person's words.

        :rtype: tuple[str, ...]
        """
        raise NotImplementedError

    def can_check(self):
        """Tell if the account has what :meth:`check` needs."""
        return False

    def check(self, inbound_url):
        """Look at the carrier if the account is set up as it must be.

        Touches the network and changes nothing. Stops at what makes the rest futile. A
        carrier that offers no way to look leaves this as it is: nothing is claimed.

        :param str inbound_url: where texts that come in must go
        :rtype: tuple[Finding, ...]
        """
        return ()

    def set_inbound_url(self, inbound_url):
        """Tell the carrier where texts go that come in. To repeat it does no harm.

        :param str inbound_url: our public address
        :raises LookupFailed: when the carrier did not take it
        """
        raise LookupFailed(f"{self.code} has no way to set it")

    def list_numbers(self):
        """Return the numbers of the account that can send texts.

        :return: E.164
        :rtype: tuple[str, ...]
        :raises LookupFailed: when the carrier could not be asked
        """
        return ()

    def senders(self):
        """Return what this account can send by, the preferred one first.

        :rtype: tuple[Sender, ...]
        """
        raise NotImplementedError

    def send(self, message):
        """Hand over one message. Touches the network, never the database.

        :param OutboundMessage message: the text
        :rtype: Outcome
        """
        raise NotImplementedError

    def find(self, message, since, until):
        """Look up what the carrier has of a message whose outcome is unknown.

        :param OutboundMessage message: the text, as it was handed over
        :param since: UTC datetime, not before this
        :param until: UTC datetime, not after this
        :return: the messages that it may be, a list of :class:`Found`; empty if the
            carrier has none
        :raises LookupFailed: when the carrier could not be asked
        """
        raise NotImplementedError

    def fetch(self, carrier_id):
        """Ask what has become of a message whose delivery report is overdue.

        :param str carrier_id: the carrier's id of the message
        :rtype: DeliveryReport
        :raises LookupFailed: when the carrier could not be asked
        """
        raise NotImplementedError

    def list_prices(self, day, sender=""):
        """Ask what the messages of a day have cost; in pages, since they are many.

        :param date day: on which they were sent (UTC)
        :param str sender: by whom they left; empty: by anyone of the account
        :return: yields ``{carrier's id: Price}``, of those whose price it knows
        :raises LookupFailed: when the carrier could not be asked
        """
        raise NotImplementedError

    def redact(self, carrier_id, is_whole=False):
        """Remove what a message said from the carrier. To repeat it does no harm.

        Returns when nothing of it is there (any more). Only where :attr:`can_redact`.

        :param str carrier_id: the carrier's id of a message, sent or received
        :param bool is_whole: remove the message altogether, not its words and media
        :raises LookupFailed: it was not removed now: ask again later
        :raises RedactionRefused: it never will be
        """
        raise NotImplementedError

    def verify(self, url, form, signature):
        """Tell if a request really comes from the carrier.

        :param str url: the public address as the carrier knows it, query included
        :param form: what was posted, as this carrier signs it: the fields, lists for
            repeated ones, or the bytes
        :param signature: the header's value, or None; a tuple for several headers
        :rtype: bool
        """
        raise NotImplementedError

    def fetch_media(self, url):
        """Fetch a picture or a file that came with a text. Touches the network.

        :param str url: as the carrier gave it
        :rtype: providers.media.Fetched
        :raises providers.media.MediaFailed: whatever the reason
        """
        raise NotImplementedError

    @staticmethod
    def parse_inbound(form):
        """Read a text that came in.

        :rtype: InboundEvent
        """
        raise NotImplementedError

    @staticmethod
    def parse_report(form):
        """Read a delivery report.

        :rtype: DeliveryReport
        """
        raise NotImplementedError
