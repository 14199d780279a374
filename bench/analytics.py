# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Measure how fast the figures of a million messages are counted and shown.

Run by ``bin/bench analytics``. Prints tables in Markdown and a query plan.
"""

from datetime import timedelta
from statistics import median

from analytics_data import make_messages
from common import clock, environment, make_parser, print_table, read_config

import odoo
from odoo.tools import SQL

RANGES = (7, 30, 90, 365)
TURNS = 5
TABLES = ("sms_sms", "sms_inbound", "sms_consent_event", "sms_day")
INDEXES = ("sms_sms_made_index", "sms_day_day_index")


def open_dashboard(env, days):
    """Read all that the page shows, as a manager's request does: with empty caches."""
    env.invalidate_all()
    today = env["sms.day"]._get_today(env.company)
    first = today - timedelta(days=days - 1)
    return env["sms.dashboard"].get_dashboard({"date_from": str(first)})


def measure_dashboard(env, turns):
    """Return by range the median seconds to read the page."""
    return {
        days: median(clock(open_dashboard, env, days)[0] for _turn in range(turns))
        for days in RANGES
    }


def group_analysis(env, days):
    """Read what the analysis' pivot shows at first."""
    env.invalidate_all()
    since = odoo.fields.Datetime.now() - timedelta(days=days)
    return env["sms.analysis"].formatted_read_group(
        [("date", ">=", since)],
        ["purpose_id", "template_id"],
        [f"{name}_count:sum" for name in ("sent", "delivered", "failed", "reply")],
    )


def get_sizes(env):
    """Return the rows and sizes of the tables, and of the indexes that were added."""
    rows = []
    for table in TABLES:
        env.cr.execute(
            SQL(
                "SELECT count(*), pg_size_pretty(pg_table_size(%s)),"
                " pg_size_pretty(pg_indexes_size(%s)) FROM %s",
                table,
                table,
                SQL.identifier(table),
            )
        )
        count, size, indexes = env.cr.fetchone()
        rows.append([f"`{table}`", f"{count:,}", size, indexes])
    env.cr.execute(
        "SELECT indexrelname, pg_size_pretty(pg_relation_size(indexrelid))"
        " FROM pg_stat_user_indexes WHERE indexrelname = ANY(%s)",
        [list(INDEXES)],
    )
    rows += [[f"`{name}`", "", "", size] for name, size in env.cr.fetchall()]
    return rows


def print_plan(env, days):
    """Print how the database reads the figures of the page."""
    period = env["sms.dashboard"]._read_period({})
    first = period.last - timedelta(days=2 * days - 1)
    query = env["sms.day"]._query_days(env.company, first, period.last)
    env.cr.execute(
        SQL("EXPLAIN (ANALYZE, COSTS OFF) SELECT sum(sent_count) FROM (%s) it", query)
    )
    print("```")
    for (line,) in env.cr.fetchall():
        if "Scan on" in line or "Scan using" in line or line.endswith(" ms"):
            print(line.lstrip(" ->")[:110])
    print("```\n")


def main():
    """Read the command line, measure, print."""
    options = make_parser(__doc__, messages=1_000_000, days=365).parse_args()
    read_config(options)
    with environment(options.database) as env:
        cr = env.cr
        cr.execute("UPDATE ir_cron SET active = FALSE")
        made, _result = clock(make_messages, env, options.messages, options.days)
        cr.commit()
        live = {days: clock(open_dashboard, env, days)[0] for days in RANGES[:3]}
        counted, _result = clock(env["sms.day"]._run)
        cr.execute("ANALYZE sms_day")
        cr.commit()
        again, _result = clock(env["sms.day"]._run)
        cr.commit()
        shown = measure_dashboard(env, TURNS)
        analysis = {days: clock(group_analysis, env, days)[0] for days in RANGES}
        print(
            f"Made in {made:.0f} s; counted by day in {counted:.0f} s, the last days "
            f"again (the cron, every hour) in {again:.1f} s.\n"
        )
        print_table(
            ["days", "dashboard, s", "without the table by day, s", "analysis, s"],
            [
                [f"{days}"]
                + [
                    f"{found[days]:.2f}" if days in found else ""
                    for found in (shown, live, analysis)
                ]
                for days in RANGES
            ],
        )
        print_table(["table or index", "rows", "size", "indexes"], get_sizes(env))
        print_plan(env, 30)


if __name__ == "__main__":
    main()
