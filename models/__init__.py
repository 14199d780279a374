# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import (
    sms_purpose,
    sms_keyword,
    sms_reply,
    sms_consent_event,
    sms_consent,
    sms_consent_mixin,
    sms_gate,
    sms_sms,
    sms_dispatcher,
    sms_inbound,
    sms_inbound_router,
    mail_notification,
    res_company,
    res_config_settings,
    res_partner,
    helpdesk_ticket,
    helpdesk_ticket_stage,
    calendar_event,
)
from . import sms_virtual_phone, ir_websocket
