# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Odoo servers for the live tests, forked from a process that has loaded Odoo.

Loading it again for each of some seventy servers takes minutes.
"""

import multiprocessing
import os
import sys
import tempfile
from unittest.mock import patch


def start_server(config, database, options, log):
    """Start a server in a process group of its own, for killing it with its workers.

    :param str config: path of Odoo's settings
    :param str database: name of its database
    :param list options: further options of Odoo's command line
    :param str log: path of the file that its output is added to
    :return: its ``multiprocessing.Process``
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["loaded_odoo"])
    options = ["-c", config, "-d", database, *options]
    process = context.Process(target=_serve, args=(options, log))
    # The first one starts the process that they are forked from.
    with patch.dict(os.environ, ODOO_RC=config, PGDATABASE=database):
        process.start()
    return process


def is_fork_server(process):
    """Return whether a ``psutil.Process`` is the fork server or its helper."""
    return any("multiprocessing" in part for part in process.cmdline())


def _serve(options, log):
    """Become a server, as if Odoo's own script had been started."""
    os.setpgrp()
    os.chdir(tempfile.gettempdir())
    with open(log, "ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    # The server starts more processes by this path.
    sys.argv = [__file__, "server", *options]
    _run_odoo()


def _run_odoo():
    from odoo.cli.command import main  # the tests' process has loaded its own

    main()


if __name__ == "__main__":
    _run_odoo()
