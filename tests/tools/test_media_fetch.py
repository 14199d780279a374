# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64
import os
import socket
import tempfile
import threading
import time
from unittest.mock import patch

import requests

from odoo.tests import BaseCase, tagged
from odoo.tests.common import _super_send

from ...providers import TelnyxProvider, TwilioProvider, media
from ...tools.media import find_type, is_public
from ..peer.media import GIF, HTML, JPEG, PNG, MediaPeer

AUTH = ("user", "secret")
BASIC = "Basic " + base64.b64encode(b"user:secret").decode()


@tagged("post_install", "-at_install")
class TestFetch(BaseCase):
    """Media fetched over real HTTP, or refused."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.carrier, cls.store = MediaPeer().start(), MediaPeer().start()
        cls.addClassCleanup(cls.carrier.stop)
        cls.addClassCleanup(cls.store.stop)

    def setUp(self):
        super().setUp()
        self.carrier.requests.clear()
        self.store.requests.clear()

    def fetch(self, path, trusted=None, **limits):
        """Fetch from the carrier, who trusts itself and the store."""
        urls = (self.carrier.url, self.store.url) if trusted is None else trusted
        url = self.carrier.url + path
        return media.fetch(url, self.carrier.url, AUTH, urls, **limits)

    def assertFails(self, fault, path, **options):
        """Check that it cannot be fetched, and why."""
        with self.assertRaises(media.MediaFailed) as caught:
            self.fetch(path, **options)
        self.assertEqual(caught.exception.fault, fault)
        self.assertEqual(str(caught.exception), fault)

    def test_a_picture(self):
        fetched = self.fetch("/png")
        self.assertEqual((fetched.data, fetched.mimetype), (PNG, "image/png"))
        [(_path, headers)] = self.carrier.requests
        self.assertEqual(headers["Authorization"], BASIC)
        self.assertEqual(headers["Accept-Encoding"], "identity")

    def test_what_the_servers_user_has_set_up_is_not_used(self):
        """Neither a proxy nor a password."""
        self.carrier.target = self.store.url + "/png"
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("machine 127.0.0.1 login somebody password else\n")
            file.flush()
            nobody = "http://127.0.0.1:9"
            names = {"http_proxy": nobody, "no_proxy": "", "NETRC": file.name}
            with patch.dict(os.environ, names):
                self.assertEqual(self.fetch("/redirect").data, PNG)
        [(_path, headers)] = self.store.requests
        self.assertNotIn("Authorization", headers)

    def test_the_password_does_not_follow_to_another_host(self):
        self.carrier.target = self.store.url + "/png"
        self.assertEqual(self.fetch("/redirect").data, PNG)
        [(path, headers)] = self.store.requests
        self.assertEqual(path, "/png")
        self.assertNotIn("Authorization", headers)
        self.store.target = self.carrier.url + "/png"
        self.carrier.target = self.store.url + "/redirect"
        self.assertEqual(self.fetch("/redirect").data, PNG)

    def test_a_private_address_is_not_connected_to(self):
        port = self.store.server.server_port
        # Odoo's tests let no request out but to these.
        for host in ("127.0.0.1", "localhost"):
            self.carrier.target = f"https://{host}:{port}/png"
            with self.subTest(host=host):
                self.assertFails(media.PRIVATE, "/redirect", trusted=[self.carrier.url])
        self.assertFalse(self.store.requests)

    def test_a_carrier_that_is_not_trusted_may_not_be_private_either(self):
        self.assertFails(media.BAD_ADDRESS, "/png", trusted=())
        self.assertFalse(self.carrier.requests)

    def test_a_name_is_resolved_once_and_connected_to_as_it_was_checked(self):
        asked, real = [], socket.getaddrinfo

        def resolve(host, *args, **kwargs):
            asked.append(host)
            if host == "localhost":
                found = ("93.184.216.34", "93.184.216.35")
                return [real(it, *args, **kwargs)[0] for it in found]
            if host == "93.184.216.34":
                host, args = "127.0.0.1", (self.store.server.server_port, *args[1:])
            return real(host, *args, **kwargs)

        self.carrier.target = "https://localhost/png"
        with patch.object(socket, "getaddrinfo", resolve):
            self.assertFails(media.UNAVAILABLE, "/redirect")
        self.assertEqual(asked[-2:], ["localhost", "93.184.216.34"])

    def test_addresses_that_are_none(self):
        for target in (
            "ftp://example.com/x",
            "file:///etc/passwd",
            "https://user:pass@example.com/x",
            "https://",
            "https://[::1",
            "http://example.com/x",
            "https://example.com:99999/x",
            "gopher://127.0.0.1/",
        ):
            self.carrier.target = target
            with self.subTest(target=target):
                self.assertFails(media.BAD_ADDRESS, "/redirect")

    def test_a_redirect_without_end(self):
        self.assertFails(media.REDIRECTS, "/loop")
        self.assertEqual(len(self.carrier.requests), media.MAX_REDIRECTS + 1)

    def test_a_claim_of_a_gigabyte_and_a_flood(self):
        self.assertFails(media.TOO_LARGE, "/claim")
        start = time.monotonic()
        self.assertFails(media.TOO_LARGE, "/flood", limit=4 * 1024 * 1024)
        self.assertLess(time.monotonic() - start, 10)
        self.assertFalse(self.carrier.is_drained)

    def test_as_much_as_the_limit_is_taken(self):
        self.assertEqual(self.fetch("/png", limit=len(PNG)).data, PNG)
        self.assertFails(media.TOO_LARGE, "/png", limit=len(PNG) - 1)

    def test_types_are_told_by_the_bytes(self):
        self.assertFails(media.WRONG_TYPE, "/html")
        self.assertFails(media.WRONG_TYPE, "/zip")
        fetched = self.fetch("/html", any_type=True)
        self.assertEqual((fetched.data, fetched.mimetype), (HTML, ""))

    def test_a_slow_server(self):
        for path in ("/slow", "/slow-header"):
            start = time.monotonic()
            with self.subTest(path=path):
                self.assertFails(media.SLOW, path, deadline=0.2)
                self.assertLess(time.monotonic() - start, 5)

    def test_a_slow_server_behind_a_quick_one(self):
        """By then the connection to the first server is closed."""
        self.carrier.target = self.store.url + "/slow"
        self.assertFails(media.SLOW, "/redirect", deadline=0.2)

    def test_a_server_that_does_not_greet(self):
        """By then TLS has taken over the connection."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            url = f"https://127.0.0.1:{server.getsockname()[1]}"
            start = time.monotonic()
            with self.assertRaises(media.MediaFailed) as caught:
                media.fetch(url, url, AUTH, [url], deadline=0.2)
            self.assertLess(time.monotonic() - start, 5)
        self.assertEqual(caught.exception.fault, media.SLOW)

    def test_a_name_that_takes_all_the_time(self):
        """The deadline has passed when the connection is made."""
        real = socket.getaddrinfo

        def resolve(*args, **kwargs):
            time.sleep(0.1)
            return real(*args, **kwargs)

        with patch.object(socket, "getaddrinfo", resolve):
            start = time.monotonic()
            self.assertFails(media.SLOW, "/slow", deadline=0.05)
            self.assertLess(time.monotonic() - start, 5)

    def test_what_is_closed_already_keeps_nothing_open(self):
        adapter = media._GuardedAdapter(())
        ours, theirs = socket.socketpair()
        with socket.socket() as closed, ours, theirs, adapter.limit_time(60):
            adapter._watch(closed)
            adapter._watch(ours)
            adapter._shut()
            self.assertEqual(theirs.recv(1), b"")

    def test_a_name_with_a_dot_at_its_end(self):
        """It is the same host; Odoo's tests block requests to it unless patched."""
        real, port = socket.getaddrinfo, self.carrier.server.server_port

        def resolve(_host, *args, **kwargs):
            return real("127.0.0.1", *args, **kwargs)

        url, trusted = f"http://localhost.:{port}/png", [f"http://localhost:{port}"]
        waits = patch.object(requests.Session, "send", _super_send)
        with waits, patch.object(socket, "getaddrinfo", resolve):
            self.assertEqual(media.fetch(url, url, AUTH, trusted).data, PNG)

    def test_a_name_that_nobody_has(self):
        real, asked, timers = socket.getaddrinfo, [], []

        def resolve(host, *args, **kwargs):
            if host == "localhost":
                asked.append(host)
                running = threading.enumerate()
                timers.extend(it for it in running if isinstance(it, threading.Timer))
                raise socket.gaierror
            return real(host, *args, **kwargs)

        self.carrier.target = "https://localhost/png"
        with patch.object(socket, "getaddrinfo", resolve):
            self.assertFails(media.UNAVAILABLE, "/redirect")
        self.assertEqual(asked, ["localhost"])
        # The thread of the deadline keeps no process alive.
        self.assertTrue(timers and all(it.daemon for it in timers))

    def test_a_server_that_says_nothing(self):
        """Odoo's tests raise every timeout to at least ten seconds unless patched."""
        waits = patch.object(requests.Session, "send", _super_send)
        with waits, patch.object(media, "TIMEOUT", 0.05), socket.socket() as server:
            server.bind(("127.0.0.1", 0))
            server.listen()
            url = f"http://127.0.0.1:{server.getsockname()[1]}"
            with self.assertRaises(media.MediaFailed) as caught:
                media.fetch(url, url, AUTH, [url], deadline=5)
        self.assertEqual(caught.exception.fault, media.SLOW)
        self.assertIsInstance(caught.exception.__cause__, requests.ReadTimeout)

    def test_statuses(self):
        for path, fault in (
            *((f"/status/{it}", media.GONE) for it in (404, 410)),
            *((f"/status/{it}", media.REFUSED) for it in (201, 300, 401, 403, 499)),
            *((f"/status/{it}", media.UNAVAILABLE) for it in (429, 500, 503)),
            ("/half", media.UNAVAILABLE),
        ):
            with self.subTest(path=path):
                self.assertFails(fault, path)

    def test_what_an_error_of_the_network_means(self):
        adapter = media._GuardedAdapter(())
        for error, fault in (
            (requests.ReadTimeout(), media.SLOW),
            (requests.ConnectTimeout(), media.SLOW),
            (TimeoutError(), media.SLOW),
            (requests.exceptions.InvalidURL(), media.BAD_ADDRESS),
            (ValueError(), media.BAD_ADDRESS),
            (requests.ConnectionError(), media.UNAVAILABLE),
            (OSError(), media.UNAVAILABLE),
        ):
            with self.subTest(error=error):
                self.assertEqual(adapter.explain(error), fault)
        adapter.is_late = True
        self.assertEqual(adapter.explain(OSError()), media.SLOW)

    def test_hosts_are_the_same_however_they_are_written(self):
        """The password goes to the carrier's hosts only, by scheme and port too."""
        own = ("https", "api.example.com", 443)
        for url, origin in (
            ("https://api.example.com/x?y=1", own),
            ("https://API.example.com.:443", own),
            ("http://api.example.com", ("http", "api.example.com", 80)),
            ("https://api.example.com:8443", ("https", "api.example.com", 8443)),
        ):
            with self.subTest(url=url):
                self.assertEqual(media._origin(url), origin)

    def test_nobody_is_there(self):
        self.carrier = MediaPeer()
        self.carrier.server.server_close()
        self.assertFails(media.UNAVAILABLE, "/png")

    def test_the_adapter_asks_with_its_key(self):
        account = {
            "account_sid": "AC1",
            "auth_token": "token",
            "api_key_sid": "user",
            "api_key_secret": "secret",
            "api_url": self.carrier.url,
        }
        fetched = TwilioProvider(account).fetch_media(self.carrier.url + "/png")
        self.assertEqual(fetched.data, PNG)
        self.assertEqual(self.carrier.requests[0][1]["Authorization"], BASIC)

    def test_telnyx_keeps_them_open_for_a_time(self):
        provider = TelnyxProvider({"api_key": "KEY", "api_url": self.carrier.url})
        self.assertEqual(provider.fetch_media(self.carrier.url + "/png").data, PNG)
        self.assertNotIn("Authorization", self.carrier.requests[0][1])

    def test_media_may_lie_at_a_private_address_that_is_named(self):
        account = {"api_key": "KEY", "media_urls": [self.store.url]}
        fetched = TelnyxProvider(account).fetch_media(self.store.url + "/png")
        self.assertEqual(fetched.data, PNG)
        with self.assertRaises(media.MediaFailed) as caught:
            TelnyxProvider(account).fetch_media(self.carrier.url + "/png")
        self.assertEqual(caught.exception.fault, media.BAD_ADDRESS)

    def test_the_adapter_tells_its_key_to_no_store(self):
        account = {"account_sid": "AC1", "auth_token": "token"}
        provider = TwilioProvider({**account, "media_urls": [self.store.url]})
        self.assertEqual(provider.fetch_media(self.store.url + "/png").data, PNG)
        self.assertNotIn("Authorization", self.store.requests[0][1])

    def test_the_adapter_of_no_account_asks_nobody(self):
        for provider in (
            TwilioProvider({"account_sid": False, "auth_token": False}),
            TwilioProvider({"account_sid": "AC1", "auth_token": False}),
            TelnyxProvider({"api_key": False}),
        ):
            with self.subTest(provider=provider.code):
                with self.assertRaises(media.MediaFailed) as caught:
                    provider.fetch_media(self.carrier.url + "/png")
                self.assertEqual(caught.exception.fault, media.NO_ACCOUNT)
        self.assertFalse(self.carrier.requests)


