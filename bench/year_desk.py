# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Measure an agent's screens with a year of data: a part of ``year.py``.

Each measurement makes the web client's calls, with empty caches. The host's lists and
forms are also measured in a database without the addon.
"""

import json
from statistics import median

from common import clock, get_specification
from lxml import etree

from odoo.service.model import call_kw
from odoo.tools.safe_eval import safe_eval

TICKET, CONTACT = "helpdesk.ticket", "res.partner"
INBOX_VIEW = "helpdesk_mgmt_sms.helpdesk_ticket_conversation_view_kanban"
INBOX_SEARCH = "helpdesk_mgmt_sms.helpdesk_ticket_conversation_view_search"
LIST_VIEW = "helpdesk_mgmt.ticket_view_tree"
INBOX_ORDER = "sms_waiting_since, sms_last_inbound_at desc, id desc"
COUNT_LIMIT = 10_001
TURNS = 5
CONVERSATIONS = [("sms_is_conversation", "=", True)]


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


def read_filters(env):
    """Return the domains of the inbox's filters, by what its search view calls them."""
    view = etree.fromstring(env.ref(INBOX_SEARCH).sudo().arch)
    own = {
        it.get("string").lower(): safe_eval(it.get("domain"), {"uid": env.uid})
        for it in view.iter("filter")
        if it.get("domain")
    }
    snoozed = own.pop("open tickets") + own.pop("snoozed")
    shown = own.pop("open, not snoozed")
    found = {"open": shown, "snoozed": snoozed, "all, closed too": []}
    found |= {name: shown + domain for name, domain in own.items()}
    for name in ("failed", "held", "opted out"):
        found[f"{name}, closed too"] = own[name]
    return found


def search_read(env, model, domain, specification, limit, order):
    """Make the web client's call for a page of a list."""
    options = {"limit": limit, "order": order, "count_limit": COUNT_LIMIT}
    options["specification"] = specification
    return call_kw(env[model], "web_search_read", [domain], options)


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
    partner = env[TICKET].sudo().search([("partner_id", "!=", False)])[-1].partner_id
    lists = get_specification(env, TICKET, "list", LIST_VIEW)
    ticket = get_specification(env, TICKET, "form")
    contact = get_specification(env, CONTACT, "form")
    page, read = (lists, 80, env[TICKET]._order), "web_read"
    is_open = [("stage_id.closed", "=", False)]
    return {
        "ticket list": measure(env, search_read, TICKET, is_open, *page),
        "form of a busy ticket": measure(env, call, TICKET, read, [busy_id], ticket),
        "contact form": measure(env, call, CONTACT, read, partner.ids, contact),
    }, busy_id


def measure_desk(env, agents):
    """Measure the inbox with all its filters, a thread, and the host's screens."""
    results, busy_id = measure_host(env(user=agents[0], su=False))
    for who, agent in zip(("", ", own tickets"), agents[:2], strict=True):
        env = env(user=agent, su=False)
        spec = get_specification(env, TICKET, "kanban", INBOX_VIEW)
        for name, domain in read_filters(env).items():
            domain = CONVERSATIONS + domain
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
