# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Measure an agent's screens with a year of data: a part of ``year.py``.

Each measurement makes the web client's calls, with empty caches. The host's lists and
forms are also measured in a database without the addon.
"""

import json
from statistics import median

from common import clock
from lxml import etree

from odoo.service.model import call_kw

TICKET, CONTACT = "helpdesk.ticket", "res.partner"
INBOX_VIEW = "helpdesk_mgmt_sms.helpdesk_ticket_conversation_view_kanban"
LIST_VIEW = "helpdesk_mgmt.ticket_view_tree"
INBOX_ORDER = "sms_waiting_since, sms_last_inbound_at desc, id desc"
COUNT_LIMIT = 10_001
TURNS = 5
CONVERSATIONS = [("sms_is_conversation", "=", True)]
OPEN = [("closed", "=", False)]
SHOWN = CONVERSATIONS + OPEN + [("sms_is_snoozed", "=", False)]
#: Filters of the inbox, as in its search view.
FILTERS = {
    "open": SHOWN,
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
    "all, closed too": CONVERSATIONS,
    "failed, closed too": CONVERSATIONS + [("sms_last_failed", "=", True)],
    "held, closed too": CONVERSATIONS + [("sms_is_held", "=", True)],
    "opted out, closed too": CONVERSATIONS + [("sms_consent_state", "=", "opted_out")],
}


def measure(env, work, *args, turns=TURNS):
    """Return the median milliseconds and the queries of a call with empty caches."""
    times = []
    for _turn in range(turns):
        env.invalidate_all()
        before = env.cr.sql_log_count
        seconds, found = clock(work, env, *args)
        times.append(seconds * 1000)
        queries = env.cr.sql_log_count - before
    json.dumps(found, default=str)
    return median(times), queries


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


def search_read(env, model, domain, specification, limit, order):
    """Make the web client's call for a page of a list."""
    options = {"limit": limit, "order": order, "count_limit": COUNT_LIMIT}
    options["specification"] = specification
    domain = [(*it[:2], env.uid) if it[2:] == ("uid",) else it for it in domain]
    return call_kw(env[model], "web_search_read", [domain], options)


def open_form(env, model, record_id, specification):
    """Make the web client's call to open a form."""
    return call_kw(env[model], "web_read", [[record_id], specification], {})


def call(env, model, method, *args):
    """Call a method as the web client does."""
    return call_kw(env[model], method, list(args), {})


def measure_host(env):
    """Measure lists and forms that also exist without the addon.

    :return: the results, and the id of the ticket with the most texts
    """
    env.cr.execute(
        "SELECT res_id, count(*) FROM mail_message WHERE message_type = 'sms'"
        " AND model = %s GROUP BY 1 ORDER BY 2 DESC LIMIT 1",
        [TICKET],
    )
    busy_id, _count = env.cr.fetchone()
    partner_id = env[TICKET].sudo().search([("partner_id", "!=", False)])[-1].partner_id
    lists = get_specification(env, TICKET, "list", LIST_VIEW)
    ticket_form = get_specification(env, TICKET, "form")
    form = get_specification(env, CONTACT, "form")
    page = (lists, 80, env[TICKET]._order)
    is_open = [("stage_id.closed", "=", False)]
    return {
        "ticket list": measure(env, search_read, TICKET, is_open, *page),
        "form of a busy ticket": measure(env, open_form, TICKET, busy_id, ticket_form),
        "contact form": measure(env, open_form, CONTACT, partner_id.id, form),
    }, busy_id


def measure_desk(env, agents):
    """Measure the inbox with all its filters, a thread, and the host's screens."""
    results, busy_id = measure_host(env(user=agents[0], su=False))
    for who, agent in zip(("", ", own tickets"), agents[:2], strict=True):
        env = env(user=agent, su=False)
        spec = get_specification(env, TICKET, "kanban", INBOX_VIEW)
        for name, domain in FILTERS.items():
            figures = measure(env, search_read, TICKET, domain, spec, 40, INBOX_ORDER)
            results[f"inbox, {name}{who}"] = figures
        name = f"what waits for me, in the systray{who}"
        results[name] = measure(env, call, TICKET, "get_sms_inbox_count")
    env = env(user=agents[0])
    partner_id = env[TICKET].browse(busy_id).partner_id.id
    conversation = ("get_sms_conversation", [busy_id])
    consent = (CONTACT, "get_sms_consent_details", [partner_id])
    return {
        **results,
        "thread of a busy ticket": measure(env, call, TICKET, *conversation),
        "consent of a contact, explained": measure(env, call, *consent),
    }
