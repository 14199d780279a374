# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime, timedelta

from odoo.tests import BaseCase, tagged

from ...tools import appointments
from ...tools.appointments import (
    BOOKED,
    CALL_OFF,
    CALLED_OFF,
    CONFIRM,
    MOVE,
    MOVED,
    Change,
    Notice,
    find_free,
    is_free,
    keep_daytime,
    read_action,
    read_choice,
)
from ...tools.quiet_hours import CLOSED, INFORMATIONAL, Rule, is_open

DENVER, PHOENIX, LONDON = "America/Denver", "America/Phoenix", "Europe/London"
KOLKATA, AUCKLAND = "Asia/Kolkata", "Pacific/Auckland"
BUSINESS = Rule(INFORMATIONAL, weekdays=(480, 1200), saturday=CLOSED, sunday=CLOSED)
EVERY_DAY = Rule(INFORMATIONAL, *[""] * 2, *[(480, 1200)] * 3)


def utc(text):
    """Return a UTC time as Odoo stores it."""
    return datetime.fromisoformat(text)


@tagged("post_install", "-at_install")
class TestWords(BaseCase):
    """A time as somebody says it where they are."""

    def assertSaid(self, *cases, now="2026-11-30 16:00"):
        for start, zone, lang, expected in cases:
            with self.subTest(start=start, zone=zone, lang=lang):
                said = appointments.say(utc(start), False, zone, DENVER, lang, utc(now))
                self.assertEqual(tuple(said), expected)

    def test_zones_and_styles(self):
        day = "other_day"
        start = "2026-12-02 16:00"
        self.assertSaid(
            (start, DENVER, "en_US", (day, "Wed, Dec 2", "9:00 AM", "")),
            # The same clock in winter: nothing to explain.
            (start, PHOENIX, "en_US", (day, "Wed, Dec 2", "9:00 AM", "")),
            (start, LONDON, "en_GB", (day, "Wed 2 Dec", "16:00", "London")),
            (start, KOLKATA, "en_US", (day, "Wed, Dec 2", "9:30 PM", "Kolkata")),
            (start, AUCKLAND, "en_US", (day, "Thu, Dec 3", "5:00 AM", "Auckland")),
            (start, DENVER, "de_DE", (day, "Mi., 2. Dez.", "09:00", "")),
            (start, DENVER, "fr_FR", (day, "mer. 2 déc.", "09:00", "")),
            (start, DENVER, "xx_YY", (day, "Wed, Dec 2", "9:00 AM", "")),
            (
                "2027-01-02 16:00",
                DENVER,
                "en_US",
                (day, "Sat, Jan 2, 2027", "9:00 AM", ""),
            ),
        )

    def test_today_is_where_the_reader_is(self):
        self.assertSaid(
            (
                "2026-12-01 03:00",
                DENVER,
                "en_US",
                ("today", "Mon, Nov 30", "8:00 PM", ""),
            ),
            (
                "2026-12-01 07:00",
                DENVER,
                "en_US",
                ("tomorrow", "Tue, Dec 1", "12:00 AM", ""),
            ),
            (
                "2026-12-01 03:00",
                LONDON,
                "en_US",
                ("tomorrow", "Tue, Dec 1", "3:00 AM", "London"),
            ),
        )

    def test_daylight_saving_of_spring_and_autumn(self):
        self.assertSaid(
            # Arizona keeps no summer time: from March on it is named.
            (
                "2026-03-07 16:00",
                PHOENIX,
                "en_US",
                ("tomorrow", "Sat, Mar 7", "9:00 AM", ""),
            ),
            (
                "2026-03-09 15:00",
                PHOENIX,
                "en_US",
                ("other_day", "Mon, Mar 9", "8:00 AM", "Phoenix"),
            ),
            (
                "2026-03-09 15:00",
                DENVER,
                "en_US",
                ("other_day", "Mon, Mar 9", "9:00 AM", ""),
            ),
            now="2026-03-06 16:00",
        )
        self.assertSaid(
            (
                "2026-11-01 07:30",
                DENVER,
                "en_US",
                ("tomorrow", "Sun, Nov 1", "1:30 AM", ""),
            ),
            (
                "2026-11-01 08:30",
                DENVER,
                "en_US",
                ("tomorrow", "Sun, Nov 1", "1:30 AM", ""),
            ),
            (
                "2026-11-02 16:00",
                DENVER,
                "en_US",
                ("other_day", "Mon, Nov 2", "9:00 AM", ""),
            ),
            now="2026-10-31 16:00",
        )

    def test_a_day_has_no_hour_and_no_zone(self):
        said = appointments.say(
            utc("2026-12-02 08:00"),
            True,
            AUCKLAND,
            DENVER,
            "en_US",
            utc("2026-11-30 16:00"),
        )
        self.assertEqual(tuple(said), ("tomorrow", "Wed, Dec 2", "", ""))

    def test_whose_clock(self):
        for tz, place, expected in (
            ("Asia/Kolkata", (LONDON,), KOLKATA),
            ("", (LONDON, DENVER), DENVER),
            ("Nowhere/Town", (LONDON,), LONDON),
            (False, (), DENVER),
        ):
            self.assertEqual(appointments.pick_zone(tz, place, DENVER), expected)


