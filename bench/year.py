# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Measure how long Odoo and its screens take with a year of data and with a tenth.

Run by ``bin/bench year``: 1,000,000 texts, 200,000 received, 100,000 contacts, 50,000
tickets (``year_data.py``), all in databases of its own. Prints a table with the growth.
"""

import os
import subprocess
import sys

from common import (
    add_result,
    clock,
    database_copy,
    environment,
    make_parser,
    print_table,
    read_config,
)
from year_data import fill, fill_ledger
from year_desk import measure_desk, measure_host
from year_figures import measure_figures, measure_ledger, measure_retention

import odoo

MODULE = "helpdesk_mgmt_sms"
PARTS = ("install", "desk", "figures", "ledger", "retention", "update")
#: Highest allowed milliseconds of a screen.
GOALS = {"inbox, open": 300, "dashboard, 30 days": 1000, "dashboard, 365 days": 3000}
#: Rows that also go into the common table of results.
RESULTS = (
    *("installation", "update", "inbox, open", "inbox, opted out"),
    *("thread of a busy ticket", "form of a busy ticket", "contact form"),
    *("ticket list", "dashboard, 30 days", "dashboard, 365 days"),
    *("analysis, 60 days", "analysis, 365 days", "retention of a fiftieth"),
    "verification of the ledger",
)
WITHOUT = ", without the addon"
EMPTY = ", without any data"


class Run:
    """The measurements with ``texts`` outgoing texts."""

    def __init__(self, options, texts, parts):
        self.options, self.texts, self.parts = options, texts, parts
        self.results = {}

    def note(self, found):
        """Add results, as ``{name: (milliseconds, queries)}``."""
        for name, figures in found.items():
            print(f"... {self.texts:,}: {name}: {figures[0]:,.0f} ms", file=sys.stderr)
        self.results.update(found)

    def run_odoo(self, database, name, option):
        """Install or update the addon by Odoo's command line."""
        command = [sys.executable, "-m", "odoo", "-c", self.options.config]
        command += ["-d", database, option, MODULE, "--stop-after-init"]
        command += ["--log-level", "warn"]
        seconds, _done = clock(subprocess.run, command)
        self.note({name: (seconds * 1000, 0)})

    def measure(self):
        """Measure all chosen parts."""
        if "install" in self.parts:
            self.measure_without()
        if set(self.parts) - {"install"}:
            self.measure_with()

    def measure_without(self):
        """Measure the host's screens without the addon, then install it there.

        Before that, install it in a database without any data, for comparison; in the
        short form there is hardly any data, and nothing to compare.
        """
        if not self.options.short:
            with database_copy(self.options.native) as database:
                self.run_odoo(database, "installation" + EMPTY, "-i")
        with database_copy(self.options.native) as database:
            with environment(database) as env:
                agents = fill(env, self.texts)
                found, _busy_id = measure_host(env(user=agents[0], su=False))
                self.note({name + WITHOUT: found[name] for name in found})
            odoo.modules.registry.Registry.delete(database)
            odoo.sql_db.close_db(database)
            self.run_odoo(database, "installation", "-i")

    def measure_with(self):
        """Measure a filled database with the addon."""
        with database_copy(self.options.database) as database:
            with environment(database) as env:
                made, agents = clock(fill, env, self.texts)
                entered, _none = clock(fill_ledger, env, self.texts // 10)
                self.note({"(made)": (made * 1000, 0)})
                self.note({"(ledger entered and sealed)": (entered * 1000, 0)})
                if "desk" in self.parts:
                    self.note(measure_desk(env, agents))
                if "figures" in self.parts:
                    self.note(measure_figures(env))
                if "ledger" in self.parts:
                    self.note(measure_ledger(env))
                if "retention" in self.parts:
                    self.note(measure_retention(env))
            odoo.sql_db.close_db(database)
            if "update" in self.parts:
                self.run_odoo(database, "update", "-u")


def print_all(runs):
    """Print a row for each measurement, and add the main ones to the results."""
    small, large = runs[0], runs[-1]
    rows = []
    for name, (ms, queries) in large.results.items():
        before = small.results.get(name, (0, 0))[0]
        growth = f"{ms / before:.1f} x" if before else ""
        base, other = name + WITHOUT, "without the addon"
        if name == "installation":
            base, other = name + EMPTY, "without any data"
        if name.startswith("inbox"):
            base, other = "ticket list", "the host's list of open tickets"
        base = large.results.get(base, (0, 0))[0]
        ratio = f"{ms / base:.2f} x {other}" if base else ""
        goal = GOALS.get(name)
        verdict = "" if not goal else "met" if ms < goal else f"missed: {goal:,}"
        figures = [f"{before:,.0f}", f"{ms:,.0f}", growth, ratio, str(queries or "")]
        rows.append([name, *figures, verdict])
        if name in RESULTS:
            what = f"{name}, of {large.texts:,} texts"
            growth = growth and f"{growth} from a tenth"
            spent = f"{ms:,.0f} ms" if ms < 1000 else f"{ms / 1000:,.1f} s"
            add_result(what, spent, ratio, growth)
    head = ["what", f"ms at {small.texts:,}", f"ms at {large.texts:,}", "growth"]
    print_table([*head, "ratio", "queries", "goal"], rows)


def main():
    """Read the command line, measure a tenth and the whole, print."""
    # The short form installs and updates at the full size only.
    parser = make_parser(__doc__, size=1_000_000, short=0)
    parser.add_argument("parts", nargs="*", help=f"of {PARTS}; default: all")
    options = parser.parse_intermixed_args()
    read_config(options)
    parts = options.parts or PARTS
    print(f"Load at the beginning: {os.getloadavg()[0]:.1f}\n")
    tenth = set(parts) - {"install", "update"} if options.short else parts
    runs = [Run(options, options.size // 10, tenth), Run(options, options.size, parts)]
    for run in runs:
        run.measure()
    print_all(runs)
    print(f"Load at the end: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
