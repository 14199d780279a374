# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Team alerts: texts and calls the team until somebody takes the alert.

Offers raising an alert and the lookup of who is on call.
May use automation and all below it.
"""

from . import (
    sms_team_alert,
    sms_team_alert_escalation,
    sms_alert_source,
    sms_team_alert_call,
    sms_sms,
    res_users,
    sms_team_alert_plan,
    sms_team_alert_entry,
    sms_oncall,
    sms_oncall_shift,
    sms_question,
    sms_automation,
    helpdesk_ticket,
    helpdesk_ticket_team,
)