@tagged("post_install", "-at_install")
class TestDue(BaseCase):
    """When a reminder leaves."""

    def assertDue(self, rule, *cases, zone=DENVER, now="2026-11-27 16:00"):
        for anchor, hours, expected in cases:
            with self.subTest(anchor=anchor, hours=hours):
                due = appointments.find_due(
                    utc(anchor), timedelta(hours=hours), utc(now), (zone,), (rule,), "k"
                )
                self.assertEqual(due, expected and utc(expected))
                if due:
                    self.assertTrue(is_open(due, (zone,), (rule,)))
                    self.assertLess(due, utc(anchor))

    def test_in_the_window_it_leaves_when_it_should(self):
        self.assertDue(
            EVERY_DAY,
            ("2026-12-02 16:00", 24, "2026-12-01 16:00"),
            ("2026-12-02 17:00", 2, "2026-12-02 15:00"),
        )

    def test_quiet_hours_hold_it_later_or_earlier(self):
        for anchor, hours, low, high in (
            # 14:00 the day after at 6:00: later, when the day has begun.
            ("2026-12-02 20:00", 8, "2026-12-02 15:00", "2026-12-02 15:30"),
            # At 8:15 in the morning, two hours before: the evening before.
            ("2026-12-02 15:15", 2, "2026-12-02 02:30", "2026-12-02 03:00"),
            # At 21:30, a day before: the next morning is early enough.
            ("2026-12-03 04:30", 24, "2026-12-02 15:00", "2026-12-02 15:30"),
        ):
            due = appointments.find_due(
                utc(anchor),
                timedelta(hours=hours),
                utc("2026-11-27 16:00"),
                (DENVER,),
                (EVERY_DAY,),
                "key",
            )
            self.assertTrue(utc(low) <= due < utc(high), due)

    def test_over_a_weekend(self):
        due = appointments.find_due(
            utc("2026-11-30 15:20"),
            timedelta(hours=24),
            utc("2026-11-27 16:00"),
            (DENVER,),
            (BUSINESS,),
            "key",
        )
        self.assertTrue(utc("2026-11-28 02:30") <= due < utc("2026-11-28 03:00"), due)

    def test_never_in_the_past(self):
        self.assertDue(
            EVERY_DAY,
            ("2026-11-27 17:00", 2, None),
            ("2026-11-27 18:00", 2, None),
            ("2026-11-27 18:01", 2, "2026-11-27 16:01"),
        )
        # Booked at 21:00 for 8:00: the evening before is over.
        self.assertDue(EVERY_DAY, ("2026-12-02 15:00", 2, None), now="2026-12-02 04:00")

    def test_where_no_hour_is_allowed_there_is_none(self):
        self.assertDue(
            Rule(INFORMATIONAL, weekdays=CLOSED, saturday=CLOSED, sunday=CLOSED),
            ("2026-12-02 16:00", 24, None),
        )

    def test_both_changes_of_the_clock(self):
        # The window opens at 8:00 by the clock, an hour of UTC apart.
        for anchor, low in (
            ("2026-03-09 18:00", "2026-03-09 14:00"),
            ("2026-11-02 19:00", "2026-11-02 15:00"),
        ):
            due = appointments.find_due(
                utc(anchor),
                timedelta(hours=6),
                utc("2026-01-01 00:00"),
                (DENVER,),
                (EVERY_DAY,),
                "key",
            )
            self.assertTrue(timedelta() <= due - utc(low) < timedelta(minutes=30), due)

    def test_all_day(self):
        start = utc("2026-12-02 08:00")
        self.assertEqual(
            appointments.get_anchor(start, True, AUCKLAND), utc("2026-12-01 20:00")
        )
        self.assertEqual(
            appointments.get_day_end(start, DENVER), utc("2026-12-03 07:00")
        )


