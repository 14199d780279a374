# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from .appointments import NOW, AppointmentCase
from .common import phone_number


class TestLoad(AppointmentCase):
    """Planning and handing over take the same queries for few as for many."""

    def make_events(self, count, first):
        """Return new visits of as many customers."""
        people = [
            self.make_customer(phone_number(first + index), f"Person {index}")
            for index in range(count)
        ]
        for person in people:
            self.record_consent(person.phone_sanitized, "appointment")
        start = NOW + timedelta(days=3)
        events = (
            self.env["calendar.event"]
            .with_context(no_mail_to_attendees=True)
            .create(
                [
                    {
                        "name": "Visit",
                        "start": start,
                        "stop": start + timedelta(hours=1),
                        "ticket_id": self.ticket.id,
                        "partner_ids": [(6, 0, person.ids)],
                    }
                    for person in people
                ]
            )
        )
        self.env.flush_all()
        return events

    def hand_over(self):
        """Hand over what is due, all in one batch."""
        rows = self.env["sms.reminder"]._lock_due()
        rows._hand_over()
        return rows

    def test_queries_do_not_grow(self):
        planned, handed = [], []
        for count, first in ((10, 200), (60, 300)):
            self.make_events(count, first)
            planned.append(self.count_queries(self.cr.flush))
            handed.append(self.count_queries(self.hand_over))
        told = self.env["sms.reminder"].search([("kind", "=", "booked")])
        self.assertEqual(len(told.sms_id), 70)
        self.assertLessEqual(planned[1], planned[0] + 2, planned)
        self.assertLessEqual(handed[1], handed[0] + 5, handed)
