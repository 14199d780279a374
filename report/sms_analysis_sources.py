# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Where the facts of text messages come from, each as the parts of a SELECT.

``columns`` holds expressions by column (``sms_analysis_query.DETAILS``,
``sms_figures.DIMENSIONS`` and ``MEASURES``); what a source does not name it does not
know.
"""

from .sms_analysis_source import Source
from .sms_analysis_texts import INCOMING, OUTGOING

#: The purpose of what is not a text itself, but about such.
ALERTS = "(SELECT id FROM sms_purpose WHERE code = 'alert')"

CONSENT = Source(
    "consent",
    "event.recorded_at",
    "event.id",
    "event.company_id",
    "sms_consent_event event",
    "event.event IN ('granted', 'confirmed', 'restored', 'revoked')",
    {
        "purpose_id": "event.purpose_id",
        "opt_in_count": "(event.event <> 'revoked')::int",
        "opt_out_count": "(event.event = 'revoked')::int",
    },
)

APPOINTMENT = Source(
    "appointment",
    "event.start",
    "event.id",
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
)

RATING = Source(
    "rating",
    "rating.write_date",
    "rating.id",
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
)

CLICK = Source(
    "click",
    "click.create_date",
    "click.id",
    "link.sms_company_id",
    """link_tracker_click click
       JOIN link_tracker link ON link.id = click.link_id""",
    "link.sms_company_id IS NOT NULL",
    {
        "broadcast_id": "link.sms_broadcast_id",
        "template_id": "link.sms_template_id",
        "purpose_id": f"CASE WHEN link.sms_broadcast_id IS NOT NULL THEN {ALERTS} END",
        "click_count": "1",
    },
)

RECIPIENT = Source(
    "recipient",
    "broadcast.started_at",
    "own.id",
    "broadcast.company_id",
    """sms_broadcast_recipient own
       JOIN sms_broadcast broadcast ON broadcast.id = own.broadcast_id""",
    "broadcast.started_at IS NOT NULL",
    {
        "partner_id": "own.partner_id",
        "masked_number": "'…' || right(own.number, 4)",
        "broadcast_id": "own.broadcast_id",
        "incident_id": "broadcast.incident_id",
        "user_id": "broadcast.user_id",
        "purpose_id": ALERTS,
        "gate_reason": "CASE WHEN own.outcome = 'blocked' THEN own.reason END",
        "concerned_count": "1",
        "left_out_count": "(own.outcome IN "
        "('blocked', 'no_number', 'duplicate', 'muted'))::int",
    },
)

NEWS = Source(
    "news",
    "news.published_at",
    "news.id",
    "incident.company_id",
    """sms_incident_news news
       JOIN sms_incident incident ON incident.id = news.incident_id""",
    "TRUE",
    {
        "incident_id": "news.incident_id",
        "user_id": "news.user_id",
        "purpose_id": ALERTS,
        "news_count": "1",
    },
)

MUTE = Source(
    "mute",
    "mute.muted_at",
    "mute.id",
    "mute.company_id",
    "sms_incident_mute mute",
    "TRUE",
    {
        "partner_id": "mute.partner_id",
        "masked_number": "'…' || right(mute.number, 4)",
        "incident_id": "mute.incident_id",
        "purpose_id": ALERTS,
        "mute_count": "1",
    },
)

ALERT = Source(
    "alert",
    "alert.created_at",
    "alert.id",
    "alert.company_id",
    "sms_team_alert alert",
    "TRUE",
    {
        "user_id": "alert.acknowledged_by_id",
        "purpose_id": "(SELECT id FROM sms_purpose WHERE code = 'internal')",
        "automation_id": "alert.automation_id",
        "team_id": "alert.team_id",
        "alert_count": "1",
        "alert_taken_count": "(alert.acknowledged_at IS NOT NULL)::int",
        "alert_in_time_count": "COALESCE(alert.is_in_time, FALSE)::int",
        "alert_seconds": "EXTRACT(EPOCH FROM alert.acknowledged_at - alert.created_at)",
    },
)

SOURCES = (
    OUTGOING,
    INCOMING,
    CONSENT,
    APPOINTMENT,
    RATING,
    CLICK,
    ALERT,
    RECIPIENT,
    NEWS,
    MUTE,
)
