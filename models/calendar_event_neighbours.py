# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import Command, models


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

    def _odoo_attendee_commands(self, google_event):
        """Keep inviting who has no e-mail: Google knows people by nothing else.

        What comes from there never names them, which ``google_calendar`` takes for
        that they are no longer invited. A customer with nothing but a phone would be
        told that their visit is called off.
        """
        attendees, partners = super()._odoo_attendee_commands(google_event)
        removed = [command[1] for command in attendees if command[0] == Command.DELETE]
        kept = self.env["calendar.attendee"].browse(removed)
        kept = kept.filtered(lambda it: not it.partner_id.email_normalized)
        commands = {(Command.DELETE, attendee.id) for attendee in kept}
        commands |= {(Command.UNLINK, partner.id) for partner in kept.partner_id}
        return (
            [command for command in attendees if command[:2] not in commands],
            [command for command in partners if command[:2] not in commands],
        )
