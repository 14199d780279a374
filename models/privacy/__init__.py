# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Personal data: evidence, erasure and retention.

Offers erasure, retention, redaction at the carrier, and evidence packets.
May use all rooms.
"""

from . import (
    sms_erasure,
    sms_retention,
    sms_redaction,
    sms_evidence,
    sms_evidence_packet,
    sms_evidence_audit,
    sms_evidence_lookup,
    bus_bus,
    sms_outbox_watch,
    sms_sms,
    sms_broadcast,
    sms_inbound,
    sms_webhook_event,
    sms_consent,
    sms_consent_evidence,
    sms_consent_import,
    sms_consent_paper,
    sms_consent_review,
    phone_blacklist,
    mail_notification,
    helpdesk_ticket,
    calendar_event,
    res_company,
)
