# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Say "cancelled", "acknowledged" and "escalated" in texts that nobody has edited.

They are noupdate, since managers edit them: an upgrade by itself leaves them alone.
"""

from odoo import SUPERUSER_ID, api

from odoo.addons.helpdesk_mgmt_sms.hooks import reword_shipped

#: Record and field: text as formerly shipped, text as shipped now.
WORDS = {
    ("sms_template_appointment_called_off", "name"): (
        "Appointment: called off",
        "Appointment: cancelled",
    ),
    ("sms_template_appointment_called_off", "body"): (
        "Hi {{ object.sms_customer_name }}, your IT appointment with {{ "
        "object.sms_technician_name }}{{ object.sms_ticket_note }} on {{ "
        "object.sms_when }}{{ object.sms_series_note }} is called off. Reply to this "
        "text to arrange another time.",
        "Hi {{ object.sms_customer_name }}, your IT appointment with {{ "
        "object.sms_technician_name }}{{ object.sms_ticket_note }} on {{ "
        "object.sms_when }}{{ object.sms_series_note }} is cancelled. Reply to this "
        "text to arrange another time.",
    ),
    ("sms_automation_appointment_called_off", "name"): (
        "Appointment: called off",
        "Appointment: cancelled",
    ),
    ("sms_reply_appointment_called_off", "name"): (
        "An appointment is called off",
        "An appointment is cancelled",
    ),
    ("sms_reply_appointment_called_off", "body"): (
        "{company}: your appointment {when} is called off. Reply to this text to "
        "arrange another time.",
        "{company}: your appointment {when} is cancelled. Reply to this text to "
        "arrange another time.",
    ),
    ("sms_reply_stop_appointment", "body"): (
        "{company}: you are opted out and will get no more texts from us. Did you "
        "mean your appointment {when}? Reply 3 to call it off too. Reply START to get "
        "texts again.",
        "{company}: you are opted out and will get no more texts from us. Did you "
        "mean your appointment {when}? Reply 3 to cancel it too. Reply START to get "
        "texts again.",
    ),
    ("fault_too_fast", "advice"): (
        "It is sent as soon as the carrier takes it.",
        "It is sent as soon as the carrier accepts it.",
    ),
    ("fault_no_connection", "advice"): (
        "It is tried again by itself.",
        "It is tried again automatically.",
    ),
    ("fault_no_answer", "name"): (
        "The carrier did not say if it took the message",
        "The carrier did not say whether it accepted the message",
    ),
    ("fault_closed_hours", "advice"): (
        "It is tried again by itself.",
        "It is tried again automatically.",
    ),
    ("fault_locked", "advice"): (
        "Tell an administrator: it leaves when the key is there.",
        "Tell an administrator: it is sent once the key is there.",
    ),
    ("sms_reply_alert_acknowledged", "name"): (
        "Team alert: taken",
        "Team alert: acknowledged",
    ),
    ("sms_reply_alert_acknowledged", "body"): (
        "You have taken: {alert}. Reply {resolve} when it is resolved, {escalate} to "
        "pass it on.",
        "Acknowledged: {alert}. Reply {resolve} when it is resolved, {escalate} to "
        "escalate.",
    ),
    ("sms_reply_alert_escalated", "name"): (
        "Team alert: passed on",
        "Team alert: escalated",
    ),
    ("sms_reply_alert_escalated", "body"): (
        "Passed on: {alert}. The next are told now. Reply {acknowledge} to take it "
        "all the same.",
        "Escalated: {alert}. The next people are notified now. Reply {acknowledge} to "
        "acknowledge it all the same.",
    ),
    ("sms_reply_alert_taken_by_other", "name"): (
        "Team alert: taken, to the others",
        "Team alert: acknowledged, to the others",
    ),
    ("sms_reply_alert_taken_by_other", "body"): (
        "{name} has taken it: {alert}. You need do nothing.",
        "{name} has acknowledged: {alert}. You need not do anything.",
    ),
    ("sms_reply_alert_resolved_by_other", "body"): (
        "{name} has resolved it: {alert}.",
        "{name} has resolved: {alert}.",
    ),
    ("sms_template_ticket_waiting", "body"): (
        "Hi {{ object.sms_customer_name }}, we need your answer to go on with your "
        "ticket #{{ object.number }}. Please reply to this text.",
        "Hi {{ object.sms_customer_name }}, we need your reply to continue with your "
        "ticket #{{ object.number }}. Please reply to this text.",
    ),
}


def migrate(cr, _version):
    """Replace English texts that are exactly as formerly shipped."""
    env = api.Environment(cr, SUPERUSER_ID, {"lang": "en_US"})
    reword_shipped(env, WORDS)
