# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The query for all facts about text messages, one row each.

The analysis reads it as it is, and ``sms.day`` sums it by day. Columns that a kind of
fact does not have are NULL, counts are 0.
"""

from typing import NamedTuple

from odoo.tools import SQL

from ..models.dispatch.sms_price import COST, PICK
from ..tools import verdicts
from .sms_figures import DIMENSIONS, MEASURES, RATES


class Source(NamedTuple):
    """A source of facts: its kind and the parts of its SELECT."""

    kind: str
    moment: str
    company: str
    tables: str
    condition: str
    columns: dict

    @property
    def model(self):
        """The model of its first table."""
        return self.tables.split()[0].replace("_", ".")

    @property
    def row_id(self):
        """The id in its first table."""
        return f"{self.tables.split()[1]}.id"


def _take(alias, *names):
    """Return columns that link to a record, taken from a table as they are."""
    return {f"{name}_id": f"{alias}.{name}_id" for name in names}


#: A text within this many hours after our last one counts as a reply to it.
REPLY_HOURS = 72
#: Nobody replies to a text created more than this many days before. The limit lets an
#: index find the few candidates, instead of reading years of texts with a person.
MADE_DAYS = 31
#: After so long a wait is over: a later text of ours is no answer, one of theirs waits
#: anew.
ANSWER_DAYS = 7

#: Our last message to a text's sender before it. An aggregate, which has exactly one
#: row, so that the database can skip the lookup if none of its columns is used.
LAST_MESSAGE = f"""
    SELECT max(it.purpose_id) AS purpose_id, max(it.template_id) AS template_id,
           max(it.automation_id) AS automation_id, max(it.broadcast_id) AS broadcast_id,
           max(it.incident_id) AS incident_id, max(it.sender_id) AS sender_id,
           max(it.said_at) AS sent_at
      FROM (SELECT sms.*, COALESCE(sms.sent_at, sms.create_date) AS said_at
              FROM sms_sms sms
             WHERE sms.record_company_id = text.company_id AND sms.number = text.number
               AND sms.state IN ('pending', 'sent') AND sms.exemption IS NULL
               AND sms.is_call IS NOT TRUE
               AND COALESCE(sms.sent_at, sms.create_date) <= text.received_at
               AND COALESCE(sms.sent_at, sms.create_date)
                   > text.received_at - interval '{REPLY_HOURS} hours'
               AND sms.create_date <= text.received_at
               AND sms.create_date > text.received_at - interval '{MADE_DAYS} days'
          ORDER BY sms.create_date DESC, sms.id DESC LIMIT 1) it
"""

#: Our first answer to a text that starts a wait. Later texts (``is_asked`` is false)
#: belong to the same wait, and of an erased one nobody knows. An aggregate, as above.
ANSWER = f"""
    SELECT count(*) > 0 AS is_asked, max(our.create_date) AS answered_at,
           max(our.create_uid) AS user_id
      FROM (SELECT max(other.received_at) AS received_at
              FROM sms_inbound other
             WHERE other.company_id = text.company_id AND other.number = text.number
               AND other.kind = 'conversation' AND other.is_thanks IS NOT TRUE
               AND other.received_at > text.received_at - interval '{ANSWER_DAYS} days'
               AND (other.received_at, other.id) < (text.received_at, text.id)) earlier
 LEFT JOIN LATERAL (
           SELECT sms.create_date, sms.create_uid
             FROM sms_sms sms
            WHERE sms.record_company_id = text.company_id AND sms.number = text.number
              AND sms.is_personal AND sms.state NOT IN ('canceled', 'error')
              AND sms.create_date > text.received_at
              AND sms.create_date <= text.received_at + interval '{ANSWER_DAYS} days'
         ORDER BY sms.create_date, sms.id LIMIT 1) our ON TRUE
     WHERE text.kind = 'conversation' AND text.is_thanks IS NOT TRUE
       AND text.number IS NOT NULL
       AND (earlier.received_at IS NULL OR EXISTS (
           SELECT FROM sms_sms sms
            WHERE sms.record_company_id = text.company_id AND sms.number = text.number
              AND sms.is_personal AND sms.state NOT IN ('canceled', 'error')
              AND sms.create_date BETWEEN earlier.received_at AND text.received_at))
