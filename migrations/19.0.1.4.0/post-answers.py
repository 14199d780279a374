# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Rebuild the current answers: the rules that derive them from events have changed."""

from odoo import SUPERUSER_ID, api


def migrate(cr, _version):
    """Rebuild every answer from its events; Odoo's blacklist follows."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    if env["sms.consent.event"].search_count([], limit=1):
        env["sms.consent"]._rebuild_all()
