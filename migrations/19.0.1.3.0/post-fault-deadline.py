# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Retry throttled texts for a day, unless somebody has chosen another deadline."""

from odoo import SUPERUSER_ID, api

#: Hours, as shipped once and now.
FORMER, CURRENT = 10, 24


def migrate(cr, _version):
    """Write the current default, unless the deadline was edited."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    name = "helpdesk_mgmt_sms.fault_too_fast"
    fault = env.ref(name, raise_if_not_found=False)
    if fault and fault.deadline_hours == FORMER:
        fault.deadline_hours = CURRENT
