# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Measure how fast texts are queued, sent and reported on, compared with Odoo's ways.

Run by ``bin/bench outbox``, which makes two databases: one with the addon, one without
(for Odoo's own loop of ``sms_twilio``). Both send to the same carrier
(``carrier.py``), which answers after 100 ms. Every measurement runs in a process of
its own. Prints tables in Markdown.
"""

import os
from contextlib import contextmanager
from functools import partial
from itertools import product

import requests
from common import (
    add_result,
    make_parser,
    measure_apart,
    measure_together,
    print_table,
    read_config,
    start_carrier,
)
from intake_work import intake
from outbox_work import dispatch, prepare, profile
from report_work import await_fetch, fetch, take_singly
from web_work import HEALTH, desk, health, inbound, receive, report, stage, work_off

LATENCY = 0.1
IN_FLIGHT = (1, 16, 32, 64)
#: Messages that are sent one after the other, ten a second.
FEW = 60
#: Segments per second of a sender, and number of workers that share it.
RATES = ((10, 1), (100, 1), (250, 1), (100, 2))
INTAKE_SIZES = (1_000, 10_000, 100_000)
#: By the name of a way to make messages, its method of ``intake_work.Intake``.
WAYS = {
    "rows by code": "make_rows",
    "contacts by the way in for lists": "queue_people",
    "mass composer": "compose",
    "mass composer with a note each": "compose_with_log",
    "bare SQL insert": "insert",
}
#: Prefix of the same ways without the addon.
ODOO = "Odoo: "
#: Requests to a route at the same time.
THREADS = (1, 8)
#: Odoo's composer refuses a longer list of ids ("can't exceed buffer limit").
TOO_MANY = 10_000


class Bench:
    """The carrier and the two databases; starts measurements."""

    def __init__(self, options):
        self.options = options
        self.process, self.carrier = start_carrier(LATENCY)

    def measure(self, work, database, *arguments, **settings):
        """Run one measurement in a process of its own; return what it found."""
        return measure_apart(work, database, self.carrier, *arguments, **settings)

    def dispatch(self, workers, database, *arguments):
        """Send the waiting messages by parallel workers; return what each found."""
        return measure_together(workers, dispatch, database, self.carrier, *arguments)

    def read_times(self):
        """Return when the carrier got messages since the last call, sorted."""
        return sorted(requests.get(f"{self.carrier}/stats?reset", timeout=5).json())


def run_dispatch(bench):
    """Measure messages per second, by requests in flight and by workers."""
    size, options = bench.options.size, bench.options
    rows, rates = [], {}

    def row(name, database, count, in_flight, workers=1):
        settings = {"in_flight": in_flight, "workers": workers}
        bench.measure(prepare, database, count, **settings)
        bench.read_times()
        found = bench.dispatch(workers, database)
        times = bench.read_times()
        assert len(times) == count, (len(times), count)
        # Between the first request and the last response.
        rates[name] = count / (times[-1] - times[0] + LATENCY)
        ceiling = in_flight * workers / LATENCY
        cpu = sum(one["cpu"] for one in found) / count * 1000
        cells = [name, f"{count:,}", f"{rates[name]:,.1f}"]
        cells += [f"{rates[name] / ceiling:.0%}", f"{cpu:.2f}"]
        for key in ("peak", "grown"):
            cells.append(f"{max(one[key] for one in found):.0f}")
        rows.append(cells)

    row("Odoo's own loop", options.native, FEW, 1)
    for in_flight in IN_FLIGHT:
        count = max(size * in_flight // 64, FEW)
        row(f"outbox, {in_flight} in flight", options.database, count, in_flight)
    two = "two workers, 16 in flight each"
    row(two, options.database, size // 2, 16, workers=2)
    head = ["way", "messages", "messages/s", "of in flight / latency"]
    head += ["CPU, ms a message", "peak memory, MB", "above idle, MB"]
    print_table(head, rows)
    ratio = rates[two] / rates["outbox, 16 in flight"]
    print(f"Two workers against one: {ratio:.2f} x.\n")
    native = rates["Odoo's own loop"]
    best = rates[f"outbox, {IN_FLIGHT[-1]} in flight"]
    add_result(
        f"sending to a carrier that takes {LATENCY * 1000:.0f} ms, one worker",
        f"{best:,.0f} messages/s",
        f"{best / native:.0f} x Odoo's own loop",
    )
    add_result(two, f"{rates[two]:,.0f} messages/s", f"{ratio:.2f} x one worker")


def run_rate(bench):
    """Measure how close a sender comes to its configured rate."""
    seconds, database = bench.options.seconds, bench.options.database
    rows = []
    for rate, workers in RATES:
        count = int(rate * (seconds + 5))
        bench.measure(prepare, database, count, rate=rate, workers=workers)
        bench.read_times()
        bench.dispatch(workers, database, seconds + 10)
        times = bench.read_times()
        within = sum(moment < times[0] + seconds for moment in times)
        busiest = max(
            sum(moment <= other < moment + 1 for other in times[i : i + 3 * rate])
            for i, moment in enumerate(times)
        )
        share = within / seconds / rate
        sent = f"{within / seconds:.1f}"
        rows.append([str(rate), str(workers), sent, f"{share:.1%}", str(busiest)])
        what = f"a sender of {rate} segments/s, workers: {workers}"
        add_result(what, f"{sent}/s", f"{share:.1%} of what is allowed")
    head = ["set, segments/s", "workers", f"sent/s over {seconds} s", "share"]
    print_table([*head, "busiest second"], rows)


def run_intake(bench):
    """Measure rows per second through the gate, and Odoo's ways without it."""
    rows, rates, options = [], {}, bench.options
    databases = {"": options.database, ODOO: options.native}.items()
    for size, (prefix, database), (way, method) in product(
        options.intake_sizes, databases, WAYS.items()
    ):
        is_too_long = size > TOO_MANY and method.startswith("compose")
        if is_too_long or (prefix and method == "queue_people"):
            continue
        found = bench.measure(intake, database, size, method)
        name = prefix + way
        rates[name, size] = size / found["seconds"]
        cells = [f"{size:,}", name, f"{rates[name, size]:,.0f}"]
        cells += [f"{found[key] / size * 1e6:.0f}" for key in ("seconds", "cpu")]
        cells += [f"{found[key]:.0f}" for key in ("grown", "peak")]
        rows.append(cells)
    head = ["rows", "way", "rows/s", "µs a row", "of these Python's"]
    print_table([*head, "memory, MB", "peak, MB"], rows)
    for (name, size), rate in rates.items():
        if other := rates.get((ODOO + name, size)):
            ratio = f"{rate / other:.2f} x Odoo's"
            print(f"- {size:,} {name}: {ratio}")
            if size == max(s for n, s in rates if n == name):
                what = f"intake of {size:,}: {name}"
                add_result(what, f"{rate:,.0f} rows/s", ratio)
    print()


@contextmanager
def web_server(database, cron_threads=0):
    """Run Odoo's threaded web server on a database; yield its port."""
    # Odoo finds it once the configuration has been read.
    from odoo.addons.helpdesk_mgmt_sms.tests.live import LiveServer

    server = LiveServer(database, cron_threads)
    server.options = ("--log-level", "warn")
    try:
        yield server.start().port
    finally:
        server.stop()


def measure_web(bench, name, post):
    """Measure requests per second of one of our routes, compared with Odoo's.

    Compared with Odoo's simplest route, and with Odoo's own route for reports on a
    database without the addon. None of these servers runs crons: the worker is measured
    by itself afterwards.
    """
    ours, native = bench.options.database, bench.options.native
    count, rows, found = bench.options.reports, [], {}
    with web_server(ours) as port:
        for threads in THREADS:
            for route, call in ((HEALTH, health), (name, post)):
                it = bench.measure(call, ours, count, port, threads)
                found[route, threads] = it
    with web_server(native) as port:
        for threads in THREADS:
            it = bench.measure(report, native, count, port, threads)
            found["Odoo's, a report", threads] = it
    for (route, threads), it in sorted(found.items(), key=lambda pair: pair[0][1]):
        bare = found[HEALTH, threads]
        cells = [route, str(threads), f"{it['rate']:,.0f}"]
        cells += [f"{it['rate'] / bare['rate']:.0%}", f"{it['median']:.1f}"]
        cells += [f"{it['p95']:.1f}", f"{it['p95'] - bare['p95']:+.1f}"]
        rows.append(cells)
    head = ["route", "at once", "requests/s", "of /web/health", "median, ms"]
    print_table([*head, "95 %, ms", "beyond /web/health"], rows)
    threads = THREADS[-1]
    for route in (name, "Odoo's, a report"):
        rate = found[route, threads]["rate"]
        ratio = f"{rate / found[HEALTH, threads]['rate']:.2f} x {HEALTH}"
        add_result(f"{route}, {threads} at once", f"{rate:,.0f} requests/s", ratio)
    done = bench.measure(work_off, ours)
    print(
        f"One worker takes {done['rate']:,.0f} a second ({done['count']:,} of them),"
        f" {done['cpu']:.2f} ms of processor time each.\n"
    )


def run_fetch(bench):
    """Measure fetching reports page by page, compared with the work of Odoo's route."""
    rows, costs = [], {}
    ours, native = bench.options.database, bench.options.native
    singles = ("Odoo's route, its work alone", native), ("ours, one by one", ours)
    ways = [(name, take_singly, base, bench.options.reports) for name, base in singles]
    sizes = bench.options.fetch_sizes
    ways += [("ours, by the page", fetch, ours, size) for size in sizes]
    for name, work, database, count in ways:
        bench.measure(await_fetch, database, count)
        requests.get(f"{bench.carrier}/lists?reset", timeout=5)
        found = bench.measure(work, database, count)
        lists = requests.get(f"{bench.carrier}/lists", timeout=5).json()
        costs[name, count] = found["seconds"] / count * 1e6
        cells = [name, f"{count:,}", f"{found['seconds']:.1f}"]
        cells += [f"{costs[name, count]:.0f}", f"{found['cpu'] / count * 1e6:.0f}"]
        asked = len(lists) if work is fetch else count
        cells += [f"{asked:,}", f"{found['peak']:.0f}", f"{found['grown']:.0f}"]
        rows.append(cells)
    head = ["way", "reports", "seconds", "µs a report", "of these Python's"]
    print_table([*head, "requests", "peak memory, MB", "above idle, MB"], rows)
    pages = [costs["ours, by the page", size] for size in sizes]
    route = costs[singles[0][0], bench.options.reports]
    print(
        f"- {sizes[-1]:,} against {sizes[0]:,}: {pages[-1] / pages[0]:.2f} x a report"
    )
    print(f"- by the page, the work of Odoo's route is {route / pages[-1]:.1f} x it\n")
    add_result(
        f"{sizes[-1]:,} reports by the page",
        f"{1e6 / pages[-1]:,.0f} reports/s",
        f"{route / pages[-1]:.1f} x the work of Odoo's route",
        f"{pages[-1] / pages[0]:.2f} x from {sizes[0]:,}",
    )


def run_inbound(bench):
    """Measure received texts per second, and how soon each is on its ticket."""
    measure_web(bench, "a text on a ticket", inbound)
    ours, count = bench.options.database, bench.options.desk
    with web_server(ours, cron_threads=2) as port:
        times = bench.measure(desk, ours, count, port)
    print(
        f"Of {count} texts, each alone, one was on its ticket after"
        f" {times[count // 2]:.2f} s (median), the last after {times[-1]:.2f} s.\n"
    )
    add_result("a text on its ticket, each alone", f"{times[count // 2]:.2f} s")
    found = bench.measure(receive, ours, bench.options.texts)
    print_table(
        ["without a server", "Python, ms", "queries"],
        [
            [name, f"{it['cpu']:.1f}", f"{it['queries']:.0f}"]
            for name, it in found.items()
        ],
    )


def run_stage(bench):
    """Measure what a text adds to a change of a ticket's stage."""
    found = bench.measure(stage, bench.options.database, bench.options.tickets)
    print_table(
        ["change of stage", "ms, median"],
        [[name, f"{found[name]:.2f}"] for name in ("without a text", "with a text")],
    )
    ratio = found["with a text"] / found["without a text"]
    print(f"With a text against without: {ratio:.2f} x.\n")
    spent = f"{found['with a text']:.1f} ms"
    add_result("a change of stage that texts", spent, f"{ratio:.2f} x one without")


def run_profile(bench):
    """Profile where the dispatcher's own thread spends its time."""
    database = bench.options.database
    bench.measure(prepare, database, bench.options.size, in_flight=64)
    found = bench.measure(profile, database)
    print(f"Open it at https://www.speedscope.app: {found['path']}\n")


#: In this order: the last ones leave most in the databases.
RUNS = {
    "dispatch": run_dispatch,
    "rate": run_rate,
    "stage": run_stage,
    "reports": partial(measure_web, name="a report", post=report),
    "inbound": run_inbound,
    "fetch": run_fetch,
    "intake": run_intake,
    "profile": run_profile,
}


def main():
    """Run the parts that the command line names."""
    parser = make_parser(
        __doc__,
        size=6000,  # messages with 64 in flight; fewer with less
        seconds=60,  # for each rate
        intake_sizes=INTAKE_SIZES,
        reports=1000,  # also the number of received texts
        desk=20,  # texts, each waited for before the next
        fetch_sizes=(1_000, 10_000, 100_000),
        texts=100,  # of each kind, without a server
        tickets=300,
    )
    parser.add_argument("parts", nargs="*", help=f"of {list(RUNS)}; default: all")
    options = parser.parse_intermixed_args()
    read_config(options)
    bench = Bench(options)
    try:
        for part in options.parts or RUNS:
            print(f"### {part} (load {os.getloadavg()[0]:.1f})\n", flush=True)
            RUNS[part](bench)
    finally:
        bench.process.kill()


if __name__ == "__main__":
    main()