"""

IS_BLOCKED = (
    "sms.state = 'canceled' AND sms.gate_verdict = 'block'"
    " AND COALESCE(sms.failure_type, '') <> 'sms_expired'"
    f" AND COALESCE(sms.gate_reason, '') NOT IN {verdicts.CALLED_OFF}"
)
IS_SENT = "(sms.sent_at IS NOT NULL OR sms.state IN ('pending', 'sent'))"
IS_TIMED = "sms.state = 'sent' AND sms.delivered_at >= sms.sent_at"

#: The list price, if the carrier has not reported the cost of a text. That there is no
#: price list is looked up once, not for each text.
LISTED = PICK.format(
    company="sms.record_company_id",
    provider="sms.provider",
    number="sms.number",
    day="COALESCE(sms.sent_at, sms.create_date)",
)
PRICE = f"""CASE WHEN sms.price_currency_id IS NULL AND {IS_SENT}
    AND EXISTS (SELECT FROM sms_price) THEN ({LISTED}) END"""

#: The purpose of facts about alerts that are not texts.
ALERTS = "(SELECT id FROM sms_purpose WHERE code = 'alert')"

#: All facts. The order is part of their ids.
SOURCES = (
    Source(
        "outgoing",
        "sms.create_date",
        "sms.record_company_id",
        f"""sms_sms sms
           LEFT JOIN sms_price price ON price.id = ({PRICE})
           LEFT JOIN mail_message about
                  ON about.id = sms.mail_message_id AND about.model = 'helpdesk.ticket'
           LEFT JOIN helpdesk_ticket ticket ON ticket.id = about.res_id""",
        "sms.is_call IS NOT TRUE",
        {
            **_take("sms", "partner", "automation", "broadcast", "incident"),
            "masked_number": "'…' || right(sms.number, 4)",
            "user_id": "CASE WHEN sms.is_personal THEN sms.create_uid END",
            "outcome": f"""CASE WHEN {IS_BLOCKED} THEN 'blocked'
                WHEN sms.state = 'canceled' THEN 'cancelled'
                WHEN sms.state = 'outgoing' AND sms.gate_verdict = 'hold' THEN 'held'
                WHEN sms.state IN ('outgoing', 'process') THEN 'waiting'
                WHEN sms.state = 'unknown' THEN 'checking'
                WHEN sms.state = 'sent' THEN 'delivered'
                WHEN sms.state = 'error' THEN 'failed' ELSE 'sent' END""",
            **_take("sms", "purpose", "template", "sender"),
            "team_id": "ticket.team_id",
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
            "reached_count": "(sms.broadcast_id IS NOT NULL "
            "AND sms.state IN ('pending', 'sent'))::int",
            "known_count": "(sms.incident_id IS NOT NULL AND sms.broadcast_id IS NULL "
            f"AND {IS_SENT})::int",
            "timed_count": f"({IS_TIMED})::int",
            "delivery_seconds": f"""CASE WHEN {IS_TIMED}
                THEN EXTRACT(EPOCH FROM sms.delivered_at - sms.sent_at) END""",
        },
    ),
    Source(
        "incoming",
        "text.received_at",
        "text.company_id",
        f"""sms_inbound text
           LEFT JOIN helpdesk_ticket ticket ON ticket.id = text.ticket_id
           LEFT JOIN LATERAL ({LAST_MESSAGE}) last ON TRUE
           LEFT JOIN LATERAL ({ANSWER}) answer ON TRUE""",
        "TRUE",
        {
            "partner_id": "text.partner_id",
            "masked_number": "'…' || right(text.number, 4)",
            **_take("last", "automation", "broadcast", "incident"),
            "user_id": "answer.user_id",
            "inbound_kind": "text.kind",
            **_take("last", "purpose", "template", "sender"),
            "team_id": "ticket.team_id",
            "received_count": "1",
            "reply_count": "(last.sent_at IS NOT NULL AND text.kind <> 'stop')::int",
            "reply_seconds": """CASE WHEN text.kind <> 'stop'
                THEN EXTRACT(EPOCH FROM text.received_at - last.sent_at) END""",
            "stop_count": "(text.kind = 'stop')::int",
            "asked_count": "answer.is_asked::int",
            "answered_count": "(answer.answered_at IS NOT NULL)::int",
            "answer_seconds": "EXTRACT(EPOCH FROM answer.answered_at "
            "- text.received_at)",
        },
    ),
    Source(
        "consent",
        "event.recorded_at",
        "event.company_id",
        "sms_consent_event event",
        "event.event IN ('granted', 'confirmed', 'restored', 'revoked')",
        {
            "purpose_id": "event.purpose_id",
            "opt_in_count": "(event.event <> 'revoked')::int",
            "opt_out_count": "(event.event = 'revoked')::int",
        },
    ),
    Source(
        "appointment",
        "event.start",
        "event.sms_company_id",
        """calendar_event event
           LEFT JOIN helpdesk_ticket ticket ON ticket.id = event.ticket_id""",
        "event.active AND event.sms_enabled AND event.sms_confirmation IS NOT NULL",
        {
            "user_id": "event.technician_id",
            "purpose_id": "(SELECT id FROM sms_purpose WHERE code = 'appointment')",
            "team_id": "ticket.team_id",
            "visit_count": "1",
            "visit_confirmed_count": "(event.sms_confirmation = 'confirmed')::int",
            "visit_moved_count": """(EXISTS (SELECT 1 FROM sms_reminder told
                WHERE told.event_id = event.id AND told.kind = 'moved'
                  AND told.state = 'sent'))::int""",
            "visit_missed_count": """(EXISTS (SELECT 1 FROM sms_reminder told
                WHERE told.event_id = event.id AND told.kind = 'no_show'))::int""",
        },
    ),
    Source(
        "rating",
        "rating.write_date",
        "ticket.company_id",
        """rating_rating rating
           JOIN helpdesk_ticket ticket ON ticket.id = rating.res_id""",
        "rating.consumed AND rating.res_model = 'helpdesk.ticket'",
        {
            "partner_id": "rating.partner_id",
            "user_id": "ticket.user_id",
            "purpose_id": "(SELECT id FROM sms_purpose WHERE code = 'ticket')",
            "team_id": "ticket.team_id",
            "rating_count": "1",
            "rating_sum": "rating.rating",
        },
    ),
    Source(
        "click",
        "click.create_date",
        "link.sms_company_id",
        """link_tracker_click click
           JOIN link_tracker link ON link.id = click.link_id""",
        "link.sms_company_id IS NOT NULL",
        {
            "broadcast_id": "link.sms_broadcast_id",
            "template_id": "link.sms_template_id",
            "purpose_id": "CASE WHEN link.sms_broadcast_id IS NOT NULL "
            f"THEN {ALERTS} END",
            "click_count": "1",
        },
    ),
    Source(
        "alert",
        "alert.created_at",
        "alert.company_id",
        "sms_team_alert alert",
        "TRUE",
        {
            "user_id": "alert.acknowledged_by_id",
            "purpose_id": "(SELECT id FROM sms_purpose WHERE code = 'internal')",
            **_take("alert", "automation", "team"),
            "alert_count": "1",
            "alert_taken_count": "(alert.acknowledged_at IS NOT NULL)::int",
            "alert_in_time_count": "COALESCE(alert.is_in_time, FALSE)::int",
            "alert_seconds": "EXTRACT(EPOCH FROM alert.acknowledged_at "
            "- alert.created_at)",
        },
    ),
    Source(
        "recipient",
        "broadcast.started_at",
        "broadcast.company_id",
        """sms_broadcast_recipient own
           JOIN sms_broadcast broadcast ON broadcast.id = own.broadcast_id""",
        "broadcast.started_at IS NOT NULL",
        {
            **_take("own", "partner", "broadcast"),
            "masked_number": "'…' || right(own.number, 4)",
            **_take("broadcast", "incident", "user"),
            "purpose_id": ALERTS,
            "gate_reason": "CASE WHEN own.outcome = 'blocked' THEN own.reason END",
            "concerned_count": "1",
            "left_out_count": "(own.outcome IN "
            "('blocked', 'no_number', 'duplicate', 'muted'))::int",
        },
    ),
    Source(
        "news",
        "news.published_at",
        "incident.company_id",
        """sms_incident_news news
           JOIN sms_incident incident ON incident.id = news.incident_id""",
        "TRUE",
        {**_take("news", "incident", "user"), "purpose_id": ALERTS, "news_count": "1"},
    ),
    Source(
        "mute",
        "mute.muted_at",
        "mute.company_id",
        "sms_incident_mute mute",
        "TRUE",
        {
            **_take("mute", "partner", "incident"),
            "masked_number": "'…' || right(mute.number, 4)",
            "purpose_id": ALERTS,
            "mute_count": "1",
        },
    ),
    # Calls have no segments, and no list price: the carrier reports what each costs.
    Source(
        "call",
        "sms.create_date",
        "sms.record_company_id",
        "sms_sms sms",
        "sms.is_call",
        {
            **_take("sms", "partner", "purpose", "sender"),
            "masked_number": "'…' || right(sms.number, 4)",
            "currency_id": "sms.price_currency_id",
            "call_count": f"({IS_SENT})::int",
            "call_cost": "CASE WHEN sms.price_currency_id IS NOT NULL "
            "THEN sms.price ELSE 0 END",
        },
    ),
)
#: Columns, with types, that single facts have in addition to ``sms.day``.
DETAILS = {
    **dict.fromkeys(("partner_id", "user_id"), "int4"),
    **dict.fromkeys(("automation_id", "broadcast_id", "incident_id"), "int4"),
    **dict.fromkeys(("masked_number", "outcome", "inbound_kind"), "varchar"),
}


def make_facts(kind=None, since=None, until=None, company_ids=None):
    """Return the query for all facts, or those of one kind.

    A fact's id is the id of its row times the number of sources, plus the index in
    :data:`SOURCES`.

    :param datetime since: UTC; only facts from then on
    :param datetime until: UTC; only facts before
    """
    return SQL(" UNION ALL ").join(
        _select(place, source, since, until, company_ids)
        for place, source in enumerate(SOURCES)
        if kind in (None, source.kind)
    )


def _select(place, source, since, until, company_ids):
    """Return the SELECT of a source, with all columns in a fixed order and type."""
    columns = [
        SQL(f"{source.row_id}::bigint * {len(SOURCES)} + {place} AS id"),
        SQL(f"'{source.kind}'::varchar AS kind"),
        SQL(f"{source.moment} AS date"),
        SQL(f"{source.company} AS company_id"),
    ]
    for name, kind in {**DETAILS, **DIMENSIONS, **MEASURES}.items():
        if name not in ("kind", "company_id"):
            value = source.columns.get(name, "0" if name.endswith("_count") else "NULL")
            columns.append(SQL(f"({value})::{kind} AS {name}"))
    columns += [SQL(f"NULL::float8 AS {name}") for name in RATES]
    conditions = [SQL(f"({source.condition})")]
    if since:
        conditions.append(SQL(f"{source.moment} >= %s", since))
    if until:
        conditions.append(SQL(f"{source.moment} < %s", until))
    if company_ids is not None:
        conditions.append(SQL(f"{source.company} = ANY(%s)", company_ids))
    condition = SQL(" AND ").join(conditions)
    tables = SQL(source.tables)
    return SQL("SELECT %s FROM %s WHERE %s", SQL(", ").join(columns), tables, condition)
