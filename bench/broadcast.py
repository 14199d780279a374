# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Measure how fast a broadcast is selected, checked by the gate and queued.

By area, by a filter of contacts and by a CSV, each from the check to the last text in
the outbox. Run by ``bin/bench broadcast``. For comparison Odoo's own mass composer, in
a database without the addon. Each size runs in a process of its own, since what is
reported is the process's peak memory. Prints a table in Markdown, whose last column is
the cost per person relative to the first size. Fails if it is above :data:`LIMIT` at
the last size.
"""

import base64
import sys

from common import (
    Usage,
    add_result,
    agree,
    american,
    clock,
    in_environment,
    make_parser,
    make_people,
    measure_apart,
    print_table,
    read_config,
    work_off,
)

SIZES = (1_000, 10_000, 100_000)
WAYS = ("area", "filter", "csv")
#: Highest allowed ratio of the cost per person at the last size to the first.
LIMIT = 1.2
NATIVE_SIZE = 5_000
PARTS = ("select", "gate", "queue")

BODY = "[System Alert] {customer}: a network outage is affecting the Benchville region."


def make_audience(env, way, numbers):
    """Return the fields of a broadcast to the people with these numbers."""
    if way == "area":
        area = env["sms.area"].create({"name": "Benchville", "cities": "Benchville"})
        return {"area_ids": [(6, 0, area.ids)]}
    if way == "filter":
        domain = [("city", "=", "Benchville"), ("phone_sanitized", "!=", False)]
        return {"audience": "res.partner", "filter_domain": repr(domain)}
    rows = [f"Person {place},{number}" for place, number in enumerate(numbers)]
    file = "\n".join(("Name,Phone", *rows)).encode()
    return {"audience": "list", "list_file": base64.b64encode(file)}


@in_environment
def measure_ours(env, way, count):
    """Send one broadcast; return how long its parts took."""
    env.company.write({"country_id": env.ref("base.us").id, "sms_provider": "sandbox"})
    env.cr.execute("UPDATE ir_cron SET active = FALSE")
    # Odoo's foreign key from texts to contacts has no index: each deletion would scan
    # all texts.
    env.cr.execute("CREATE INDEX bench_partner_index ON sms_sms (partner_id)")
    env.cr.execute("DELETE FROM res_partner WHERE city = 'Benchville'")
    env.cr.execute("DROP INDEX bench_partner_index")
    numbers = american(1, count)
    make_people(env, numbers, "Benchville")
    agree(env, "alert", numbers)
    env.cr.commit()
    values = {
        **make_audience(env, way, numbers),
        "name": "Outage",
        "body": BODY,
        "is_emergency": True,
        "emergency_reason": "A benchmark",
    }
    broadcast = env["sms.broadcast"].create(values)
    env.company.sms_approve_from = 0
    env.cr.commit()
    env.cr.execute("ANALYZE res_partner, sms_consent")
    usage = Usage()
    selected, _none = clock(broadcast.action_check)
    env.cr.commit()
    checked, _none = clock(work_off, broadcast, "checking")
    broadcast.action_send()
    env.cr.commit()
    queued, _none = clock(work_off, broadcast, "queueing")
    env.cr.execute(
        "SELECT count(*) FROM sms_sms WHERE broadcast_id = %s AND state = 'outgoing'",
        [broadcast.id],
    )
    assert env.cr.fetchone()[0] == count
    broadcast.invalidate_recordset()
    progress, shown = clock(getattr, broadcast, "progress_html")
    assert shown
    times = {"select": selected, "gate": checked, "queue": queued, "progress": progress}
    return {**times, "grown": usage.read()["grown"]}


@in_environment
def measure_native(env, count):
    """Queue the same with Odoo's mass composer, with a note on each contact."""
    people = make_people(env, american(1, count), "Benchville")
    usage = Usage()
    env["sms.composer"].with_context(
        default_composition_mode="mass",
        default_res_model="res.partner",
        default_res_ids=repr(people),
    ).create(
        {"body": BODY, "mass_keep_log": True, "mass_force_send": False}
    ).action_send_sms()
    env.cr.commit()
    used = usage.read()
    return {"queue": used["seconds"], "grown": used["grown"]}


def run_all(options):
    """Measure all ways and sizes, and print the table."""
    size = options.native_size
    native = measure_apart(measure_native, options.native, size)
    rows = [make_row(size, "Odoo's mass composer", native)]
    over = []
    for way in options.ways:
        first = None
        for size in options.sizes:
            found = measure_apart(measure_ours, options.database, way, size)
            first = first or get_cost(size, found)
            ratio = get_cost(size, found) / first
            rows.append(make_row(size, f"broadcast by {way}", found, ratio))
            progress = found["progress"] * 1000
            print(f"... progress read in {progress:.0f} ms", file=sys.stderr)
        add_result(
            f"broadcast to {size:,} by {way}, from the check to the outbox",
            f"{1 / get_cost(size, found):,.0f} people/s",
            f"{get_cost(options.native_size, native) / get_cost(size, found):.1f} x "
            "Odoo's mass composer",
            f"{ratio:.2f} x from {options.sizes[0]:,}",
        )
        if ratio > LIMIT:
            over.append(f"{way}: {ratio:.2f}")
    head = ["people", "way", *(f"{part}, s" for part in PARTS), "rows/s", "µs a row"]
    print_table([*head, "MB", "by the first"], rows)
    if over:
        sys.exit(f"A person costs more than {LIMIT} times as much: {', '.join(over)}")


def get_cost(count, found):
    """Return the seconds per person from the check to the outbox."""
    return sum(found.get(part, 0) for part in PARTS) / count


def make_row(count, way, found, ratio=None):
    """Return one line of the table."""
    cost = get_cost(count, found)
    times = [f"{found[part]:.2f}" if part in found else "" for part in PARTS]
    speed = [f"{1 / cost:,.0f}", f"{cost * 1e6:.0f}"]
    grown = f"{found['grown']:.0f}"
    return [f"{count:,}", way, *times, *speed, grown, f"{ratio:.2f}" if ratio else ""]


def main():
    """Read the command line, measure, print."""
    options = make_parser(
        __doc__, sizes=SIZES, ways=WAYS, native_size=NATIVE_SIZE
    ).parse_args()
    read_config(options)
    run_all(options)


if __name__ == "__main__":
    main()
