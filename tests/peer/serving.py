# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import threading
from dataclasses import dataclass

#: Seconds until a server sees that it shall end: Python's own are half a second.
PATIENCE = 0.02


@dataclass(frozen=True)
class Exchange:
    """A request that a peer got, and what it has answered.

    :param str target: path and query
    :param bytes body: of the request
    :param answer: object of JSON, or text of another kind
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
    """What peers share: the address of their ``server``, its beginning and its end."""

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
