# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime, timedelta

from odoo.tests import BaseCase

from ...tools import escalation, oncall, replies
from ...tools.escalation import (
    ALL,
    CALL,
    CALL_FIRST,
    NEXT,
    ON_CALL,
    ONLY_CALL,
    TEXT,
    TEXT_FIRST,
    Step,
    Turn,
)
from ...tools.replies import ACKNOWLEDGE, ESCALATE, RESOLVE, Answer


def minutes(number):
    return timedelta(minutes=number)


def covers(turn, moment):
    """Return whether a shift covers a time."""
    return bool(oncall.expand(turn, moment, moment + timedelta.resolution))


WAYS, ORDERS = (TEXT, CALL), (TEXT_FIRST, CALL_FIRST, ONLY_CALL)
PLAN = [
    Step(minutes(0), ON_CALL),
    Step(minutes(10), NEXT, how=CALL),
    Step(minutes(20), ALL, repeats=2, every=minutes(15)),
]


class TestEscalation(BaseCase):
    def test_a_plan_is_a_row_of_occurrences(self):
        found = [(it.offset, it.whom, it.how) for it in escalation.expand(PLAN)]
        self.assertEqual(
            found,
            [
                *((minutes(0), ON_CALL, TEXT), (minutes(10), NEXT, CALL)),
                *((minutes(number), ALL, TEXT) for number in (20, 35, 50)),
            ],
        )

    def test_what_is_due(self):
        for done, elapsed, expected in (
            (minutes(-1), minutes(0), [ON_CALL]),
            (minutes(0), minutes(9), []),
            (minutes(0), minutes(10), [NEXT]),
            (minutes(10), minutes(10), []),
            # The server was down.
            (minutes(0), minutes(40), [NEXT, ALL, ALL]),
            (minutes(50), minutes(500), []),
        ):
            with self.subTest(done=done, elapsed=elapsed):
                due = escalation.find_due(PLAN, done, elapsed)
                self.assertEqual([it.whom for it in due], expected)

    def test_what_comes_next(self):
        self.assertEqual(escalation.find_next(PLAN, minutes(0))[0].offset, minutes(10))
        self.assertEqual(escalation.find_next(PLAN, minutes(50)), [])
        twins = [Step(minutes(5), ALL), Step(minutes(5), ON_CALL)]
        self.assertEqual(
            [it.whom for it in escalation.find_next(twins, minutes(-1))],
            [ON_CALL, ALL],
        )

    def test_a_repeat_is_known_as_one(self):
        found = [it.is_repeat for it in escalation.expand(PLAN)]
        self.assertEqual(found, [False, False, False, True, True])

    def test_by_which_ways_people_are_reached(self):
        for how, order, may_call, is_texted, expected in (
            (TEXT, TEXT_FIRST, True, False, (TEXT,)),
            (TEXT, CALL_FIRST, True, False, (CALL, TEXT)),
            (TEXT, CALL_FIRST, True, True, (CALL, TEXT)),
            (TEXT, ONLY_CALL, True, False, (CALL,)),
            (CALL, TEXT_FIRST, True, True, (CALL,)),
            # People who are called without having had the text get it too.
            (CALL, TEXT_FIRST, True, False, (CALL, TEXT)),
            (CALL, CALL_FIRST, True, True, (CALL,)),
            (CALL, ONLY_CALL, True, False, (CALL,)),
            # If they cannot be called, they are texted.
            *((how, order, False, False, (TEXT,)) for how in WAYS for order in ORDERS),
        ):
            with self.subTest(how=how, order=order, is_texted=is_texted):
                found = escalation.choose_ways(how, order, may_call, is_texted)
                self.assertEqual(found, expected)

    def test_hours_may_go_over_midnight(self):
        for hour, start, stop, expected in (
            (7, 7, 22, True),
            (21.99, 7, 22, True),
            (22, 7, 22, False),
            (3, 22, 7, True),
            (22, 22, 7, True),
            (7, 22, 7, False),
            (23, 22, 7, True),
            (12, 22, 7, False),
            (12, 0, 0, True),
            (23.9, 0, 24, True),
        ):
            with self.subTest(hour=hour, start=start, stop=stop):
                self.assertIs(escalation.is_between(hour, start, stop), expected)

    def test_whom_a_step_means(self):
        for whom, told, expected in (
            (ON_CALL, "", "a"),
            (ON_CALL, "a", "a"),
            (NEXT, "a", "b"),
            (NEXT, "b", "a"),
            # Nobody is left: everybody again, rather than nobody.
            (NEXT, "abc", "abc"),
            (ALL, "ab", "abc"),
        ):
            with self.subTest(whom=whom, told=told):
                found = escalation.pick(list("abc"), whom, set(told))
                self.assertEqual("".join(found), expected)
        self.assertEqual(escalation.pick([], ALL, set()), [])


