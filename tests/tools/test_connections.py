# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Outcomes of unanswered posts: a wrong one would lose a text, or send it twice."""

import os
import socket
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler
from itertools import product
from unittest.mock import patch

from requests import RequestException, Session

from odoo.tests import BaseCase, tagged
from odoo.tests.common import _super_send

from ...providers import get_provider, telnyx_api, twilio_api
from ...providers.faults import NO_ANSWER, NO_CONNECTION
from ...providers.outbound import ACCEPTED, AGAIN, UNKNOWN, OutboundMessage
from ...providers.poster import MAX_IN_FLIGHT
from ...providers.shared import IDLE, outcome_of_failure
from ..peer.serving import Loopback
from ..peer.telnyx import TelnyxPeer
from ..peer.tls import TlsPeer
from ..peer.twilio import PeerServer, TwilioPeer
from .common import make_telnyx, make_twilio

CARRIERS = {"twilio": make_twilio, "telnyx": make_telnyx}
NOBODY = "http://127.0.0.1:9"


class MovingHandler(BaseHTTPRequestHandler):
    """Sends each post on to another host."""

    target = ""

    def log_message(self, *_args):
        """Stay silent."""

    def do_POST(self):
        """Say where it is now."""
        self.send_response(307)
        self.send_header("Location", self.target + self.path)
        self.send_header("Content-Length", "0")
        self.end_headers()


class MovingPeer(Loopback):
    """A server that sends each post on."""

    def __init__(self, target):
        handler = type("Handler", (MovingHandler,), {"target": target})
        self.server = PeerServer(("127.0.0.1", 0), handler)


