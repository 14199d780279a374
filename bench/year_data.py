# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Make a year of data of a helpdesk that texts, by SQL, one statement for each table.

Relative to outgoing texts, a fifth as many are received, and there are a tenth as many
contacts and a twentieth as many tickets, of which a tenth are open. A third of the
tickets have no text; half of the texts belong to the few customers who write most.
Columns that the database does not have are left out, so that one without the addon can
be filled as well.
"""

from contextlib import contextmanager
from datetime import timedelta
from itertools import batched
from unittest.mock import patch

from common import american, make_people, vacuum

from odoo import fields
from odoo.tools.sql import table_exists

TEAMS, AGENTS, TEMPLATES = 6, 20, 12
LOGGED = {
    "create_uid": "1",
    "create_date": "moment",
    "write_uid": "1",
    "write_date": "moment",
}
TICKETS = {
    **LOGGED,
    "number": "'B' || lpad(n::text, 7, '0')",
    "name": "'The printer jams'",
    "description": "'<p>It jams.</p>'",
    # Every tenth ticket is of an unknown number, without a contact.
    "partner_id": "CASE WHEN n %% 10 <> 5 THEN partner_id END",
    "partner_name": "CASE WHEN n %% 10 <> 5 THEN 'P' || n END",
    "partner_phone": "'+1303' || (2000000 + 2 * n)",
    "partner_phone_sanitized": "'+1303' || (2000000 + 2 * n)",
    "company_id": "%(company)s",
    "team_id": "(%(teams)s::int[])[1 + n %% 6]",
    "user_id": "CASE WHEN random() < 0.8 THEN (%(agents)s::int[])[1 + n %% 20] END",
    "stage_id": "CASE WHEN random() < 0.1 THEN %(open)s ELSE %(closed)s END",
    "active": "TRUE",
    "priority": "'1'",
    "sequence": "10",
    "last_stage_update": "moment",
}
TICKET_ROWS = """
    SELECT n, (%(partners)s::int[])[1 + 2 * n] AS partner_id,
           now() AT TIME ZONE 'UTC' - interval '1 year' * (1 + 2 * random()) AS moment
      FROM generate_series(0, %(tickets)s - 1) AS n
"""
#: All texts, in the order in which they were made. Every sixth was received. Two in
#: five outgoing ones, as a broadcast's, have no ticket and no copy in the chatter.
TEXT_TABLE = """
    CREATE TEMP TABLE bench_text AS
    SELECT nextval('sms_sms_id_seq')::int AS sms_id, md5('B' || n) AS uuid,
           CASE WHEN ticket_id IS NOT NULL
                THEN nextval('mail_message_id_seq')::int END AS message_id, it.*
      FROM (SELECT n, n %% 6 = 0 AS is_theirs, ticket.id AS ticket_id,
                   COALESCE(ticket.partner_phone, '+1303' || (2000000 + at)) AS number,
                   CASE WHEN at IS NULL THEN ticket.partner_id
                        ELSE (%(partners)s::int[])[1 + at] END AS partner_id,
                   random() * 10000 AS chance,
                   at IS NULL AND random() < 0.4 AS is_personal,
                   now() AT TIME ZONE 'UTC' - interval '1 year' * random() AS moment
              FROM (SELECT n, CASE WHEN n %% 6 IN (2, 4)
                                   THEN floor(random() * %(contacts)s)::int END AS at,
                           CASE WHEN n %% 6 IN (2, 4) THEN NULL
                                WHEN (n / 6) %% 2 = 0 THEN (n / 3) %% %(busy)s
                                ELSE floor(%(busy)s * random() ^ 3)::int END AS place
                      FROM generate_series(0, %(texts)s * 6 / 5 - 1) AS n) n
              LEFT JOIN (SELECT id, partner_id, row_number() OVER (ORDER BY id) - 1
                                AS place, %(phone)s AS partner_phone
                           FROM helpdesk_ticket WHERE number LIKE 'B%%') ticket
                     ON ticket.place = n.place
             ORDER BY moment) it
