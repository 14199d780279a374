# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A loopback peer that answers like Twilio's API of messages and of calls.

It speaks real HTTP on 127.0.0.1, so that the tests go through the SDK, the socket and
the timeouts. The number texted decides what it does with a message; by default it
accepts all. Format of the responses: Twilio's public OpenAPI description.
"""

import base64
import json
import re
import threading
import uuid
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlencode, urlsplit

from ...providers.poster import thin_threads
from .serving import Exchange, serve
from .twilio_account import PeerAccount
from .twilio_calls import describe_call, is_call
from .twilio_consents import CONSENTS_PATH, DEACTIVATIONS_PATH, PeerConsents
from .twilio_messages import PeerMessages

ACCOUNT_PATH = r"^/2010-04-01/Accounts/(AC[0-9a-zA-Z]{32})/(Messages|Calls)"
MESSAGES_PATH = re.compile(ACCOUNT_PATH + r"\.json$")
MESSAGE_PATH = re.compile(ACCOUNT_PATH + r"/((?:SM|CA)[0-9a-f]{32})\.json$")

ACCOUNT_SID = "AC" + "0123456789abcdef" * 2
AUTH_TOKEN = "5ecret-t0ken-of-the-loopback-peer"
API_KEY_SID = "SK" + "fedcba9876543210" * 2
API_KEY_SECRET = "5ecret-of-the-key"


class PeerHandler(BaseHTTPRequestHandler):
    """Answers one connection. ``peer`` is the :class:`TwilioPeer` that it serves."""

    peer = None
    #: Body of the current request.
    body = b""

    protocol_version = "HTTP/1.1"
    # Send head and body together; else the body waits until the head is acknowledged.
    wbufsize = -1

    def log_message(self, *_args):
        """Stay silent."""

    def do_POST(self):
        """Accept a message as Twilio does, or change the account."""
        if self.peer.is_down:
            return self.hang_up()
        size = int(self.headers.get("Content-Length", 0))
        body = self.body = self.rfile.read(size)
        if len(body) < size:  # the client has died
            return self.hang_up()
        form = dict(parse_qsl(body.decode(), True))
        if not self.is_authorized():
            return self.answer(401, self.peer.error(401, 20003, "Authenticate"))
        if found := MESSAGES_PATH.match(self.path):
            return self.take(found[1], form)
        if self.path == CONSENTS_PATH:
            items = [it for name, it in parse_qsl(body.decode()) if name == "Items"]
            return self.answer(*self.peer.consents.take(items))
        if changed := self.peer.account.change(self.path, form):
            return self.answer(200, changed)
        return self.answer(*self.peer.remove("POST", self.path, form))

    def do_DELETE(self):
        """Remove a message, or one of its media."""
        if self.peer.is_down:
            return self.hang_up()
        if not self.is_authorized():
            return self.answer(401, self.peer.error(401, 20003, "Authenticate"))
        return self.answer(*self.peer.remove("DELETE", self.path))

    def do_GET(self):
        """Show accepted messages: one by its id, or a list; or the account."""
        if self.peer.is_down:
            return self.hang_up()
        url = urlsplit(self.path)
        report = self.peer.consents.get_report(url.path)
        if report is not None:
            # The address is presigned: it must be read without credentials.
            is_anonymous = "Authorization" not in self.headers
            return self.answer(200 if is_anonymous else 400, report)
        if not self.is_authorized():
            return self.answer(401, self.peer.error(401, 20003, "Authenticate"))
        if url.path == DEACTIVATIONS_PATH:
            day = dict(parse_qsl(url.query)).get("Date")
            return self.answer(*self.peer.consents.show(self.peer.url, day))
        if found := MESSAGES_PATH.match(url.path):
            asked = dict(parse_qsl(url.query, True))
            kind = found[2].lower()
            if status := self.peer.list_faults and self.peer.list_faults.pop(0):
                body = self.peer.error(status, 0, "Not now")
                return self.answer(status, body, self.peer.fault_headers)
            return self.answer(200, self.peer.list(found[1], asked, kind))
        if found := MESSAGE_PATH.match(url.path):
            for message in self.peer.taken:
                if message["sid"] == found[3]:
                    return self.answer(200, self.peer.created(found[1], message))
        if shown := self.peer.account.show(url.path):
            return self.answer(200, shown)
        return self.answer(*self.peer.remove("GET", url.path))

    def is_authorized(self):
        """Check Basic authentication."""
        scheme, _, value = self.headers.get("Authorization", "").partition(" ")
        user, _, secret = base64.b64decode(value or "").decode().partition(":")
        return scheme == "Basic" and self.peer.credentials.get(user) == secret

    def take(self, account_sid, form):
        """Note a message, then behave as set for its number."""
        behavior = self.peer.behaviors.get(form.get("To")) or self.peer.choose(form)
        message = {
            **form,
            "sid": ("CA" if is_call(form) else "SM") + uuid.uuid4().hex,
            "status": "accepted" if "MessagingServiceSid" in form else "queued",
            "created": format_datetime(datetime.now(UTC)),
        }
        # Made now: an immediate report must not change the response.
        answer = self.peer.created(account_sid, message)
        self.peer.messages.append(message)
        kind = behavior[0] if isinstance(behavior, tuple) else behavior
        if kind in (None, "drop", "hold", "hang", "slow", "taken"):
            self.peer.taken.append(message)
            self.peer.on_taken(message)
        self.peer.arrived.release()
        if kind in ("hang", "slow"):
            self.peer.release.wait(behavior[1])
        if kind in ("drop", "lose", "hang"):
            return self.hang_up()
        if kind == "hold":
            self.peer.release.wait(60)
        elif kind == "html":
            return self.answer(behavior[1], "<html>Bad gateway</html>")
        elif kind == "busy":
            error = self.peer.error(429, 20429, "Too many")
            return self.answer(429, error, {"Retry-After": str(behavior[1])})
        elif kind in ("error", "taken"):
            status, code = behavior[1:]
            return self.answer(status, self.peer.error(status, code, "Refused"))
        return self.answer(201, answer)

    def hang_up(self):
        """Close the connection without a response."""
        self.close_connection = True
        self.connection.close()

    def answer(self, status, body, headers=()):
        """Send a status and a JSON (dict) or HTML (str) body."""
        is_json = isinstance(body, dict)
        data = (json.dumps(body) if is_json else body).encode()
        self.send_response(status)
        kind = "application/json" if is_json else "text/html"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for header in dict(headers).items():
            self.send_header(*header)
        self.end_headers()
        if self.peer.exchanges is not None:
            request = self.command, self.path, dict(self.headers), self.body
            self.peer.exchanges.append(Exchange(*request, status, body))
        self.body = b""
        self.wfile.write(data)
        return None


class PeerServer(ThreadingHTTPServer):
    """One thread per connection, with room for all connections of two dispatchers."""

    daemon_threads = True
    request_queue_size = 256

    def process_request(self, request, client_address):
        """Serve each connection in a thread with a small stack: many may hang."""
        with thin_threads():
            return super().process_request(request, client_address)


class TwilioPeer:
    """The server, with its settings and what it received.

    ``messages`` holds the forms of all posts, accepted or not, in order of arrival,
    each with the ``sid`` of the response. ``taken`` holds the accepted ones, as a
    lookup shows them; ``on_taken`` is called with each at once.

    ``behaviors`` maps a number (To) to what to do; ``choose`` is called with the form
    for others:

    - ``("error", status, code)``: refuse it
    - ``("busy", seconds)``: answer 429 with that Retry-After
    - ``("html", status)``: answer as a broken gateway does
    - ``("taken", status, code)``: accept it, and answer with an error
    - ``"drop"``: accept it, close without a response
    - ``"lose"``: close, without accepting it
    - ``("hang", seconds)``: accept it, send nothing for so long, close
    - ``("slow", seconds)``: answer after so long, or when :attr:`release` is set
    - ``"hold"``: answer when :attr:`release` is set

    ``listed`` holds the filters of each list requested. ``page_size`` is the highest
    number of entries in a page, ``order`` a function that reorders what was found.
    ``list_faults`` holds the status of each of the next lists (0: no fault), which is
    sent with ``fault_headers``. Set ``exchanges`` to a list to record each request with
    its response.
    """

    exchanges = None

    def __init__(self, port=0):
        self.messages = []
        self.taken = []
        self.listed, self.page_size = [], 1000
        self.order, self.list_faults, self.fault_headers = list, [], {}
        self.behaviors = {}
        self.choose = lambda form: None
        self.on_taken = lambda message: None
        self.release = threading.Event()
        self.arrived = threading.Semaphore(0)
        self.account = PeerAccount()
        self.consents = PeerConsents()
        self.kept_messages = PeerMessages()
        self.credentials = {ACCOUNT_SID: AUTH_TOKEN, API_KEY_SID: API_KEY_SECRET}
        self.is_down = False
        self.server = None
        self._listen(port)

    @property
    def url(self):
        """The address for the system parameter ``twilio_api_url``."""
        return f"http://127.0.0.1:{self.server.server_port}"

    def _listen(self, port):
        """Open the port; 0: any free one."""
        handler = type("Handler", (PeerHandler,), {"peer": self})
        self.server = PeerServer(("127.0.0.1", port), handler)

    def start(self):
        """Serve until :meth:`stop`; return self."""
        serve(self.server)
        return self

    def stop(self):
        """Release held requests, and close the port."""
        self.release.set()
        self.server.shutdown()
        self.server.server_close()

    def go_down(self):
        """Refuse connections, and hang up on those that are open."""
        self.is_down = True
        self.server.shutdown()
        self.server.server_close()

    def come_back(self):
        """Serve again, at the same address."""
        self._listen(self.server.server_port)
        self.is_down = False
        self.start()

    def to(self, number):
        """Return the posts to ``number`` (E.164), oldest first."""
        return [message for message in self.messages if message["To"] == number]

    def taken_to(self, number):
        """Return the accepted messages to ``number`` (E.164), oldest first."""
        return [message for message in self.taken if message["To"] == number]

    def wait_for(self, number, count=1, timeout=20):
        """Wait until ``count`` posts to ``number`` have come; return them.

        :raises AssertionError: after ``timeout`` seconds
        """
        while len(self.to(number)) < count:
            if not self.arrived.acquire(timeout=timeout):
                raise AssertionError(
                    f"{count} messages to {number} expected, got {self.to(number)}"
                )
        return self.to(number)

    def list(self, account_sid, asked, kind="messages"):
        """Return a page of the accepted messages, newest first.

        :param dict asked: the parameters of the request, with Twilio's filters
        :param str kind: ``messages`` or ``calls``
        """
        self.listed.append(asked)
        moment = "StartTime" if kind == "calls" else "DateSent"
        found = [
            self.created(account_sid, message)
            for message in reversed(self.taken)
            if is_call(message) == (kind == "calls")
            and asked.get("To", message["To"]) == message["To"]
            and asked.get("From", message.get("From")) == message.get("From")
            and asked.get(f"{moment}>", "") <= self.sent_at(message)
            and self.sent_at(message) < asked.get(f"{moment}<", "9")
        ]
        found = self.order(found)
        size = min(int(asked.get("PageSize", 50)), self.page_size)
        page = int(asked.get("Page", 0))
        rest = found[(page + 1) * size :]
        path = f"/2010-04-01/Accounts/{account_sid}/{kind.title()}.json?"
        following = path + urlencode({**asked, "Page": page + 1})
        return {
            kind: found[page * size : (page + 1) * size],
            "page_size": size,
            "next_page_uri": following if rest else None,
        }

    @staticmethod
    def sent_at(message):
        """Return when a message was sent (ISO 8601): as set by a test, or accepted."""
        if sent := message.get("sent"):
            return sent
        created = parsedate_to_datetime(message["created"])
        return created.strftime("%Y-%m-%dT%H:%M:%SZ")

    def remove(self, method, path, form=None):
        """Return status and body for a request about ``kept_messages``."""
        answer = self.kept_messages.handle(method, path, form)
        return answer or (404, self.error(404, 20404, "Not found"))

    @staticmethod
    def error(status, code, text):
        """Return the body of an error response."""
        return {
            "code": code,
            "message": text,
            "more_info": f"https://www.twilio.com/docs/errors/{code}",
            "status": status,
        }

    @staticmethod
    def created(account_sid, message):
        """Return a message or call as Twilio shows it, also when it is created."""
        if is_call(message):
            return describe_call(account_sid, message)
        return {
            "account_sid": account_sid,
            "sid": message["sid"],
            "to": message["To"],
            "from": message.get("From"),
            "messaging_service_sid": message.get("MessagingServiceSid"),
            "body": message["Body"],
            "status": message["status"],
            "num_segments": "1",
            "num_media": "0",
            "direction": "outbound-api",
            "date_created": message["created"],
            "date_updated": message["created"],
            "date_sent": None,
            "error_code": message.get("error_code"),
            "error_message": None,
            "price": message.get("price"),
            "price_unit": "USD",
            "api_version": "2010-04-01",
            "uri": f"/2010-04-01/Accounts/{account_sid}/Messages/{message['sid']}.json",
            "subresource_uris": {},
        }
