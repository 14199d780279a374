# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Keep the public address of companies that have a carrier already."""

from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    """Store Odoo's current address as theirs, since the carrier calls it."""
    env = api.Environment(cr, SUPERUSER_ID, {"active_test": False})
    env["res.company"].search([])._ensure_sms_base_url()
