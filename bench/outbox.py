# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How fast texts get in, get out and are reported on, beside Odoo's own ways.

Run by ``bin/bench outbox``, which makes two databases: one with the addon, one without
(for Odoo's own loop of ``sms_twilio``). Both send to the same carrier
(``bench/carrier.py``), which answers after 100 ms. Every measurement runs in a process
of its own. Prints tables in Markdown.
"""

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import urlsplit

import requests
from twilio.request_validator import RequestValidator

import odoo
from odoo.modules.registry import Registry
from odoo.tools import SQL

from odoo.addons.base.models.ir_cron import IrCron

HERE = os.path.dirname(os.path.abspath(__file__))
LATENCY = 0.1
PARTS = ("dispatch", "rate", "intake", "reports", "profile")
IN_FLIGHT = (1, 16, 32, 64)
RATES = (10, 100, 250)
INTAKE_SIZES = (1_000, 10_000, 100_000)
#: Rows that Odoo's mass composer makes at once.
INTAKE_BATCH = 1_000
OWN_NUMBER = "+13035550100"
PUBLIC_URL = "http://sms.example"
ACCOUNT_SID = "AC" + "0123456789abcdef" * 2
AUTH_TOKEN = "5ecret-of-the-benchmark"
API = "/2010-04-01/Accounts"


def phone(index):
    """Return the ``index``-th number (E.164)."""
    return f"+1303{2_000_000 + index}"


def get_peak():
    """Return the process's highest memory so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@contextmanager
def environment(database):
    """Open a database as its superuser."""
    with Registry(database).cursor() as cr:
        yield odoo.api.Environment(cr, odoo.SUPERUSER_ID, {})


# ----------------------------------------------------------------------
# Preparing a database
# ----------------------------------------------------------------------


def configure(env, carrier, in_flight=64, rate=0, workers=1):
    """Make the company a customer of the carrier; let only the outbox's crons run."""
    country = env.ref("base.us")
    company = env.company
    company.write(
        {
            "country_id": country.id,
            "sms_provider": "twilio",
            "sms_twilio_account_sid": ACCOUNT_SID,
            "sms_twilio_auth_token": AUTH_TOKEN,
        }
    )
    if not company.sms_twilio_number_ids:
        values = {"number": OWN_NUMBER, "country_id": country.id}
        company.sms_twilio_number_ids = [(0, 0, values)]
    set_param = env["ir.config_parameter"].sudo().set_param
    set_param("web.base.url", PUBLIC_URL)
    env.flush_all()
    env.cr.execute("UPDATE ir_cron SET active = FALSE")
    env.invalidate_all()
    if "sms.dispatcher" in env:
        set_param("helpdesk_mgmt_sms.twilio_api_url", carrier)
        set_param("helpdesk_mgmt_sms.in_flight", str(in_flight))
        env["sms.sender"].search([]).rate = rate
        for name in ("ir_cron_sms_dispatch", "ir_cron_sms_dispatch_2")[:workers]:
            env.ref(f"helpdesk_mgmt_sms.{name}").active = True
    env.cr.execute("DELETE FROM sms_sms")
    env.cr.execute("DELETE FROM ir_cron_trigger")
    env.cr.commit()


def agree(env, count):
    """Let so many people have agreed to texts of other apps, by SQL."""
    purpose = env["sms.purpose"]._get("marketing")
    event = env["sms.consent.event"]._record(
        env.company, phone(0), "granted", "import", purpose
    )
    env.flush_all()
    env.cr.execute("DELETE FROM sms_consent")
    hashes = env["sms.consent.key"]._hash(phone(index) for index in range(count))
    env.cr.execute(
        SQL(
            """
            INSERT INTO sms_consent
                (company_id, number_hash, purpose_id, state, since, event_id)
            SELECT %s, hash, %s, 'opted_in', now() AT TIME ZONE 'UTC', %s
              FROM unnest(%s) AS hash
            """,
            env.company.id,
            purpose.id,
            event.id,
            list(hashes.values()),
        )
    )
    env.cr.commit()
    vacuum(env, "sms_consent")


def vacuum(env, table):
    """Clean a table up, and let the planner know it."""
    env.cr._cnx.autocommit = True
    env.cr.execute(f"VACUUM ANALYZE {table}")
    env.cr._cnx.autocommit = False


def make_messages(env, count):
    """Make so many messages, in the mass composer's batches.

    :return: seconds that each batch took
    """
    times = []
    for first in range(0, count, INTAKE_BATCH):
        begin = time.perf_counter()
        env["sms.sms"].create(
            [
                {
                    "number": phone(index),
                    "body": f"Hello {index}, our office is closed.",
                }
                for index in range(first, min(first + INTAKE_BATCH, count))
            ]
        )
        env.cr.commit()
        env.invalidate_all()
        times.append(time.perf_counter() - begin)
    return times


# ----------------------------------------------------------------------
# One measurement, in a process of its own
# ----------------------------------------------------------------------


def prepare(database, carrier, count, **settings):
    """Make a company and messages that wait."""
    with environment(database) as env:
        configure(env, carrier, **settings)
        if "sms.consent" in env:
            agree(env, count)
        make_messages(env, count)
        vacuum(env, "sms_sms")
    return {}


def run_crons(database, seconds):
    """Work as one cron thread of Odoo does, until nothing waits.

    :param seconds: at most so long
    """
    with environment(database) as env:
        idle = get_peak()
        if "sms.dispatcher" not in env:
            return run_native(env, idle)
        assert env["ir.cron"].search_count([]), "no cron is active"
    begin, cpu = time.perf_counter(), time.process_time()
    left = 1
    while left and time.perf_counter() - begin < seconds:
        IrCron._process_jobs(database)
        with environment(database) as env:
            left = env["sms.sms"].search_count([("state", "=", "outgoing")], limit=1)
    return {"memory": get_peak(), "grown": get_peak() - idle,
            "cpu": time.process_time() - cpu}  # fmt: skip


def run_native(env, idle):
    """Work off Odoo's own queue, ten messages at once, as its cron does."""
    begin = time.process_time()
    while env["sms.sms"].search_count([("state", "=", "outgoing")], limit=1):
        env["sms.sms"]._process_queue()
        env.invalidate_all()
    return {"memory": get_peak(), "grown": get_peak() - idle,
            "cpu": time.process_time() - begin}  # fmt: skip


def lead_to(carrier):
    """Let Odoo's own client, whose address is fixed, speak to our carrier.

    Its session gets a door for that one address; nothing else of it is touched.
    """
    original = requests.Session.__init__

    class Door(requests.adapters.HTTPAdapter):
        def send(self, request, **kwargs):
            request.url = carrier + urlsplit(request.url).path
            return super().send(request, **kwargs)

    def init(session):
        original(session)
        session.mount("https://api.twilio.com", Door())

    requests.Session.__init__ = init


def dispatch(database, carrier, seconds=600):
    """Send what waits."""
    lead_to(carrier)
    return run_crons(database, seconds)


class Sampler(threading.Thread):
    """Looks at what the main thread is doing, each few milliseconds.

    Python's own profiler mixes all threads up. The dispatcher's threads are left out:
    they are the SDK. What waits for the carrier (``collect``) is counted apart.
    """

    INTERVAL = 0.002

    def __init__(self):
        super().__init__(daemon=True)
        self.seen, self.own, self.waiting = Counter(), Counter(), 0
        self.watched = threading.get_ident()
        self.is_over = threading.Event()

    def run(self):
        """Look until it is over."""
        while not self.is_over.wait(self.INTERVAL):
            stack = self.read_stack()
            if any(name.endswith(": collect") for name in stack):
                self.waiting += 1
            elif any(name.endswith(": _run_job") for name in stack):
                self.own[stack[0]] += 1
                self.seen.update(set(stack))

    def read_stack(self):
        """Return where the main thread is, the innermost function first."""
        frame, stack = sys._current_frames()[self.watched], []
        while frame:
            code = frame.f_code
            short = re.sub(r".*/(helpdesk_mgmt_sms|addons|odoo)/", "", code.co_filename)
            stack.append(f"{short}: {code.co_name}")
            frame = frame.f_back
        return stack


def profile(database, carrier):
    """Send what waits, and sample what the dispatcher's own thread does."""
    sampler = Sampler()
    sampler.start()
    begin = time.perf_counter()
    run_crons(database, 600)
    seconds = time.perf_counter() - begin
    sampler.is_over.set()
    sampler.join()
    rows = [[name, sampler.own[name], count] for name, count in sampler.seen.items()]
    busy = sum(sampler.own.values())
    share = seconds / max(busy + sampler.waiting, 1)
    return {
        "rows": [
            [name, own * share, count * share]
            for name, own, count in sorted(rows, key=lambda row: -row[2])
        ],
        "waiting": sampler.waiting * share,
        "busy": busy * share,
    }


def intake(database, carrier, count):
    """Make messages, and nothing else."""
    with environment(database) as env:
        configure(env, carrier, workers=0)
        if "sms.consent" in env:
            agree(env, count)
        make_messages(env, 100)
        env.cr.execute("DELETE FROM sms_sms")
        env.cr.commit()
        idle = get_peak()
        times = make_messages(env, count)
        env.cr.execute("SELECT count(*) FROM sms_sms WHERE state = 'outgoing'")
        assert env.cr.fetchone()[0] == count
    return {"seconds": sum(times), "memory": get_peak() - idle, "peak": get_peak()}


def await_reports(database, carrier, count):
    """Make messages that a carrier has taken; return what it knows of each."""
    with environment(database) as env:
        configure(env, carrier)
        if "sms.consent" in env:
            agree(env, count)
        make_messages(env, count)
        messages = env["sms.sms"].search([])
        if "sms.dispatcher" in env:
            env.cr.execute(
                "UPDATE sms_sms SET state = 'pending', provider = 'twilio',"
                " carrier_id = 'SM' || uuid, report_rank = 1, attempts = 1"
            )
            key = env.company.sms_webhook_key
            door = f"/helpdesk_sms/twilio/{key}/status/"
        else:
            messages.write({"state": "pending", "to_delete": False})
            env["sms.tracker"].create(
                [{"sms_uuid": uid} for uid in messages.mapped("uuid")]
            )
            door = "/sms_twilio/status/"
        env.cr.commit()
        return {"urls": [PUBLIC_URL + door + sms.uuid for sms in messages]}


def report(database, carrier, count, port, threads):
    """Post signed reports to a server; return how long each took."""
    urls = await_reports(database, carrier, count)["urls"]
    validator = RequestValidator(AUTH_TOKEN)
    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=threads))

    def post(url):
        sid = "SM" + url[-32:]
        form = {"MessageSid": sid, "SmsSid": sid, "MessageStatus": "delivered",
                "SmsStatus": "delivered", "AccountSid": ACCOUNT_SID}  # fmt: skip
        headers = {"X-Twilio-Signature": validator.compute_signature(url, form)}
        begin = time.perf_counter()
        address = f"http://127.0.0.1:{port}{urlsplit(url).path}"
        response = session.post(address, data=form, headers=headers, timeout=60)
        assert response.status_code == 200, response.text
        return time.perf_counter() - begin

    for url in urls[:20]:
        post(url)
    begin = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        times = sorted(pool.map(post, urls[20:]))
    seconds = time.perf_counter() - begin
    return {
        "rate": len(times) / seconds,
        "median": times[len(times) // 2] * 1000,
        "p95": times[int(len(times) * 0.95)] * 1000,
    }


KINDS = {
    "prepare": prepare,
    "dispatch": dispatch,
    "profile": profile,
    "intake": intake,
    "report": report,
}


# ----------------------------------------------------------------------
# All of them
# ----------------------------------------------------------------------


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
        options = self.options
        command = [sys.executable, os.path.abspath(__file__), "-c", options.config]
        command += ["-d", options.database, "--native", options.native, "--measure"]
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

    def read_times(self):
        """Return when the carrier got messages since this was last asked, sorted."""
        with urllib.request.urlopen(f"{self.carrier}/stats?reset") as answer:
            return sorted(json.load(answer))


def print_table(head, rows):
    """Print a table in Markdown."""
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print(flush=True)


def rate_of(times):
    """Return messages a second between the first post and the last answer."""
    return len(times) / (times[-1] - times[0] + LATENCY)


def run_dispatch(bench):
    """Measure messages a second, by what is in flight and by workers."""
    size, options = bench.options.size, bench.options
    rows, rates = [], {}

    def row(name, database, count, in_flight, workers=1):
        bench.measure("prepare", database, count, **(
            {"in_flight": in_flight, "workers": workers}
        ))  # fmt: skip
        bench.read_times()
        started = [bench.start("dispatch", database) for _worker in range(workers)]
        found = [bench.end(process) for process in started]
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
    for rate in RATES:
        count = int(rate * (seconds + 5))
        bench.measure("prepare", bench.options.database, count, rate=rate)
        bench.read_times()
        bench.measure("dispatch", bench.options.database, seconds + 10)
        times = bench.read_times()
        within = sum(moment < times[0] + seconds for moment in times)
        busiest = max(
            sum(moment <= other < moment + 1 for other in times[i : i + 3 * rate])
            for i, moment in enumerate(times)
        )
        share = within / seconds / rate
        rows.append(
            [str(rate), f"{within / seconds:.1f}", f"{share:.1%}", str(busiest)]
        )
    head = ["set, segments/s", f"sent/s over {seconds} s", "share", "busiest second"]
    print_table(head, rows)


def run_intake(bench):
    """Measure rows a second through the gate, beside a bare create without it."""
    rows = []
    for size in bench.options.intake_sizes:
        ours = bench.measure("intake", bench.options.database, size)
        native = bench.measure("intake", bench.options.native, size)
        rows.append(
            [
                f"{size:,}",
                f"{size / ours['seconds']:,.0f}",
                f"{ours['seconds'] / size * 1e6:.0f}",
                f"{ours['memory']:.0f}",
                f"{ours['peak']:.0f}",
                f"{size / native['seconds']:,.0f}",
                f"{native['seconds'] / size * 1e6:.0f}",
            ]
        )
    head = ["rows", "rows/s", "µs a row", "memory, MB", "peak, MB",
            "without the addon, rows/s", "µs a row"]  # fmt: skip
    print_table(head, rows)


@contextmanager
def web_server(options, database):
    """Start Odoo's threaded web server on a database; give its port."""
    port = _free_port()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "odoo", "server", "-c", options.config),
            *("-d", database, "--db-filter", f"^{database}$", "--workers", "0"),
            *("--http-port", str(port), "--http-interface", "127.0.0.1"),
            *("--max-cron-threads", "0", "--log-level", "warn"),
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
    """Return a TCP port of the loopback address that is free now."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run_reports(bench):
    """Measure delivery reports a second, beside Odoo's own route."""
    options = bench.options
    rows = []
    for name, database in (("ours", options.database), ("Odoo's", options.native)):
        for threads in (1, 8):
            with web_server(options, database) as port:
                found = bench.measure(
                    "report", database, options.reports, port, threads
                )
            rows.append(
                [
                    name,
                    str(threads),
                    f"{found['rate']:,.0f}",
                    f"{found['median']:.1f}",
                    f"{found['p95']:.1f}",
                ]
            )
    print_table(["route", "at once", "reports/s", "median, ms", "95 %, ms"], rows)


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
    parser.add_argument("--measure", type=json.loads)
    parser.add_argument(
        "--size", type=int, default=6000, help="messages of 64 in flight"
    )
    parser.add_argument("--seconds", type=int, default=60, help="of each rate")
    parser.add_argument("--intake-sizes", type=json.loads, default=INTAKE_SIZES)
    parser.add_argument("--reports", type=int, default=1000)
    parser.add_argument("--profile-rows", type=int, default=60)
    options = parser.parse_intermixed_args()
    if options.measure:
        kind, arguments, settings = options.measure
        odoo.tools.config.parse_config(
            ["-c", options.config, "-d", arguments[0], "--log-level", "warn"]
        )
        print(json.dumps(KINDS[kind](*arguments, **settings)))
        return
    bench = Bench(options)
    try:
        for part in options.parts or PARTS:
            print(f"### {part}\n", flush=True)
            globals()[f"run_{part}"](bench)
    finally:
        bench.process.kill()


if __name__ == "__main__":
    main()
