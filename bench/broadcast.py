# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How fast a broadcast is selected, asked about at the gate and queued.

Run by ``bin/bench broadcast``. Beside it Odoo's own mass composer, in a database
without the addon. Each size in a process of its own, since memory is its peak. Prints a
table in Markdown.
"""

import argparse
import json
import resource
import subprocess
import sys
import time

import odoo
from odoo.modules.registry import Registry

SIZES = (1_000, 10_000, 100_000)
NATIVE_SIZE = 5_000
BODY = "[System Alert] {customer}: a network outage is affecting the {area} region."


def get_peak():
    """Return the process's highest memory so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def make_people(env, count):
    """Make contacts in one city, each with a number of their own."""
    env.cr.execute("DELETE FROM res_partner WHERE city = 'Benchville'")
    env.cr.execute(
        """
        INSERT INTO res_partner (name, complete_name, active, type, lang, city, phone,
                                 phone_sanitized, company_id, country_id)
        SELECT 'P' || n, 'P' || n, TRUE, 'contact', 'en_US', 'Benchville',
               '+1303' || (2000000 + n), '+1303' || (2000000 + n), NULL, %s
          FROM generate_series(1, %s) AS n
        """,
        [env.ref("base.us").id, count],
    )
    env.invalidate_all()


def agree(env, count):
    """Record that they have all agreed to alerts, in bulk."""
    from odoo.addons.helpdesk_mgmt_sms.models.sms_consent_bulk import Statement

    purpose = env["sms.purpose"]._get("alert")
    env["sms.consent.event"]._record_many(
        env.company,
        (
            Statement(f"+1303{2_000_000 + n}", "granted", "import", purpose)
            for n in range(1, count + 1)
        ),
    )
    env.cr.commit()


def measure_ours(env, count):
    """Send one broadcast; return how long its parts took."""
    env.company.write({"country_id": env.ref("base.us").id, "sms_provider": "sandbox"})
    env.cr.execute("UPDATE ir_cron SET active = FALSE")
    make_people(env, count)
    agree(env, count)
    area = env["sms.area"].create({"name": "Benchville", "cities": "Benchville"})
    broadcast = env["sms.broadcast"].create(
        {
            "name": "Outage",
            "area_ids": [(6, 0, area.ids)],
            "body": BODY,
            "is_emergency": True,
            "emergency_reason": "A benchmark",
        }
    )
    env.company.sms_approve_from = 0
    env.cr.commit()
    env.cr.execute("ANALYZE res_partner, sms_consent")
    idle, times = get_peak(), {}
    begin = time.perf_counter()
    broadcast.action_check()
    env.cr.commit()
    times["select"] = time.perf_counter() - begin
    times["gate"] = work_off(env, broadcast, "checking")
    broadcast.action_send()
    env.cr.commit()
    times["queue"] = work_off(env, broadcast, "queueing")
    env.cr.execute(
        "SELECT count(*) FROM sms_sms WHERE broadcast_id = %s AND state = 'outgoing'",
        [broadcast.id],
    )
    assert env.cr.fetchone()[0] == count
    begin = time.perf_counter()
    broadcast.invalidate_recordset()
    assert broadcast.progress_html
    times["progress"] = time.perf_counter() - begin
    return {**times, "memory": get_peak() - idle}


def work_off(env, broadcast, state):
    """Run the job, a commit for each batch; return the seconds."""
    begin = time.perf_counter()
    while broadcast.state == state:
        broadcast._work_off()
        env.cr.commit()
        env.invalidate_all()
    return time.perf_counter() - begin


def measure_native(env, count):
    """Queue the same by Odoo's mass composer, with the note on each contact."""
    make_people(env, count)
    partners = env["res.partner"].search([("city", "=", "Benchville")])
    idle, begin = get_peak(), time.perf_counter()
    env["sms.composer"].with_context(
        default_composition_mode="mass",
        default_res_model="res.partner",
        default_res_ids=repr(partners.ids),
    ).create(
        {"body": BODY, "mass_keep_log": True, "mass_force_send": False}
    ).action_send_sms()
    env.cr.commit()
    return {"queue": time.perf_counter() - begin, "memory": get_peak() - idle}


def run_child(options, database, kind, count):
    """Measure one size in a process of its own."""
    command = [sys.executable, __file__, "-c", options.config, "-d", database]
    command += ["--one", json.dumps([kind, count])]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    return json.loads(output.splitlines()[-1])


def run_all(options):
    """Print the table of all sizes."""
    print("| people | way | select, s | gate, s | queue, s | rows/s | µs a row | MB |")
    print("|---|---|---|---|---|---|---|---|")
    native = run_child(options, options.native, "native", NATIVE_SIZE)
    print_row(NATIVE_SIZE, "Odoo's mass composer", native)
    for size in options.sizes:
        print_row(size, "broadcast", run_child(options, options.database, "ours", size))


def print_row(count, way, found):
    """Print one line of the table."""
    total = sum(found.get(name, 0) for name in ("select", "gate", "queue"))
    cells = [f"{count:,}", way]
    cells += [
        f"{found[name]:.2f}" if name in found else ""
        for name in ("select", "gate", "queue")
    ]
    cells += [f"{count / total:,.0f}", f"{total / count * 1e6:.0f}"]
    cells.append(f"{found['memory']:.0f}")
    print(f"| {' | '.join(cells)} |", flush=True)
    if "progress" in found:
        print(
            f"... progress read in {found['progress'] * 1000:.0f} ms", file=sys.stderr
        )


def main():
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-c", "--config", required=True)
    parser.add_argument("-d", "--database", required=True)
    parser.add_argument("--native")
    parser.add_argument("--sizes", type=json.loads, default=SIZES)
    parser.add_argument("--one", type=json.loads)
    options = parser.parse_args()
    if not options.one:
        run_all(options)
        return
    odoo.tools.config.parse_config(["-c", options.config], setup_logging=False)
    kind, count = options.one
    measure = measure_native if kind == "native" else measure_ours
    with Registry(options.database).cursor() as cr:
        env = odoo.api.Environment(cr, odoo.SUPERUSER_ID, {})
        print(json.dumps(measure(env, count)))


if __name__ == "__main__":
    main()
