# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from ..common import phone_number
from .common import AppointmentCase


class TestMerge(AppointmentCase):
    """Merged contacts are reminded once, and of the appointments of both."""

    def setUp(self):
        super().setUp()
        self.twin = self.make_customer(
            phone_number(4), "Dana again", tz="America/Denver"
        )
        self.record_consent(phone_number(4), "appointment")
        self.settle()

    def merge(self):
        """Merge the second contact into the first, as Odoo's wizard does."""
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((self.customer | self.twin).ids, self.customer)
        self.settle()

    def test_what_was_planned_for_one_is_planned_for_the_other(self):
        event = self.book(partners=self.twin)
        self.pass_time(minutes=1)
        self.merge()
        self.assertEqual(self.kinds(event), ["reminder", "reminder"])
        self.pass_time(days=2)
        self.assertEqual(len(self.bodies()), 2)
        self.assertEqual(event.sms_customer_id, self.customer)

    def test_who_was_invited_twice_is_reminded_once(self):
        event = self.book(partners=self.customer | self.twin)
        self.pass_time(minutes=1)
        self.assertEqual(len(self.messages_to(phone_number(4))), 1)
        self.merge()
        self.assertEqual(self.kinds(event), ["reminder", "reminder"])
        self.pass_time(days=2)
        self.assertEqual(len(self.bodies()), 3)
        self.assertEqual(len(self.messages_to(phone_number(4))), 1)

    def test_what_one_of_both_has_had_is_not_sent_again(self):
        event = self.book(partners=self.customer | self.twin)
        self.pass_time(days=1, minutes=1)
        rows = self.rows(event, partner=self.twin, kind="reminder", state="sent")
        self.assertEqual(len(rows), 1)
        self.merge()
        self.assertEqual(len(self.rows(event, kind="reminder", state="sent")), 1)
        self.assertEqual(self.kinds(event), ["reminder"])
        self.pass_time(days=1)
        self.assertEqual(len(self.bodies()), 3)

    def test_a_booking_that_waits_is_told_once(self):
        self.book(partners=self.customer | self.twin)
        self.merge()
        self.pass_time(minutes=1)
        self.assertEqual(len(self.bodies()), 1)

    def test_who_answers_for_one_answers_for_both(self):
        event = self.book(partners=self.customer | self.twin)
        self.pass_time(minutes=1)
        self.merge()
        self.receive("1")
        self.settle()
        self.assertEqual(event.sms_confirmation, "confirmed")
