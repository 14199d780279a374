# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Helpers of the benches: people, databases, processes, tables, results.

People live where it is daytime now: elsewhere quiet hours would hold their texts until
the morning, and that is not what is measured.
"""

import argparse
import gc
import json
import multiprocessing
import os
import resource
import shutil
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import date, datetime
from functools import wraps
from math import ceil
from pathlib import Path
from zoneinfo import ZoneInfo

from lxml import etree

import odoo
from odoo.modules.registry import Registry
from odoo.tools import SQL

#: Country, time zone, prefix of its numbers and first number after the prefix. At any
#: time it is day in at least one of them.
PLACES = (
    ("base.us", "America/Denver", "+1303", 2_000_000),
    ("base.us", "Pacific/Honolulu", "+1808", 2_000_000),
    ("base.gu", "Pacific/Guam", "+1671", 2_000_000),
    ("base.uk", "Europe/London", "+4477", 10_000_000),
)
COUNTRY, _ZONE, PREFIX, FIRST = next(
    (it for it in PLACES if 9 <= datetime.now(ZoneInfo(it[1])).hour < 19), PLACES[0]
)
#: Values of a company that texts at any hour, on any day.
ANY_HOUR = {
    "sms_courtesy_days": "all",
    "sms_courtesy_from": 0,
    "sms_courtesy_to": 24,
    "sms_courtesy_reason": "Measured at any hour.",
}
#: Environment variable with the path of the file that :func:`add_result` appends to.
RESULTS_VARIABLE = "BENCH_RESULTS"


def phone(index):
    """Return the ``index``-th number (E.164)."""
    return f"{PREFIX}{FIRST + index}"


def make_parser(doc, **defaults):
    """Return a parser of the command line.

    :param defaults: further options; other than integers are given as JSON
    """
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("-c", "--config", required=True)
    parser.add_argument("-d", "--database", required=True)
    parser.add_argument("--native", help="database without the addon")
    for name, default in defaults.items():
        option = f"--{name.replace('_', '-')}"
        read = type(default) if isinstance(default, int) else json.loads
        parser.add_argument(option, type=read, default=default)
    return parser


def read_config(options):
    """Read Odoo's configuration."""
    odoo.tools.config.parse_config(
        ["-c", options.config, "-d", options.database, "--log-level", "warn"],
        setup_logging=True,
    )


def work_off(job, *states):
    """Run a job until it leaves the given states, with a commit after each batch."""
    while job.state in states:
        job._work_off()
        job.env.cr.commit()
        job.env.invalidate_all()


@contextmanager
def environment(database):
    """Open an environment of a database as superuser."""
    with Registry(database).cursor() as cr:
        yield odoo.api.Environment(cr, odoo.SUPERUSER_ID, {})


def in_environment(work):
    """Make a function that takes an environment take the name of a database."""

    @wraps(work)
    def run(database, *arguments):
        with environment(database) as env:
            return work(env, *arguments)

    return run


def measure_apart(work, database, *arguments, **settings):
    """Run one measurement in a process of its own; return what it found."""
    [found] = measure_together(1, work, database, *arguments, **settings)
    return found


def measure_together(count, work, database, *arguments, **settings):
    """Run a measurement in several processes at once; return what each found.

    They are forked from this one, with the registry, which takes seconds to load.

    :param int count: number of processes
    :param work: function that is called with the other arguments
    :param str database: its name
    """
    name = " ".join(map(str, (work.__name__, *arguments, settings or "")))
    print(f"... {name}", file=sys.stderr, flush=True)
    Registry(database)
    odoo.sql_db.close_all()
    gc.collect()
    gc.freeze()  # else the first collection of the fork copies all of its pages
    with ProcessPoolExecutor(count, multiprocessing.get_context("fork")) as pool:
        started = [
            pool.submit(_follow_up, work, database, *arguments, **settings)
            for _one in range(count)
        ]
        return [one.result() for one in started]


def _follow_up(work, database, *arguments, **settings):
    # Another fork may have changed what this registry remembers.
    Registry(database).check_signaling()
    return work(database, *arguments, **settings)


