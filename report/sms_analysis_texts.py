# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Texts as sources of facts: those that left, and those that came."""

from ..models.sms_price import COST, PICK
from ..tools import verdicts
from .sms_analysis_source import Source

#: A text is a reply to our last one within so many hours.
REPLY_HOURS = 72
#: What we text later than this is no answer.
ANSWER_DAYS = 7

#: The last message that who texted had got from us before. An aggregate has one row,
#: and the database knows: what nobody asks for is not looked up.
LAST_MESSAGE = f"""
    SELECT max(it.purpose_id) AS purpose_id, max(it.template_id) AS template_id,
           max(it.automation_id) AS automation_id, max(it.broadcast_id) AS broadcast_id,
           max(it.incident_id) AS incident_id, max(it.sender_id) AS sender_id,
           max(it.said_at) AS sent_at
      FROM (SELECT sms.*, COALESCE(sms.sent_at, sms.create_date) AS said_at
              FROM sms_sms sms
             WHERE sms.record_company_id = text.company_id AND sms.number = text.number
               AND sms.state IN ('pending', 'sent') AND sms.exemption IS NULL
               AND COALESCE(sms.sent_at, sms.create_date) <= text.received_at
               AND COALESCE(sms.sent_at, sms.create_date)
                   > text.received_at - interval '{REPLY_HOURS} hours'
          ORDER BY sms.id DESC LIMIT 1) it
"""

#: Our first answer to a text that nobody was asked to answer before. One that is not
#: asked has been part of what somebody was waiting for already. An aggregate, as above.
ANSWER = f"""
    SELECT count(*) > 0 AS is_asked, max(our.create_date) AS answered_at,
           max(our.create_uid) AS user_id
      FROM (SELECT max(sms.create_date) AS said_at
              FROM sms_sms sms
             WHERE sms.record_company_id = text.company_id AND sms.number = text.number
               AND sms.is_personal AND sms.state <> 'canceled'
               AND sms.create_date <= text.received_at) before
 LEFT JOIN LATERAL (
           SELECT sms.create_date, sms.create_uid
             FROM sms_sms sms
            WHERE sms.record_company_id = text.company_id AND sms.number = text.number
              AND sms.is_personal AND sms.state <> 'canceled'
              AND sms.create_date > text.received_at
              AND sms.create_date <= text.received_at + interval '{ANSWER_DAYS} days'
         ORDER BY sms.id LIMIT 1) our ON TRUE
     WHERE text.kind = 'conversation' AND NOT EXISTS (
           SELECT 1 FROM sms_inbound other
            WHERE other.company_id = text.company_id AND other.number = text.number
              AND other.kind = 'conversation' AND other.id < text.id
              AND other.received_at > COALESCE(before.said_at, '-infinity'))
"""

IS_BLOCKED = (
    "sms.state = 'canceled' AND sms.gate_verdict = 'block'"
    " AND COALESCE(sms.failure_type, '') <> 'sms_expired'"
    f" AND COALESCE(sms.gate_reason, '') NOT IN {verdicts.CALLED_OFF}"
)
IS_SENT = "(sms.sent_at IS NOT NULL OR sms.state IN ('pending', 'sent'))"

#: The price by the table, where the carrier has not said what a text has cost.
PRICE = (
    "CASE WHEN sms.price_currency_id IS NULL AND {is_sent} THEN ({price}) END".format(
        is_sent=IS_SENT,
        price=PICK.format(
            company="sms.record_company_id",
            provider="sms.provider",
            number="sms.number",
            day="COALESCE(sms.sent_at, sms.create_date)",
        ),
    )
)