@tagged("post_install", "-at_install")
class TestMediaRules(BaseCase):
    """Types by their bytes, and addresses."""

    def test_types(self):
        for data, kind in (
            (PNG, "image/png"),
            (GIF, "image/gif"),
            (JPEG, "image/jpeg"),
            (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
            (b"RIFF\x00\x00\x00\x00WAVEfmt ", "audio/wav"),
            (b"\x00\x00\x00\x18ftypheic", "image/heic"),
            (b"\x00\x00\x00\x18ftyp3gp5", "video/3gpp"),
            (b"\x00\x00\x00\x18ftypisom", "video/mp4"),
            (b"%PDF-1.7", "application/pdf"),
            (b"#!AMR\n", "audio/amr"),
            (b"BEGIN:VCARD\r\n", "text/vcard"),
            (HTML, None),
            (b"<svg xmlns='http://www.w3.org/2000/svg'>", None),
            (b"MZ\x90\x00", None),
            (b"PK\x03\x04", None),
            (b"RIFF\x00\x00\x00\x00AVI ", None),
            (b"", None),
        ):
            with self.subTest(data=data[:12]):
                self.assertEqual(find_type(data), kind)

    def test_addresses(self):
        for address in (
            *("8.8.8.8", "93.184.216.34", "2606:4700::1"),
            *("64:ff9b::808:808", "::ffff:8.8.8.8", "2002:808:808::"),
        ):
            with self.subTest(address=address):
                self.assertTrue(is_public(address))
        for address in (
            *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
            *("100.64.0.1", "0.0.0.0", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
            *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1"),
            *("::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1"),
            *("localhost", "", "8.8.8", "2130706433"),
            # Site-local, relays of 6to4, Teredo, local NAT64, documentation, discard.
            *(
                "fec0::1",
                "feff::1",
                "192.88.99.1",
                "2002:c058:6301::",
                "2001:0:a00:1::1",
            ),
            *("64:ff9b:1::808:808", "3fff::1", "100::1", "5f00::1", "::ffff:0:8.8.8.8"),
            *("::8.8.8.8", "4000::1", "192.0.0.8", "192.0.2.1", "198.18.0.1"),
            *(
                "203.0.113.9",
                "64:ff9b::c058:6301",
                "2606:4700::1%1",
                "::ffff:192.88.99.2",
            ),
        ):
            with self.subTest(address=address):
                self.assertFalse(is_public(address))

    def test_what_a_form_says_of_its_media(self):
        def read(**form):
            event = TwilioProvider.parse_inbound({"MessageSid": "SM1", **form})
            return [(it.url, it.content_type) for it in event.media]

        two = {
            "MediaUrl0": "https://a/0",
            "MediaContentType0": "image/png",
            "MediaUrl1": "https://a/1",
        }
        expected = [("https://a/0", "image/png"), ("https://a/1", "")]
        self.assertEqual(read(NumMedia="2", **two), expected)
        self.assertEqual(read(NumMedia="9999999999", **two), [])
        self.assertEqual(read(NumMedia="99", **two), expected)
        for said in ("0", "", "-1", "x", "²", "1e3"):
            with self.subTest(said=said):
                self.assertEqual(read(NumMedia=said, **two), [])
        self.assertEqual(read(**two), [])
