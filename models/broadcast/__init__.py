# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Texts to many people: areas, broadcasts, incidents and subscriptions.

Offers incidents, subscriptions and the hook that selects recipients.
May use desk and all below it.
"""

from . import (
    sms_area,
    mixins,
    sms_broadcast,
    sms_broadcast_approval,
    sms_broadcast_audience,
    sms_broadcast_job,
    sms_broadcast_people,
    sms_broadcast_plan,
    sms_broadcast_recipient,
    sms_incident,
    sms_incident_plan,
    sms_incident_news,
    sms_inbound,
    sms_subscription,
    sms_consent_form,
    sms_sms,
    helpdesk_ticket,
    sms_inbound_router,
)
