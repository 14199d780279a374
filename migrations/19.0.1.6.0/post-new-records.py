# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Create records that are new in this version and that people may delete."""

from odoo import SUPERUSER_ID, api

from odoo.addons.helpdesk_mgmt_sms.hooks import create_shipped

NAMES = (
    "sms_keyword_other",
    "sms_template_ticket_received_unassigned",
    "sms_template_saved_call",
    "sms_template_saved_details",
    "sms_template_saved_looking",
    "sms_template_saved_restart",
    "sms_template_saved_solved",
)


def migrate(cr, _version):
    """Create keyword OTHER, the saved replies, and the text for unassigned tickets."""
    create_shipped(api.Environment(cr, SUPERUSER_ID, {}), NAMES)
