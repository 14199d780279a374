# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models


class CalendarEvent(models.Model):
    """Other apps' ways with appointments, where they are installed."""

    _inherit = "calendar.event"

    def _get_bookings(self):
        """Return the event's bookings of OCA's ``resource_booking``; mostly none.

        With a customer's rights, as in its portal: its managers may always change them.
        """
        self.ensure_one()
        if "resource_booking_ids" not in self._fields:
            return ()
        return self.sudo().with_context(using_portal=True).resource_booking_ids
