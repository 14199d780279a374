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
from ...tools.quiet_hours import CLOSED, INFORMATIONAL, Rule, is_open, spread

DENVER, PHOENIX, LONDON = "America/Denver", "America/Phoenix", "Europe/London"
KOLKATA, AUCKLAND, HONOLULU = "Asia/Kolkata", "Pacific/Auckland", "Pacific/Honolulu"
BUSINESS = Rule(INFORMATIONAL, weekdays=(480, 1200), saturday=CLOSED, sunday=CLOSED)
EVERY_DAY = Rule(INFORMATIONAL, *[""] * 2, *[(480, 1200)] * 3)
MORNINGS = Rule(INFORMATIONAL, *[""] * 2, *[(480, 720)] * 3)
SATURDAYS = Rule(
    *(INFORMATIONAL, "US", "", CLOSED, (480, 1200), CLOSED),
    is_closed_on_holidays=True,
)


def utc(text):
    """Return a UTC time as Odoo stores it."""
    return datetime.fromisoformat(text)


@tagged("post_install", "-at_install")
class TestWords(BaseCase):
    """A time in the words of a person at their place."""

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
            # The same local time in winter: the zone is not named.
            (start, PHOENIX, "en_US", (day, "Wed, Dec 2", "9:00 AM", "")),
            (start, LONDON, "en_GB", (day, "Wed 2 Dec", "16:00", "London")),
            (start, KOLKATA, "en_US", (day, "Wed, Dec 2", "9:30 PM", "Kolkata")),
            (start, AUCKLAND, "en_US", (day, "Thu, Dec 3", "5:00 AM", "Auckland")),
            (start, DENVER, "de_DE", (day, "Mi., 2. Dez.", "09:00", "")),
            (start, KOLKATA, "de_DE", (day, "Mi., 2. Dez.", "21:30", "Kalkutta")),
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
            # Arizona has no daylight saving time: from March on it is named.
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
        start, now = utc("2026-12-02 08:00"), utc("2026-11-30 16:00")
        for zone, day in ((AUCKLAND, "tomorrow"), (HONOLULU, "other_day")):
            with self.subTest(zone=zone):
                said = appointments.say(start, True, zone, DENVER, "en_US", now)
                self.assertEqual(tuple(said), (day, "Wed, Dec 2", "", ""))

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
    """The time at which a reminder leaves."""

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

    def test_it_is_spread_while_it_leaves_half_an_hour_before(self):
        opening, half = utc("2026-12-02 15:00"), timedelta(minutes=30)
        later = spread(opening, "k", (DENVER,), (EVERY_DAY,))
        before = spread(utc("2026-12-02 02:30"), "k", (DENVER,), (EVERY_DAY,))
        second = timedelta(seconds=1)
        for anchor, expected in (
            (later + half, later),
            (later + half - second, opening),
            (opening + half, opening),
            (opening + half - second, before),
        ):
            self.assertDue(EVERY_DAY, (str(anchor), 2, str(expected)))

    def test_the_last_window_before(self):
        until = Rule(INFORMATIONAL, *[""] * 2, *[(480, 1201)] * 3)
        for zone, rules, moment, expected in (
            (DENVER, (EVERY_DAY,), "2026-12-02 12:00", "2026-12-02 03:00"),
            (DENVER, (EVERY_DAY,), "2026-12-02 03:00", "2026-12-02 03:00"),
            (DENVER, (EVERY_DAY,), "2026-12-02 02:59", "2026-12-01 03:00"),
            # The strictest rule ends it.
            (DENVER, (EVERY_DAY, until), "2026-12-02 12:00", "2026-12-02 03:00"),
            # By the local date, which is the next one.
            (AUCKLAND, (MORNINGS,), "2026-12-01 23:30", "2026-12-01 23:00"),
            # On Independence Day it was closed: eight days before, and no more.
            (DENVER, (SATURDAYS,), "2026-07-05 18:00", "2026-06-28 02:00"),
            (DENVER, (SATURDAYS,), "2026-07-06 18:00", None),
        ):
            with self.subTest(zone=zone, moment=moment):
                found = appointments.find_last_opening(utc(moment), (zone,), rules)
                self.assertEqual(found, expected and utc(expected))

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
        # Booked that evening, when it would leave.
        due = spread(utc("2026-12-02 02:30"), "k", (DENVER,), (EVERY_DAY,))
        for now, expected in ((due, None), (due - timedelta(seconds=1), str(due))):
            self.assertDue(EVERY_DAY, ("2026-12-02 15:00", 2, expected), now=str(now))

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
        for is_allday, expected in (
            (False, start),
            (True, utc("2026-12-03 12:00")),
        ):
            found = appointments.get_latest_end(start, is_allday)
            self.assertEqual(found, expected)
        stop = utc("2026-12-03 18:00")
        for is_allday, expected in (
            (False, (start, stop)),
            (True, (utc("2026-12-02 07:00"), utc("2026-12-04 07:00"))),
        ):
            found = appointments.get_span(start, stop, is_allday, DENVER)
            self.assertEqual(found, expected)


