# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A loopback peer that answers like Telnyx's API version 2, and signs as it does.

It speaks real HTTP on 127.0.0.1. The number texted decides what it does with a message;
by default it accepts all. Format of the responses: Telnyx's public API reference.
"""

import base64
import json
import re
import threading
import time
import uuid
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from .serving import Loopback
from .telnyx_account import PeerTelnyxAccount
from .twilio import PeerHandler, PeerServer

API_KEY = "KEY5ecret-of-the-loopback-peer"
PROFILE_ID = "40019bcd-0000-4000-8000-0123456789ab"
MESSAGE_PATH = re.compile(r"^/v2/messages/([0-9a-f-]{36})$")
#: Signs the webhooks. Fixed, so that a live server can know the public key beforehand.
SIGNING_KEY = Ed25519PrivateKey.from_private_bytes(b"loopback peer of telnyx, 32 byte")
PUBLIC_KEY = base64.b64encode(SIGNING_KEY.public_key().public_bytes_raw()).decode()


def sign(body, at=None, key=SIGNING_KEY):
    """Return the headers that Telnyx sends with an event.

    :param bytes body: the body as posted
    :param int at: seconds since 1970 (UTC), default now
    """
    at = str(int(time.time() if at is None else at))
    signature = base64.b64encode(key.sign(at.encode() + b"|" + body)).decode()
    return {"telnyx-signature-ed25519": signature, "telnyx-timestamp": at}


def make_event(kind, payload):
    """Return the body of an event.

    :param str kind: e.g. ``message.received``
    :param dict payload: the message that it is about
    :rtype: bytes
    """
    data = {
        "record_type": "event",
        "id": str(uuid.uuid4()),
        "event_type": kind,
        "occurred_at": datetime.now(UTC).isoformat(),
        "payload": {"record_type": "message", **payload},
    }
    return json.dumps({"data": data, "meta": {"attempt": 1}}).encode()


def make_text(number, to_number, body, message_id=None, **extra):
    """Return the body of the event for a received text."""
    return make_event(
        "message.received",
        {
            "direction": "inbound",
            "id": message_id or str(uuid.uuid4()),
            "type": "SMS",
            "messaging_profile_id": PROFILE_ID,
            "from": {"phone_number": number, "carrier": "T", "line_type": "Wireless"},
            "to": [{"phone_number": to_number, "status": "webhook_delivered"}],
            "text": body,
            "media": [],
            **extra,
        },
    )


def make_report(message_id, status, *codes, **extra):
    """Return the body of the event for a delivery report."""
    return make_event(
        "message.sent" if status == "sent" else "message.finalized",
        {
            "direction": "outbound",
            "id": message_id,
            "to": [{"phone_number": "+13035550100", "status": status}],
            "errors": [{"code": code, "title": "Refused"} for code in codes],
            **extra,
        },
    )


class TelnyxHandler(PeerHandler):
    """Answers one connection. ``peer`` is the :class:`TelnyxPeer` that it serves."""

    def do_POST(self):
        """Accept a message as Telnyx does, each idempotency key only once."""
        body = self.body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.is_authorized():
            return self.answer(401, self.peer.error("10009", "Authentication failed"))
        message = json.loads(body)
        key = self.headers.get("Idempotency-Key")
        self.peer.posts.append({**message, "key": key})
        self.peer.arrived.release()
        behavior = self.peer.behaviors.get(message["to"])
        kind = behavior[0] if isinstance(behavior, tuple) else behavior
        if kind == "error":
            return self.answer(behavior[1], self.peer.error(behavior[2], "Refused"))
        taken = self.peer.take(message, key)
        if kind == "drop":
            return self.hang_up()
        if kind == "html":
            return self.answer(behavior[1], "<html>Bad gateway</html>")
        return self.answer(200, {"data": taken})

    def do_GET(self):
        """Show accepted messages: one by its id, or the detail records of a number."""
        url = urlsplit(self.path)
        if not self.is_authorized():
            return self.answer(401, self.peer.error("10009", "Authentication failed"))
        if url.path == "/v2/detail_records":
            asked = dict(parse_qsl(url.query))
            self.peer.listed.append(asked)
            number = asked.get("filter[cld]")
            found = [
                it for it in self.peer.taken if it["to"][0]["phone_number"] == number
            ]
            return self.answer(200, {"data": list(map(self.peer.record, found))})
        found = MESSAGE_PATH.match(url.path)
        for message in self.peer.taken:
            if found and message["id"] == found[1]:
                return self.answer(200, {"data": message})
        shown = self.peer.account.show(url.path, dict(parse_qsl(url.query)))
        return self.answer_data(shown)

    def do_PATCH(self):
        """Change a part of the account."""
        body = self.body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.is_authorized():
            return self.answer(401, self.peer.error("10009", "Authentication failed"))
        return self.answer_data(self.peer.account.change(self.path, json.loads(body)))

    def answer_data(self, data):
        """Answer with the data; None: not found."""
        if data is None:
            return self.answer(404, self.peer.error("10005", "Resource not found"))
        return self.answer(200, {"data": data})

    def is_authorized(self):
        """Check the API key."""
        return self.headers.get("Authorization") == f"Bearer {self.peer.api_key}"


class TelnyxPeer(Loopback):
    """The server, with its settings and what it received.

    ``posts`` holds the bodies of all posts, in order of arrival, with their ``key``;
    ``taken`` the messages that it accepted, ``listed`` the filters of each list of
    records that was asked for. ``behaviors`` maps a number to what to do:
    ``("error", status, code)``, ``"drop"`` (accept, close without a response) or
    ``("html", status)`` (accept, answer as a broken gateway does). ``exchanges``: see
    :class:`.twilio.TwilioPeer`.
    """

    exchanges = None

    def __init__(self):
        self.posts = []
        self.taken, self.listed = [], []
        self.behaviors = {}
        self.api_key = API_KEY
        self.account = PeerTelnyxAccount()
        self.arrived = threading.Semaphore(0)
        self._keys = {}
        handler = type("Handler", (TelnyxHandler,), {"peer": self})
        self.server = PeerServer(("127.0.0.1", 0), handler)

    def take(self, message, key):
        """Accept a message, or find it by its idempotency key; return it."""
        if key in self._keys:
            return self._keys[key]
        taken = {
            "record_type": "message",
            "direction": "outbound",
            "id": str(uuid.uuid4()),
            "from": {"phone_number": message.get("from")},
            "to": [{"phone_number": message["to"], "status": "queued"}],
            "text": message["text"],
            "webhook_url": message.get("webhook_url"),
            "received_at": datetime.now(UTC).isoformat(),
            "errors": [],
        }
        self.taken.append(taken)
        if key:
            self._keys[key] = taken
        return taken

    def to(self, number):
        """Return the posts to ``number`` (E.164), oldest first."""
        return [post for post in self.posts if post["to"] == number]

    @staticmethod
    def record(message):
        """Return the detail record of a message."""
        return {
            "record_type": "message_detail_record",
            "uuid": message["id"],
            "cld": message["to"][0]["phone_number"],
            "cli": message["from"]["phone_number"],
            "created_at": message["received_at"],
            "delivery_status_webhook_url": message["webhook_url"],
            "status": "delivered",
            "errors": [],
        }

    @staticmethod
    def error(code, title):
        """Return the body of an error response."""
        return {"errors": [{"code": code, "title": title, "detail": f"{title}."}]}
