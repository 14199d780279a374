# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Measure figures, ledger and retention with a year of data: a part of ``year.py``."""

from datetime import timedelta

from common import clock, vacuum
from year_desk import call, measure

from odoo import fields

DASHBOARD_DAYS = (30, 365)
#: Days that the analysis shows; it opens with this month and the last.
ANALYSIS_DAYS = (60, 365)
MEASURES = ("sent", "delivered", "failed", "reply")
#: Retention period in days: what is older, a fiftieth of the year, is overdue.
KEEP_DAYS = 358


def measure_figures(env):
    """Compute the daily figures; measure dashboard and analysis as a manager."""
    results = {}
    seconds, _none = clock(env["sms.day"]._run)
    results["the year counted by day"] = seconds * 1000, 0
    vacuum(env, "sms_day")
    results["the last days counted again (hourly)"] = measure(
        env, lambda env: env["sms.day"]._run(), turns=1
    )
    values = {
        "name": "Bench Manager",
        "login": "bench-manager",
        "group_ids": [(6, 0, env.ref("helpdesk_mgmt.group_helpdesk_manager").ids)],
    }
    manager = env["res.users"].create(values)
    env.cr.commit()
    env = env(user=manager, su=False)
    today = env["sms.day"]._get_today(env.company)
    for days in DASHBOARD_DAYS:
        first = {"date_from": str(today - timedelta(days=days - 1))}
        figures = measure(env, call, "sms.dashboard", "get_dashboard", first)
        results[f"dashboard, {days} days"] = figures
    for days in ANALYSIS_DAYS:
        results[f"analysis, {days} days"] = measure(env, pivot, days, turns=3)
    return results


def pivot(env, days):
    """Make the call that the analysis' pivot view makes when it opens."""
    since = fields.Datetime.to_string(fields.Datetime.now() - timedelta(days=days))
    by = ["purpose_id", "template_id"]
    sums = [f"{name}_count:sum" for name in MEASURES]
    rates = [f"{name}_rate:avg" for name in ("delivery", "reply", "stop")]
    sets = [[], by[:1], by]
    args = ([("date", ">=", since)], sets, [*sums, *rates])
    return call(env, "sms.analysis", "formatted_read_grouping_sets", *args)


def measure_ledger(env):
    """Measure the verification of the ledger."""
    seconds, check = clock(env["sms.consent.check"]._verify, env.company)
    assert check.state == "intact", check.findings
    env.cr.commit()
    return {"verification of the ledger": (seconds * 1000, 0)}


def measure_retention(env):
    """Measure erasing what is overdue, and a second run that finds nothing."""
    company = env.company
    limits = dict.fromkeys(company._get_sms_limits())
    limits["text"] = fields.Datetime.now() - timedelta(days=KEEP_DAYS)
    retention = env["sms.retention"]

    def run():
        for _label, records, domain, forget in retention._get_kinds(company, limits):
            retention._forget_overdue(records, domain, forget)

    seconds, _none = clock(run)
    env.invalidate_all()
    idle, _none = clock(run)
    return {
        "retention of a fiftieth": (seconds * 1000, 0),
        "retention, nothing overdue": (idle * 1000, 0),
    }