class TestOncall(BaseCase):
    def test_a_turn_without_times_covers_all(self):
        self.assertTrue(covers(Turn(), datetime(2026, 1, 1)))

    def test_a_turn_has_its_begin_and_not_its_end(self):
        turn = Turn(datetime(2026, 3, 1, 8), datetime(2026, 3, 1, 20))
        for hour, expected in ((7, False), (8, True), (19, True), (20, False)):
            with self.subTest(hour):
                moment = datetime(2026, 3, 1, hour)
                self.assertEqual(covers(turn, moment), expected)
        self.assertFalse(covers(turn, datetime(2026, 3, 8, 8)))

    def test_it_comes_again(self):
        week = Turn(datetime(2026, 3, 2), datetime(2026, 3, 9), weeks=2)
        for day, expected in (
            (datetime(2026, 3, 1), False),
            (datetime(2026, 3, 8, 23), True),
            (datetime(2026, 3, 9), False),
            (datetime(2026, 3, 16), True),
            (datetime(2026, 2, 16), False),
            (datetime(2027, 3, 1), True),
        ):
            with self.subTest(day):
                self.assertEqual(covers(week, day), expected)

    def test_it_begins_at_the_same_hour_in_summer(self):
        """In Denver 8:00 is 15:00 UTC in winter and 14:00 in summer."""
        turn = Turn(
            datetime(2026, 2, 2, 15), datetime(2026, 2, 2, 23), 1, "America/Denver"
        )
        for moment, expected in (
            (datetime(2026, 2, 9, 14, 30), False),
            (datetime(2026, 2, 9, 15), True),
            (datetime(2026, 3, 9, 13, 59), False),
            (datetime(2026, 3, 9, 14), True),
            (datetime(2026, 3, 9, 21, 59), True),
            (datetime(2026, 3, 9, 22), False),
        ):
            with self.subTest(moment):
                self.assertEqual(covers(turn, moment), expected)

    def test_nobody_is_left_out_in_the_night_of_a_change(self):
        """In Denver 2:30 is missing on March 8, and 1:45 occurs twice on November 1."""
        spring, autumn = datetime(2026, 3, 1, 9, 30), datetime(2026, 10, 25, 7, 45)
        weeks = Turn(spring, spring + timedelta(weeks=1), 1, "America/Denver")
        hours = Turn(autumn, autumn + timedelta(hours=2), 1, "America/Denver")
        for turn, moment, expected in (
            (weeks, datetime(2026, 3, 8, 9, 10), True),
            (hours, datetime(2026, 11, 1, 7, 44), False),
            (hours, datetime(2026, 11, 1, 8, 30), True),
        ):
            with self.subTest(moment):
                self.assertIs(covers(turn, moment), expected)

    def test_without_a_zone_it_comes_again_by_utc(self):
        """As in a form where it was just emptied."""
        turn = Turn(datetime(2026, 3, 2, 8), datetime(2026, 3, 2, 20), 1, "")
        self.assertTrue(covers(turn, datetime(2026, 3, 9, 8)))
        self.assertFalse(covers(turn, datetime(2026, 3, 9, 7, 59)))


class TestCodes(BaseCase):
    def test_each_alert_has_figures_of_its_own(self):
        self.assertEqual(
            replies.get_codes(0), {ACKNOWLEDGE: "4", RESOLVE: "6", ESCALATE: "8"}
        )
        self.assertEqual(replies.get_codes(12)[RESOLVE], "126")
        self.assertEqual(replies.get_block(126), 12)

    def test_the_lowest_block_that_is_free(self):
        for taken, expected in (((), 0), ((0, 1), 2), ((1, 2), 0), ((0, 2, 5), 1)):
            with self.subTest(taken):
                self.assertEqual(replies.find_free(taken), expected)

    def test_what_is_an_answer(self):
        for text, expected in (
            ("4", Answer(4, ACKNOWLEDGE)),
            (" 4.", Answer(4, ACKNOWLEDGE)),
            ("#14", Answer(14, ACKNOWLEDGE)),
            ("4 on my way", Answer(4, ACKNOWLEDGE)),
            ("4, stuck in traffic", Answer(4, ACKNOWLEDGE)),
            ("6 thanks", Answer(6, RESOLVE)),
            ("6 fixed!", Answer(6, RESOLVE)),
            ("18", Answer(18, ESCALATE)),
            ("ack 14", Answer(14, ACKNOWLEDGE)),
            ("Resolved 16", Answer(16, RESOLVE)),
            ("On it", Answer(None, ACKNOWLEDGE)),
            ("DONE.", Answer(None, RESOLVE)),
            ("I’m on it!", Answer(None, ACKNOWLEDGE)),
            ("C’est fait !", Answer(None, RESOLVE)),
            ("4 on it!", Answer(4, ACKNOWLEDGE)),
            ("14 j’arrive !", Answer(14, ACKNOWLEDGE)),
            ("4 .", Answer(4, ACKNOWLEDGE)),
            *(("On it 👍", Answer(None, ACKNOWLEDGE)), ("6 ✅", Answer(6, RESOLVE))),
            *(("4️⃣", Answer(4, ACKNOWLEDGE)), ("(4)", Answer(4, ACKNOWLEDGE))),
            # A digit without a meaning, and words that contradict the digit.
            ("5", Answer(5, None)),
            ("resolve 4", Answer(4, None)),
        ):
            with self.subTest(text):
                self.assertEqual(replies.read_code(text), expected)

    def test_what_is_none(self):
        for text in (
            *("", "4 printers are broken", "Server 4 is down again", "4 5", "4-6"),
            *("Done with the other one, what now?", "call me", "4th floor"),
            *("1234567", "x" * 5000, "hello 14", "printer 4", "ackx", "!", None),
            *("4?", "on it?", "4 👎"),
        ):
            with self.subTest(text=text):
                self.assertIsNone(replies.read_code(text))
