# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Other apps, really installed beside this one: ``bin/test --neighbours``."""

from datetime import UTC, datetime, timedelta
from unittest import SkipTest

from odoo import Command
from odoo.tests import tagged

from .common import NOW, AppointmentCase


@tagged("long")
class NeighbourCase(AppointmentCase):
    """A visit in a database where another app with calendar events is installed."""

    #: The module under test.
    module = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        installed = cls.env["ir.module.module"]._installed()
        if cls.module not in installed:
            cls.doClassCleanups()
            raise SkipTest(f"{cls.module} is not installed: bin/test --neighbours")

    def changed_at(self):
        """Return when a peer changed its event (ISO 8601): after Odoo last wrote ours.

        Odoo takes in what is younger than ``write_date``, which is the database's time,
        not the frozen clock's.
        """
        return (self.cr.now() + timedelta(minutes=1)).replace(tzinfo=UTC).isoformat()

    def assertTold(self, count, words=""):
        """Check how many texts the customer has had, and the words of the last one."""
        self.pass_time(minutes=5)
        self.assertEqual(len(self.bodies()), count, self.bodies())
        self.assertIn(words, self.bodies()[-1] if count else "")


class TestGoogle(NeighbourCase):
    """Events from Google's calendar, as Odoo's module reads them."""

    module = "google_calendar"

    def setUp(self):
        super().setUp()
        self.customer.email = "dana@example.com"
        self.agent.partner_id.email = "ana@example.com"
        self.settle()

    def from_google(self, google_id, start, attendees=None, **values):
        """Return an event in the format of Google's API.

        :param datetime start: UTC
        :param dict attendees: their answers, by e-mail address
        """
        end = start + timedelta(hours=1)
        people = {"ana@example.com": "accepted"}
        people |= attendees or {"dana@example.com": "needsAction"}
        return {
            "id": google_id,
            "summary": "Mend the printer",
            "organizer": {"email": "ana@example.com", "self": True},
            "updated": self.changed_at(),
            "reminders": {"useDefault": True},
            "start": {"dateTime": start.replace(tzinfo=UTC).isoformat()},
            "end": {"dateTime": end.replace(tzinfo=UTC).isoformat()},
            "attendees": [
                {"email": email, "responseStatus": state}
                for email, state in people.items()
            ],
            **values,
        }

    def synchronise(self, *events, user=None):
        """Take in events as Odoo's synchronization does: series first.

        :param user: ``res.users`` whose calendar it is, by default the agent
        """
        from odoo.addons.google_calendar.utils.google_event import GoogleEvent

        env = self.env(user=user or self.agent, su=True)
        found = GoogleEvent(events)
        found.clear_type_ambiguity(env)
        series = found.filter(lambda it: it.is_recurrence())
        env["calendar.recurrence"]._sync_google2odoo(series)
        synced = env["calendar.event"]._sync_google2odoo(found - series)
        self.settle()
        return synced

    def book_synced(self, **values):
        """Return a visit that Google knows, and that was announced to its customer."""
        event = self.book(google_id="g1", need_sync=False, **values)
        self.pass_time(minutes=1)
        return event

    def book_synced_series(self, google_id, **values):
        """Return the visits of a weekly series that Google and the customer know."""
        first = self.book_series(need_sync=False, **values)
        series = first.recurrence_id
        series.write({"google_id": google_id, "need_sync": False})
        self.pass_time(minutes=1)
        self.assertTold(1, "the first of 5")
        return series.calendar_event_ids.sorted("start")

    def move_out_of_series(self, event, **delta):
        """Return an occurrence as Google describes it once it alone has moved."""
        series_id = event.recurrence_id.google_id
        plain_id, moment = series_id.partition("_")[0], event.google_id[-16:]
        return self.from_google(
            f"{plain_id}_{moment}",
            event.start + timedelta(**delta),
            recurringEventId=series_id,
            originalStartTime={"dateTime": event.start.replace(tzinfo=UTC).isoformat()},
        )

    def test_google_has_what_is_extended_and_calls_ours_first(self):
        events = ("_odoo_attendee_commands", "_create_from_google", "_cancel")
        for model, names in (
            ("calendar.event", events),
            ("calendar.recurrence", ("_create_from_google",)),
        ):
            for name in names:
                owners = [
                    cls.__module__.split(".")[2]
                    for cls in type(self.env[model]).mro()
                    if name in vars(cls) and cls.__module__.startswith("odoo.addons.")
                ]
                with self.subTest(model=model, name=name):
                    self.assertEqual(owners[0], "helpdesk_mgmt_sms")
                    self.assertIn("google_calendar", owners)

    def test_a_first_synchronisation_is_no_storm(self):
        start = NOW + timedelta(days=1)
        events = [
            self.from_google(f"g{day}", start + timedelta(days=day))
            for day in range(60)
        ]
        self.assertEqual(len(self.synchronise(*events)), 60)
        self.assertTold(0)
        self.assertFalse(self.rows())

    def test_the_same_again_says_nothing(self):
        event = self.book_synced()
        for _time in range(5):
            self.frozen.tick(timedelta(minutes=1))
            self.synchronise(self.from_google("g1", event.start))
        self.assertTold(1, "is booked for")
        self.assertEqual(self.kinds(event), ["reminder", "reminder"])

    def test_a_move_is_told_once_and_reminded_anew(self):
        event = self.book_synced()
        start = event.start + timedelta(days=1)
        self.synchronise(self.from_google("g1", start))
        self.assertEqual(event.start, start)
        self.synchronise(self.from_google("g1", start))
        self.assertTold(2, "has moved from Wed, Dec 2 at 9:00 AM to Thu, Dec 3")
        self.assertEqual(self.kinds(event), ["reminder", "reminder"])

    def test_called_off_there_is_called_off_here(self):
        self.book_synced()
        event = self.from_google("g1", NOW + timedelta(days=2), status="cancelled")
        self.synchronise(event)
        self.assertTold(2, "is cancelled")
        self.assertFalse(self.rows(state="planned"))

    def test_who_declines_there_is_reminded_no_more(self):
        event = self.book_synced()
        answers = {"dana@example.com": "declined"}
        self.synchronise(self.from_google("g1", event.start, answers))
        self.assertEqual(event.sms_confirmation, "declined")
        self.assertEqual(self.kinds(event), [])
        self.assertTold(1)

    def test_who_has_no_e_mail_stays_invited(self):
        self.customer.email = False
        event = self.book_synced()
        answers = {"else@example.com": "accepted"}
        self.synchronise(self.from_google("g1", event.start, answers))
        self.assertIn(self.customer, event.partner_ids)
        self.assertIn(self.customer, event.attendee_ids.partner_id)
        self.assertTold(1, "is booked for")

    def test_who_is_dropped_there_is_told(self):
        event = self.book_synced()
        answers = {"else@example.com": "accepted"}
        self.synchronise(self.from_google("g1", event.start, answers))
        self.assertNotIn(self.customer, event.partner_ids)
        self.assertTold(2, "is cancelled")

    def test_one_of_a_series_is_moved(self):
        second = self.book_synced_series("weekly")[1]
        self.synchronise(self.move_out_of_series(second, days=1))
        self.assertEqual(second.start, NOW + timedelta(days=10))
        self.assertTold(2, "has moved from Wed, Dec 9 at 9:00 AM to Thu, Dec 10")

    def test_one_of_a_split_series_is_moved(self):
        """Google gives it a new id: a new event comes, and the old one is deleted."""
        events = self.book_synced_series("weekly_R20261202T160000")
        second, key = events[1], events.mapped("sms_series_key")[0]
        moved = self.synchronise(self.move_out_of_series(second, days=1))
        moved = moved.exists()
        self.assertFalse(second.exists())
        self.assertEqual(moved.start, NOW + timedelta(days=10))
        self.assertEqual(moved.ticket_id, self.ticket)
        self.assertEqual(moved.technician_id, self.agent)
        self.assertEqual(moved.sms_series_key, key)
        self.assertTold(2, "has moved from Wed, Dec 9 at 9:00 AM to Thu, Dec 10")
        self.assertEqual(self.kinds(moved), ["reminder", "reminder"])
        self.assertEqual(len(self.kinds()), 10)
        self.move(moved, days=1)
        self.assertTold(3, "has moved from Thu, Dec 10 at 9:00 AM to Fri, Dec 11")

    def test_a_colleagues_calendar_brings_the_move(self):
        """A mere attendee's calendar only declines the old event, so that it stays."""
        second = self.book_synced_series("weekly_R20261202T160000")[1]
        self.manager.partner_id.email = "max@example.com"
        change = self.move_out_of_series(second, days=1)
        change["organizer"] = {"email": "ana@example.com"}
        for user in (self.manager, self.agent):
            self.synchronise(change, user=user)
        self.assertTold(2, "has moved from Wed, Dec 9 at 9:00 AM to Thu, Dec 10")
        self.assertTrue(second.exists())
        self.assertEqual(self.kinds(second), [])
        self.assertEqual(len(self.kinds()), 10)

    def test_who_has_no_e_mail_is_told_of_the_move(self):
        self.customer.email = False
        second = self.book_synced_series("weekly_R20261202T160000")[1]
        change = self.move_out_of_series(second, days=1)
        change["attendees"] = change["attendees"][:1]
        moved = self.synchronise(change).exists()
        self.assertIn(self.customer, moved.partner_ids)
        self.assertIn(self.customer, moved.attendee_ids.partner_id)
        self.assertTold(2, "has moved from Wed, Dec 9 at 9:00 AM to Thu, Dec 10")

    def test_who_is_dropped_when_it_is_moved_is_told(self):
        second = self.book_synced_series("weekly_R20261202T160000")[1]
        change = self.move_out_of_series(second, days=1)
        change["attendees"] = change["attendees"][:1]
        self.synchronise(change)
        self.assertTold(2, "on Wed, Dec 9 at 9:00 AM is cancelled")

    def split(self, events, **delta):
        """Return what Google sends when the third visit and the following are moved.

        :return: what is left of the old series, and the new series
        """
        whole, third = events.recurrence_id, events[2]
        rule = "RRULE:FREQ=WEEKLY;BYDAY=WE"
        return (
            self.from_google(
                whole.google_id,
                events[0].start,
                recurrence=[f"{rule};UNTIL=20261215T065959Z"],
            ),
            self.from_google(
                f"{whole.google_id}_R20261216T160000",
                third.start + timedelta(**delta),
                recurrence=[f"{rule};COUNT=3"],
            ),
        )

    def test_one_date_of_a_series_of_others_deletes_nothing(self):
        """Somebody invited to one moved date has no event for the series."""
        event = self.book(need_sync=False)
        start = NOW + timedelta(days=3)
        self.synchronise(
            self.from_google(
                "others_20261203T160000Z",
                start + timedelta(hours=1),
                recurringEventId="others",
                originalStartTime={"dateTime": start.replace(tzinfo=UTC).isoformat()},
            )
        )
        self.assertTrue(event.exists())
        self.assertTold(1, "is booked for")

    def test_the_rest_of_a_series_is_moved(self):
        events = self.book_synced_series("weekly")
        self.synchronise(*self.split(events, hours=2))
        self.assertTold(
            2,
            "has moved from Wed, Dec 16 at 9:00 AM to Wed, Dec 16 at 11:00 AM, the "
            "first of 3.",
        )
        visits = self.ticket.visit_ids.sorted("start")
        self.assertEqual(
            [(it.start - events[0].start) // timedelta(hours=1) for it in visits],
            [0, 168, 338, 506, 674],
        )
        self.assertEqual(
            set(visits.mapped("sms_series_key")), {visits[0].sms_series_key}
        )
        self.assertEqual(len(self.kinds()), 10)

    def test_a_series_that_is_split_at_the_same_times_says_nothing(self):
        events = self.book_synced_series("weekly")
        self.synchronise(*self.split(events))
        self.assertEqual(len(self.ticket.visit_ids), 5)
        self.assertTold(1)
        self.assertEqual(len(self.kinds()), 10)


class TestMicrosoft(NeighbourCase):
    """Events from Outlook, as Odoo's module reads them."""

    module = "microsoft_calendar"

    def setUp(self):
        super().setUp()
        self.customer.email = "dana@example.com"
        self.agent.partner_id.email = "ana@example.com"
        self.settle()

    def from_outlook(self, number, start, **values):
        """Return an event in the format of Microsoft's API.

        :param datetime start: UTC
        """

        def say(moment):
            return {"dateTime": f"{moment.isoformat()}.0000000", "timeZone": "UTC"}

        def invite(email, state):
            address = {"name": email, "address": email}
            return {"emailAddress": address, "status": {"response": state}}

        return {
            "id": f"m{number}",
            "iCalUId": f"u{number}",
            "type": "singleInstance",
            "subject": "Mend the printer",
            "body": {"content": "", "contentType": "text"},
            "start": say(start),
            "end": say(start + timedelta(hours=1)),
            "location": {"displayName": ""},
            "isAllDay": False,
            "isOnlineMeeting": False,
            "isOrganizer": True,
            "isReminderOn": False,
            "sensitivity": "normal",
            "showAs": "busy",
            "organizer": {"emailAddress": {"address": "ana@example.com"}},
            "attendees": [
                invite("ana@example.com", "accepted"),
                invite("dana@example.com", "none"),
            ],
            "lastModifiedDateTime": self.changed_at(),
            **values,
        }

    def synchronise(self, *events):
        """Take in events as a synchronization of the agent does."""
        from odoo.addons.microsoft_calendar.utils.microsoft_event import MicrosoftEvent

        calendar = self.env["calendar.event"].with_user(self.agent).sudo()
        synced, _recurrences = calendar._sync_microsoft2odoo(MicrosoftEvent(events))
        self.settle()
        return synced

    def book_synced(self):
        """Return a visit that Outlook knows, and that was announced to its customer."""
        event = self.book()
        event.with_context(dont_notify=True).write(
            {"microsoft_id": "m1", "ms_universal_event_id": "u1", "need_sync_m": False}
        )
        self.pass_time(minutes=1)
        return event

    def test_a_first_synchronisation_is_no_storm(self):
        start = NOW + timedelta(days=1)
        events = [
            self.from_outlook(day, start + timedelta(days=day)) for day in range(60)
        ]
        self.assertEqual(len(self.synchronise(*events)), 60)
        self.assertTold(0)
        self.assertFalse(self.rows())

    def test_the_same_again_says_nothing(self):
        event = self.book_synced()
        for _time in range(5):
            self.frozen.tick(timedelta(minutes=1))
            self.synchronise(self.from_outlook(1, event.start))
        self.assertTold(1, "is booked for")
        self.assertEqual(self.kinds(event), ["reminder", "reminder"])

    def test_a_move_is_told_once(self):
        event = self.book_synced()
        start = event.start + timedelta(days=1)
        self.synchronise(self.from_outlook(1, start))
        self.assertEqual(event.start, start)
        self.synchronise(self.from_outlook(1, start))
        self.assertTold(2, "has moved from")

    def test_called_off_there_is_called_off_here(self):
        self.book_synced()
        gone = {"id": "m1", "iCalUId": "u1", "@removed": {"reason": "deleted"}}
        self.synchronise(gone)
        self.assertTold(2, "is cancelled")


class TestBookings(NeighbourCase):
    """Appointments of OCA's bookings are announced, and keep their own rules."""

    module = "resource_booking"

    def setUp(self):
        super().setUp()
        attendance = {"hour_from": 8, "hour_to": 17, "day_period": "morning"}
        self.hours = self.env["resource.calendar"].create(
            {
                "name": "Mondays to Fridays",
                "tz": "America/Denver",
                "attendance_ids": [
                    Command.create({"name": day, "dayofweek": day, **attendance})
                    for day in "01234"
                ],
            }
        )
        resource = self.env["resource.resource"].create(
            {
                "name": "Ana",
                "resource_type": "user",
                "user_id": self.agent.id,
                "calendar_id": self.hours.id,
                "tz": "America/Denver",
            }
        )
        combination = self.env["resource.booking.combination"].create(
            {"resource_ids": [Command.set(resource.ids)]}
        )
        self.booking_type = self.env["resource.booking.type"].create(
            {
                "name": "Repair",
                "duration": 1,
                "slot_duration": 1,
                "modifications_deadline": 24,
                "resource_calendar_id": self.hours.id,
                "combination_rel_ids": [
                    Command.create({"combination_id": combination.id})
                ],
            }
        )
        self.booking = self.env["resource.booking"].create(
            {
                "partner_ids": [Command.set(self.customer.ids)],
                "type_id": self.booking_type.id,
                "user_id": self.agent.id,
            }
        )
        self.schedule(NOW + timedelta(days=2))
        self.event = self.booking.meeting_id
        self.pass_time(minutes=1)

    def schedule(self, start):
        """Choose a time for the booking (UTC), as in its portal."""
        self.booking.start = start
        self.settle()

    def say(self, body):
        """Receive a text from the customer, then run reminders and outbox."""
        self.receive(body)
        self.settle()
        self.work()

    def test_it_is_told_and_reminded(self):
        self.assertTrue(self.event.sms_enabled)
        self.assertTold(1, "is booked for Wed, Dec 2 at 9:00 AM")
        self.assertEqual(self.kinds(self.event), ["reminder", "reminder"])

    def test_a_move_in_the_portal_is_told(self):
        self.schedule(self.event.start + timedelta(days=1))
        self.assertTold(2, "to Thu, Dec 3 at 9:00 AM")

    def test_one_confirms_the_booking(self):
        self.say("1")
        self.assertEqual(self.booking.state, "confirmed")

    def test_it_is_moved_by_text_to_what_can_be_booked(self):
        self.hours.attendance_ids.filtered(lambda it: it.dayofweek == "1").unlink()
        self.say("2")
        offer = self.bodies()[-1]
        self.assertIn("1: Mon, Nov 30", offer)
        self.assertNotIn("Tue", offer)
        self.assertIn("2: Wed, Dec 2 at 8:00 AM", offer)
        self.say("2")
        self.assertEqual(self.booking.start, datetime(2026, 12, 2, 15))
        self.assertIn("has moved from", self.bodies()[-1])

    def test_a_late_change_is_refused_kindly(self):
        self.pass_time(days=1, minutes=1)
        for answer in "23":
            self.say(answer)
            self.assertIn("is too near to be changed by text", self.bodies()[-1])
        self.assertEqual(self.event.start, NOW + timedelta(days=2))
        self.assertEqual(self.attendee(self.event).state, "needsAction")

    def test_what_was_taken_meanwhile_goes_to_a_person(self):
        self.say("2")
        self.booking_type.combination_rel_ids.combination_id.active = False
        self.say("1")
        self.assertEqual(self.event.start, NOW + timedelta(days=2))

    def test_a_booking_that_is_cancelled_is_called_off(self):
        self.booking.action_cancel()
        self.settle()
        self.assertTold(2, "is cancelled")
        self.assertFalse(self.rows(state="planned"))
