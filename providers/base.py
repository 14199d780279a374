# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The contract between the outbox and a carrier, in our own words.

An adapter does three things: send one message, verify one request, parse its events.
It knows nothing of Odoo's models: what it needs of an account comes in as data, what
it has to say goes out as the classes below. Whoever adds a carrier writes one file
beside ``twilio.py``, adds it to :data:`providers.PROVIDERS` and to the selection
``res.company.sms_provider``.
"""

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

#: E.164: a plus sign, then 8 to 15 digits that do not start with 0 (ITU-T E.164).
#: Western digits only, and nothing after them, not even a line break.
E164 = re.compile(r"\+[1-9][0-9]{7,14}\Z")


@dataclass(frozen=True)
class OutboundMessage:
    """One text to hand over. ``number`` is E.164, ``callback`` our report address."""

    uuid: str
    number: str
    body: str
    callback: str = ""


@dataclass(frozen=True)
class Outcome:
    """What an attempt to send came to.

    :param kind: ``accepted``, ``refused``, ``again`` or ``unknown``
    :param carrier_id: the carrier's id of the message, when it gave one
    :param report: one of :data:`REPORT_RANKS`, what the carrier said at once
    :param code: the carrier's error code, as text
    :param failure_type: Odoo's failure type for the chatter
    :param detail: the carrier's own words, for people; never holds a secret
    """

    kind: str
    carrier_id: str = ""
    report: str = ""
    code: str = ""
    failure_type: str = ""
    detail: str = ""
    is_opt_out: bool = False


@dataclass(frozen=True)
class InboundEvent:
    """One text that came in.

    :param provider: code of the adapter that read it
    :param carrier_id: unique id of the event within the company
    :param number: the sender as the carrier names it, usually E.164; may be empty
    :param opt_out_type: ``STOP``, ``START`` or ``HELP`` when the carrier answered it
    :param raw: every field as it came, for the record
    """

    provider: str
    carrier_id: str
    number: str
    to_number: str
    body: str
    opt_out_type: str = ""
    raw: dict = field(default_factory=dict)


@dataclass(frozen=True)
class DeliveryReport:
    """One delivery report: ``report`` is one of :data:`REPORT_RANKS`.

    :param is_opt_out: the carrier knows of an opt-out
    :param is_gone: the carrier knows no such number (any more)
    """

    carrier_id: str
    report: str
    code: str = ""
    failure_type: str = ""
    is_opt_out: bool = False
    is_gone: bool = False


class Provider:
    """What every carrier's adapter offers.

    :param dict account: the company's credentials and senders; keys are the
        adapter's own and documented on it
    """

    #: value of ``res.company.sms_provider``
    code = ""

    def __init__(self, account):
        self.account = account

    def missing(self):
        """Return what the account lacks for sending, in a person's words.

        :rtype: tuple[str, ...]
        """
        raise NotImplementedError

    def send(self, message):
        """Hand over one message. Touches the network, never the database.

        :param OutboundMessage message: the text
        :rtype: Outcome
        """
        raise NotImplementedError

    def verify(self, url, form, signature):
        """Tell if a request really comes from the carrier.

        :param str url: the public address as the carrier knows it, query included
        :param dict form: the fields as they were posted, lists for repeated ones
        :param signature: the header's value, or None
        :rtype: bool
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
