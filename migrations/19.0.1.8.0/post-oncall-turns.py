# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Compute the on-call calendar, which is new."""

from odoo.api import SUPERUSER_ID, Environment


def migrate(cr, _version):
    """Wake the cron that computes it."""
    Environment(cr, SUPERUSER_ID, {})["sms.oncall"]._wake_watch()