@tagged("post_install", "-at_install")
class TestChanges(BaseCase):
    """What a person is told of a change."""

    one, two, three = (utc(f"2026-12-0{day} 16:00") for day in (1, 2, 3))

    def tell(self, *pairs, key="series"):
        notices = appointments.find_notices(
            Change(key, 1, known, start) for known, start in pairs
        )
        return [(it.kind, it.known, it.start, it.count) for it in notices]

    def test_one_text_of_the_whole(self):
        one, two, three = self.one, self.two, self.three
        for pairs, expected in (
            ([(None, one)], (BOOKED, None, one, 1)),
            ([(None, two), (None, one)], (BOOKED, None, one, 2)),
            ([(one, two)], (MOVED, one, two, 1)),
            ([(one, None)], (CALLED_OFF, one, one, 1)),
            ([(two, None), (one, None)], (CALLED_OFF, one, one, 2)),
            # Made anew an hour later: moved. Made anew as it was: nothing.
            ([(one, None), (None, two)], (MOVED, one, two, 1)),
            ([(one, None), (None, one)], None),
            ([(one, None), (None, one), (None, three)], (BOOKED, None, three, 1)),
            ([(one, None), (two, None), (None, one)], (CALLED_OFF, two, two, 1)),
            ([(one, two), (two, three)], (MOVED, one, three, 1)),
            ([], None),
        ):
            with self.subTest(pairs=pairs):
                self.assertEqual(self.tell(*pairs), [expected] if expected else [])

    def test_people_and_appointments_are_told_apart(self):
        found = appointments.find_notices(
            [
                Change("a", 1, None, self.one),
                Change("b", 1, None, self.one),
                Change("a", 2, None, self.one),
            ]
        )
        self.assertEqual(len(found), 3)

    def test_what_has_not_left_is_told_with_what_is_new(self):
        one, two = self.one, self.two
        for pending, known, kind, start, expected in (
            (BOOKED, None, MOVED, two, (BOOKED, None)),
            (BOOKED, None, CALLED_OFF, one, None),
            (MOVED, one, MOVED, two, (MOVED, one)),
            (MOVED, one, MOVED, one, None),
            (MOVED, one, CALLED_OFF, two, (CALLED_OFF, one)),
            (CALLED_OFF, one, BOOKED, one, None),
            (CALLED_OFF, one, BOOKED, two, (MOVED, one)),
        ):
            with self.subTest(pending=pending, kind=kind, start=start):
                notice = Notice(kind, None, start, None, 1)
                self.assertEqual(
                    appointments.merge_changes(pending, known, notice), expected
                )


@tagged("post_install", "-at_install")
class TestAnswers(BaseCase):
    """What a customer answers, and what is free."""

    def test_actions(self):
        for text, expected in (
            ("1", CONFIRM),
            (" 1. ", CONFIRM),
            ("c", CONFIRM),
            ("Confirm!", CONFIRM),
            ("1 thanks", CONFIRM),
            ("1, see you", CONFIRM),
            ("yes", CONFIRM),
            ("2", MOVE),
            ("Reschedule", MOVE),
            ("2\nplease after noon", MOVE),
            ("3", CALL_OFF),
            ("call off", CALL_OFF),
            ("CALL  OFF.", CALL_OFF),
            ("3 printers are broken", None),
            ("12", None),
            ("", None),
            (None, None),
            ("can you cancel my 3pm?", None),
            ("no", None),
            ("1 2 3", None),
        ):
            with self.subTest(text=text):
                self.assertEqual(read_action(text), expected)

    def test_what_says_nothing_is_no_answer(self):
        for text in ("", None, "?!", "...", "🙂"):
            with self.subTest(text=text):
                self.assertIsNone(read_action(text))

    def test_choices(self):
        for text, expected in (
            ("1", 1),
            ("3.", 3),
            ("0", 0),
            ("4", None),
            ("none", None),
            ("", None),
            ("2 thank you", 2),
            ("2 o'clock", None),
        ):
            with self.subTest(text=text):
                self.assertEqual(read_choice(text, 3), expected)

    def test_free_times(self):
        day = datetime(2026, 12, 1)
        hour = timedelta(hours=1)
        work = [
            (day + 8 * hour, day + 12 * hour),
            (day + 13 * hour, day + 17 * hour),
            (day + 32 * hour, day + 36 * hour),
        ]
        busy = [(day + 8 * hour, day + 9.25 * hour), (day + 13 * hour, day + 17 * hour)]
        self.assertEqual(
            find_free(work, busy, hour, day),
            [day + 9.5 * hour, day + 32 * hour],
        )
        self.assertEqual(
            find_free(work, busy, hour, day + 11.2 * hour), [day + 32 * hour]
        )
        self.assertEqual(find_free(work, busy, 5 * hour, day), [])
        self.assertTrue(is_free(day + 11 * hour, hour, work, busy))
        for moment in (9, 11.5, 12, 14):
            self.assertFalse(is_free(day + moment * hour, hour, work, busy))

    def test_by_day_where_somebody_is(self):
        for start, end, zone, expected in (
            # From 8 to 17 in Denver, in the zone itself and elsewhere.
            ("12-01 15", "12-02 00", DENVER, [("12-01 15", "12-02 00")]),
            ("12-01 15", "12-02 00", LONDON, [("12-01 15", "12-01 20")]),
            ("12-01 15", "12-02 00", KOLKATA, []),
            ("12-01 15", "12-02 00", AUCKLAND, [("12-01 19", "12-02 00")]),
            # Around the clock: day by day.
            (
                *("12-01 00", "12-03 00", DENVER),
                [("12-01 00", "12-01 03"), ("12-01 15", "12-02 03")]
                + [("12-02 15", "12-03 00")],
            ),
            # The clock changes at night: the day begins at 8 by the new one.
            (
                "03-07 22",
                "03-08 22",
                DENVER,
                [("03-07 22", "03-08 03")] + [("03-08 14", "03-08 22")],
            ),
            (
                "10-31 22",
                "11-01 22",
                DENVER,
                [("10-31 22", "11-01 02")] + [("11-01 15", "11-01 22")],
            ),
        ):
            with self.subTest(start=start, zone=zone):
                found = keep_daytime([(utc(f"2026-{start}"), utc(f"2026-{end}"))], zone)
                self.assertEqual(
                    found,
                    [(utc(f"2026-{one}"), utc(f"2026-{two}")) for one, two in expected],
                )


