# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A loopback peer that serves pictures, as a carrier and its storage do.

It speaks real HTTP on 127.0.0.1. The path decides what it does.
"""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .serving import Loopback

#: Pictures of one pixel.
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
        """Do what the path says, or the next step of the peer's script for it."""
        self.peer.requests.append((self.path, dict(self.headers)))
        script = self.peer.scripts.get(self.path)
        kind = script.pop(0) if script else self.path.strip("/").split("/")[0]
        getattr(self, f"do_{kind.replace('-', '_')}")()

    def send(self, data, kind="image/png", status=200, **headers):
        """Send a complete response."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in {"Content_Length": len(data), **headers}.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        try:
            self.wfile.write(data)
        except OSError:
            return  # the client has closed the connection

    def do_png(self):
        self.send(PNG)

    def do_redirect(self):
        """Redirect to the peer's ``target``."""
        self.send(b"", status=307, Location=self.peer.target)

    def do_loop(self):
        self.send(b"", status=302, Location=self.path + "/x")

    def do_html(self):
        """Send HTML as a picture."""
        self.send(HTML)

    def do_zip(self):
        """Claim to be compressed."""
        self.send(b"\x1f\x8b\x08" + bytes(50), Content_Encoding="gzip")

    def do_claim(self):
        """Claim a size of a gigabyte."""
        self.send(PNG, Content_Length=10**9)

    def do_flood(self):
        """Send far more than anybody accepts, without a Content-Length."""
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
        """Send headers for seconds, without an end."""
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
    """The server, with its ``requests``: pairs of a path and headers.

    ``target`` is where ``/redirect`` leads; ``scripts`` maps a path to a list of what
    its next requests do. ``is_drained`` tells whether all of a ``/flood`` was read.
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
        """End open responses, and close the port."""
        self.is_over.set()
        return super().stop()

    def wait_for(self, path, timeout=20):
        """Wait until a path was requested.

        :raises AssertionError: after ``timeout`` seconds
        """
        deadline = time.monotonic() + timeout
        while not any(asked == path for asked, _headers in self.requests):
            if time.monotonic() > deadline:
                raise AssertionError(f"{path} was not asked for: {self.requests}")
            time.sleep(0.05)