"""
MESSAGES = {
    **LOGGED,
    "id": "message_id",
    "date": "moment",
    "model": "'helpdesk.ticket'",
    "res_id": "ticket_id",
    "message_type": "'sms'",
    "subtype_id": "%(note)s",
    "record_company_id": "%(company)s",
    "body": "'<p>Words</p>'",
}
SENT = "state IN ('sent', 'pending', 'error')"
OUTGOING = {
    **LOGGED,
    "id": "sms_id",
    "create_uid": "CASE WHEN is_personal THEN 2 ELSE 1 END",
    "uuid": "uuid",
    "number": "number",
    "partner_id": "partner_id",
    "body": "'Please switch it off and on again. Text ' || n",
    "state": "CASE WHEN is_held THEN 'outgoing' ELSE state END",
    "failure_type": "failure",
    "record_company_id": "%(company)s",
    "mail_message_id": "message_id",
    "gate_verdict": "CASE WHEN is_held THEN 'hold' ELSE verdict END",
    "gate_reason": "reason",
    "fault_id": "CASE WHEN state = 'error' THEN (%(faults)s::int[])[1 + n %% 4] END",
    "purpose_id": "(%(purposes)s::int[])[1 + n %% 12]",
    "template_id": "CASE WHEN NOT is_personal"
    " THEN (%(templates)s::int[])[1 + n %% 12] END",
    "sender_id": "%(sender)s",
    "segment_count": "1 + (n %% 5 = 0)::int",
    "encoding": "'GSM-7'",
    "provider": "'sandbox'",
    "carrier_id": f"CASE WHEN {SENT} THEN 'SM' || uuid END",
    "sent_at": f"CASE WHEN {SENT} THEN moment + interval '2 s' END",
    "delivered_at": "CASE WHEN state = 'sent'"
    " THEN moment + interval '3 s' + random() * interval '40 s' END",
    "not_before": "moment + CASE WHEN is_held THEN interval '20 hours'"
    " ELSE interval '0' END",
    "is_personal": "is_personal",
}
#: Outgoing texts with how they end: of ten thousand, 8,200 are delivered, and so on. A
#: fifth of those of the last eight hours are held.
OUTGOING_ROWS = """
    SELECT it.*, fate.*,
           moment > now() AT TIME ZONE 'UTC' - interval '8 hours'
               AND chance < 2000 AS is_held
      FROM bench_text it
      JOIN (VALUES (0, 8200, 'sent', 'send', 'consent', NULL),
                   (8200, 8600, 'pending', 'send', 'consent', NULL),
                   (8600, 9100, 'error', 'send', 'consent', 'sms_not_delivered'),
                   (9100, 9700, 'canceled', 'block', 'no_consent', 'sms_no_consent'),
                   (9700, 9900, 'canceled', 'block', 'opted_out', 'sms_optout'),
                   (9900, 10000, 'canceled', 'send', 'consent', 'sms_replaced')
           ) AS fate (since, upto, state, verdict, reason, failure)
        ON chance >= since AND chance < upto
     WHERE NOT is_theirs
     ORDER BY sms_id
"""
NOTIFICATIONS = {
    "mail_message_id": "it.message_id",
    "res_partner_id": "it.partner_id",
    "is_read": "TRUE",
    "notification_type": "'sms'",
    "notification_status": "CASE sms.state WHEN 'error' THEN 'exception'"
    " WHEN 'canceled' THEN 'canceled' WHEN 'outgoing' THEN 'ready' ELSE 'sent' END",
    "sms_number": "it.number",
    "sms_id_int": "it.sms_id",
}
NOTIFICATION_ROWS = """
    bench_text it JOIN sms_sms sms ON sms.id = it.sms_id
    WHERE it.message_id IS NOT NULL AND it.partner_id IS NOT NULL
