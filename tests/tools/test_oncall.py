# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime, timedelta

from odoo.tests import BaseCase

from ...tools import oncall
from ...tools.escalation import Turn
from ...tools.oncall import Duty, Span, Stretch

MONDAY = datetime(2026, 11, 23)


def at(day, hour=0):
    """Return a time of the week (UTC)."""
    return MONDAY + timedelta(days=day, hours=hour)


def own(person, rank):
    """Return a person's own shift."""
    return Duty(person, (rank, rank), rank)


class TestOrder(BaseCase):
    """The order in which people are told."""

    def test_by_rank_each_once(self):
        duties = [own("bo", 2), own("ann", 1), own("bo", 3)]
        self.assertEqual(oncall.order(duties), ("ann", "bo"))
        self.assertEqual(oncall.order([own("ann", 2), own("bo", 1)]), ("bo", "ann"))

    def test_standing_in(self):
        base = [own("ann", 1), own("bo", 2)]
        for extra, expected in (
            ([Duty("cy", (1, 9), 9, "ann")], ("cy", "bo")),
            ([Duty("cy", (2, 9), 9, "bo")], ("ann", "cy")),
            # The second substitutes the first: told only once.
            ([Duty("bo", (1, 9), 9, "ann")], ("bo",)),
            # Handed on.
            (
                [Duty("cy", (1, 9), 9, "ann"), Duty("dee", (1, 10), 10, "cy")],
                ("dee", "bo"),
            ),
            # Taken back.
            (
                [Duty("cy", (1, 9), 9, "ann"), Duty("ann", (1, 10), 10, "cy")],
                ("ann", "bo"),
            ),
            # Somebody else for the same person: the later one.
            (
                [Duty("cy", (1, 9), 9, "ann"), Duty("dee", (1, 10), 10, "ann")],
                ("dee", "bo"),
            ),
            # For somebody who is not on duty any more.
            ([Duty("cy", (3, 9), 9, "eve")], ("ann", "bo", "cy")),
            ([Duty("cy", (0, 9), 9, "eve")], ("ann", "bo", "cy")),
        ):
            with self.subTest(extra=extra):
                self.assertEqual(oncall.order(base + extra), expected)
                self.assertEqual(oncall.order(extra[::-1] + base), expected)


class TestExpand(BaseCase):
    """Shifts in a period."""

    def test_those_that_come_once(self):
        for turn, expected in (
            (Turn(), [(at(0), at(7))]),
            (Turn(at(1), at(2)), [(at(1), at(2))]),
            (Turn(at(-3), at(1)), [(at(0), at(1))]),
            (Turn(at(6)), [(at(6), at(7))]),
            (Turn(at(-3), at(0)), []),
            (Turn(at(7), at(8)), []),
        ):
            with self.subTest(turn=turn):
                self.assertEqual(oncall.expand(turn, at(0), at(7)), expected)

    def test_across_midnight_and_over_the_edge(self):
        nights = Turn(at(-7, 20), at(-6, 6), weeks=1)
        self.assertEqual(
            oncall.expand(nights, at(0), at(7, 22)),
            [(at(0, 20), at(1, 6)), (at(7, 20), at(7, 22))],
        )

    def test_summer_time(self):
        """At eight in Denver, before and after the clocks change in March."""
        monday = datetime(2026, 3, 2, 15)  # 8:00 in winter
        turn = Turn(monday, monday + timedelta(hours=9), 1, "America/Denver")
        found = oncall.expand(turn, monday, monday + timedelta(days=10))
        self.assertEqual([start.hour for start, _stop in found], [15, 14])
        self.assertEqual(found[1][0], datetime(2026, 3, 9, 14))

    def test_a_turn_over_the_hour_that_is_missing(self):
        night = datetime(2026, 3, 8, 3)  # Saturday 20:00 in Denver
        turn = Turn(night, datetime(2026, 3, 8, 12), 1, "America/Denver")
        [(start, stop)] = oncall.expand(turn, night, night + timedelta(days=1))
        self.assertEqual((start, stop), (night, datetime(2026, 3, 8, 12)))

    def test_it_agrees_with_what_covers_a_time(self):
        """Hour by hour, for shifts with pauses and shifts without."""
        for turn in (
            Turn(at(-30, 9), at(-30, 17), 1, "Europe/Berlin"),
            Turn(at(-28), at(-21), 1, "America/Denver"),
            Turn(at(-28), at(-21), 2, "America/Denver"),
            Turn(at(2, 22), at(3, 7), 1),
            Turn(at(-12), at(-10), 1, ""),
        ):
            spans = oncall.expand(turn, at(0), at(14))
            for hour in range(14 * 24):
                moment = at(0, hour)
                found = any(start <= moment < stop for start, stop in spans)
                then = oncall.expand(turn, moment, moment + timedelta.resolution)
                self.assertEqual(found, bool(then), (turn, moment))


