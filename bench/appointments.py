# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Measure how fast texts about appointments are planned, and handed over when due.

Run by ``bin/bench appointments``, which makes the databases. For comparison, the same
run measures Odoo's own reminders by text (``calendar_sms``) in a database without the
addon: booking, and sending what is due. Prints tables in Markdown.
"""

import os
from datetime import datetime, timedelta
from functools import partial
from unittest.mock import patch

from common import (
    ANY_HOUR,
    Usage,
    add_result,
    agree,
    american,
    environment,
    make_parser,
    make_people,
    print_table,
    read_config,
)

SIZES = (1_000, 10_000)
DUE = 5_000
CHUNK = 1_000
#: Odoo mails each attendee of a new event, with and without the addon: left out.
QUIET = {"no_mail_to_attendees": True, "skip_contact_description": True}


def book(env, partner_ids, start, **values):
    """Book an appointment for each contact, a thousand per call."""
    events = env["calendar.event"].with_context(**QUIET)
    for done in range(0, len(partner_ids), CHUNK):
        events.create(
            [
                {
                    "name": "Visit",
                    "start": start + timedelta(minutes=index % 600),
                    "stop": start + timedelta(minutes=index % 600 + 60),
                    "partner_ids": [(6, 0, [partner_id])],
                    **values,
                }
                for index, partner_id in enumerate(partner_ids[done : done + CHUNK])
            ]
        )
    env.flush_all()


def measure(env, work):
    """Return the seconds, processor seconds and queries that a function takes."""
    before, usage = env.cr.sql_log_count, Usage()
    work()
    env.flush_all()
    used = usage.read()
    return used["seconds"], used["cpu"], env.cr.sql_log_count - before


def report(what, count, found, queries=None):
    """Print one line of the table; return the seconds for one of ``count``."""
    seconds, spent, total = found
    cells = [what, f"{count:,}", f"{seconds:.2f}", f"{count / seconds:,.0f}"]
    cells += [f"{spent / count * 1e6:,.0f}", queries or f"{total:,}"]
    print(f"| {' | '.join(cells)} |", flush=True)
    return seconds / count


def prepare(env):
    """Allow texts to leave at any hour."""
    env.cr.execute("UPDATE ir_cron SET active = FALSE")
    env.company.write(
        {"country_id": env.ref("base.us").id, "sms_provider": "sandbox", **ANY_HOUR}
    )


def measure_plan(env, sizes):
    """Book and plan for each size.

    :return: by size, the seconds that one appointment takes to plan and to book
    """
    ticket = env["helpdesk.ticket"].create({"name": "Bench", "description": "Bench"})
    start = datetime.now().replace(microsecond=0) + timedelta(days=5)
    first, found = 0, {}
    for size in sizes:
        numbers = american(first, size)
        partner_ids = make_people(env, numbers)
        agree(env, "appointment", numbers)
        env.cr.commit()
        first += size
        booking = partial(book, env, partner_ids, start, ticket_id=ticket.id)
        booked = measure(env, booking)
        report("book, by the calendar", size, booked)
        planned = measure(env, env.cr.flush)
        found[size] = report("plan", size, planned), booked[0] / size
        env.cr.commit()
        env.cr.execute("ANALYZE sms_reminder, calendar_event, calendar_attendee")
    return found


def hand_over(env, size):
    """Hand over ``size`` reminders in the worker's batches; return seconds for one."""
    env.cr.execute("UPDATE sms_reminder SET state = 'cancelled' WHERE kind = 'booked'")
    env.cr.execute(
        """
        UPDATE sms_reminder SET due_at = now() AT TIME ZONE 'UTC' - INTERVAL '1 s'
         WHERE id IN (SELECT id FROM sms_reminder
                       WHERE state = 'planned' AND offset_minutes = 1440
                    ORDER BY id LIMIT %s)
        """,
        [size],
    )
    env.cr.commit()
    env.invalidate_all()
    batches, found = [], []

    def work():
        batches.append(env["sms.reminder"]._hand_over_next())

    while not batches or batches[-1]:
        found.append(measure(env, work))
        env.cr.commit()
        env.invalidate_all()
    found.pop()  # the empty batch
    total = [sum(column) for column in zip(*found, strict=True)]
    queries = [batch[2] for batch in found]
    env.cr.execute("SELECT count(*) FROM sms_sms WHERE state = 'outgoing'")
    assert env.cr.fetchone()[0] >= size
    return report("hand over", size, total, f"{min(queries)} to {max(queries)} a batch")


def measure_native(env, sizes, due):
    """Book with Odoo's reminder by text, and run it; return seconds for one of each."""
    from odoo.addons.sms.tools.sms_api import SmsApi

    alarm = env["calendar.alarm"].create(
        {"name": "Bench", "alarm_type": "sms", "duration": 13, "interval": "hours"}
    )
    alarm_ids = [(6, 0, alarm.ids)]
    partner_ids = make_people(env, american(0, max(*sizes, due)))
    start = datetime.now().replace(microsecond=0) + timedelta(days=5)
    found = {}
    for size in sizes:
        people = partner_ids[:size]
        booked = measure(env, partial(book, env, people, start, alarm_ids=alarm_ids))
        found[size] = report("Odoo: book", size, booked)
        env.cr.commit()
    soon = datetime.now().replace(microsecond=0) + timedelta(hours=1)
    book(env, partner_ids[:due], soon, alarm_ids=alarm_ids)
    env.cr.commit()
    env.invalidate_all()

    def answer(self, messages, delivery_reports_url=False):
        return [
            {"uuid": number["uuid"], "state": "success", "credit": 1}
            for message in messages
            for number in message["numbers"]
        ]

    with patch.object(SmsApi, "_send_sms_batch", answer):
        run = measure(env, env["calendar.alarm_manager"]._send_reminder)
    env.cr.commit()
    return found, report("Odoo: reminders", due, run)


def main():
    """Measure planning, handing over what is due, and Odoo's own reminders."""
    options = make_parser(__doc__, sizes=SIZES, due=DUE, native_due=DUE).parse_args()
    read_config(options)
    print(f"Load at the beginning: {os.getloadavg()[0]:.1f}")
    print("| what | appointments | s | each second | Python, µs each | queries |")
    print("|---|---|---|---|---|---|")
    with environment(options.database) as env:
        prepare(env)
        ours = measure_plan(env, options.sizes)
        handed = hand_over(env, options.due)
    with environment(options.native) as env:
        native, sent = measure_native(env, options.sizes, options.native_due)
    print()
    first, last = min(options.sizes), max(options.sizes)
    growth, booking = ours[last][0] / ours[first][0], sum(ours[last]) / native[last]
    ratios = {
        f"plan, {last:,} against {first:,}, each": growth,
        "book with us / book by Odoo": booking,
        "Odoo's reminders / ours handed over, each": sent / handed,
    }
    rows = [[what, f"{ratio:.2f} x"] for what, ratio in ratios.items()]
    print_table(["compared", "ratio"], rows)
    add_result(
        f"booking {last:,} appointments with three texts each",
        f"{1 / sum(ours[last]):,.0f}/s",
        f"{1 / booking:.2f} x Odoo's booking with one text",
        f"{growth:.2f} x from {first:,}",
    )
    add_result(
        f"reminders handed over, {options.due:,} due",
        f"{1 / handed:,.0f}/s",
        f"{sent / handed:.0f} x Odoo's reminders",
    )
    print(f"Load at the end: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