"""
REPORTS = {
    "sms_id": "id",
    "company_id": "%(company)s",
    "received_at": "delivered_at",
    "carrier_id": "carrier_id",
    "status": "'delivered'",
    "raw": """jsonb_build_object('MessageStatus', 'delivered', 'To', number)""",
}
RECEIVED = {
    "company_id": "%(company)s",
    "provider": "'sandbox'",
    "provider_sid": "uuid",
    "number": "number",
    "body": "'It jams again, and I have tried what you said. Text ' || n",
    "received_at": "moment",
    "kind": "CASE WHEN chance < 40 THEN 'stop' WHEN chance < 300 THEN 'answer'"
    " ELSE 'conversation' END",
    "ticket_id": "ticket_id",
    "mail_message_id": "message_id",
    "read_at": "moment + interval '1 hour'",
    "media_count": "0",
    "raw": """jsonb_build_object('From', number, 'FromCity', 'Denver')""",
    "create_uid": "1",
    "create_date": "moment",
}
#: The fields of tickets about their texts: whoever texted last waits for an answer.
TICKET_NOTES = """
    UPDATE helpdesk_ticket ticket
       SET sms_is_conversation = TRUE,
           sms_last_failed = has_failed,
           sms_last_inbound_at = theirs,
           sms_waiting_since = CASE WHEN stage_id = %(open)s AND theirs > ours
                                    THEN theirs END,
           sms_snoozed_until = CASE WHEN stage_id = %(open)s AND ticket.id %% 20 = 0
                THEN now() AT TIME ZONE 'UTC' + interval '1 day' END
      FROM (SELECT ticket_id, max(moment) FILTER (WHERE is_theirs) AS theirs,
                   max(moment) FILTER (WHERE is_personal AND NOT is_theirs) AS ours,
                   (array_agg(chance ORDER BY message_id DESC)
                       FILTER (WHERE NOT is_theirs))[1] BETWEEN 8600 AND 9900
                       AS has_failed
              FROM bench_text WHERE ticket_id IS NOT NULL GROUP BY ticket_id) it
     WHERE it.ticket_id = ticket.id
"""
UNREAD = """
    UPDATE sms_inbound SET read_at = NULL
      FROM helpdesk_ticket ticket
     WHERE ticket.id = ticket_id AND sms_waiting_since = received_at
       AND ticket.id %% 2 = 0
"""
FOLLOWERS = """
    INSERT INTO mail_followers (res_model, res_id, partner_id)
    SELECT 'helpdesk.ticket', ticket.id, owner.partner_id
      FROM helpdesk_ticket ticket JOIN res_users owner ON owner.id = ticket.user_id
     WHERE number LIKE 'B%%'
