# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A loopback peer that keeps pictures, as a carrier and its store do.

It speaks real HTTP on 127.0.0.1. What it does is told by the path.
"""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .serving import Loopback

#: One pixel each.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154"
    "789c6360f8cf50000000040001b3c3d3f60000000049454e44ae426082"
)
GIF = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(100)
HTML = b"<html><script>alert(1)</script></html>"


class MediaHandler(BaseHTTPRequestHandler):
    """Answers one request. ``peer`` is the :class:`MediaPeer` that it serves."""

    peer = None
    # Else the body waits for the receipt of the head.
    disable_nagle_algorithm = True

    def log_message(self, *_args):
        """Stay silent."""

    def do_GET(self):
        """Do what the path says, or what is next in the peer's script for it."""
        self.peer.requests.append((self.path, dict(self.headers)))
        script = self.peer.scripts.get(self.path)
        kind = script.pop(0) if script else self.path.strip("/").split("/")[0]
        getattr(self, f"do_{kind.replace('-', '_')}")()

    def send(self, data, kind="image/png", status=200, **headers):
        """Send a whole answer."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in {"Content_Length": len(data), **headers}.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        try:
            self.wfile.write(data)
        except OSError:
            return  # who has asked wants no more

    def do_png(self):
        self.send(PNG)

    def do_redirect(self):
        """Go to where the peer says."""
        self.send(b"", status=307, Location=self.peer.target)

    def do_loop(self):
        self.send(b"", status=302, Location=self.path + "/x")

    def do_html(self):
        """Claim to be a picture."""
        self.send(HTML)

    def do_zip(self):
        """Claim to be packed."""
        self.send(b"\x1f\x8b\x08" + bytes(50), Content_Encoding="gzip")

    def do_claim(self):
        """Claim a gigabyte."""
        self.send(PNG, Content_Length=10**9)

    def do_flood(self):
        """Claim nothing, and send far more than anybody takes."""
        self.send_response(200)
        self.end_headers()
        try:
            for _time in range(64):
                self.wfile.write(PNG + bytes(1024 * 1024))
            self.peer.is_drained = True
        except OSError:
            return

    def do_slow(self):
        """Send a byte at a time, for seconds."""
        self.send_response(200)
        self.send_header("Content-Length", str(10**6))
        self.end_headers()
        try:
            for byte in PNG:
                self.wfile.write(bytes([byte]))
                if self.peer.is_over.wait(0.1):
                    return
        except OSError:
            return

    def do_slow_header(self):
        """Come to no end of the header, for seconds."""
        try:
            for _time in range(60):
                if self.peer.is_over.wait(0.1):
                    return
                self.wfile.write(b"HTTP/1.0 200 OK\r\nX-Again: yes\r\n")
        except OSError:
            return

    def do_half(self):
        """Hang up in the middle."""
        self.send_response(200)
        self.send_header("Content-Length", str(10**6))
        self.end_headers()
        self.wfile.write(PNG)

    def do_status(self):
        """Answer with a status: ``/status/410``."""
        self.send(b"", status=int(self.path.rpartition("/")[2]))

    def do_gone(self):
        self.send(b"", status=404)

    def do_forbidden(self):
        self.send(b"", status=401)

    def do_down(self):
        self.send(b"", status=503)


class MediaServer(ThreadingHTTPServer):
    """Threads that do not keep the process alive."""

    daemon_threads = True


class MediaPeer(Loopback):
    """The server, with what it was asked: ``requests``, pairs of a path and headers.

    ``target`` is where ``/redirect`` goes; ``scripts`` maps a path to what it does
    from time to time. ``is_drained`` tells if somebody took all of a ``/flood``.
    """

    def __init__(self):
        self.requests = []
        self.scripts = {}
        self.target = ""
        self.is_drained = False
        self.is_over = threading.Event()
        handler = type("Handler", (MediaHandler,), {"peer": self})
        self.server = MediaServer(("127.0.0.1", 0), handler)

    def stop(self):
        """Let go of who waits, and close the port."""
        self.is_over.set()
        return super().stop()

    def wait_for(self, path, timeout=20):
        """Wait until a path was asked for.

        :raises AssertionError: after ``timeout`` seconds
        """
        deadline = time.monotonic() + timeout
        while not any(asked == path for asked, _headers in self.requests):
            if time.monotonic() > deadline:
                raise AssertionError(f"{path} was not asked for: {self.requests}")
            time.sleep(0.05)
