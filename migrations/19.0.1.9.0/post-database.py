# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Record which database sends texts, so that copies of it are recognized."""

from odoo import SUPERUSER_ID, api


def migrate(cr, _version):
    """Take the database that is upgraded for the original."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    env["sms.database"]._adopt()
