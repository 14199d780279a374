# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Say "cancelled", "acknowledged" and "escalated" in texts that nobody has edited.

They are noupdate, since managers edit them: an upgrade by itself leaves them alone.
"""

from odoo import SUPERUSER_ID, api

from odoo.addons.helpdesk_mgmt_sms.hooks import reword_shipped

#: Record and field: text as formerly shipped.
WORDS = {
    ("sms_template_appointment_called_off", "name"): "Appointment: called off",
    ("sms_template_appointment_called_off", "body"): (
        "Hi {{ object.sms_customer_name }}, your IT appointment with {{ "
        "object.sms_technician_name }}{{ object.sms_ticket_note }} on {{ "
        "object.sms_when }}{{ object.sms_series_note }} is called off. Reply to this "
        "text to arrange another time."
    ),
    ("sms_automation_appointment_called_off", "name"): "Appointment: called off",
    ("sms_reply_appointment_called_off", "name"): "An appointment is called off",
    ("sms_reply_appointment_called_off", "body"): (
        "{company}: your appointment {when} is called off. Reply to this text to "
        "arrange another time."
    ),
    ("sms_reply_stop_appointment", "body"): (
        "{company}: you are opted out and will get no more texts from us. Did you "
        "mean your appointment {when}? Reply 3 to call it off too. Reply START to get "
        "texts again."
    ),
    ("fault_too_fast", "advice"): "It is sent as soon as the carrier takes it.",
    ("fault_no_connection", "advice"): "It is tried again by itself.",
    ("fault_no_answer", "name"): "The carrier did not say if it took the message",
    ("fault_closed_hours", "advice"): "It is tried again by itself.",
    ("fault_locked", "advice"): (
        "Tell an administrator: it leaves when the key is there."
    ),
    ("sms_reply_alert_acknowledged", "name"): "Team alert: taken",
    ("sms_reply_alert_acknowledged", "body"): (
        "You have taken: {alert}. Reply {resolve} when it is resolved, {escalate} to "
        "pass it on."
    ),
    ("sms_reply_alert_escalated", "name"): "Team alert: passed on",
    ("sms_reply_alert_escalated", "body"): (
        "Passed on: {alert}. The next are told now. Reply {acknowledge} to take it "
        "all the same."
    ),
    ("sms_reply_alert_taken_by_other", "name"): "Team alert: taken, to the others",
    ("sms_reply_alert_taken_by_other", "body"): (
        "{name} has taken it: {alert}. You need do nothing."
    ),
    ("sms_reply_alert_resolved_by_other", "body"): "{name} has resolved it: {alert}.",
    ("sms_template_ticket_waiting", "body"): (
        "Hi {{ object.sms_customer_name }}, we need your answer to go on with your "
        "ticket #{{ object.number }}. Please reply to this text."
    ),
}


def migrate(cr, _version):
    """Replace English texts that are exactly as formerly shipped."""
    env = api.Environment(cr, SUPERUSER_ID, {"lang": "en_US"})
    reword_shipped(env, WORDS)
