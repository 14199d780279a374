# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Run one bench, or all of them, and print the table of results.

Run by ``bin/bench``, which makes two databases: one with the addon, and one with only
its dependencies, for what Odoo does by itself. Each bench gets its own copies.

To add a bench:

1. write a script beside this one that takes ``common.make_parser``'s options (``-c``,
   ``-d``, ``--native``), prints what it likes, and calls ``common.add_result`` once for
   each row of the table;
2. add one line to :data:`BENCHES`: its name, and the arguments of the short form, which
   should take less than a minute.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import (
    RESULTS_VARIABLE,
    clock,
    database_copy,
    make_parser,
    print_results,
    read_config,
)

#: By the name of a bench, which is that of its script: its arguments in the short form.
BENCHES = {
    "consent": "--sizes [1000,3000] --gate-sizes [1000,20000]",
    "broadcast": '--sizes [1000,5000] --ways ["area"] --native-size 1000',
    "outbox": "--size 1500 --seconds 3 --reports 150 --desk 5 --texts 20 --tickets 60"
    " --fetch-sizes [1000,5000] --intake-sizes [2000]",
    "appointments": "--sizes [200,1000] --due 500 --native-due 100",
    "neighbours": "--people 6500 --idle 10",
    "soak": "--minutes 1",
    "year": "--size 20000 --short 1",
}
#: The parts of a bench that measure something, if it has others.
PARTS = {"outbox": "dispatch rate stage reports inbound fetch intake"}


def run(name, options, arguments, log=None):
    """Run a bench on copies of the two databases; return the rows of its results."""
    with (
        tempfile.TemporaryDirectory() as folder,
        database_copy(options.database) as own,
        database_copy(options.native) as without,
    ):
        path = Path(folder) / "results"
        path.touch()
        script = Path(__file__).with_name(f"{name}.py")
        command = [sys.executable, script, "-c", options.config]
        command += ["-d", own, "--native", without, *arguments]
        env = {**os.environ, RESULTS_VARIABLE: str(path)}
        subprocess.run(command, env=env, stdout=log, stderr=log, check=True)
        return [json.loads(line) for line in path.read_text().splitlines()]


def run_all(options, arguments):
    """Run every bench, log its output, and print one table of all results."""
    is_short = "--short" in arguments
    rows, failed, begin = [], [], time.monotonic()
    with open("bench.log", "w") as log:
        for name, short in BENCHES.items():
            own = f"{PARTS.get(name, '')} {short if is_short else ''}".split()
            try:
                spent, found = clock(run, name, options, own, log)
            except subprocess.CalledProcessError:
                failed.append(name)
                continue
            print(f"... {name}: {spent:.0f} s", file=sys.stderr, flush=True)
            rows += [(row, f"bin/bench {name}") for row in found]
    print_results(rows)
    print(f"In {(time.monotonic() - begin) / 60:.1f} minutes.")
    if failed:
        sys.exit(f"Failed: {', '.join(failed)}. See {Path('bench.log').resolve()}")


def run_script(name, options, arguments):
    """Run the script of one bench with its arguments, and print its results."""
    if name not in BENCHES:
        sys.exit(f"No such bench: {name}. There are: all, {', '.join(BENCHES)}")
    rows = run(name, options, arguments)
    command = " ".join(["bin/bench", name, *arguments])
    print_results([(row, command) for row in rows])


def main():
    """Read the command line (databases, name of a bench, its options), and run it."""
    options, (name, *arguments) = make_parser(__doc__).parse_known_args()
    read_config(options)
    if name == "all":
        run_all(options, arguments)
    else:
        run_script(name, options, arguments)


if __name__ == "__main__":
    main()
