# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models


class CalendarAttendee(models.Model):
    """A customer who was told by text when an appointment is."""

    _inherit = "calendar.attendee"

    sms_told_start = fields.Datetime(
        "Told by Text",
        readonly=True,
        copy=False,
        help="The start that the texts to this person say, those that still wait "
        "included.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Plan the texts to who is invited."""
        attendees = super().create(vals_list)
        attendees.event_id._touch_appointments()
        return attendees

    def write(self, vals):
        """Plan anew when somebody has answered: who declines is not reminded."""
        result = super().write(vals)
        if "state" in vals:
            self.event_id._touch_appointments()
        return result

    def unlink(self):
        """Tell who is no longer invited."""
        events = self.event_id
        self.env["sms.reminder"].sudo()._note_gone(self.sudo())
        result = super().unlink()
        events._touch_appointments()
        return result

    def _filter_without_email(self):
        """Return those whose person other calendars cannot know."""
        return self.filtered(lambda it: not it.partner_id.email_normalized)
