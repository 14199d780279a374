# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How fast texts about appointments are planned, and handed over when they are due.

Run by ``bin/bench appointments``, which makes the database. Prints a table in Markdown.
"""

import argparse
import time
from datetime import datetime, timedelta

import odoo
from odoo.modules.registry import Registry

SIZES = (1_000, 10_000)
DUE = 5_000
CHUNK = 1_000
AREAS = (303, 212, 305, 312, 404, 415, 512, 617, 702, 206)


def phone(index):
    """Return the ``index``-th number (E.164)."""
    area, rest = index % len(AREAS), index // len(AREAS)
    return f"+1{AREAS[area]}{2_000_000 + rest}"


def make_people(env, first, count):
    """Return contacts who agreed to texts about appointments."""
    country = env.ref("base.us").id
    people = env["res.partner"].create(
        [
            {"name": f"Person {index}", "phone": phone(index), "country_id": country}
            for index in range(first, first + count)
        ]
    )
    purpose = env["sms.purpose"]._get("appointment")
    for person in people:
        env["sms.consent.event"]._record(
            env.company, person.phone_sanitized, "granted", "paper", purpose
        )
    return people


def make_events(env, people, start):
    """Book a visit for each; the calendar's own work is not measured here."""
    ticket = env["helpdesk.ticket"].create({"name": "Bench", "description": "Bench"})
    context = {"no_mail_to_attendees": True, "skip_contact_description": True}
    env["calendar.event"].with_context(**context).create(
        [
            {
                "name": "Visit",
                "start": start + timedelta(minutes=index % 600),
                "stop": start + timedelta(minutes=index % 600 + 60),
                "ticket_id": ticket.id,
                "partner_ids": [(6, 0, person.ids)],
            }
            for index, person in enumerate(people)
        ]
    )
    env.flush_all()


def measure(cr, work):
    """Return seconds and queries of some work."""
    before, started = cr.sql_log_count, time.perf_counter()
    work()
    return time.perf_counter() - started, cr.sql_log_count - before


def main():
    """Plan for some sizes, then hand over what is due."""
    parser = argparse.ArgumentParser()
    parser.add_argument("-c", "--config", required=True)
    parser.add_argument("-d", "--database", required=True)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--due", type=int, default=DUE)
    options = parser.parse_args()
    odoo.tools.config.parse_config(["-c", options.config])
    print("| what | rows | seconds | rows a second | queries |")
    print("|---|---|---|---|---|")
    with Registry(options.database).cursor() as cr:
        env = odoo.api.Environment(cr, odoo.SUPERUSER_ID, {})
        env.company.write(
            {
                "country_id": env.ref("base.us").id,
                "sms_provider": "sandbox",
                **{"sms_courtesy_days": "all", "sms_courtesy_from": 0},
                "sms_courtesy_to": 24,
            }
        )
        first = 0
        for size in options.sizes:
            start = datetime.now().replace(microsecond=0) + timedelta(days=5)
            for done in range(0, size, CHUNK):
                count = min(CHUNK, size - done)
                people = make_people(env, first, count)
                first += count
                make_events(env, people, start)
            seconds, queries = measure(cr, cr.flush)
            report("plan", size, seconds, queries)
            cr.commit()
        hand_over(env, options.due)


def hand_over(env, size):
    """Hand over so many texts in the worker's batches."""
    reminders = env["sms.reminder"]
    total, queries, done = 0.0, [], 0
    while done < size:
        found = []

        def work(found=found):
            """Work off one batch."""
            rows = reminders._lock_due()
            rows._hand_over()
            env.flush_all()
            found.append(len(rows))

        seconds, count = measure(env.cr, work)
        env.cr.commit()
        if not found[0]:
            break
        done += found[0]
        total += seconds
        queries.append(count)
    report("hand over", done, total, f"{min(queries)} to {max(queries)} a batch")


def report(what, size, seconds, queries):
    """Print one line of the table."""
    rate = size / seconds
    cells = (what, f"{size:,}", f"{seconds:.1f}", f"{rate:,.0f}", str(queries))
    print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
