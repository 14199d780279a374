# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import Command, models

#: What makes an event a visit with texts, of which Google knows nothing.
VISIT = ("ticket_id", "technician_id", "sms_enabled", "sms_series_key")


class CalendarEvent(models.Model):
    """Extend what ``google_calendar`` does with events, where it is installed.

    The addon does not depend on it. Nobody else calls these methods, so each finds
    there what it extends; ``bin/test --neighbours`` fails when Google's are renamed.
    """

    _inherit = "calendar.event"

    def _odoo_attendee_commands(self, google_event):
        """Keep inviting who has no e-mail: Google knows people by nothing else.

        What comes from there never names them, which ``google_calendar`` takes for
        that they are no longer invited. A customer with nothing but a phone would be
        told that their visit is called off.
        """
        attendees, partners = super()._odoo_attendee_commands(google_event)
        removed = [command[1] for command in attendees if command[0] == Command.DELETE]
        kept = self.env["calendar.attendee"].browse(removed)._filter_without_email()
        commands = {(Command.DELETE, attendee.id) for attendee in kept}
        commands |= {(Command.UNLINK, partner.id) for partner in kept.partner_id}
        return (
            [command for command in attendees if command[:2] not in commands],
            [command for command in partners if command[:2] not in commands],
        )

    def _create_from_google(self, gevents, vals_list):
        """Take what is moved out of a series that was split for what it was before.

        Google gives such an occurrence another id when it is moved, so it is made anew
        here, and then ``google_calendar`` deletes the former one, which it finds by
        what the ids have in common. The customer is told of one visit that has moved.
        """
        events = super()._create_from_google(gevents, vals_list)
        former_ids = {
            gevent.id: gevent.full_recurring_event_id()
            for gevent in gevents
            if not gevent.is_recurrence_follower()
        }
        found = self.search(
            [("google_id", "in", list(filter(None, former_ids.values())))]
        )
        former_of = {event.google_id: event for event in found}
        for event in events:
            former = former_of.get(former_ids.get(event.google_id))
            if former:
                event._succeed(former)
                # Who is not its organizer only declines it.
                self.env["sms.reminder"].sudo()._note_gone(former.sudo().attendee_ids)
                former.with_context(dont_notify=True).sms_enabled = False
        return events

    def _cancel(self):
        """Keep what Google does not know: nobody can have called it off there.

        Of a moved date of a series that is not here ``google_calendar`` knows no former
        id, looks for events with none, and would delete all that are not in Google yet.
        """
        return super(CalendarEvent, self.filtered("google_id"))._cancel()

    def _succeed(self, former):
        """Be the same visit as another event, at another time.

        :param former: ``calendar.event``, one
        """
        values = {name: former[name] for name in VISIT}
        unknown = former.attendee_ids._filter_without_email().partner_id
        values = former._convert_to_write(values) | {"need_sync": False}
        if unknown:
            values["partner_ids"] = [Command.link(partner.id) for partner in unknown]
        self.with_context(dont_notify=True).write(values)


class CalendarRecurrence(models.Model):
    """Extend what ``google_calendar`` does with series, as with events."""

    _inherit = "calendar.recurrence"

    def _create_from_google(self, gevents, vals_list):
        """Take the rest of a series that was split for what it was before.

        "This and following events" ends a series in Google and begins another, whose
        id is that of the first and where it begins: ``<id>_R<time>``. What the former
        one loses is deleted in the same transaction, so customers are told that the
        rest of their visits has moved, or nothing where the times are the same.
        """
        recurrences = super()._create_from_google(gevents, vals_list)
        for recurrence in recurrences:
            former = recurrence._find_former_visit()
            if former:
                recurrence.calendar_event_ids._succeed(former)
        return recurrences

    def _find_former_visit(self):
        """Return the last visit of the series that this one was split off, or none."""
        self.ensure_one()
        first_id, _sign, beginning = (self.google_id or "").partition("_R")
        if not beginning:
            return self.env["calendar.event"]
        parts = self.search(
            [
                ("id", "!=", self.id),
                "|",
                ("google_id", "=", first_id),
                ("google_id", "=like", f"{first_id}\\_R%"),
            ]
        )
        return parts.calendar_event_ids.sorted("start")[-1:]