class TestGaps(BaseCase):
    """Gaps in the on-call schedule."""

    def draw(self, *spans, away=()):
        """Return the stretches of a week."""
        return oncall.draw(spans, away, at(0), at(7))

    def test_a_week_without_holes(self):
        ann, bo = own("ann", 1), own("bo", 2)
        found = self.draw(Span(at(0), at(5), ann), Span(at(4), at(7), bo))
        self.assertEqual(
            found,
            [
                Stretch(at(0), at(4), ("ann",)),
                Stretch(at(4), at(5), ("ann", "bo")),
                Stretch(at(5), at(7), ("bo",)),
            ],
        )
        self.assertEqual(oncall.find_gaps(found, {"ann", "bo"}), [])

    def test_holes(self):
        ann = own("ann", 1)
        found = self.draw(Span(at(1), at(2), ann), Span(at(3), at(7), ann))
        self.assertEqual(
            oncall.find_gaps(found, {"ann"}), [(at(0), at(1)), (at(2), at(3))]
        )
        self.assertEqual(oncall.find_gaps(self.draw(), set()), [(at(0), at(7))])

    def test_who_is_away_or_cannot_be_told_covers_nothing(self):
        ann, bo = own("ann", 1), own("bo", 2)
        found = self.draw(
            Span(at(0), at(7), ann),
            Span(at(0), at(3), bo),
            away=[Span(at(2), at(4), "ann")],
        )
        self.assertEqual(oncall.find_gaps(found, {"ann", "bo"}), [(at(3), at(4))])
        self.assertEqual(oncall.find_gaps(found, {"ann"}), [(at(2), at(4))])

    def test_who_stands_in_and_is_away_leaves_a_hole(self):
        found = self.draw(
            Span(at(0), at(7), own("ann", 1)),
            Span(at(2), at(3), Duty("bo", (1, 9), 9, "ann")),
            away=[Span(at(2), at(7), "bo")],
        )
        self.assertEqual(oncall.find_gaps(found, {"ann", "bo"}), [(at(2), at(3))])

    def test_the_end_of_a_working_day_is_no_hole(self):
        ann = own("ann", 1)
        spans = [
            Span(at(day), at(day + 1) - timedelta(microseconds=1), ann)
            for day in range(7)
        ]
        self.assertEqual(self.draw(*spans), [Stretch(at(0), at(7), ("ann",))])
        self.assertEqual(oncall.find_gaps(self.draw(*spans), {"ann"}), [])

    def test_who_follows_on_themselves_has_one_stretch(self):
        ann = own("ann", 1)
        self.assertEqual(
            self.draw(Span(at(0), at(3), ann), Span(at(3), at(7), ann)),
            [Stretch(at(0), at(7), ("ann",))],
        )

    def test_how_long_a_hole_is_none(self):
        """A minute is no gap; a shorter one is not even a stretch."""
        ann, minute = own("ann", 1), timedelta(minutes=1)
        for hole, drawn, gaps in (
            (minute - timedelta(seconds=1), 1, 0),
            (minute, 3, 0),
            (minute + timedelta(seconds=1), 3, 1),
        ):
            with self.subTest(hole=hole):
                found = self.draw(
                    Span(at(0), at(3), ann), Span(at(3) + hole, at(7), ann)
                )
                self.assertEqual(len(found), drawn)
                self.assertEqual(len(oncall.find_gaps(found, {"ann"})), gaps)

    def test_how_long_somebody_must_be_there_between_two_holes(self):
        minute, second = timedelta(minutes=1), timedelta(seconds=1)
        for there, expected in (
            (minute - second, [(at(0), at(2))]),
            (minute, [(at(0), at(1)), (at(1) + minute, at(2))]),
        ):
            with self.subTest(there=there):
                stretches = [
                    Stretch(at(0), at(1), ()),
                    Stretch(at(1), at(1) + there, ("ann",)),
                    Stretch(at(1) + there, at(2), ()),
                ]
                self.assertEqual(oncall.find_gaps(stretches, {"ann"}), expected)
                # Somebody should be on call in only one of the two gaps.
                for wanted in ((at(0), at(1) + there), (at(1), at(2))):
                    index = int(wanted[0] == at(1))
                    hole = stretches[2 * index][:2]
                    found = oncall.find_gaps(stretches, {"ann"}, [wanted])
                    self.assertEqual(found, [hole])

    def test_two_who_cannot_be_told_follow_on_each_other(self):
        found = self.draw(
            Span(at(0), at(1), own("ann", 1)), Span(at(1), at(7), own("bo", 2))
        )
        wanted = [(at(0), at(1, 12)), (at(1, 18), at(2))]
        self.assertEqual(oncall.find_gaps(found, set(), wanted), wanted)

    def test_only_when_somebody_is_wanted(self):
        found = self.draw(Span(at(0), at(2), own("ann", 1)))
        wanted = [(at(day, 8), at(day, 18)) for day in range(4)]
        self.assertEqual(
            oncall.find_gaps(found, {"ann"}, wanted),
            [(at(2, 8), at(2, 18)), (at(3, 8), at(3, 18))],
        )
        # Around the clock, day by day: one gap, not five.
        wanted = [
            (at(day), at(day + 1) - timedelta(microseconds=1)) for day in range(7)
        ]
        [(start, stop)] = oncall.find_gaps(found, {"ann"}, wanted)
        self.assertEqual(start, at(2))
        self.assertLess(at(7) - stop, timedelta(seconds=1))
