# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Measure how fast a list of consents is imported, and what consents cost the gate.

Run by ``bin/bench consent``, which makes the database. Every measurement runs in a
process of its own, so that none adds to another's peak memory. Prints tables in
Markdown.
"""

import base64
import statistics
from datetime import datetime, timedelta

from common import (
    Usage,
    add_result,
    agree,
    american,
    clock,
    environment,
    fill_consents,
    in_environment,
    make_parser,
    measure_apart,
    print_table,
    read_config,
    work_off,
)

from odoo.tools import SQL

SIZES = (1_000, 10_000, 100_000)
#: Statements that are recorded one by one.
SINGLES = 300
GATE_SIZES = (1_000, 100_000, 1_000_000)
GATE_BATCH = 1_000
GATE_ROUNDS = 41
#: Rows per batch of Odoo's own import: the web client's default.
NATIVE_BATCH = 2_000
HEADERS = ("Phone", "Date", "Method", "Text", "Evidence", "Name")
#: What each row of a list says, between the number and its evidence.
SAID = ("2026-03-02 09:00", "Web form", "I agree to texts about my tickets.")


def make_list(first, count):
    """Return the lines of a list of consents, as a CRM might export it as CSV."""
    numbers = enumerate(american(first, count))
    rows = [(it, *SAID, f"CRM {n}", f"Customer {n}") for n, it in numbers]
    return [",".join(row) for row in (HEADERS, *rows)]


def take_list(env, count, lines, **values):
    """Import a list as the cron does; return what that took, and its check alone."""
    values |= {"file_name": "bench.csv", "date_order": "ymd", "tz": "UTC"}
    values["file"] = base64.b64encode("\n".join(lines).encode())
    job, usage = env["sms.consent.import"].create(values), Usage()

    def work(action, state):
        action()
        work_off(job, state)

    checked, _none = clock(work, job.action_check, "checking")
    work(job.action_import, "importing")
    assert (job.state, job.good_count) == ("done", count), job.read()
    return {"check": checked, **usage.read()}


@in_environment
def measure_import(env, first, count):
    """Import a list as the cron does; then seal the events that were recorded."""
    purposes = env["sms.purpose"]._get("ticket")
    values = {"purpose_ids": [(6, 0, purposes.ids)]}
    found = take_list(env, count, make_list(first, count), **values)
    usage = Usage()
    while env["sms.consent.link"]._seal(env.company):
        env.cr.commit()
    return {**found, "seal": usage.read()["seconds"]}


@in_environment
def measure_ledger(env, first, count):
    """Record statements by the ledger's bulk method alone, without an import."""
    numbers, usage = american(first, count), Usage()
    agree(env, "ticket", numbers, facts={"wording": "I agree."})
    spent = usage.read()
    env.cr.commit()
    return spent


@in_environment
def measure_one_by_one(env, first, count):
    """Record statements one by one, as a keyword or an agent does."""
    purpose = env["sms.purpose"]._get("ticket")
    ledger, usage = env["sms.consent.event"], Usage()
    for number in american(first, count):
        ledger._record(
            env.company, number, "granted", "api", purpose, wording="I agree."
        )
    return usage.read()


@in_environment
def measure_native(env, first, count, model):
    """Load the same numbers by Odoo's own import, as the web client does."""
    names = {"res.partner": ["name", "phone"], "phone.blacklist": ["number"]}[model]
    rows = [[f"Customer {it}", it][-len(names) :] for it in american(first, count)]
    usage = Usage()
    for start in range(0, count, NATIVE_BATCH):
        result = env[model].load(names, rows[start : start + NATIVE_BATCH])
        assert result["ids"], result["messages"][:3]
        env.cr.commit()
        env.invalidate_all()
    return usage.read()


@in_environment
def measure_answers(env, first, count):
    """Query the Reassigned Numbers Database about old consents; import its answers.

    One number in a hundred was disconnected; of one in ten nothing is known.
    """
    long_ago = datetime.now().replace(microsecond=0) - timedelta(days=400)
    numbers = american(first, count)
    agree(env, "ticket", numbers, happened_at=long_ago)
    env.cr.commit()
    files = env["sms.reassigned.file"]
    condition = SQL("consent.number = ANY(%s)", numbers)
    selection = files._select(env.company, 30, "consent", condition)
    asked, (query, data) = clock(files._ask, env.company, selection, "All", "BENCH1")
    env.cr.commit()
    lines = data.decode().split()
    answers = [lines[0] + ",Disconnected"]
    for index, line in enumerate(lines[1:]):
        told = "yes" if not index % 100 else "no data" if not index % 10 else "no"
        answers.append(f"{line},{told}")
    values = {"decision": "answers", "query_id": query.id}
    return {"ask": asked, **take_list(env, count, answers, **values)}


@in_environment
def measure_gate(env, count):
    """Ask the gate about a batch of messages, with ``count`` consents in the table."""
    from odoo.addons.helpdesk_mgmt_sms.models.message.sms_consent import READ_ANSWERS
    from odoo.addons.helpdesk_mgmt_sms.models.message.sms_gate import GateQuestion

    purpose = env["sms.purpose"]._get("ticket")
    numbers = american(0, GATE_BATCH)
    fill_consents(env, purpose, numbers, others=count - GATE_BATCH)
    questions = [GateQuestion(env.company.id, it, purpose.id) for it in numbers]
    times = []
    for _round in range(GATE_ROUNDS):
        env.cr.precommit.data.pop(READ_ANSWERS, None)
        seconds, decisions = clock(env["sms.gate"]._decide, questions)
        times.append(seconds)
    # Some may be held: it is night there.
    assert all(decision.verdict != "block" for decision, _event in decisions)
    return {"milliseconds": statistics.median(times) * 1000}


