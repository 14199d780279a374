# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Brings shipped words up to date where nobody has put others in their place.

They are noupdate, since managers edit them: an upgrade by itself leaves them alone.
"""

from odoo import SUPERUSER_ID, api

#: Record, field, the words that were shipped once, those that are shipped now.
WORDS = (
    # The question how it went became the one text about the closing.
    (
        "sms_template_ticket_rating",
        "body",
        "Hi {{ object.sms_customer_name }}, how did we do with ticket "
        "#{{ object.number }}? Reply 1 (poor) to 5 (great), or NO if it is not solved.",
        "Hi {{ object.sms_customer_name }}, your ticket #{{ object.number }} is "
        "closed. How did we do? Reply 1 (poor) to 5 (great), or NO if it is not "
        "solved.",
    ),
    # A reminder may leave on the evening before, in the customer's own zone.
    (
        "sms_template_appointment_reminder",
        "body",
        "Hi {{ object.sms_customer_name }}, this is a reminder of your IT appointment "
        "with {{ object.user_id.name }} today at {{ object.sms_start_time }}.",
        "Hi {{ object.sms_customer_name }}, this is a reminder of your IT appointment "
        "with {{ object.sms_technician_name }} {{ object.sms_when_soon }}.",
    ),
    # It is asked without a code, too.
    (
        "sms_reply_alert_which",
        "name",
        "Team alert: no such code",
        "Team alert: which one is meant",
    ),
    (
        "sms_reply_alert_which",
        "body",
        "No alert has that code. Reply:\n{choices}",
        "Which alert? Reply:\n{choices}",
    ),
    # About a ticket that was not texted it is no answer, and so has a footer: where it
    # has that one's words already they are not said twice.
    (
        "sms_reply_incident_known",
        "body",
        "{company}: we know about this already and are working on it: {incident}. "
        "How it stands: {status_page} Reply STOP to opt out.",
        "{company}: we know about this already and are working on it: {incident}. "
        "How it stands: {status_page} Reply STOP to opt out, HELP for help.",
    ),
)


def migrate(cr, _version):
    """Replace the English words that are exactly those of before.

    What a manager has put into another language stays: it is theirs.
    """
    env = api.Environment(cr, SUPERUSER_ID, {"lang": "en_US"})
    for name, field, former, current in WORDS:
        record = env.ref(f"helpdesk_mgmt_sms.{name}", raise_if_not_found=False)
        if record and (record[field] or "").strip() == former:
            record[field] = current
