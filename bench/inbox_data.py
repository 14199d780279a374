# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Makes conversations by SQL: tickets, ten texts each, what waits and what failed.

A tenth are open, as on a desk that has worked for years. Half of the texts lie with the
few customers who write most. Beside them are half as many tickets without a text.
"""

from common import american, make_people

TEAMS = 6
AGENTS = 20
TEXTS = 10

TICKETS = """
    INSERT INTO helpdesk_ticket (
        create_uid, create_date, write_uid, write_date, number, name, description,
        partner_id, partner_name, partner_phone, partner_phone_sanitized, company_id,
        team_id, user_id, stage_id, active, priority, sequence, last_stage_update)
    SELECT 1, moment, 1, moment, 'B' || lpad(n::text, 7, '0'), 'The printer jams',
           '<p>It jams.</p>',
           -- Of every tenth who texts only the number is known.
           CASE WHEN n %% 10 > 0 OR n > %(last)s THEN partner_id END,
           CASE WHEN n %% 10 > 0 OR n > %(last)s THEN 'P' || n END,
           '+1303' || (2000000 + n), '+1303' || (2000000 + n), %(company)s,
           (%(teams)s::int[])[1 + n %% %(n_teams)s],
           CASE WHEN random() < 0.8 THEN (%(agents)s::int[])[1 + n %% %(n_agents)s] END,
           CASE WHEN random() < 0.1 THEN %(open)s ELSE %(closed)s END,
           TRUE, '1', 10, moment
      FROM (SELECT n, (%(partners)s::int[])[n - %(first)s + 1] AS partner_id,
                   now() AT TIME ZONE 'UTC'
                       - interval '3 years' * random() AS moment
              FROM generate_series(%(first)s, %(last)s + %(others)s) AS n) it
"""

#: Theirs is every other text; its copy lies in the chatter, as of ours.
TEXT_TABLE = """
    CREATE TEMP TABLE bench_text AS
    SELECT nextval('mail_message_id_seq')::int AS message_id, *
      FROM (SELECT ticket.id AS ticket_id, ticket.partner_phone_sanitized AS number,
                   n, n %% 2 = 0 AS is_theirs, random() AS chance,
                   ticket.create_date + (now() AT TIME ZONE 'UTC' - ticket.create_date)
                       * random() AS moment
              FROM (SELECT n, CASE WHEN (n / 2) %% 2 = 0 THEN n %% %(count)s
                           ELSE floor(%(count)s * random() ^ 3)::int END AS place
                      FROM generate_series(1, %(count)s * %(texts)s) AS n) it
              JOIN helpdesk_ticket ticket
                ON ticket.id = (%(tickets)s::int[])[place + 1]
             ORDER BY moment) it
"""

MESSAGES = """
    INSERT INTO mail_message (id, create_uid, create_date, write_date, date, model,
        res_id, message_type, subtype_id, body)
    SELECT message_id, 1, moment, moment, moment, 'helpdesk.ticket', ticket_id, 'sms',
           %(note)s, '<p>Words</p>'
      FROM bench_text
"""

INBOUND = """
    INSERT INTO sms_inbound (company_id, provider, provider_sid, number, body,
        received_at, kind, ticket_id, mail_message_id, read_at, media_count, create_uid,
        create_date)
    SELECT %(company)s, 'sandbox', 'B' || message_id, number,
           'It jams again, and I have tried what you said. Text ' || n, moment,
           'conversation', ticket_id, message_id, moment + interval '1 hour', 0, 1,
           moment
      FROM bench_text WHERE is_theirs ORDER BY message_id
"""

OUTGOING = """
    INSERT INTO sms_sms (create_uid, create_date, write_uid, write_date, uuid, number,
        body, state, gate_verdict, gate_reason, failure_type, record_company_id,
        purpose_id, mail_message_id, segment_count, encoding, provider, sent_at,
        not_before, is_personal)
    SELECT 2, moment, 2, moment, md5(message_id::text), number,
           'Please switch it off and on again. Text ' || n,
           CASE WHEN chance < 0.05 THEN 'error' WHEN chance < 0.1 THEN 'canceled'
                ELSE 'sent' END,
           CASE WHEN chance BETWEEN 0.05 AND 0.1 THEN 'block' ELSE 'send' END,
           CASE WHEN chance BETWEEN 0.05 AND 0.1 THEN 'no_consent' ELSE 'consent' END,
           CASE WHEN chance < 0.05 THEN 'sms_not_delivered'
                WHEN chance < 0.1 THEN 'sms_no_consent' END,
           %(company)s, %(purpose)s, message_id, 1, 'GSM-7', 'sandbox', moment,
           moment, chance > 0.6
      FROM bench_text WHERE NOT is_theirs ORDER BY message_id
