# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Makes messages with realistic fates, by SQL: a million take two minutes."""

#: Of a hundred texts so many have which fate: state, decision, its reason, failure.
FATES = (
    (82, "sent", "send", "consent", None),
    (4, "pending", "send", "consent", None),
    (5, "error", "send", "consent", "sms_not_delivered"),
    (6, "canceled", "block", "no_consent", "sms_no_consent"),
    (2, "canceled", "block", "opted_out", "sms_optout"),
    (1, "canceled", "send", "consent", "sms_replaced"),
)
TEMPLATES = 12
TEAMS = 6

OUTGOING = """
    INSERT INTO sms_sms (
        create_uid, create_date, write_uid, write_date, uuid, number, body, state,
        gate_verdict, gate_reason, failure_type, fault_id, record_company_id,
        purpose_id, template_id, sender_id, mail_message_id, segment_count, encoding,
        provider, sent_at, delivered_at, not_before, is_personal)
    SELECT 1, made_at, 1, made_at,
           md5(n::text), number, 'A text', fate.state, fate.verdict,
           fate.reason, fate.failure, CASE WHEN fate.state = 'error' THEN fault_id END,
           %(company)s, purpose_id, template_id,
           %(sender)s, message_id, 1 + (n %% 5 = 0)::int, 'GSM-7', 'sandbox',
           CASE WHEN fate.state <> 'canceled' THEN made_at + interval '2 s' END,
           CASE WHEN fate.state = 'sent'
                THEN made_at + interval '3 s' + random() * interval '40 s' END,
           made_at, FALSE
      FROM (
        SELECT n, floor(random() * 100)::int AS chance,
               now() at time zone 'UTC' - %(days)s * interval '1 day'
                   * (1 - (n::float / %(count)s)) AS made_at,
               '+1303' || (2000000 + floor(random() * %(people)s))::int AS number,
               (%(purposes_of)s::int[])[1 + n %% %(n_templates)s] AS purpose_id,
               (%(templates)s::int[])[1 + n %% %(n_templates)s] AS template_id,
               (%(messages)s::int[])[1 + n %% %(n_messages)s] AS message_id,
               (%(faults)s::int[])[1 + n %% %(n_faults)s] AS fault_id
          FROM generate_series(1, %(count)s) AS n) it
      JOIN LATERAL (
        SELECT * FROM (VALUES {fates}) AS fate (upto, state, verdict, reason, failure)
         WHERE it.chance < fate.upto ORDER BY fate.upto LIMIT 1) fate ON TRUE
  ORDER BY n
"""

#: About every tenth that arrived is answered, one in 200 by STOP.
INCOMING = """
    INSERT INTO sms_inbound (
        company_id, provider, provider_sid, number, body, received_at, kind, ticket_id,
        create_uid, create_date)
    SELECT %(company)s, 'sandbox', 'B' || id, number, 'An answer', moment,
           CASE WHEN chance < 0.004 THEN 'stop'
                WHEN chance < 0.03 THEN 'answer' ELSE 'conversation' END,
           res_id, 1, moment
      FROM (SELECT sms.id, sms.number, about.res_id, random() AS chance,
                   sms.sent_at + interval '1 minute'
                   + random() * random() * interval '20 hours' AS moment
              FROM sms_sms sms
              LEFT JOIN mail_message about ON about.id = sms.mail_message_id
             WHERE sms.state = 'sent' AND sms.body = 'A text'
               AND NOT sms.is_personal) it
     WHERE chance < 0.1 AND moment < now() at time zone 'UTC'
"""