@tagged("post_install", "-at_install")
class TestChanges(BaseCase):
    """Notices that a person gets about changes."""

    one, two, three, four = (utc(f"2026-12-0{day} 16:00") for day in (1, 2, 3, 4))

    def tell(self, *pairs, key="series"):
        notices = appointments.find_notices(
            Change(key, 1, known, start) for known, start in pairs
        )
        for notice in notices:
            of_first = notice.first.start or notice.first.known
            self.assertEqual(of_first, notice.start)
        return [(it.kind, it.known, it.start, it.count) for it in notices]

    def test_one_text_of_the_whole(self):
        one, two, three = self.one, self.two, self.three
        for pairs, expected in (
            ([(None, one)], (BOOKED, None, one, 1)),
            ([(None, two), (None, one)], (BOOKED, None, one, 2)),
            ([(one, two)], (MOVED, one, two, 1)),
            ([(one, None)], (CALLED_OFF, one, one, 1)),
            ([(two, None), (one, None)], (CALLED_OFF, one, one, 2)),
            # Recreated an hour later: moved. Recreated unchanged: nothing.
            ([(one, None), (None, two)], (MOVED, one, two, 1)),
            ([(one, None), (None, one)], None),
            ([(one, None), (None, one), (None, three)], (BOOKED, None, three, 1)),
            ([(one, None), (two, None), (None, one)], (CALLED_OFF, two, two, 1)),
            ([(one, two), (two, three)], (MOVED, one, three, 1)),
            ([(one, self.four), (two, three)], (MOVED, one, three, 2)),
            ([(one, three), (None, two)], (MOVED, one, two, 2)),
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
        for known, kind, start, expected in (
            (None, MOVED, two, (BOOKED, None)),
            # As Odoo says it.
            (False, MOVED, two, (BOOKED, None)),
            (None, CALLED_OFF, one, None),
            (one, MOVED, two, (MOVED, one)),
            (one, MOVED, one, None),
            (one, CALLED_OFF, two, (CALLED_OFF, one)),
            (one, BOOKED, one, None),
            (one, BOOKED, two, (MOVED, one)),
        ):
            with self.subTest(known=known, kind=kind, start=start):
                notice = Notice(kind, None, start, None, 1)
                found = appointments.merge_changes(known, notice)
                self.assertEqual(found, expected)


@tagged("post_install", "-at_install")
class TestAnswers(BaseCase):
    """Customers' answers, and free times."""

    def test_actions(self):
        for text, expected in (
            ("1", CONFIRM),
            (" 1. ", CONFIRM),
            ("c", CONFIRM),
            ("Confirm!", CONFIRM),
            ("1 thanks", CONFIRM),
            ("1, see you", CONFIRM),
            ("yes", CONFIRM),
            ("ok", CONFIRM),
            ("ça marche", CONFIRM),
            ("2, but not today", None),
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
            *(("1️⃣", CONFIRM), ("(1)", CONFIRM), ("2 please", MOVE), ("3 👍", CALL_OFF)),
            *(
                ("OK, no problem", CONFIRM),
                ("2, at 3pm?", MOVE),
                ("3, sorry", CALL_OFF),
            ),
            *(("3:30", None), ("2.30 pm", None), ("3.12. passt", None), ("<3", None)),
            *(("3. Stock", None), ("1, 3", None), ("1\n2", None), ("3, no 1", None)),
            *(("OK, cancel", None), ("yes, move it", None), ("1, I can’t come", None)),
            *(("ok, pas possible", None), ("3?", None), ("1 👎", None)),
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
            *(("2️⃣", 2), ("2: Tue, Dec 1 at 8:00 AM", 2), ("3 please", 3)),
            *(("2:00", None), ("2.12.", None), ("1. or 3.", None), ("2, no 3", None)),
        ):
            with self.subTest(text=text):
                self.assertEqual(read_choice(text, 3), expected)
        for text in ("٢", "２", "۲", "२", "\u200f2", "2\u200e", "2️⃣"):
            with self.subTest(text=text):
                self.assertEqual(read_choice(text, 3), 2)
                self.assertEqual(read_action(text), "move")
        # Of two, 3 is none: it must not cancel another appointment.
        self.assertEqual(read_choice("3", 2), 0)

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
        # At full and half hours, whenever somebody asks.
        asked = day + timedelta(hours=9, minutes=40, seconds=30, microseconds=5)
        self.assertEqual(find_free(work[:1], busy, hour, asked), [day + 10 * hour])
        # As long as the work itself; at most as many as are asked for.
        whole = [day + start * hour for start in (8, 13, 32)]
        self.assertEqual(find_free(work, [], 4 * hour, day), whole)
        work.append((day + 56 * hour, day + 60 * hour))
        self.assertEqual(find_free(work, [], hour, day), whole)
        self.assertEqual(find_free(work, [], hour, day, count=1), whole[:1])

    def test_whether_a_time_is_free(self):
        day = datetime(2026, 12, 1)
        hour = timedelta(hours=1)
        work = [(day + 8 * hour, day + 12 * hour), (day + 13 * hour, day + 17 * hour)]
        busy = [(day + 9 * hour, day + 9.25 * hour), (day + 14 * hour, day + 17 * hour)]
        for moment, expected in (
            (8, True),
            (9.25, True),
            (11, True),
            (13, True),
            (7.5, False),
            (8.5, False),
            (9, False),
            (11.5, False),
            (12, False),
            (14, False),
        ):
            with self.subTest(moment=moment):
                found = is_free(day + moment * hour, hour, work, busy)
                self.assertIs(found, expected)

    def test_by_day_where_somebody_is(self):
        for start, end, zone, expected in (
            # From 8 to 17 in Denver, in the zone itself and elsewhere.
            ("12-01 15", "12-02 00", DENVER, [("12-01 15", "12-02 00")]),
            ("12-01 15", "12-02 00", LONDON, [("12-01 15", "12-01 20")]),
            ("12-01 15", "12-02 00", KOLKATA, []),
            ("12-01 15", "12-02 00", AUCKLAND, [("12-01 19", "12-02 00")]),
            ("12-01 15", "12-01 23", AUCKLAND, [("12-01 19", "12-01 23")]),
            # In the evening, from the very end of the day on.
            ("12-01 03", "12-01 06", DENVER, []),
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
                found = appointments.find_due(anchor, day, utc(now), [DENVER], (), "k")
                self.assertEqual(found, expected)

    def test_the_anchor(self):
        start = utc("2026-12-02 16:00")
        self.assertEqual(appointments.get_anchor(start, False, DENVER), start)
        found = appointments.get_anchor(start, True, DENVER)
        local = datetime.combine(start.date(), appointments.ALL_DAY_HOUR)
        self.assertEqual(found, local + timedelta(hours=7))

    def test_what_a_newer_notice_is_about(self):
        known = utc("2026-12-02 16:00")
        later = known + timedelta(hours=1)
        for kind, start, newer, expected in (
            (BOOKED, known, MOVED, True),
            (MOVED, known, MOVED, True),
            (MOVED, later, MOVED, False),
            (CALLED_OFF, later, BOOKED, True),
            (CALLED_OFF, later, MOVED, False),
            (CALLED_OFF, later, CALLED_OFF, False),
        ):
            with self.subTest(kind=kind, start=start, newer=newer):
                notice = Notice(newer, None, known, known, 1)
                self.assertIs(appointments.follows(kind, start, notice), expected)

    def test_days_are_those_of_the_place(self):
        for start, end, zone, expected in (
            # Up to midnight; an evening that is the next day in UTC; over midnight.
            ("12-02 18", "12-03 07", DENVER, [("12-02 18", "12-03 07")]),
            ("12-03 03", "12-03 06", DENVER, [("12-03 03", "12-03 06")]),
            (
                *("12-02 10", "12-02 12", AUCKLAND),
                [("12-02 10", "12-02 11"), ("12-02 11", "12-02 12")],
            ),
        ):
            with self.subTest(start=start, zone=zone):
                span = utc(f"2026-{start}"), utc(f"2026-{end}")
                found = appointments.keep_business_days([span], zone, ("XX", ""), True)
                self.assertEqual(
                    found,
                    [(utc(f"2026-{one}"), utc(f"2026-{two}")) for one, two in expected],
                )

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
