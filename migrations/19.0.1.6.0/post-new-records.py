# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Creates what this version ships first and people may delete."""

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
    """Create the saved replies, and what is said while no technician is assigned."""
    create_shipped(api.Environment(cr, SUPERUSER_ID, {}), NAMES)
