# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What Telnyx tells our webhooks: is it Telnyx, and what does it say.

https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks
"""

import base64
import time
from functools import partial

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from .inbound import InboundEvent
from .shared import fingerprint
from .telnyx_words import (
    ANSWERED,
    as_dict,
    as_text,
    first_of,
    flatten,
    read_media,
    read_message,
    read_payload,
)

#: Seconds by which the time of a signature may be off; older ones are replays.
SIGNED_WITHIN = 300
#: The event that a text is.
RECEIVED = "message.received"


def verify(account, body, signature):
    """Check the Ed25519 signature; closed when the key or a header lacks.

    :param signature: pair of the signature (base64) and its time (seconds)
    """
    signed, at = signature or ("", "")
    key = account.get("public_key")
    if not (key and signed and at and at.isascii() and at.isdigit()):
        return False
    if abs(time.time() - int(at[:20])) > SIGNED_WITHIN:
        return False
    try:
        decode = partial(base64.b64decode, validate=True)
        public_key = Ed25519PublicKey.from_public_bytes(decode(key))
        public_key.verify(decode(signed), at.encode() + b"|" + body)
    except (InvalidSignature, ValueError):
        return False
    return True


def is_inbound(event):
    """Tell if an event is a text."""
    return as_dict(as_dict(event).get("data")).get("event_type") == RECEIVED


def parse_inbound(code, event):
    """Read a text that came in.

    https://developers.telnyx.com/api-reference/callbacks/inbound-message

    :param str code: the adapter's
    """
    payload = read_payload(event)
    answered = as_text(payload.get("autoresponse_type")).lower()
    return InboundEvent(
        provider=code,
        carrier_id=as_text(payload.get("id")) or fingerprint(flatten(event)),
        number=as_text(as_dict(payload.get("from")).get("phone_number")),
        to_number=as_text(first_of(payload.get("to")).get("phone_number")),
        body=as_text(payload.get("text")),
        opt_out_type=ANSWERED.get(answered, ""),
        service=as_text(payload.get("messaging_profile_id")),
        media=read_media(payload),
        raw=flatten(event),
    )


def parse_report(event):
    """Read a delivery report.

    https://developers.telnyx.com/api-reference/callbacks/delivery-update
    """
    return read_message(read_payload(event), flatten(event))
