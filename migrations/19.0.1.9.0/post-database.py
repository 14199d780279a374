# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Note which database texts, to know its copies."""

from odoo import SUPERUSER_ID, api


def migrate(cr, _version):
    """Take the one that is updated for the original."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    env["sms.database"]._adopt()
