# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Create records that are new in this version and that people may delete."""

from odoo import SUPERUSER_ID, api

from odoo.addons.helpdesk_mgmt_sms.hooks import create_shipped

NAMES = ("sms_keyword_aide", "sms_keyword_ayuda", "sms_keyword_hilfe")


def migrate(cr, _version):
    """Create the HELP keywords of other languages."""
    create_shipped(api.Environment(cr, SUPERUSER_ID, {}), NAMES)