def start_carrier(latency, *arguments):
    """Start ``carrier.py``; return its process and address.

    :param float latency: seconds that it takes for each request
    """
    command = [sys.executable, Path(__file__).with_name("carrier.py"), *arguments]
    command += ["--latency", str(latency)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    return process, f"http://127.0.0.1:{int(process.stdout.readline())}"


def get_peak():
    """Return the process's peak memory so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class Usage:
    """The time and memory that this process uses from now on."""

    def __init__(self):
        self.idle, self.cpu = get_peak(), time.process_time()
        self.begin = time.perf_counter()

    def read(self):
        """Return ``seconds``, ``cpu`` (seconds), ``peak`` and ``grown`` (MB).

        ``peak`` is the process's peak memory, ``grown`` by how much it has grown.
        """
        seconds, peak = time.perf_counter() - self.begin, get_peak()
        cpu = time.process_time() - self.cpu
        return {"seconds": seconds, "cpu": cpu, "peak": peak, "grown": peak - self.idle}


def clock(work, *args):
    """Return how many seconds a function takes, and its result."""
    begin = time.perf_counter()
    result = work(*args)
    return time.perf_counter() - begin, result


def get_late(times):
    """Return the time within which 19 of 20 were done."""
    return sorted(times)[ceil(len(times) * 0.95) - 1]


def print_table(head, rows):
    """Print a table in Markdown."""
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print(flush=True)


def add_result(what, figure, ratio="", growth=""):
    """Add a row to the table of results; all cells are text.

    :param what: what was measured, with its size
    :param figure: the result, with its unit
    :param ratio: against what a user would otherwise run: "56 x Odoo's own loop"
    :param growth: of the time, or of the cost per item: "1.02 x from 1,000"
    """
    if path := os.environ.get(RESULTS_VARIABLE):
        with open(path, "a") as file:
            file.write(json.dumps([what, figure, ratio, growth]) + "\n")


def print_results(rows):
    """Print the table of results, with the machine and today's date.

    :param rows: each a result, and the command that measured it
    """
    here = f"{os.cpu_count()} cores, load {os.getloadavg()[2]:.1f}"
    head = ["what", "figure", "ratio", "growth", "machine", "date", "command"]
    today = str(date.today())
    print_table(head, [[*row, here, today, f"`{command}`"] for row, command in rows])


@contextmanager
def database_copy(name):
    """Copy a database with its filestore; drop the copy at the end.

    Files of the filestore never change, so that the copy may link to them.
    """
    copy = f"{name}_{os.getpid()}_{time.monotonic_ns()}"[-63:]
    source, target = map(odoo.tools.config.filestore, (name, copy))
    _administer(f'CREATE DATABASE "{copy}" TEMPLATE "{name}"')
    if Path(source).exists():
        shutil.copytree(source, target, copy_function=os.link)
    try:
        yield copy
    finally:
        odoo.sql_db.close_db(copy)
        _administer(f'DROP DATABASE "{copy}" WITH (FORCE)')
        shutil.rmtree(target, ignore_errors=True)


def _administer(statement):
    """Execute a statement that cannot run in a transaction."""
    with odoo.sql_db.db_connect("postgres").cursor() as cr:
        cr._cnx.autocommit = True
        cr.execute(statement)
        cr._cnx.autocommit = False


def get_specification(env, model, view_type, xmlid=None):
    """Return what the web client reads of each record in a view."""
    view_id = xmlid and env.ref(xmlid).sudo().id
    views = env[model].get_views([(view_id, view_type)])
    arch = etree.fromstring(views["views"][view_type]["arch"])
    return _read_fields(views["models"], model, arch)


def _read_fields(models, model, node):
    """Return the fields below a node, with those of each list's first embedded view."""
    found = {}
    for child in node.iterchildren(etree.Element):
        if child.tag != "field":
            found |= _read_fields(models, model, child)
            continue
        field = models[model]["fields"][child.get("name")]
        found[child.get("name")] = {}
        if field["type"] == "many2one":
            found[child.get("name")] = {"fields": {"display_name": {}}}
        elif field["type"].endswith("2many"):
            lines = {}
            if len(child) and field["relation"] in models:
                lines = _read_fields(models, field["relation"], child[0])
            found[child.get("name")] = {"fields": lines, "limit": 40}
    return found


def vacuum(env, table):
    """Commit, then vacuum and analyze a table."""
    env.cr.commit()
    env.cr._cnx.autocommit = True
    env.cr.execute(f"VACUUM ANALYZE {table}")
    env.cr._cnx.autocommit = False


def american(first, count):
    """Return ``count`` numbers of one area code of the US (E.164)."""
    return [f"+1303{2_000_000 + n}" for n in range(first, first + count)]


def make_people(env, numbers, city=None, country="base.us"):
    """Make contacts, each with a number of their own, by SQL; return their ids."""
    query = SQL(
        """
        INSERT INTO res_partner (id, commercial_partner_id, name, complete_name,
                                 active, type, lang, city, phone, phone_sanitized,
                                 country_id, partner_share)
        SELECT id, id, 'P' || n, 'P' || n, TRUE, 'contact', 'en_US', %s, number,
               number, %s, TRUE
          FROM (SELECT nextval('res_partner_id_seq') AS id, n, number
                  FROM unnest(%s) WITH ORDINALITY AS new (number, n)) AS new
        RETURNING id
        """,
        city,
        env.ref(country).id,
        list(numbers),
    )
    rows = env.execute_query(query)
    env.invalidate_all()
    return [row[0] for row in rows]


def agree(env, code, numbers, **said):
    """Record that people have agreed to a purpose, in bulk.

    :param said: further fields of each ``Statement``
    """
    from odoo.addons.helpdesk_mgmt_sms.models.ledger.sms_consent_event import Statement

    purpose = env["sms.purpose"]._get(code)
    env["sms.consent.event"]._record_many(
        env.company,
        (Statement(number, "granted", "import", purpose, **said) for number in numbers),
    )


def fill_consents(env, purpose, numbers, others=0):
    """Replace all answers by opt-ins of the given and ``others`` more numbers, by SQL.

    All follow from one event. The triggers would refuse that, so they are disabled.
    """
    numbers = list(numbers)
    event = env["sms.consent.event"]._record(
        env.company, numbers[0], "granted", "import", purpose
    )
    env.flush_all()
    env.cr.execute("ALTER TABLE sms_consent DISABLE TRIGGER USER")
    env.cr.execute("DELETE FROM sms_consent")
    query = SQL(
        """
        INSERT INTO sms_consent
            (company_id, number_hash, purpose_id, state, since, event_id)
        SELECT %s, hash, %s, 'opted_in', now() AT TIME ZONE 'UTC', %s
          FROM (SELECT unnest(%s) AS hash
                 UNION ALL
                SELECT encode(sha256(n::text::bytea), 'hex')
                  FROM generate_series(1, %s) AS n) AS numbers
        """,
        env.company.id,
        purpose.id,
        event.id,
        list(env["sms.consent.key"]._hash(numbers).values()),
        others,
    )
    env.cr.execute(query)
    env.cr.execute("ALTER TABLE sms_consent ENABLE TRIGGER USER")
    env.cr.commit()
    vacuum(env, "sms_consent")
