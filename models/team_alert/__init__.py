# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Team alerts: texts and calls the team until somebody takes the alert.

Offers raising an alert and the lookup of who is on call.
May use automation and all below it.
"""

from . import (
    sms_team_alert,
    sms_team_alert_escalation,
    sms_team_alert_source,
    sms_alert_source,
    sms_alert_trouble,
    sms_team_alert_call,
    sms_sms,
    res_users,
    mail_thread,
    sms_team_alert_plan,
    sms_team_alert_entry,
    sms_oncall,
    sms_oncall_gap,
    sms_oncall_shift,
    sms_oncall_turn,
    sms_question,
    sms_automation,
    helpdesk_ticket,
    helpdesk_ticket_team,
)
