# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import Command, models

#: Fields of a visit with texts, which Google does not know.
VISIT = ("ticket_id", "technician_id", "sms_enabled", "sms_series_key")


class CalendarEvent(models.Model):
    """Hooks into ``google_calendar``, if it is installed.

    The addon does not depend on it. Only ``google_calendar`` calls the methods extended
    here and in ``calendar.recurrence``, so ``super()`` always exists;
    ``bin/test --neighbours`` fails if they are renamed there.
    """

    _inherit = "calendar.event"

    def _odoo_attendee_commands(self, google_event):
        """Keep attendees without an e-mail address, whom Google cannot know.

        Events from Google never list them, which ``google_calendar`` takes for a
        removal: a customer with only a phone would be told that the visit is off.
        """
        attendees, partners = super()._odoo_attendee_commands(google_event)
        removed = [command[1] for command in attendees if command[0] == Command.DELETE]
        kept = self.env["calendar.attendee"].browse(removed)._filter_sms_without_email()
        void = {(Command.DELETE, attendee.id) for attendee in kept}
        void |= {(Command.UNLINK, partner.id) for partner in kept.partner_id}
        return (
            [command for command in attendees if command[:2] not in void],
            [command for command in partners if command[:2] not in void],
        )

    def _create_from_google(self, gevents, vals_list):
        """Recognize an occurrence moved out of a split series as the former visit.

        Google gives it a new id, so it is created here, and then ``google_calendar``
        deletes the former one, which it finds by the common part of the ids. The
        customer is told of one visit that has moved.
        """
        events = super()._create_from_google(gevents, vals_list)
        former_ids = {
            gevent.id: gevent.full_recurring_event_id()
            for gevent in gevents
            if not gevent.is_recurrence_follower()
        }
        found = self.search([("google_id", "in", [*filter(None, former_ids.values())])])
        former_of = {event.google_id: event for event in found}
        for event in events:
            if former := former_of.get(former_ids.get(event.google_id)):
                event._succeed_sms_visit(former)
                # For an attendee other than its organizer Google only declines it.
                self.env["sms.reminder"].sudo()._note_gone(former.sudo().attendee_ids)
                former.with_context(dont_notify=True).sms_enabled = False
        return events

    def _cancel(self):
        """Keep events without a Google id, which nobody can have cancelled there.

        For a moved occurrence of a series unknown to Odoo, ``google_calendar`` has no
        former id, searches for events without one, and would delete every event that is
        not in Google yet.
        """
        return super(CalendarEvent, self.filtered("google_id"))._cancel()

    def _succeed_sms_visit(self, former):
        """Take over the visit of another event, at another time."""
        values = former._convert_to_write({name: former[name] for name in VISIT})
        values["need_sync"] = False
        if partners := former.attendee_ids._filter_sms_without_email().partner_id:
            values["partner_ids"] = [Command.link(partner.id) for partner in partners]
        self.with_context(dont_notify=True).write(values)


class CalendarRecurrence(models.Model):
    """Hooks into ``google_calendar``; see those of ``calendar.event``."""

    _inherit = "calendar.recurrence"

    def _create_from_google(self, gevents, vals_list):
        """Recognize the rest of a split series as the former visits.

        "This and following events" ends a series in Google and begins another, whose id
        is ``<id of the first>_R<start>``. The occurrences that the former one loses are
        deleted in the same transaction, so customers are told that the rest of their
        visits has moved, or nothing if the times are the same.
        """
        recurrences = super()._create_from_google(gevents, vals_list)
        for recurrence in recurrences:
            if former := recurrence._find_sms_former_visit():
                recurrence.calendar_event_ids._succeed_sms_visit(former)
        return recurrences

    def _find_sms_former_visit(self):
        """Return the last visit of the series that this one was split from, if any."""
        first_id, _sign, beginning = (self.google_id or "").partition("_R")
        if not beginning:
            return self.env["calendar.event"]
        return self.search(
            [
                ("id", "!=", self.id),
                "|",
                ("google_id", "=", first_id),
                ("google_id", "=like", f"{first_id}\\_R%"),
            ]
        ).calendar_event_ids.sorted("start")[-1:]
