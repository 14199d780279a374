# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from ..common import phone_number
from .common import NOW, AppointmentCase


class TestLoad(AppointmentCase):
    """Booking, planning and handing over take as many queries for many as for few."""

    def make_people(self, count, first):
        """Return new customers who have consented."""
        people = [
            self.make_customer(phone_number(first + index), f"Person {index}")
            for index in range(count)
        ]
        for person in people:
            self.record_consent(person.phone_sanitized, "appointment")
        return people

    def make_events(self, people):
        """Book a visit of each."""
        start = NOW + timedelta(days=3)
        quiet = {"no_mail_to_attendees": True, "skip_contact_description": True}
        self.env["calendar.event"].with_context(**quiet).create(
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
        self.env.flush_all()

    def hand_over(self):
        """Hand over what is due, all in one batch."""
        return self.env["sms.reminder"]._hand_over_next()

    def test_queries_do_not_grow(self):
        booked, planned, handed = [], [], []
        for count, first in ((10, 200), (60, 300)):
            people = self.make_people(count, first)
            booked.append(self.count_queries(self.make_events, people))
            planned.append(self.count_queries(self.cr.flush))
            handed.append(self.count_queries(self.hand_over))
        told = self.env["sms.reminder"].search([("kind", "=", "booked")])
        self.assertEqual(len(told.sms_id), 70)
        # Odoo computes and writes in batches: fifty more visits add few queries.
        self.assertLess(booked[1] - booked[0], 10, booked)
        self.assertLessEqual(planned[1], planned[0] + 2, planned)
        self.assertLessEqual(handed[1], handed[0] + 5, handed)

    def test_rules_of_many_are_found_at_once(self):
        """Rules of Odoo's own alarms too, each with its own template."""
        model_id = self.env["ir.model"]._get_id("calendar.event")
        counts = []
        for count, first in ((5, 400), (40, 450)):
            templates = self.env["sms.template"].create(
                [{"name": "Own", "model_id": model_id, "body": "Hi"}] * count
            )
            alarms = self.env["calendar.alarm"].create(
                [
                    {
                        "name": template.name,
                        "alarm_type": "sms",
                        "duration": 3 + index,
                        "interval": "hours",
                        "sms_template_id": template.id,
                    }
                    for index, template in enumerate(templates)
                ]
            )
            [person] = self.make_people(1, first)
            self.book(NOW + timedelta(days=9), person, alarm_ids=[(6, 0, alarms.ids)])
            rows = self.rows(partner=person, kind="reminder")
            counts.append(self.count_queries(rows._find_own_rules))
            found = {rule.template_id for rule in rows._find_own_rules().values()}
            # One coincides with an automation's reminder, which takes precedence.
            self.assertGreaterEqual(len(found & set(templates.ids)), count - 1)
        self.assertEqual(counts[0], counts[1])