"""
#: The phone number of a ticket, also in a database without the addon.
PHONE = "'+1303' || (2000000 + 2 * substr(number, 2)::int)"
TABLES = (
    *("res_partner", "helpdesk_ticket", "mail_message", "mail_followers", "sms_sms"),
    *("mail_notification", "sms_inbound", "sms_report"),
)


@contextmanager
def filling(env, tables):
    """Fill tables with their indexes, foreign keys and triggers switched off.

    The indexes are rebuilt at the end, which is several times faster.
    """
    cr = env.cr
    cr.execute("SET LOCAL session_replication_role = replica")
    cr.execute("SET LOCAL maintenance_work_mem = '512MB'; SET LOCAL work_mem = '256MB'")
    cr.execute(
        "UPDATE pg_index SET indisready = FALSE, indisvalid = FALSE"
        " WHERE indrelid = ANY(%s::regclass[])",
        [list(tables)],
    )
    yield
    for table in tables:
        cr.execute(f"REINDEX TABLE {table}")
    cr.commit()
    env.invalidate_all()
    for table in tables:
        vacuum(env, table)


def fill(env, texts):
    """Make a year of data; return the agents, of whom the first sees all tickets.

    The daily figures and the ledger are not filled.

    :param int texts: number of outgoing texts
    """
    env.cr.execute("UPDATE ir_cron SET active = FALSE")
    agents = make_agents(env)
    values = get_values(env, texts, agents)
    with filling(env, [table for table in TABLES if table_exists(env.cr, table)]):
        values["partners"] = make_people(env, american(0, values["contacts"]))
        insert(env, "helpdesk.ticket", TICKETS, f"({TICKET_ROWS}) it", values)
        env.cr.execute(TEXT_TABLE.replace("%(phone)s", PHONE), values)
        env.cr.execute("ANALYZE bench_text")
        on_ticket = "bench_text WHERE message_id IS NOT NULL ORDER BY message_id"
        insert(env, "mail.message", MESSAGES, on_ticket, values)
        insert(env, "sms.sms", OUTGOING, f"({OUTGOING_ROWS}) it", values)
        insert(env, "mail.notification", NOTIFICATIONS, NOTIFICATION_ROWS, values)
        env.cr.execute(FOLLOWERS, values)
        if "sms.dispatcher" in env:
            reported = "sms_sms WHERE delivered_at IS NOT NULL ORDER BY id"
            insert(env, "sms.report", REPORTS, reported, values)
            theirs = "bench_text WHERE is_theirs ORDER BY sms_id"
            insert(env, "sms.inbound", RECEIVED, theirs, values)
            env.cr.execute(TICKET_NOTES, values)
            env.cr.execute(UNREAD, values)
        env.cr.execute("DROP TABLE bench_text")
    return agents


def insert(env, model, columns, rows, values):
    """Insert rows with those of the given columns that the model has."""
    known = {name: columns[name] for name in columns if name in env[model]._fields}
    env.cr.execute(
        f"INSERT INTO {env[model]._table} ({', '.join(known)})"
        f" SELECT {', '.join(known.values())} FROM {rows}",
        values,
    )


def get_values(env, texts, agents):
    """Return the parameters of the statements: sizes, and ids of related records."""
    ref = env.ref
    values = {
        "texts": texts,
        "contacts": texts // 10,
        "tickets": texts // 20,
        "busy": texts // 30,
        "company": env.company.id,
        "teams": agents[0].helpdesk_team_ids.ids,
        "agents": agents.ids,
        "open": ref("helpdesk_mgmt.helpdesk_ticket_stage_in_progress").id,
        "closed": ref("helpdesk_mgmt.helpdesk_ticket_stage_done").id,
        "note": ref("mail.mt_note").id,
    }
    return {**values, **get_addon_values(env)} if "sms.dispatcher" in env else values


def get_addon_values(env):
    """Return the ids of templates, their purposes, a sender and faults."""
    from odoo.addons.helpdesk_mgmt_sms.tools.purpose_rules import MessageSource

    templates = env["sms.template"].search([], limit=TEMPLATES)
    find = env["sms.purpose.rule"]._find_purpose
    sources = [MessageSource(it.model, it.id) for it in templates]
    env.company.write({"country_id": env.ref("base.us").id, "sms_provider": "sandbox"})
    senders = env["sms.sender"].search([("company_id", "=", env.company.id)], limit=1)
    if not senders:
        kinds = dict.fromkeys(("provider", "address", "kind"), "sandbox")
        senders = senders.create({"company_id": env.company.id, **kinds})
    return {
        "templates": templates.ids,
        "purposes": [find(env.company, source).id for source in sources],
        "sender": senders.id,
        "faults": env["sms.fault"].search([], limit=4).ids,
    }


def make_agents(env):
    """Return agents who are members of all teams; the first sees all tickets."""
    groups = ["helpdesk_mgmt.group_helpdesk_user"]
    groups += ["helpdesk_mgmt.group_helpdesk_user_own"] * (AGENTS - 1)
    users = env["res.users"].with_context(no_reset_password=True)
    agents = users.create(
        [
            {
                "name": f"Agent {place}",
                "login": f"bench-agent-{place}",
                "group_ids": [(6, 0, env.ref(group).ids)],
            }
            for place, group in enumerate(groups)
        ]
    )
    env["helpdesk.ticket.team"].create(
        [
            {"name": f"Bench {place}", "user_ids": [(6, 0, agents.ids)]}
            for place in range(TEAMS)
        ]
    )
    env.cr.commit()
    return agents


def fill_ledger(env, people):
    """Record opt-ins of ``people``, and opt-outs of every thirtieth; seal them.

    By the ledger's own bulk method, spread over the year.
    """
    from odoo.addons.helpdesk_mgmt_sms.models.ledger.sms_consent_event import Statement

    purpose = env["sms.purpose"]._get("ticket")
    numbers = american(0, people)
    said = [Statement(it, "granted", "import", purpose) for it in numbers]
    said += [Statement(it, "revoked", "keyword") for it in numbers[::30]]
    now = fields.Datetime.now()
    chunk = max(people // 50, 1)
    for place, statements in enumerate(batched(said, chunk)):
        moment = now - timedelta(days=365 * (1 - place * chunk / len(said)))
        with patch.object(fields.Datetime, "now", lambda *_args, it=moment: it):
            env["sms.consent.event"]._record_many(env.company, statements)
        env.cr.commit()
    while env["sms.consent.link"]._seal(env.company):
        env.cr.commit()
    for table in ("consent", "consent_event", "consent_evidence", "consent_link"):
        vacuum(env, f"sms_{table}")
