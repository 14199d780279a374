# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The sandbox: a carrier that keeps every message in the database.

It goes the same way as a real one, so that what works here works there. The virtual
phone shows what was "sent" and answers for people.
"""

from .account import SANDBOX, Sender
from .base import Provider
from .faults import UNANSWERED
from .inbound import InboundEvent
from .media import BAD_ADDRESS, MediaFailed
from .outbound import ACCEPTED, DELIVERED, SENT, UNDELIVERED, DeliveryReport, Outcome

#: The sandbox's only sender.
ADDRESS = "sandbox"


class SandboxProvider(Provider):
    """Accepts and delivers everything at once, to nobody."""

    code = "sandbox"
    name = "Sandbox"
    can_call = True

    def missing(self):
        """Return nothing: the sandbox needs no account."""
        return ()

    def senders(self):
        """Return the one sender, which is nobody's number."""
        return (Sender(ADDRESS, SANDBOX),)

    def send(self, message):
        """Take the message: it is delivered by being in the database."""
        return Outcome(ACCEPTED, carrier_id=f"SB{message.uuid}", report=DELIVERED)

    def find(self, message, since, until):
        """Return nothing: what was not noted as delivered was not delivered."""
        return []

    def fetch(self, carrier_id):
        """Return that it was delivered, as everything here is at once."""
        return DeliveryReport(carrier_id, DELIVERED)

    def verify(self, url, form, signature):
        """Refuse: no request from outside can come from the sandbox."""
        return False

    def fetch_media(self, url):
        """Refuse: what the virtual phone sends is in the database already."""
        raise MediaFailed(BAD_ADDRESS)

    @staticmethod
    def parse_inbound(form):
        """Read the virtual phone's event.

        :param dict form: ``id`` (unique), ``from`` (E.164), ``body``
        """
        return InboundEvent(
            provider=SandboxProvider.code,
            carrier_id=form["id"],
            number=form["from"],
            to_number=ADDRESS,
            body=form["body"],
            raw=dict(form),
        )

    @staticmethod
    def parse_report(form):
        """Read a report; the sandbox delivers at once and sends none later."""
        return DeliveryReport(carrier_id=form["id"], report=DELIVERED)

    # === Calls: the virtual phone rings, and nobody else's ===

    def place_call(self, message):
        """Take the call: it rings until somebody answers, or its time is over."""
        return Outcome(ACCEPTED, carrier_id=f"SB{message.uuid}", report=SENT)

    def find_call(self, message, since, until):
        """Return nothing: a call that was not noted rings nowhere."""
        return []

    def fetch_call(self, carrier_id):
        """Return that nobody has answered: who does says so at once."""
        return DeliveryReport(
            carrier_id,
            UNDELIVERED,
            failure_type="sms_not_delivered",
            fault=UNANSWERED,
        )

    @staticmethod
    def parse_answer(form):
        """Read that the virtual phone has answered.

        :param dict form: ``id`` of the call
        """
        return DeliveryReport(carrier_id=form["id"], report=DELIVERED)

    @staticmethod
    def parse_key(form):
        """Read the key that was pressed on the virtual phone."""
        return form["key"]
