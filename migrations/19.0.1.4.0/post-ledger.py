# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Takes the consent ledgers over from before they were sealed by a key."""

from odoo import SUPERUSER_ID, api


def migrate(cr, _version):
    """Seal what is there, and let a link say so; once, since it needs no second time.

    A ledger whose key lies outside the database needs that key for the upgrade.
    """
    api.Environment(cr, SUPERUSER_ID, {})["sms.consent.carry"]._carry_all()
