# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Whether this process is asked to end: the outbox then claims nothing more."""

import signal
import threading

from odoo.service.server import CommonServer

from ..providers.poster import wait_until_closed

#: Seconds that the server's end may wait for what is in flight.
STOP_WITHIN = 15.0

#: Set when a server of one process is asked to end.
stopping = threading.Event()


def _stop():
    """Let the runs of this process end in order; the server ends after that."""
    stopping.set()
    wait_until_closed(STOP_WITHIN)


CommonServer.on_stop(_stop)


def is_stopping():
    """Tell if this process is asked to end.

    A server of several processes asks each of its workers by a signal, which the worker
    notes in itself (``Worker.alive``) and looks at between two jobs only: ours is long.
    """
    if stopping.is_set():
        return True
    worker = getattr(signal.getsignal(signal.SIGINT), "__self__", None)
    return not getattr(worker, "alive", True)
