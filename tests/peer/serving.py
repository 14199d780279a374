# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import threading
from dataclasses import dataclass

#: Seconds until a server notices that it is shut down; Python's default is 0.5.
PATIENCE = 0.02


@dataclass(frozen=True)
class Exchange:
    """A request to a peer, and its response.

    :param str target: path and query
    :param bytes body: body of the request
    :param answer: body of the response: decoded JSON, or text
    """

    method: str
    target: str
    headers: dict
    body: bytes
    status: int
    answer: object


def serve(server):
    """Serve in a thread of its own, until the server is shut down."""
    threading.Thread(target=server.serve_forever, args=(PATIENCE,), daemon=True).start()


class Loopback:
    """Base of peers: starts and stops their ``server``, and knows its address."""

    server = None

    @property
    def url(self):
        """The server's address."""
        return f"http://127.0.0.1:{self.server.server_port}"

    def start(self):
        """Serve until :meth:`stop`; return self."""
        serve(self.server)
        return self

    def stop(self):
        """Close the port."""
        self.server.shutdown()
        self.server.server_close()
