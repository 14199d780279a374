# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from .common import NOW, AppointmentCase


class TestSeries(AppointmentCase):
    """A series is announced by one text when it is booked, moved or called off."""

    def occurrences(self, event):
        """Return the visits of a series, in their order."""
        return self.env["calendar.event"].search(
            [("sms_series_key", "=", event.sms_series_key)], order="start"
        )

    def edit(self, event, setting, **values):
        """Change one visit, this and the following, or all, as the form does."""
        event.with_user(self.agent).write({"recurrence_update": setting, **values})
        self.settle()

    def test_two_hundred_occurrences_are_one_text(self):
        event = self.book_series(200)
        self.assertEqual(len(self.rows(state="planned", kind="booked")), 1)
        self.assertEqual(len(self.occurrences(event)), 200)
        self.assertEqual(len(self.rows(state="planned", kind="reminder")), 400)
        self.pass_time(minutes=1)
        [body] = self.bodies()
        self.assertIn("booked for Wed, Dec 2 at 9:00 AM, the first of 200.", body)

    def test_each_occurrence_is_reminded(self):
        self.book_series(3)
        self.pass_time(days=30)
        days = [body for body in self.bodies() if "tomorrow" in body]
        self.assertEqual(len(days), 3)
        self.assertEqual(len(self.bodies()), 7)

    def test_who_is_invited_to_all_is_told_whichever_was_edited(self):
        event = self.book_series(5, partners=self.customer.browse())
        third = self.occurrences(event)[2]
        self.edit(third, "all_events", partner_ids=[(4, self.customer.id)])
        self.pass_time(minutes=2)
        [body] = self.bodies()
        self.assertIn("booked for Wed, Dec 2 at 9:00 AM, the first of 5.", body)

    def test_what_was_answered_stays_when_the_series_gets_longer(self):
        """Odoo creates all its dates anew: nothing that was off is booked again."""
        event = self.book_series(4)
        self.pass_time(minutes=1)
        self.receive("1")
        self.settle()
        self.attendee(self.occurrences(event)[2]).state = "declined"
        self.settle()
        self.pass_time(minutes=1)
        self.edit(event, "all_events", count=5)
        self.assertEqual(
            self.occurrences(event).mapped("sms_confirmation"),
            ["confirmed", "confirmed", "declined", "confirmed", "open"],
        )
        self.pass_time(minutes=2)
        self.assertEqual(len(self.bodies()), 3)
        self.assertIn("is booked for Wed, Dec 30 at 9:00 AM.", self.bodies()[-1])
        self.assertEqual(len(self.rows(state="planned", kind="reminder")), 8)

    def test_a_day_of_a_series_that_gets_its_hour_is_told(self):
        """9:00 in Paris is when Odoo stores the day; the text named the first only."""
        self.customer.tz = "Europe/Paris"
        day = (NOW + timedelta(days=2)).date()
        event = self.book_series(3, allday=True, start_date=day, stop_date=day)
        self.pass_time(minutes=1)
        second = self.occurrences(event)[1]
        stop = second.start.replace(hour=9)
        second.write({"allday": False, "start": second.start, "stop": stop})
        self.settle()
        self.pass_time(minutes=2)
        told = "from Wed, Dec 9 to Wed, Dec 9 at 9:00 AM (Paris time)."
        self.assertIn(told, self.bodies()[-1])

    def test_this_one_is_moved(self):
        event = self.book_series(5)
        self.pass_time(minutes=1)
        second = self.occurrences(event)[1]
        start = second.start + timedelta(hours=1)
        self.edit(second, "self_only", start=start, stop=start + timedelta(hours=1))
        self.pass_time(minutes=2)
        self.assertEqual(len(self.bodies()), 2)
        self.assertIn(
            "from Wed, Dec 9 at 9:00 AM to Wed, Dec 9 at 10:00 AM. Reply",
            self.bodies()[-1],
        )

    def test_a_copy_is_an_appointment_of_its_own(self):
        """An answer to the series does not concern it, above all not undo its own."""
        event = self.book_series(3)
        self.pass_time(minutes=1)
        copy = self.occurrences(event)[1].with_user(self.agent).copy()
        self.settle()
        self.move(copy, days=1)
        self.pass_time(minutes=2)
        self.assertEqual(len(self.occurrences(event)), 3)
        # To cancel; which of the two: the copy; to confirm what is left.
        for words in ("3", "2", "1"):
            self.receive(words)
            self.pass_time(minutes=1)
        self.assertIn(
            "Dec 2 at 9:00 AM, the first of 3 is confirmed", self.bodies()[-1]
        )
        self.assertEqual(self.attendee(copy).state, "declined")
        states = self.occurrences(event).attendee_ids.filtered(
            lambda it: it.partner_id == self.customer
        )
        self.assertEqual(set(states.mapped("state")), {"accepted"})

    def test_the_following_are_moved(self):
        event = self.book_series(5)
        self.pass_time(minutes=1)
        second = self.occurrences(event)[1]
        start = second.start + timedelta(hours=2)
        self.edit(second, "future_events", start=start, stop=start + timedelta(hours=1))
        self.pass_time(minutes=2)
        self.assertEqual(len(self.bodies()), 2)
        self.assertIn(
            "from Wed, Dec 9 at 9:00 AM to Wed, Dec 9 at 11:00 AM, the first of 4.",
            self.bodies()[-1],
        )
        planned = self.rows(state="planned", kind="reminder")
        self.assertEqual(len(planned), 10)

    def test_all_are_moved(self):
        event = self.book_series(5)
        self.pass_time(minutes=1)
        start = event.start + timedelta(hours=3)
        self.edit(event, "all_events", start=start, stop=start + timedelta(hours=1))
        self.pass_time(minutes=2)
        self.assertEqual(len(self.bodies()), 2)
        self.assertIn(
            "from Wed, Dec 2 at 9:00 AM to Wed, Dec 2 at 12:00 PM, the first of 5.",
            self.bodies()[-1],
        )
        planned = self.rows(state="planned", kind="reminder")
        self.assertEqual(len(planned), 10)

    def test_a_series_made_anew_at_the_same_times_says_nothing(self):
        event = self.book_series(5)
        self.pass_time(minutes=1)
        stop = event.start + timedelta(hours=2)
        self.edit(event, "all_events", start=event.start, stop=stop)
        self.pass_time(minutes=2)
        self.assertEqual(len(self.bodies()), 1)
        self.assertEqual(len(self.rows(state="planned", kind="reminder")), 10)

    def test_the_first_is_moved_before_the_booking_was_told(self):
        event = self.book_series(5)
        self.run_reminders()
        start = event.start + timedelta(hours=1)
        self.edit(event, "self_only", start=start, stop=start + timedelta(hours=1))
        self.pass_time(minutes=5)
        self.assertIn(
            "is booked for Wed, Dec 2 at 10:00 AM, the first of 5.", self.bodies()[-1]
        )

    def test_the_first_is_called_off_before_the_booking_was_told(self):
        event = self.book_series(5)
        self.run_reminders()
        event.action_mass_archive("self_only")
        self.settle()
        self.pass_time(minutes=5)
        booked, called_off = self.bodies()
        self.assertIn("is booked for Wed, Dec 2 at 9:00 AM, the first of 5.", booked)
        self.assertIn("on Wed, Dec 2 at 9:00 AM is cancelled", called_off)

    def book_told_series(self):
        """Book a series of five from the first moment on, and have it told."""
        self.frozen.move_to(NOW)
        event = self.book_series(5)
        self.pass_time(minutes=1)
        return event

    def call_off(self, visit, is_deleted):
        """Call one date off, in either way, and leave the others."""
        if is_deleted:
            visit.unlink()
        else:
            visit.action_mass_archive("self_only")
        self.settle()

    def test_dates_that_are_called_off_one_after_the_other_are_both_told(self):
        """Before the first of the texts has left."""
        for is_deleted in (True, False):
            with self.subTest(is_deleted=is_deleted):
                event = self.book_told_series()
                count = len(self.bodies())
                visits = self.occurrences(event)
                self.call_off(visits[1], is_deleted)
                self.call_off(visits[3], is_deleted)
                self.pass_time(minutes=5)
                second, fourth = self.bodies()[count:]
                self.assertIn("on Wed, Dec 9 at 9:00 AM is cancelled", second)
                self.assertIn("on Wed, Dec 23 at 9:00 AM is cancelled", fourth)
                self.occurrences(event).sms_enabled = False
                self.settle()

    def test_one_is_called_off_and_another_moved_at_once(self):
        event = self.book_series(5)
        self.pass_time(minutes=1)
        visits = self.occurrences(event)
        visits[1].action_mass_archive("self_only")
        self.settle()
        self.move(visits[3], hours=1)
        self.pass_time(minutes=5)
        _booked, off, moved = self.bodies()
        self.assertIn("on Wed, Dec 9 at 9:00 AM is cancelled", off)
        told = "from Wed, Dec 23 at 9:00 AM to Wed, Dec 23 at 10:00 AM."
        self.assertIn(told, moved)

    def test_all_are_moved_and_the_first_is_called_off_at_once(self):
        """The new times of the others are told all the same."""
        for is_deleted in (True, False):
            with self.subTest(is_deleted=is_deleted):
                event = self.book_told_series()
                count = len(self.bodies())
                start = event.start + timedelta(hours=3)
                stop = start + timedelta(hours=1)
                self.edit(event, "all_events", start=start, stop=stop)
                self.call_off(event, is_deleted)
                self.pass_time(minutes=5)
                moved, off = self.bodies()[count:]
                whole = "to Wed, Dec 2 at 12:00 PM, the first of 5."
                self.assertIn(f"from Wed, Dec 2 at 9:00 AM {whole}", moved)
                self.assertIn("on Wed, Dec 2 at 12:00 PM is cancelled", off)
                left = self.env["calendar.event"].search([("start", ">", start)])
                left.sms_enabled = False
                self.settle()

    def test_answers_stay_when_all_dates_get_longer(self):
        """Odoo takes back those to the first date, and creates the others anew."""
        event = self.book_series(3)
        self.pass_time(minutes=1)
        self.receive("1")
        self.settle()
        self.attendee(self.occurrences(event)[0]).state = "declined"
        self.settle()
        stop = event.start + timedelta(hours=2)
        self.edit(event, "all_events", start=event.start, stop=stop)
        self.assertEqual(
            self.occurrences(event).mapped("sms_confirmation"),
            ["declined", "confirmed", "confirmed"],
        )
        self.assertEqual(len(self.rows(state="planned", kind="reminder")), 4)

    def test_a_date_that_gets_longer_after_its_reminder_is_still_answered(self):
        event = self.book_series(3)
        self.pass_time(days=8, minutes=1)
        self.assertIn("tomorrow, Wed, Dec 9", self.bodies()[-1])
        stop = event.start + timedelta(hours=2)
        self.edit(event, "all_events", start=event.start, stop=stop)
        self.assertEqual(self.receive("1").kind, "answer")
        self.settle()
        second = self.occurrences(event)[1]
        self.assertEqual(second.stop - second.start, timedelta(hours=2))
        self.assertEqual(second.sms_confirmation, "confirmed")

    def test_a_series_is_called_off_by_one_text(self):
        event = self.book_series(5)
        self.pass_time(minutes=1)
        event.action_mass_archive("all_events")
        self.settle()
        self.pass_time(minutes=2)
        self.assertEqual(len(self.bodies()), 2)
        self.assertIn(
            "on Wed, Dec 2 at 9:00 AM, the first of 5 is cancelled", self.bodies()[-1]
        )
        self.assertFalse(self.rows(state="planned"))

    def test_a_series_is_deleted_by_one_text(self):
        event = self.book_series(5)
        self.pass_time(minutes=1)
        event.action_mass_deletion("all_events")
        self.settle()
        self.pass_time(minutes=2)
        self.assertEqual(len(self.bodies()), 2)
        self.assertIn(
            "on Wed, Dec 2 at 9:00 AM, the first of 5 is cancelled", self.bodies()[-1]
        )
        self.assertFalse(self.rows(state="planned"))

    def test_a_visit_becomes_a_series(self):
        event = self.book()
        self.pass_time(minutes=1)
        self.edit(
            event,
            "future_events",
            recurrency=True,
            rrule_type="weekly",
            end_type="count",
            count=4,
            wed=True,
            event_tz="America/Denver",
        )
        self.pass_time(minutes=2)
        self.assertEqual(len(self.bodies()), 2)
        self.assertIn(
            "booked for Wed, Dec 9 at 9:00 AM, the first of 3", self.bodies()[-1]
        )

    def test_daylight_saving_keeps_the_local_hour(self):
        start = NOW.replace(year=2027, month=3, day=8, hour=16)
        self.frozen.move_to(start - timedelta(days=3))
        self.book(
            start,
            recurrency=True,
            rrule_type="weekly",
            end_type="count",
            count=2,
            mon=True,
            event_tz="America/Denver",
        )
        self.pass_time(days=12)
        hours = [body for body in self.bodies() if "today at 9:00 AM" in body]
        self.assertEqual(len(hours), 2)


class TestSynchronisation(AppointmentCase):
    """Synced events are not announced, but moves of announced ones are."""

    def test_a_first_synchronisation_is_no_storm(self):
        synced = {"context": {"dont_notify": True}}
        events = self.env["calendar.event"].with_context(**synced["context"])
        made = events.create(
            [
                {
                    "name": f"From Google {day}",
                    "start": NOW + timedelta(days=day),
                    "stop": NOW + timedelta(days=day, hours=1),
                    "partner_ids": [(6, 0, self.customer.ids)],
                    "ticket_id": self.ticket.id,
                }
                for day in range(1, 30)
            ]
        )
        self.settle()
        self.assertEqual(self.kinds(kind="booked"), [])
        made.write({"location": "Room 1"})
        made.with_context(**synced["context"]).write({"show_as": "free"})
        self.settle()
        self.run_reminders()
        self.assertFalse(self.messages_to())

    def test_a_move_in_the_other_calendar_reaches_who_was_told(self):
        event = self.book()
        self.pass_time(minutes=1)
        self.move(event.with_context(dont_notify=True), days=1)
        self.pass_time(minutes=2)
        self.assertIn("has moved from", self.bodies()[-1])
