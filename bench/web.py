# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Tables of what comes in over the web, and of stages: parts of ``outbox.py``."""

import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import requests
from common import print_table

HEAD = ["route", "at once", "requests/s", "median, ms", "95 %, ms"]


@contextmanager
def web_server(options, database):
    """Start Odoo's threaded web server on a database; give its port."""
    port = _free_port()
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "odoo",
            "server",
            "-c",
            options.config,
            "-d",
            database,
            "--db-filter",
            f"^{database}$",
            "--workers",
            "0",
            "--http-port",
            str(port),
            "--http-interface",
            "127.0.0.1",
            "--max-cron-threads",
            "0",
            "--log-level",
            "warn",
        ]
    )
    try:
        for _try in range(300):
            try:
                requests.get(f"http://127.0.0.1:{port}/web/health", timeout=5)
                break
            except requests.ConnectionError:
                time.sleep(0.2)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _measure(bench, name, kind, database, threads):
    """Return a row of the table: requests of a kind, so many at once."""
    with web_server(bench.options, database) as port:
        found = bench.measure(kind, database, bench.options.reports, port, threads)
    return [
        name,
        str(threads),
        f"{found['rate']:,.0f}",
        f"{found['median']:.1f}",
        f"{found['p95']:.1f}",
    ]


def run_reports(bench):
    """Measure delivery reports a second, beside Odoo's own route."""
    options = bench.options
    print_table(
        HEAD,
        [
            _measure(bench, name, "report", database, threads)
            for threads in (1, 8)
            for name, database in (
                ("ours", options.database),
                ("Odoo's", options.native),
            )
        ],
    )


def run_inbound(bench):
    """Measure texts that come in a second, beside Odoo's route for reports."""
    options = bench.options
    print_table(
        HEAD,
        [
            _measure(bench, name, kind, database, threads)
            for threads in (1, 8)
            for name, kind, database in (
                ("a text on a ticket", "inbound", options.database),
                ("Odoo's, a report", "report", options.native),
            )
        ],
    )


def run_stage(bench):
    """Measure what a text costs that goes with a change of a ticket's stage."""
    found = bench.measure("stage", bench.options.database, bench.options.tickets)
    print_table(
        ["change of stage", "ms, median"],
        [[name, f"{found[name]:.2f}"] for name in ("without a text", "with a text")],
    )
    ratio = found["with a text"] / found["without a text"]
    print(f"With a text against without: {ratio:.2f} x.\n")