#: Four of five who wait are answered by one of us, within two hours.
ANSWERS = """
    INSERT INTO sms_sms (
        create_uid, create_date, write_uid, write_date, uuid, number, body, state,
        gate_verdict, gate_reason, record_company_id, purpose_id, sender_id,
        mail_message_id, segment_count, encoding, provider, sent_at, delivered_at,
        not_before, is_personal)
    SELECT 2, made_at, 1, made_at, md5('A' || id), number, 'A text', 'sent',
           'send', 'conversation', %(company)s, (%(purposes)s::int[])[1], %(sender)s,
           message_id, 1, 'GSM-7', 'sandbox', made_at, made_at + interval '8 s',
           made_at, TRUE
      FROM (SELECT text.id, text.number,
                   (%(messages)s::int[])[1 + text.id %% %(n_messages)s] AS message_id,
                   text.received_at + interval '3 minutes'
                   + random() * random() * interval '4 hours' AS made_at
              FROM sms_inbound text
             WHERE text.kind = 'conversation' AND text.body = 'An answer'
               AND random() < 0.8) it
     WHERE made_at < now() at time zone 'UTC'
"""

#: The ledger: each STOP, and about thrice as many who have agreed. For counting only:
#: they share one piece of evidence, which no verification would pass.
EVENTS = """
    INSERT INTO sms_consent_event (
        company_id, number_hash, purpose_id, event, method, happened_at, recorded_at,
        user_id, evidence_id, evidence_digest)
    SELECT %(company)s, md5(number),
           CASE WHEN kind <> 'stop' THEN (%(purposes)s::int[])[1] END,
           CASE WHEN kind = 'stop' THEN 'revoked' ELSE 'granted' END, 'keyword',
           received_at, received_at, 1, %(evidence)s, 'none'
      FROM sms_inbound
     WHERE body = 'An answer' AND (kind = 'stop' OR random() < 0.12)
"""


def make_messages(env, count, days):
    """Make outgoing texts, evenly over some days until now, and what was answered."""
    sender = env["sms.sender"].search([("company_id", "=", env.company.id)], limit=1)
    if not sender:
        sandbox = dict.fromkeys(("provider", "address", "kind"), "sandbox")
        sender = sender.create({"company_id": env.company.id, **sandbox})
    codes = ("ticket", "appointment", "alert")
    values = {
        "count": count,
        "days": days,
        "people": max(count // 8, 50),
        "company": env.company.id,
        "sender": sender.id,
        "purposes": [env["sms.purpose"]._get(code).id for code in codes],
        **get_templates(env),
        "messages": make_subjects(env),
        "faults": env["sms.fault"].search([], limit=4).ids,
    }
    for name in ("templates", "messages", "faults"):
        values[f"n_{name}"] = len(values[name])
    env.cr.execute(OUTGOING.replace("{fates}", get_fates()), values)
    env.cr.execute(INCOMING, values)
    env.cr.execute(ANSWERS, values)
    env.cr.execute(
        "INSERT INTO sms_consent_evidence (company_id) VALUES (%s) RETURNING id",
        [env.company.id],
    )
    values["evidence"] = env.cr.fetchone()[0]
    env.cr.execute(EVENTS, values)
    env.cr.execute("ANALYZE sms_sms, sms_inbound, sms_day")


def get_fates():
    """Return the fates as SQL, each with the chance below which it is met."""
    rows, upto = [], 0
    for share, *fate in FATES:
        upto += share
        words = ", ".join("NULL" if it is None else f"'{it}'" for it in fate)
        rows.append(f"({upto}, {words})")
    return ", ".join(rows)


def get_templates(env):
    """Return the ids of templates, and of the purpose that each is for."""
    from odoo.addons.helpdesk_mgmt_sms.tools.purpose_rules import MessageSource

    templates = env["sms.template"].search([], limit=TEMPLATES)
    find = env["sms.purpose.rule"]._find_purpose
    sources = [MessageSource(it.model, it.id) for it in templates]
    purposes = [find(env.company, source).id for source in sources]
    return {"templates": templates.ids, "purposes_of": purposes}


def make_subjects(env):
    """Return chatter messages on tickets of some teams, that texts are about."""
    teams = env["helpdesk.ticket.team"].search([], limit=TEAMS)
    missing = range(TEAMS - len(teams))
    teams |= teams.create([{"name": f"Team {place + 1}"} for place in missing])
    ticket = {"name": "Bench", "description": "Bench"}
    tickets = env["helpdesk.ticket"].create(
        [{**ticket, "team_id": team.id} for team in teams for _place in range(20)]
    )
    return tickets.message_ids.filtered("model").ids
