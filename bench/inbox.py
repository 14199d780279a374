# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Measure what opening the inbox costs over a million texts, and each of its filters.

Run by ``bin/bench inbox``. Calls what the web client calls, as an agent and with empty
caches; prints tables in Markdown. Beside it stands the host's own list of tickets.
"""

import json
import runpy
from pathlib import Path
from statistics import median

from common import clock, environment, make_parser, print_table, vacuum
from inbox_data import TABLES, TEXTS, make_agents, make_conversations
from lxml import etree

import odoo
from odoo.service.model import call_kw

MODEL = "helpdesk.ticket"
VIEW = "helpdesk_mgmt_sms.helpdesk_ticket_conversation_view_kanban"
NATIVE_VIEW = "helpdesk_mgmt.ticket_view_tree"
ORDER = "sms_waiting_since, sms_last_inbound_at desc, id desc"
PAGE = 40
COUNT_LIMIT = 10_001
TURNS = 9
CONVERSATIONS = [("sms_is_conversation", "=", True)]
OPEN = [("closed", "=", False)]
SHOWN = CONVERSATIONS + OPEN + [("sms_is_snoozed", "=", False)]
#: What is chosen in the list, as the search view has it.
FILTERS = {
    "**open and not snoozed** (it opens so)": SHOWN,
    "the same, a page of 80": SHOWN,
    "mine": SHOWN + [("user_id", "=", "uid")],
    "unassigned": SHOWN + [("user_id", "=", False)],
    "waiting for me": SHOWN
    + ["|", ("user_id", "=", "uid")]
    + ["&", ("user_id", "=", False), ("team_id.user_ids", "=", "uid")],
    "unanswered": SHOWN + [("sms_waiting_since", "!=", False)],
    "unread": SHOWN + [("sms_unread_count", ">", 0)],
    "failed": SHOWN + [("sms_last_failed", "=", True)],
    "held": SHOWN + [("sms_is_held", "=", True)],
    "opted out": SHOWN + [("sms_consent_state", "=", "opted_out")],
    "snoozed": CONVERSATIONS + OPEN + [("sms_is_snoozed", "=", True)],
    "all, closed ones too": CONVERSATIONS,
    "failed of all": CONVERSATIONS + [("sms_last_failed", "=", True)],
    "held of all": CONVERSATIONS + [("sms_is_held", "=", True)],
    "opted out of all": CONVERSATIONS + [("sms_consent_state", "=", "opted_out")],
}


def get_specification(env, view_name):
    """Return what the web client asks for of each record of a view."""
    view = env.ref(view_name).sudo()
    views = env[MODEL].get_views([(view.id, view.type)])
    fields = views["models"][MODEL]["fields"]
    names = etree.fromstring(views["views"][view.type]["arch"]).xpath("//field/@name")
    specification = {}
    for name in names:
        kind = fields[name]["type"]
        of_one = {"fields": {"display_name": {}}} if kind == "many2one" else {}
        specification[name] = {"fields": {}} if kind.endswith("2many") else of_one
    return specification


def search_read(env, domain, specification, limit, order):
    """Call what the web client calls for a page, and pack the answer as it is sent."""
    options = {"limit": limit, "order": order, "count_limit": COUNT_LIMIT}
    options["specification"] = specification
    found = call_kw(env[MODEL], "web_search_read", [domain], options)
    json.dumps(found, default=str)
    return found


def measure(env, work, *args):
    """Return milliseconds (the median) and queries of a call with empty caches."""
    times = []
    for _turn in range(TURNS):
        env.invalidate_all()
        before = env.cr.sql_log_count
        seconds, found = clock(work, env, *args)
        times.append(seconds * 1000)
        queries = env.cr.sql_log_count - before
    return median(times), queries, found


def measure_all(env, agent):
    """Return for each list ``(ms, queries, found)``, the host's own as the last one."""
    env = env(user=agent, su=False)
    own = get_specification(env, VIEW)
    results = {}
    for name, domain in FILTERS.items():
        domain = [(*it[:2], agent.id) if it[2:] == ("uid",) else it for it in domain]
        limit = 80 if "80" in name else PAGE
        *figures, found = measure(env, search_read, domain, own, limit, ORDER)
        results[name] = (*figures, found["length"])
    count = measure(env, lambda env: env[MODEL].get_sms_inbox_count())
    results["what waits for me (the systray's number)"] = count
    native = get_specification(env, NATIVE_VIEW)
    order = env[MODEL]._order
    for name, domain in (("all", []), ("open", [("stage_id.closed", "=", False)])):
        *figures, found = measure(env, search_read, domain, native, 80, order)
        results[f"the host's list of {name} tickets"] = (*figures, found["length"])
    return results


def migrate(env):
    """Mark the conversations as the upgrade does."""
    path = Path(__file__).parents[1] / "migrations/19.0.1.6.0/post-conversations.py"
    runpy.run_path(str(path))["migrate"](env.cr, "19.0.1.5.0")


def print_results(found, sizes):
    """Print a row for each list, with its growth from the smaller size."""
    small, large = (found[size] for size in sizes)
    host = next(name for name in large if "open tickets" in name)
    head = ["list", "found", f"ms at {sizes[0]:,}", f"ms at {sizes[1]:,}"]
    rows = []
    for name, (ms, queries, length) in large.items():
        rows.append(
            [
                name,
                f"{length:,}" if length < COUNT_LIMIT else "10,000+",
                f"{small[name][0]:.0f}",
                f"{ms:.0f}",
                f"{ms / small[name][0]:.1f} x",
                f"{ms / large[host][0]:.1f}",
                f"{small[name][1]}, {queries}",
            ]
        )
    print_table([*head, "growth", "of the host's list", "queries"], rows)


def main():
    """Read the command line, measure, print."""
    options = make_parser(__doc__, conversations=100_000).parse_args()
    odoo.tools.config.parse_config(["-c", options.config], setup_logging=False)
    sizes = [options.conversations // 10, options.conversations]
    with environment(options.database) as env:
        env.cr.execute("UPDATE ir_cron SET active = FALSE")
        agents, found, made = make_agents(env), {}, 0
        for size in sizes:
            seconds, _none = clock(make_conversations, env, agents, made, size - made)
            marking, _none = clock(migrate, env)
            env.cr.commit()
            for table in TABLES:
                vacuum(env, table)
            made = size
            print(
                f"{size:,} conversations, {size * TEXTS:,} texts: made in "
                f"{seconds:.0f} s, marked by the upgrade in {marking:.1f} s.",
                flush=True,
            )
            found[size, 0] = measure_all(env, agents[0])
            found[size, 1] = measure_all(env, agents[1])
        for place, who in enumerate(("sees all tickets", "sees their own")):
            print(f"\nAn agent who {who}:\n")
            print_results({size: found[size, place] for size in sizes}, sizes)


if __name__ == "__main__":
    main()