def run_import(options):
    """Measure the import, compared with Odoo's own import of the same numbers."""
    first = GATE_BATCH  # the gate's numbers come before
    ways = {"import": (measure_import,), "ledger": (measure_ledger,)}
    for model in ("res.partner", "phone.blacklist"):
        ways[model] = (measure_native, model)
    rates, seals, rows = {}, [], []
    for size in options.sizes:
        for way, (work, *arguments) in ways.items():
            found = measure_apart(work, options.database, first, size, *arguments)
            first += size
            rates[way, size] = size / found["seconds"]
            checked = found.get("check", 0)
            cells = [f"{size:,}", way, f"{checked:.1f}" if checked else ""]
            cells += [f"{found['seconds'] - checked:.1f}", f"{rates[way, size]:,.0f}"]
            rows.append([*cells, f"{found['grown']:.0f}"])
            if "seal" in found:
                speed = f"{size / found['seal']:,.0f}"
                seals.append([f"{size:,}", f"{found['seal']:.2f}", speed])
    head = ["rows", "way", "check, s", "record, s", "rows/s in all", "memory, MB"]
    print_table(head, rows)
    ratios = [("import", "res.partner"), ("import", "phone.blacklist")]
    ratios.append(("ledger", "phone.blacklist"))
    print_table(
        ["rows", *(f"{ours} / {theirs}" for ours, theirs in ratios)],
        [
            [f"{size:,}"]
            + [f"{rates[a, size] / rates[b, size]:.1f} x" for a, b in ratios]
            for size in options.sizes
        ],
    )
    print_table(["events", "sealing, s", "events/s"], seals)
    single = measure_apart(measure_one_by_one, options.database, first, SINGLES)
    smallest, largest = options.sizes[0], options.sizes[-1]
    growth = rates["import", smallest] / rates["import", largest]
    print(f"One by one: {SINGLES / single['seconds']:,.0f} statements/s.\n")
    native = rates["import", largest] / rates["res.partner", largest]
    add_result(
        f"import of {largest:,} consents, with evidence",
        f"{rates['import', largest]:,.0f} rows/s",
        f"{native:.1f} x Odoo's import of contacts",
        f"{growth:.2f} x from {smallest:,}",
    )
    add_result(
        f"ledger, {largest:,} statements in bulk",
        f"{rates['ledger', largest]:,.0f} rows/s",
        f"{rates['ledger', largest] / rates['phone.blacklist', largest]:.1f} x Odoo's "
        "import of the blacklist",
    )
    add_result(f"sealing {seals[-1][0]} of them", f"{seals[-1][2]} events/s")


def run_answers(options):
    """Measure queries of the Reassigned Numbers Database, and their answers."""
    rows, rates, first = [], [], 5_000_000
    for size in options.sizes:
        found = measure_apart(measure_answers, options.database, first, size)
        first += size
        rates.append(size / (found["ask"] + found["seconds"]))
        spent = (found["ask"], found["check"], found["seconds"] - found["check"])
        cells = [f"{size:,}", *(f"{seconds:.1f}" for seconds in spent)]
        rows.append([*cells, f"{rates[-1]:,.0f}", f"{found['grown']:.0f}"])
    head = ["numbers", "query, s", "check, s", "record, s", "numbers/s in all"]
    print_table([*head, "memory, MB"], rows)
    add_result(
        f"reassigned numbers, {options.sizes[-1]:,}: query, answers checked, recorded",
        f"{' + '.join(rows[-1][1:4])} s, {rows[-1][5]} MB",
        growth=f"{rates[0] / rates[-1]:.2f} x from {options.sizes[0]:,}",
    )


def run_gate(options):
    """Measure the gate by the number of consents, and print the table."""
    times = {
        size: measure_apart(measure_gate, options.database, size)["milliseconds"]
        for size in options.gate_sizes
    }
    base = times[options.gate_sizes[0]]
    print_table(
        ["consents", f"gate, ms for {GATE_BATCH:,} messages", "against the first"],
        [[f"{n:,}", f"{ms:.1f}", f"{ms / base:.2f} x"] for n, ms in times.items()],
    )
    count, milliseconds = list(times.items())[-1]
    add_result(
        f"gate, {GATE_BATCH:,} texts among {count:,} consents",
        f"{milliseconds:.0f} ms",
        growth=f"{milliseconds / base:.2f} x from {options.gate_sizes[0]:,}",
    )


def main():
    """Run what the command line asks for."""
    options = make_parser(__doc__, sizes=SIZES, gate_sizes=GATE_SIZES).parse_args()
    read_config(options)
    with environment(options.database) as env:
        env.company.country_id = env.ref("base.us")
        env.company.sms_provider = "sandbox"
        env.cr.commit()
    if options.sizes:
        run_import(options)
        run_answers(options)
    run_gate(options)


if __name__ == "__main__":
    main()
