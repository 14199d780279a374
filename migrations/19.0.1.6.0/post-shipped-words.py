# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Update shipped texts that nobody has edited.

They are noupdate, since managers edit them: an upgrade by itself leaves them alone.
"""

from contextlib import suppress

from odoo import SUPERUSER_ID, api
from odoo.exceptions import ValidationError

from odoo.addons.helpdesk_mgmt_sms.hooks import reword_shipped

#: Templates for a new ticket: with a technician assigned, and without one.
ASSIGNED, UNASSIGNED = (
    f"helpdesk_mgmt_sms.sms_template_ticket_received{suffix}"
    for suffix in ("", "_unassigned")
)
#: Template of texts that only the team gets.
INTERNAL = "helpdesk_mgmt_sms.sms_template_internal"
SAID = "has been received and assigned to a technician."
#: Reply and field: text as formerly shipped.
REPLIES = {
    ("sms_reply_alert_late", "body"): (
        "{name} was faster, at {time}: {alert}. You need do nothing."
    ),
    ("sms_reply_incident_known", "body"): (
        "{company}: we know about this already and are working on it: {incident}. "
        "How it stands: {status_page} Reply STOP to opt out, HELP for help."
    ),
}


def migrate(cr, _version):
    """Link and update texts that were not edited; a manager's own words stay."""
    env = api.Environment(cr, SUPERUSER_ID, {"lang": "en_US"})
    template = env.ref(ASSIGNED, raise_if_not_found=False)
    other = env.ref(UNASSIGNED, raise_if_not_found=False)
    if template and other:
        known = template | template.copy_ids
        known.filtered(lambda it: SAID in (it.body or "")).unassigned_id = other
    internal = env.ref(INTERNAL, raise_if_not_found=False)
    if internal:
        # Where customers get it, it stays what it was.
        with suppress(ValidationError), cr.savepoint():
            (internal | internal.copy_ids).is_internal = True
    reword_shipped(env, REPLIES)
