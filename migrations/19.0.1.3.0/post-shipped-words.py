# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Update shipped texts that nobody has edited.

They are noupdate, since managers edit them: an upgrade by itself leaves them alone.
"""

from odoo import SUPERUSER_ID, api

from odoo.addons.helpdesk_mgmt_sms.hooks import reword_shipped

#: Record and field: text as formerly shipped.
WORDS = {
    # The rating request became the only text about closing a ticket.
    ("sms_template_ticket_rating", "body"): (
        "Hi {{ object.sms_customer_name }}, how did we do with ticket "
        "#{{ object.number }}? Reply 1 (poor) to 5 (great), or NO if it is not solved."
    ),
    # A reminder may be sent the evening before, in the customer's time zone.
    ("sms_template_appointment_reminder", "body"): (
        "Hi {{ object.sms_customer_name }}, this is a reminder of your IT appointment "
        "with {{ object.user_id.name }} today at {{ object.sms_start_time }}."
    ),
    # The question is also asked after a reply without a code.
    ("sms_reply_alert_which", "name"): "Team alert: no such code",
    ("sms_reply_alert_which", "body"): "No alert has that code. Reply:\n{choices}",
    # On a ticket that did not come by text it is no answer, and so gets the footer,
    # whose words are not repeated if the text has them already.
    ("sms_reply_incident_known", "body"): (
        "{company}: we know about this already and are working on it: {incident}. "
        "How it stands: {status_page} Reply STOP to opt out."
    ),
}


def migrate(cr, _version):
    """Replace English texts that are exactly as formerly shipped.

    Translations that a manager has written stay.
    """
    env = api.Environment(cr, SUPERUSER_ID, {"lang": "en_US"})
    reword_shipped(env, WORDS)
