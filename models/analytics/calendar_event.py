# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models

#: Columns of the figures of appointments: first the day and the company.
COUNTED = ("start", "sms_company_id", "active", "sms_enabled", "sms_confirmation")


class CalendarEvent(models.Model):
    """Appointments, whose changes mark the figures of old days as stale."""

    _inherit = "calendar.event"

    def _write_multi(self, vals_list):
        if not any(vals.keys() & COUNTED for vals in vals_list):
            return super()._write_multi(vals_list)
        with self.env["sms.day.stale"]._marking("appointment", self, *COUNTED):
            return super()._write_multi(vals_list)
