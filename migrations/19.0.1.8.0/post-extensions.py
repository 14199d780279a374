# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Clear switchboards' numbers that were read out of numbers with an extension."""

from odoo import SUPERUSER_ID, api

from odoo.addons.helpdesk_mgmt_sms.hooks import forget_extensions


def migrate(cr, _version):
    """Recompute those numbers."""
    forget_extensions(api.Environment(cr, SUPERUSER_ID, {}))