@tagged("post_install", "-at_install")
class TestTimesOfReminders(BaseCase):
    """From when reminders are counted, and on which days times are offered."""

    def test_without_rules_it_leaves_as_long_before_as_is_wanted(self):
        anchor, day = utc("2026-12-02 16:00"), timedelta(days=1)
        for now, expected in (
            ("2026-12-01 15:59", anchor - day),
            ("2026-12-01 16:00", None),
            ("2026-12-02 10:00", None),
        ):
            with self.subTest(now=now):
                found = appointments.find_due(anchor, day, utc(now), [DENVER], ())
                self.assertEqual(found, expected)

    def test_the_anchor(self):
        start = utc("2026-12-02 16:00")
        self.assertEqual(appointments.get_anchor(start, False, DENVER), start)
        found = appointments.get_anchor(start, True, DENVER)
        local = datetime.combine(start.date(), appointments.ALL_DAY_HOUR)
        self.assertEqual(found, local + timedelta(hours=7))

    def test_what_a_newer_notice_is_about(self):
        known = utc("2026-12-02 16:00")
        for kind, start, expected in (
            (BOOKED, known, True),
            (MOVED, known, True),
            (MOVED, known + timedelta(hours=1), False),
            (CALLED_OFF, known + timedelta(hours=1), True),
        ):
            with self.subTest(kind=kind, start=start):
                notice = Notice(MOVED, None, known, known, 1)
                self.assertIs(appointments.follows(kind, start, notice), expected)

    def test_no_time_is_offered_on_holidays_and_weekends(self):
        # From Thursday noon to Monday noon in Denver; Friday is a holiday.
        span = (utc("2026-07-02 18:00"), utc("2026-07-06 18:00"))
        region = ("US", "CO")
        thursday = (span[0], utc("2026-07-03 06:00"))
        friday = (utc("2026-07-03 06:00"), utc("2026-07-04 06:00"))
        saturday = (utc("2026-07-04 06:00"), utc("2026-07-05 06:00"))
        sunday = (utc("2026-07-05 06:00"), utc("2026-07-06 06:00"))
        monday = (utc("2026-07-06 06:00"), span[1])
        for has_weekends, place, expected in (
            (False, region, [thursday, monday]),
            # The 4th is a holiday too.
            (True, region, [thursday, sunday, monday]),
            (True, ("XX", ""), [thursday, friday, saturday, sunday, monday]),
            (False, ("XX", ""), [thursday, friday, monday]),
        ):
            with self.subTest(has_weekends=has_weekends, place=place):
                found = appointments.keep_business_days(
                    [span], DENVER, place, has_weekends
                )
                self.assertEqual(found, expected)