"""

#: What stands on the tickets: who has texted last waits, half of them unread.
WAITING = """
    WITH newest AS (
        SELECT ticket_id, max(moment) FILTER (WHERE is_theirs) AS theirs,
               max(moment) FILTER (WHERE NOT is_theirs) AS ours
          FROM bench_text GROUP BY ticket_id)
    UPDATE helpdesk_ticket ticket
       SET sms_last_inbound_at = theirs,
           sms_waiting_since = CASE WHEN stage_id = %(open)s AND theirs > ours
                                    THEN theirs END
      FROM newest WHERE newest.ticket_id = ticket.id
"""
UNREAD = """
    UPDATE sms_inbound SET read_at = NULL
      FROM helpdesk_ticket ticket
     WHERE ticket.id = ticket_id AND sms_waiting_since = received_at
       AND ticket.id %% 2 = 0
"""
SNOOZED = """
    UPDATE helpdesk_ticket
       SET sms_snoozed_until = now() AT TIME ZONE 'UTC' + interval '1 day'
     WHERE stage_id = %(open)s AND id %% 20 = 0
"""
HELD = """
    UPDATE sms_sms SET state = 'outgoing', gate_verdict = 'hold',
           not_before = now() AT TIME ZONE 'UTC' + interval '8 hours'
      FROM mail_message message
      JOIN helpdesk_ticket ticket ON ticket.id = message.res_id
     WHERE message.id = mail_message_id AND message.model = 'helpdesk.ticket'
       AND stage_id = %(open)s AND ticket.id %% 20 = 1
       AND sms_sms.id %% 10 = 0
"""
#: Every thirtieth has opted out, the others have agreed.
CONSENTS = """
    INSERT INTO sms_consent (company_id, number, number_hash, purpose_id, state, since,
                             event_id)
    SELECT %(company)s, partner_phone_sanitized, md5(partner_phone_sanitized),
           CASE WHEN id %% 30 = 0 THEN NULL ELSE %(purpose)s END,
           CASE WHEN id %% 30 = 0 THEN 'opted_out' ELSE 'opted_in' END, create_date,
           %(event)s
      FROM helpdesk_ticket WHERE id = ANY(%(tickets)s)
"""
FOLLOWERS = """
    INSERT INTO mail_followers (res_model, res_id, partner_id)
    SELECT 'helpdesk.ticket', ticket.id, owner.partner_id
      FROM helpdesk_ticket ticket JOIN res_users owner ON owner.id = ticket.user_id
     WHERE ticket.id = ANY(%(tickets)s)
"""
TABLES = (
    *("helpdesk_ticket", "mail_message", "sms_sms", "sms_inbound", "sms_consent"),
    *("mail_followers", "res_partner"),
)


def make_agents(env):
    """Return agents, all in all of some teams; the first sees all tickets."""
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
    return agents


def make_conversations(env, agents, first, count):
    """Make so many conversations, and texts with them; return how many texts."""
    others = count // 2
    teams = agents[0].helpdesk_team_ids
    values = {
        "first": first,
        "last": first + count - 1,
        "count": count,
        "others": others,
        "texts": TEXTS,
        "partners": make_people(env, american(first, count + others)),
        "company": env.company.id,
        "teams": teams.ids,
        "n_teams": len(teams),
        "agents": agents.ids,
        "n_agents": len(agents),
        "open": env.ref("helpdesk_mgmt.helpdesk_ticket_stage_in_progress").id,
        "closed": env.ref("helpdesk_mgmt.helpdesk_ticket_stage_done").id,
        "note": env.ref("mail.mt_note").id,
        "purpose": env["sms.purpose"]._get("ticket").id,
        "event": _make_event(env),
    }
    env.flush_all()
    env.cr.execute(f"{TICKETS} RETURNING id", values)
    values["tickets"] = [row[0] for row in env.cr.fetchall()][:count]
    env.cr.execute("ALTER TABLE sms_consent DISABLE TRIGGER USER")
    for query in (TEXT_TABLE, MESSAGES, INBOUND, OUTGOING, WAITING, UNREAD):
        env.cr.execute(query, values)
    for query in (SNOOZED, HELD, CONSENTS, FOLLOWERS):
        env.cr.execute(query, values)
    env.cr.execute("DROP TABLE bench_text")
    env.cr.execute("ALTER TABLE sms_consent ENABLE TRIGGER USER")
    env.invalidate_all()


def _make_event(env):
    """Return the event that all answers seem to follow from: no check would pass."""
    purpose = env["sms.purpose"]._get("ticket")
    events = env["sms.consent.event"]
    number = "+13035550100"
    return events._record(env.company, number, "granted", "import", purpose)[:1].id
