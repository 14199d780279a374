# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Cron threads that have ended because PostgreSQL was away are started again.

A server of one process starts its cron threads once. Each connects again when its
connection is cut, and ends for good when that fails: after a restart of PostgreSQL no
text would leave until Odoo is restarted as well. A server of several processes needs
nothing: its master starts workers anew.
"""

import logging
import threading

from psycopg2 import Error

from odoo import sql_db
from odoo.service import server as service
from odoo.tools import config

from .server_end import stopping

_logger = logging.getLogger(__name__)

#: Seconds between two looks at the threads.
LOOK_EVERY = 2.0

_starting = threading.Lock()


def keep_crons():
    """Watch over the cron threads of this process from now on, if it has any."""
    if not isinstance(service.server, service.ThreadedServer):
        return
    with _starting:
        if any(thread.name == _watch.__name__ for thread in threading.enumerate()):
            return
        threading.Thread(target=_watch, name=_watch.__name__, daemon=True).start()


def _watch():
    """Start again what has ended and can connect, until the server ends."""
    known = set()
    while not stopping.wait(LOOK_EVERY):
        alive = {thread.name for thread in threading.enumerate()}
        for number in range(config["max_cron_threads"]):
            name = f"odoo.service.cron.cron{number}"
            if name in alive:
                known.add(number)
            elif number in known and _can_connect():
                _logger.warning("cron%d had ended: it is started again", number)
                _start(number, name)


def _can_connect():
    """Tell if PostgreSQL takes connections (again)."""
    try:
        with sql_db.db_connect("postgres").cursor() as cr:
            cr.execute("SELECT")
    except Error:
        return False
    return True


def _start(number, name):
    """Start a cron thread, as ``ThreadedServer.cron_spawn`` does for all of them."""
    target = service.server.cron_thread
    thread = threading.Thread(target=target, args=(number,), name=name, daemon=True)
    thread.type = "cron"
    thread.start()
