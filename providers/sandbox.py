# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The sandbox: a carrier that sends nothing.

It takes the same path as a real one, so what works here works there. The virtual phone
shows what was "sent", and lets people reply.
"""

from .account import SANDBOX, Sender
from .base import Provider
from .faults import UNANSWERED
from .inbound import InboundEvent
from .outbound import ACCEPTED, DELIVERED, SENT, UNDELIVERED, DeliveryReport, Outcome

#: The sandbox's only sender.
ADDRESS = "sandbox"


class SandboxProvider(Provider):
    """Accept and deliver everything at once, to nobody."""

    code = "sandbox"
    name = "Sandbox"
    can_call = True

    def missing(self):
        """Return nothing: the sandbox needs no account."""
        return ()

    def senders(self):
        """Return the only sender, which is not a real number."""
        return (Sender(ADDRESS, SANDBOX),)

    def send(self, message):
        """Accept the message, and report it delivered."""
        return Outcome(ACCEPTED, carrier_id=f"SB{message.uuid}", report=DELIVERED)

    def find(self, message, since, until):
        """Return nothing: a message without an outcome was not sent."""
        return []

    def fetch(self, carrier_id):
        """Report it delivered, as everything here is at once."""
        return DeliveryReport(carrier_id, DELIVERED)

    @staticmethod
    def parse_inbound(form):
        """Parse an event of the virtual phone.

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

    # === Calls: only the virtual phone rings ===

    def place_call(self, message):
        """Accept the call: it rings until somebody answers, or it times out."""
        return Outcome(ACCEPTED, carrier_id=f"SB{message.uuid}", report=SENT)

    find_call = find  # a call without an outcome was not placed

    def fetch_call(self, carrier_id):
        """Report it unanswered: an answer is reported at once."""
        return DeliveryReport(
            carrier_id, UNDELIVERED, failure_type="sms_not_delivered", fault=UNANSWERED
        )

    @staticmethod
    def parse_answer(form):
        """Parse an answer of the virtual phone.

        :param dict form: ``id`` of the call
        """
        return DeliveryReport(carrier_id=form["id"], report=DELIVERED)

    @staticmethod
    def parse_key(form):
        """Parse the key pressed on the virtual phone."""
        return form["key"]
