# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models


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
