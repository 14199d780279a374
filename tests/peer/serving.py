# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import threading

#: Seconds until a server sees that it shall end: Python's own are half a second.
PATIENCE = 0.02


def serve(server):
    """Serve in a thread of its own, until the server is shut down."""
    threading.Thread(target=server.serve_forever, args=(PATIENCE,), daemon=True).start()