OUTGOING = Source(
    "outgoing",
    "sms.create_date",
    "sms.id",
    "sms.record_company_id",
    f"""sms_sms sms
       LEFT JOIN sms_price price ON price.id = ({PRICE})
       LEFT JOIN mail_message about
              ON about.id = sms.mail_message_id AND about.model = 'helpdesk.ticket'
       LEFT JOIN helpdesk_ticket ticket ON ticket.id = about.res_id""",
    "TRUE",
    {
        "partner_id": "sms.partner_id",
        "masked_number": "'…' || right(sms.number, 4)",
        "automation_id": "sms.automation_id",
        "broadcast_id": "sms.broadcast_id",
        "incident_id": "sms.incident_id",
        "user_id": "CASE WHEN sms.is_personal THEN sms.create_uid END",
        "outcome": f"""CASE WHEN {IS_BLOCKED} THEN 'blocked'
            WHEN sms.state = 'canceled' THEN 'cancelled'
            WHEN sms.state = 'outgoing' AND sms.gate_verdict = 'hold' THEN 'held'
            WHEN sms.state IN ('outgoing', 'process') THEN 'waiting'
            WHEN sms.state = 'unknown' THEN 'checking'
            WHEN sms.state = 'sent' THEN 'delivered'
            WHEN sms.state = 'error' THEN 'failed' ELSE 'sent' END""",
        "purpose_id": "sms.purpose_id",
        "template_id": "sms.template_id",
        "team_id": "ticket.team_id",
        "sender_id": "sms.sender_id",
        "fault_id": "CASE WHEN sms.state = 'error' THEN sms.fault_id END",
        "gate_reason": "CASE WHEN sms.state IN ('canceled', 'outgoing') "
        "THEN sms.gate_reason END",
        "failure_type": "CASE WHEN sms.state IN ('canceled', 'error') "
        "THEN sms.failure_type END",
        "currency_id": "COALESCE(sms.price_currency_id, price.currency_id)",
        "made_count": "1",
        "sent_count": f"({IS_SENT})::int",
        "delivered_count": "(sms.state = 'sent')::int",
        "failed_count": "(sms.state = 'error')::int",
        "blocked_count": f"({IS_BLOCKED})::int",
        "waiting_count": "(sms.state IN ('outgoing', 'process', 'unknown'))::int",
        "cancelled_count": f"(sms.state = 'canceled' AND NOT ({IS_BLOCKED}))::int",
        "segment_count": f"CASE WHEN {IS_SENT} THEN sms.segment_count ELSE 0 END",
        "cost": f"""CASE WHEN sms.price_currency_id IS NOT NULL THEN sms.price
            ELSE COALESCE({COST}, 0) END""",
        "priced_count": "(sms.price_currency_id IS NOT NULL)::int",
        "reached_count": f"(sms.broadcast_id IS NOT NULL AND sms.state <> 'error' "
        f"AND {IS_SENT})::int",
        "known_count": "(sms.incident_id IS NOT NULL AND sms.broadcast_id IS NULL "
        f"AND {IS_SENT})::int",
        "timed_count": "(sms.state = 'sent' AND sms.delivered_at >= sms.sent_at)::int",
        "delivery_seconds": """CASE WHEN sms.state = 'sent'
            AND sms.delivered_at >= sms.sent_at
            THEN EXTRACT(EPOCH FROM sms.delivered_at - sms.sent_at) END""",
    },
)

INCOMING = Source(
    "incoming",
    "text.received_at",
    "text.id",
    "text.company_id",
    f"""sms_inbound text
       LEFT JOIN helpdesk_ticket ticket ON ticket.id = text.ticket_id
       LEFT JOIN LATERAL ({LAST_MESSAGE}) last ON TRUE
       LEFT JOIN LATERAL ({ANSWER}) answer ON TRUE""",
    "TRUE",
    {
        "partner_id": "text.partner_id",
        "masked_number": "'…' || right(text.number, 4)",
        "automation_id": "last.automation_id",
        "broadcast_id": "last.broadcast_id",
        "incident_id": "last.incident_id",
        "user_id": "answer.user_id",
        "inbound_kind": "text.kind",
        "purpose_id": "last.purpose_id",
        "template_id": "last.template_id",
        "team_id": "ticket.team_id",
        "sender_id": "last.sender_id",
        "received_count": "1",
        "reply_count": "(last.sent_at IS NOT NULL AND text.kind <> 'stop')::int",
        "reply_seconds": """CASE WHEN text.kind <> 'stop'
            THEN EXTRACT(EPOCH FROM text.received_at - last.sent_at) END""",
        "stop_count": "(text.kind = 'stop')::int",
        "asked_count": "answer.is_asked::int",
        "answered_count": "(answer.answered_at IS NOT NULL)::int",
        "answer_seconds": "EXTRACT(EPOCH FROM answer.answered_at - text.received_at)",
    },
)
