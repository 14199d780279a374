# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import UTC, timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..tools import appointments
from .calendar_event_changes import AT_ONCE_KEY
from .sms_reminder_whereabouts import Whereabouts

#: How far ahead a free time is looked for, and how near at least.
HORIZON = timedelta(days=14)
NOTICE = timedelta(hours=3)


class CalendarEvent(models.Model):
    """When an appointment could be instead."""

    _inherit = "calendar.event"

    def _may_change_by_text(self):
        """Tell if the customer may change it: bookings have a deadline."""
        return all(booking.is_modifiable for booking in self._get_bookings())

    def _find_free_times(self):
        """Return the technician's next free times (UTC), three at most."""
        self.ensure_one()
        now = fields.Datetime.now()
        return appointments.find_free(
            *self._get_hours(now, now + HORIZON),
            self.stop - self.start,
            now + NOTICE,
        )

    def _is_free_at(self, start):
        """Tell if the technician is free for it at a time (UTC)."""
        self.ensure_one()
        duration = self.stop - self.start
        hours = self._get_hours(start - timedelta(days=1), start + timedelta(days=2))
        is_to_come = start > fields.Datetime.now()
        return is_to_come and appointments.is_free(start, duration, *hours)

    def _get_hours(self, start, end):
        """Return when technician and customers can, and when they are busy (UTC).

        They can in the working hours of the technician, by day where the customers are.

        :return: two lists of ``(start, end)``
        """
        aware = start.replace(tzinfo=UTC), end.replace(tzinfo=UTC)
        customers = self._get_sms_customers()
        work = self._get_work(*aware)
        whereabouts = Whereabouts(self._get_texting_company())
        for customer in customers:
            zone = whereabouts.get_zone(customer)
            work = appointments.keep_daytime(work, zone)
        people = (self.technician_id or self.user_id).partner_id | customers
        busy = people.sudo()._get_busy_calendar_events(*aware)
        events = self.env["calendar.event"].union(*busy.values()) - self
        return work, [
            (event.start, event.stop)
            for event in events
            if not self._is_declined_by(event, people)
        ]

    def _get_work(self, start, end):
        """Return when somebody works who can come (UTC).

        What was booked is bound to what can be booked; else it is the technician.

        :param datetime start: aware, as ``end``
        :return: list of ``(start, end)``
        """
        company = self._get_texting_company()
        technician = (self.technician_id or self.user_id).sudo()
        calendar = technician.resource_calendar_id or company.resource_calendar_id
        bookings = self._get_bookings()
        if bookings:
            found = bookings[0]._get_intervals(start, end)
        elif not calendar:  # nobody has said when people work
            found = [(start, end)]
        else:
            resource = technician.resource_ids.filtered(
                lambda it: it.company_id == company
            )[:1]
            by_resource = calendar._work_intervals_batch(start, end, resources=resource)
            found = by_resource[resource.id]
        return [
            tuple(it.astimezone(UTC).replace(tzinfo=None) for it in pair[:2])
            for pair in found
        ]

    @api.model
    def _is_declined_by(self, event, people):
        """Tell if none of some people goes to an event."""
        own = event.attendee_ids.filtered(lambda it: it.partner_id in people)
        return bool(own) and all(it.state == "declined" for it in own)

    def _move_by_text(self, start):
        """Move the appointment for its customer, in the organizer's name.

        :param datetime start: UTC
        :return: whether it could be: what another app refuses stays as it was
        """
        self.ensure_one()
        user = self.user_id if self.user_id.active else self.env.user
        event = self.with_user(user).sudo().with_context(**{AT_ONCE_KEY: True})
        values = {"start": start, "stop": start + (self.stop - self.start)}
        if event.allday:
            values["allday"] = False
        try:
            with self.env.cr.savepoint():
                event.write(values)
                self.env.flush_all()
        except (UserError, ValidationError):
            return False
        return True
