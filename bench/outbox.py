# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How fast texts get in, get out and are reported on, beside Odoo's own ways.

Run by ``bin/bench outbox``, which makes two databases: one with the addon, one without
(for Odoo's own loop of ``sms_twilio``). Both send to the same carrier
(``carrier.py``), which answers after 100 ms. Every measurement runs in a process of
its own (``outbox_work.py``). Prints tables in Markdown.
"""

import argparse
import json
import os
import subprocess
import sys
import urllib.request

from common import print_table
from intake import run_intake
from web import run_inbound, run_reports, run_stage

HERE = os.path.dirname(os.path.abspath(__file__))
LATENCY = 0.1
PARTS = ("dispatch", "rate", "intake", "reports", "inbound", "stage", "profile")
IN_FLIGHT = (1, 16, 32, 64)
#: Segments a second, and the workers that keep to it together.
RATES = ((10, 1), (100, 1), (250, 1), (100, 2))
INTAKE_SIZES = (1_000, 10_000, 100_000)


class Bench:
    """The carrier, the two databases, and how a measurement is started."""

    def __init__(self, options):
        self.options = options
        command = [sys.executable, os.path.join(HERE, "carrier.py")]
        self.process = subprocess.Popen(
            [*command, "--latency", str(LATENCY)], stdout=subprocess.PIPE, text=True
        )
        self.carrier = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def start(self, kind, database, *arguments, **settings):
        """Start one measurement in a process of its own."""
        print(f"... {kind} {arguments} {settings}", file=sys.stderr, flush=True)
        command = [sys.executable, os.path.join(HERE, "outbox_work.py")]
        command += ["-c", self.options.config]
        what = [kind, [database, self.carrier, *arguments], settings]
        return subprocess.Popen([*command, json.dumps(what)], stdout=subprocess.PIPE)

    @staticmethod
    def end(process):
        """Wait for a measurement; return what it found."""
        output = process.communicate()[0]
        assert process.returncode == 0, "a measurement has failed"
        return json.loads(output.splitlines()[-1])

    def measure(self, *arguments, **settings):
        """Run one measurement; return what it found."""
        return self.end(self.start(*arguments, **settings))

    def dispatch(self, database, *arguments, workers=1):
        """Send what waits by workers side by side; return what each found."""
        started = [
            self.start("dispatch", database, *arguments) for _i in range(workers)
        ]
        return [self.end(process) for process in started]

    def read_times(self):
        """Return when the carrier got messages since this was last asked, sorted."""
        with urllib.request.urlopen(f"{self.carrier}/stats?reset") as answer:
            return sorted(json.load(answer))


def rate_of(times):
    """Return messages a second between the first post and the last answer."""
    return len(times) / (times[-1] - times[0] + LATENCY)


def run_dispatch(bench):
    """Measure messages a second, by what is in flight and by workers."""
    size, options = bench.options.size, bench.options
    rows, rates = [], {}

    def row(name, database, count, in_flight, workers=1):
        """Measure one row of the table."""
        bench.measure("prepare", database, count, **(
            {"in_flight": in_flight, "workers": workers}
        ))  # fmt: skip
        bench.read_times()
        found = bench.dispatch(database, workers=workers)
        times = bench.read_times()
        assert len(times) == count, (len(times), count)
        rates[name] = rate_of(times)
        ceiling = in_flight * workers / LATENCY
        cpu = sum(one["cpu"] for one in found) / count * 1000
        rows.append(
            [
                name,
                f"{count:,}",
                f"{rates[name]:,.1f}",
                f"{rates[name] / ceiling:.0%}",
                f"{cpu:.2f}",
                f"{max(one['memory'] for one in found):.0f}",
                f"{max(one['grown'] for one in found):.0f}",
            ]
        )

    row("Odoo's own loop", options.native, min(size, 100), 1)
    for in_flight in IN_FLIGHT:
        count = max(size * in_flight // 64, 100)
        row(f"outbox, {in_flight} in flight", options.database, count, in_flight)
    two = "two workers, 16 in flight each"
    row(two, options.database, max(size // 2, 100), 16, workers=2)
    head = ["way", "messages", "messages/s", "of in flight / latency",
            "CPU, ms a message", "peak memory, MB", "above idle, MB"]  # fmt: skip
    print_table(head, rows)
    print(
        "Two workers against one: "
        f"{rates[two] / rates['outbox, 16 in flight']:.2f} x.\n"
    )


def run_rate(bench):
    """Measure how near a sender comes to the rate that it is set to."""
    seconds = bench.options.seconds
    rows = []
    database = bench.options.database
    for rate, workers in RATES:
        count = int(rate * (seconds + 5))
        bench.measure("prepare", database, count, rate=rate, workers=workers)
        bench.read_times()
        bench.dispatch(database, seconds + 10, workers=workers)
        times = bench.read_times()
        within = sum(moment < times[0] + seconds for moment in times)
        busiest = max(
            sum(moment <= other < moment + 1 for other in times[i : i + 3 * rate])
            for i, moment in enumerate(times)
        )
        share = within / seconds / rate
        sent = f"{within / seconds:.1f}"
        rows.append([str(rate), str(workers), sent, f"{share:.1%}", str(busiest)])
    head = ["set, segments/s", "workers", f"sent/s over {seconds} s", "share",
            "busiest second"]  # fmt: skip
    print_table(head, rows)


def run_profile(bench):
    """Show where the dispatcher's own thread spends its time."""
    size = bench.options.size
    bench.measure("prepare", bench.options.database, size, in_flight=64)
    found = bench.measure("profile", bench.options.database)
    print_table(
        ["function", "own, µs a message", "with what it calls"],
        [
            [f"`{name}`", f"{own / size * 1e6:.0f}", f"{total / size * 1e6:.0f}"]
            for name, own, total in found["rows"][: bench.options.profile_rows]
        ],
    )
    print(
        f"Of a message's time this thread is busy for {found['busy'] / size * 1e6:.0f}"
        f" µs, and waits for the carrier for {found['waiting'] / size * 1e6:.0f} µs.\n"
    )


def main():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", help=f"of {PARTS}; default: all")
    parser.add_argument("-c", "--config", required=True)
    parser.add_argument("-d", "--database", required=True)
    parser.add_argument("--native", required=True, help="database without the addon")
    parser.add_argument(
        "--size", type=int, default=6000, help="messages of 64 in flight"
    )
    parser.add_argument("--seconds", type=int, default=60, help="of each rate")
    parser.add_argument("--intake-sizes", type=json.loads, default=INTAKE_SIZES)
    parser.add_argument("--reports", type=int, default=1000)
    parser.add_argument("--tickets", type=int, default=300)
    parser.add_argument("--profile-rows", type=int, default=60)
    options = parser.parse_intermixed_args()
    bench = Bench(options)
    runs = {
        "dispatch": run_dispatch,
        "rate": run_rate,
        "intake": run_intake,
        "reports": run_reports,
        "inbound": run_inbound,
        "stage": run_stage,
        "profile": run_profile,
    }
    try:
        for part in options.parts or PARTS:
            print(f"### {part} (load {os.getloadavg()[0]:.1f})\n", flush=True)
            runs[part](bench)
    finally:
        bench.process.kill()


if __name__ == "__main__":
    main()