@tagged("post_install", "-at_install")
class TestNoAnswer(BaseCase):
    """Tried again is only what surely has not left; all else is looked up."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.peers = {"twilio": TwilioPeer().start(), "telnyx": TelnyxPeer().start()}
        for peer in cls.peers.values():
            cls.addClassCleanup(peer.stop)

    def setUp(self):
        super().setUp()
        for peer in self.peers.values():
            peer.taken.clear()

    def send(self, carrier, url):
        """Hand over one message; return the outcome."""
        message = OutboundMessage("1", "+12125550190", "Hi", "", "+13035550100")
        return CARRIERS[carrier](api_url=url).send(message)

    def assertOutcome(self, kind, carrier, url):
        """Check what a post to an address comes to; return the outcome's detail."""
        outcome = self.send(carrier, url)
        fault = {AGAIN: NO_CONNECTION, UNKNOWN: NO_ANSWER}[kind]
        expected = (kind, fault, "sms_server")
        told = (outcome.kind, outcome.fault, outcome.failure_type)
        self.assertEqual(told, expected, outcome)
        return outcome.detail

    def set_proxy(self, url):
        """Set a proxy in the server's environment."""
        names = {"http_proxy": url, "https_proxy": url, "no_proxy": ""}
        proxies = patch.dict(os.environ, names)
        proxies.start()
        self.addCleanup(proxies.stop)

    def test_an_address_that_nobody_is_at(self):
        urls = (NOBODY, "htp://127.0.0.1", "127.0.0.1/x", "http://")
        for carrier, url in product(CARRIERS, urls):
            with self.subTest(carrier=carrier, url=url):
                self.assertOutcome(AGAIN, carrier, url)

    def test_a_carrier_that_is_not_who_it_says(self):
        """A list of authorities that is too old, somebody in between: all the same."""
        with TlsPeer() as url:
            for carrier in CARRIERS:
                detail = self.assertOutcome(AGAIN, carrier, url)
                self.assertEqual(detail, "SSLError")

    def test_a_carrier_that_cannot_speak_tls_may_have_understood(self):
        url = self.peers["twilio"].url.replace("http:", "https:")
        for carrier in CARRIERS:
            self.assertOutcome(UNKNOWN, carrier, url)

    def test_times_that_are_over(self):
        """Odoo's tests let nothing time out in less than ten seconds, but for here."""
        waits = patch.object(Session, "send", _super_send)
        times = [patch.object(it, "TIMEOUT", 0.05) for it in (twilio_api, telnyx_api)]
        with waits, times[0], times[1]:
            for carrier in CARRIERS:
                with self.subTest(carrier=carrier), socket.socket() as server:
                    server.bind(("127.0.0.1", 0))
                    server.listen(0)
                    # Whoever waits for ever is hung up on.
                    end = threading.Timer(5, server.close)
                    end.start()
                    self.addCleanup(end.cancel)
                    url = f"http://127.0.0.1:{server.getsockname()[1]}"
                    # One finds a place in the queue, and nobody serves it.
                    detail = self.assertOutcome(UNKNOWN, carrier, url)
                    self.assertEqual(detail, "ReadTimeout")
                    detail = self.assertOutcome(AGAIN, carrier, url)
                    self.assertEqual(detail, "ConnectTimeout")

    def test_an_error_that_tells_nothing_of_itself(self):
        outcome = outcome_of_failure(RequestException())
        self.assertEqual((outcome.kind, outcome.fault), (UNKNOWN, NO_ANSWER))

    def test_a_proxy_that_passed_nothing_on(self):
        """It is not there, or makes no connection to the carrier."""
        peer = self.peers["twilio"]
        for proxy, url in ((NOBODY, NOBODY), (peer.url, "https://127.0.0.1:9")):
            self.set_proxy(proxy)
            for carrier in CARRIERS:
                with self.subTest(carrier=carrier, proxy=proxy):
                    detail = self.assertOutcome(AGAIN, carrier, url)
                    self.assertEqual(detail, "ProxyError")
        self.assertEqual(peer.taken, [])

    def test_an_answer_that_was_lost_behind_a_proxy(self):
        """The same exception as above; but the carrier may have the text."""
        peer = self.peers["twilio"]
        self.patch(peer, "is_down", True)
        self.set_proxy(peer.url)
        for carrier in CARRIERS:
            with self.subTest(carrier=carrier):
                detail = self.assertOutcome(UNKNOWN, carrier, NOBODY)
                self.assertEqual(detail, "ProxyError")

    def test_a_post_is_not_made_again_where_it_is_sent_on_to(self):
        for carrier, peer in self.peers.items():
            moving = MovingPeer(peer.url).start()
            self.addCleanup(moving.stop)
            with self.subTest(carrier=carrier):
                self.assertEqual(self.send(carrier, moving.url).kind, UNKNOWN)
                self.assertEqual(peer.taken, [])

    def test_a_password_of_the_servers_user_is_not_told(self):
        """Credentials from .netrc would replace the account's own."""
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("machine 127.0.0.1 login somebody password else\n")
            file.flush()
            with patch.dict(os.environ, {"NETRC": file.name}):
                for carrier, peer in self.peers.items():
                    with self.subTest(carrier=carrier):
                        outcome = self.send(carrier, peer.url)
                        self.assertEqual(outcome.kind, ACCEPTED)


@tagged("post_install", "-at_install")
class TestConnections(BaseCase):
    """The connections to the carrier are kept, but not for longer than they last."""

    def test_an_account_keeps_its_adapter(self):
        account = make_twilio().account
        adapter = get_provider("twilio", account)
        self.assertIs(get_provider("twilio", dict(reversed(account.items()))), adapter)
        self.assertEqual(adapter.senders(), make_twilio().senders())
        other = get_provider("twilio", {**account, "auth_token": "another"})
        self.assertIsNot(other, adapter)
        self.assertIsNone(get_provider("iap", account))

    def test_an_idle_connection_is_not_posted_into(self):
        twilio, telnyx = make_twilio().api, make_telnyx().api
        for get in (twilio.get_client, telnyx._get_session):
            with patch.object(time, "monotonic", return_value=0) as clock:
                kept = get()
                for idle, is_kept in ((IDLE, True), (IDLE, True), (IDLE + 1, False)):
                    clock.return_value += idle
                    with self.subTest(get=get, idle=idle):
                        self.assertEqual(get() is kept, is_kept)

    def test_each_post_in_flight_has_a_connection(self):
        sessions = (
            make_twilio().api.get_client().http_client.session,
            make_telnyx().api._get_session(),
        )
        for session, scheme in product(sessions, ("https", "http")):
            pools = session.get_adapter(f"{scheme}://x").poolmanager.connection_pool_kw
            self.assertEqual(pools["maxsize"], MAX_IN_FLIGHT)
