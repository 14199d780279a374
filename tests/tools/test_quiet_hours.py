# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import random
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import holidays
import pytz
from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ...tools import quiet_hours
from ...tools.geography import Place, locate
from ...tools.quiet_hours import (
    ALL_DAY,
    CLOSED,
    INFORMATIONAL,
    MARKETING,
    URGENT,
    Rule,
    next_opening,
)
from ...tools.strictness import Terms, are_terms_less_strict, is_less_strict
from ...tools.timing import QUIET_HOURS, When
from . import quiet_hours_oracle as oracle

EASTERN, CENTRAL = "America/New_York", "America/Chicago"
MOUNTAIN, PACIFIC = "America/Denver", "America/Los_Angeles"

EIGHT_TO_NINE_PM = (480, 1260)
FEDERAL = Rule(MARKETING, "US", "", *[EIGHT_TO_NINE_PM] * 3)
TEXAS = Rule(MARKETING, "US", "TX", (540, 1260), (540, 1260), (720, 1260))
OKLAHOMA = Rule(MARKETING, "US", "OK", *[(480, 1200)] * 3, is_closed_on_holidays=True)


def utc(text):
    """Return a UTC time as Odoo stores it."""
    return datetime.fromisoformat(text)


@tagged("post_install", "-at_install")
class TestQuietHours(BaseCase):
    """Times at which a text may reach somebody."""

    def assertOpenings(self, zones, rules, *cases):
        """Check ``(now, next opening)`` for each case, in UTC."""
        for now, expected in cases:
            with self.subTest(now=now):
                self.assertEqual(
                    next_opening(utc(now), zones, rules), expected and utc(expected)
                )

    def test_the_edges_are_strict(self):
        self.assertOpenings(
            [MOUNTAIN],
            (FEDERAL,),
            # Denver is six hours behind UTC in summer.
            ("2026-07-01 13:59:59", "2026-07-01 14:00:00"),
            ("2026-07-01 14:00:00", "2026-07-01 14:00:00"),
            ("2026-07-02 02:59:59", "2026-07-02 02:59:59"),
            ("2026-07-02 03:00:00", "2026-07-02 14:00:00"),
        )

    def test_several_zones_are_open_when_all_are(self):
        self.assertOpenings(
            [EASTERN, PACIFIC],
            (FEDERAL,),
            ("2026-07-01 12:00:00", "2026-07-01 15:00:00"),
            ("2026-07-02 00:59:00", "2026-07-02 00:59:00"),
            ("2026-07-02 01:00:00", "2026-07-02 15:00:00"),
        )

    def test_several_rules_are_open_when_all_are(self):
        # Sunday, 5 July 2026; Chicago is five hours behind UTC.
        self.assertOpenings(
            [CENTRAL],
            (FEDERAL, TEXAS),
            ("2026-07-05 13:30:00", "2026-07-05 17:00:00"),
            ("2026-07-06 13:30:00", "2026-07-06 14:00:00"),
        )

    def test_holidays(self):
        # Thanksgiving is the 26th, the day after it is one of Oklahoma's.
        self.assertOpenings(
            [CENTRAL],
            (FEDERAL, OKLAHOMA),
            ("2026-11-26 15:00:00", "2026-11-28 14:00:00"),
            ("2026-11-26 02:00:00", "2026-11-28 14:00:00"),
            ("2026-11-26 01:59:00", "2026-11-26 01:59:00"),
        )

    def test_the_clocks_go_forward(self):
        # 8 March 2026: New York is 5 hours behind UTC, from 7:00 UTC on 4.
        self.assertOpenings(
            [EASTERN],
            (FEDERAL,),
            ("2026-03-08 01:59:00", "2026-03-08 01:59:00"),
            ("2026-03-08 02:00:00", "2026-03-08 12:00:00"),
        )
        # 2:30 does not exist: the first time after it is 3:00, which is 7:00 UTC.
        from_half_past_two = Rule(MARKETING, "", "", *[(150, 1260)] * 3)
        self.assertOpenings(
            [EASTERN],
            (from_half_past_two,),
            ("2026-03-08 06:45:00", "2026-03-08 07:00:00"),
        )

    def test_an_hour_that_does_not_come_anywhere(self):
        """A window that would open within the gap opens at its end, to the minute."""
        for zone, minute, before, opens in (
            ("Europe/London", 90, "2026-03-29 00:50", "2026-03-29 01:00"),
            # Half an hour, and at midnight.
            ("Australia/Lord_Howe", 135, "2026-10-03 15:20", "2026-10-03 15:30"),
            ("America/Santiago", 30, "2026-09-06 03:50", "2026-09-06 04:00"),
            ("America/Havana", 30, "2026-03-08 04:50", "2026-03-08 05:00"),
            # A minute past midnight, as it was there until 2011.
            ("America/St_Johns", 30, "2010-03-14 03:20", "2010-03-14 03:31"),
        ):
            rule = Rule(MARKETING, "", "", *[(minute, 1260)] * 3)
            self.assertOpenings([zone], (rule,), (before, opens))

    def test_the_clocks_go_back(self):
        # 1 November 2026: New York is 4 hours behind UTC, from 6:00 UTC on 5.
        self.assertOpenings(
            [EASTERN],
            (FEDERAL,),
            ("2026-11-01 01:00:00", "2026-11-01 13:00:00"),
            ("2026-11-02 01:59:59", "2026-11-02 01:59:59"),
        )
        # 1:30 occurs twice; between them it is 1:00 again, and closed.
        from_half_past_one = Rule(MARKETING, "", "", *[(90, 1260)] * 3)
        self.assertOpenings(
            [EASTERN],
            (from_half_past_one,),
            ("2026-11-01 05:00:00", "2026-11-01 05:30:00"),
            ("2026-11-01 06:10:00", "2026-11-01 06:30:00"),
        )
        # Closed from 1:30, and open again when it is 1:00 for the second time.
        until_half_past_one = Rule(MARKETING, "", "", *[(0, 90)] * 3)
        self.assertOpenings(
            [EASTERN],
            (until_half_past_one,),
            ("2026-11-01 05:45:00", "2026-11-01 06:00:00"),
        )

    def test_zones_without_a_common_hour(self):
        apart = [EASTERN, "Australia/Perth"]
        rule = Rule(MARKETING, "", "", *[(540, 1020)] * 3)
        self.assertOpenings(apart, (rule,), ("2026-07-01 12:00:00", None))
        self.assertOpenings(
            [EASTERN],
            (replace(rule, weekdays=CLOSED),),
            ("2026-07-06 12:00:00", "2026-07-11 13:00:00"),
        )

    def test_a_day_that_is_closed_at_midnight(self):
        """The form takes 24:00 to 24:00, as any hour twice."""
        closed = replace(FEDERAL, saturday=(1440, 1440), sunday=(1440, 1440))
        self.assertOpenings(
            [EASTERN], (closed,), ("2026-07-04 12:00:00", "2026-07-06 12:00:00")
        )

    def test_how_far_ahead_an_opening_is_looked_for(self):
        closed = Rule(MARKETING, "", "", *[CLOSED] * 3, effective_to=date(2026, 7, 8))
        self.assertOpenings(
            [EASTERN],
            (closed,),
            ("2026-07-01 03:59:59", None),
            ("2026-07-01 04:00:00", "2026-07-09 04:00:00"),
        )

    def test_without_rules_it_is_always_open(self):
        self.assertOpenings([EASTERN], (), ("2026-07-01 07:00:00",) * 2)

    def test_a_rule_holds_from_a_day_to_a_day_where_the_person_is(self):
        rule = replace(
            FEDERAL, effective_from=date(2026, 7, 2), effective_to=date(2026, 7, 3)
        )
        self.assertOpenings(
            [EASTERN],
            (rule,),
            ("2026-07-02 03:59:00", "2026-07-02 03:59:00"),
            ("2026-07-02 04:00:00", "2026-07-02 12:00:00"),
            # Its last day ends at midnight, and with it the rule.
            ("2026-07-04 03:00:00", "2026-07-04 04:00:00"),
        )

    def test_spreading(self):
        opening = utc("2026-07-01 12:00:00")
        times = [
            quiet_hours.spread(opening, f"key-{index}", [EASTERN], (FEDERAL,))
            for index in range(2000)
        ]
        self.assertGreaterEqual(min(times), opening)
        self.assertLess(max(times), opening + timedelta(minutes=30))
        # No second gets more than a handful: 2,000 over 1,800 seconds.
        self.assertLess(max(map(times.count, set(times))), 9)
        again = quiet_hours.spread(opening, "key-0", [EASTERN], (FEDERAL,))
        self.assertEqual(again, times[0])

    def test_spreading_stays_in_the_window(self):
        short = Rule(MARKETING, "", "", *[(480, 490)] * 3)
        opening = utc("2026-07-01 12:00:00")
        for index in range(200):
            time = quiet_hours.spread(opening, str(index), [EASTERN], (short,))
            self.assertTrue(quiet_hours.is_open(time, [EASTERN], (short,)))

    def test_whose_rules_hold_for_somebody(self):
        place = Place(zones=(CENTRAL,), regions=(("US", "OK"), ("CA", "")))
        anywhere = Rule(MARKETING)
        closed = replace(FEDERAL, is_closed_on_holidays=True)
        rules = (anywhere, closed, TEXAS, OKLAHOMA, replace(FEDERAL, country="MX"))
        found = quiet_hours.select(rules, place, MARKETING)
        bound = replace(closed, holidays_of=(("US", "OK"),))
        self.assertEqual(found, (anywhere, bound, OKLAHOMA))
        self.assertEqual(quiet_hours.select(rules, place, INFORMATIONAL), ())

    def test_in_an_unknown_year_each_day_may_be_a_holiday(self):
        last = holidays.LK.end_year
        rule = Rule(MARKETING, "LK", is_closed_on_holidays=True)
        for day, window in (
            (date(last, 12, 31), ALL_DAY),
            (date(last + 1, 1, 4), CLOSED),
            (date(last + 1, 6, 1), CLOSED),
        ):
            with self.subTest(day=day):
                self.assertEqual(rule.window(day), window)
                open_ = replace(rule, is_closed_on_holidays=False)
                self.assertEqual(open_.window(day), ALL_DAY)
        somewhere = replace(rule, country="", holidays_of=(("US", ""), ("LK", "")))
        self.assertEqual(somewhere.window(date(last + 1, 6, 1)), CLOSED)

    def test_whose_holidays_count(self):
        """Those of each part where the person may be; those of all parts if unknown."""
        closed = replace(FEDERAL, is_closed_on_holidays=True)
        for rule, regions, expected in (
            (closed, [("US", "OK")], (("US", "OK"),)),
            (closed, [("US", "OK"), ("US", "TX")], (("US", "OK"), ("US", "TX"))),
            (closed, [("US", "")], (("US", "*"),)),
            (closed, [("US", ""), ("US", "OK")], (("US", "OK"),)),
            (closed, [("US", "OK"), ("CA", "ON")], (("US", "OK"),)),
            (
                replace(closed, country=""),
                [("US", "OK"), ("DE", "DE-BY")],
                (("US", "OK"), ("DE", "BY")),
            ),
            # A state's own rule, or one without holidays, is unchanged.
            (OKLAHOMA, [("US", "")], ()),
            (FEDERAL, [("US", "OK")], ()),
        ):
            with self.subTest(rule=rule, regions=regions):
                bound = rule.bind(Place(regions=tuple(regions)))
                self.assertEqual(bound, replace(rule, holidays_of=expected))
        day_after_thanksgiving = date(2026, 11, 27)
        for state, window in (("OK", CLOSED), ("NY", EIGHT_TO_NINE_PM)):
            bound = closed.bind(Place(regions=(("US", state),)))
            self.assertEqual(bound.window(day_after_thanksgiving), window)

    def test_the_fewest_texts_a_day_that_a_rule_in_force_allows(self):
        day = date(2026, 7, 1)
        three, two = replace(FEDERAL, max_per_day=3), replace(TEXAS, max_per_day=2)
        over = replace(FEDERAL, max_per_day=1, effective_to=date(2026, 6, 30))
        for rules, expected in (
            ((FEDERAL,), None),
            ((FEDERAL, three), 3),
            ((three, two), 2),
            ((three, over), 3),
            ((), None),
        ):
            with self.subTest(rules=rules):
                self.assertEqual(quiet_hours.get_day_limit(rules, day), expected)

    def test_if_some_rule_holds_as_long_as_an_opening_is_looked_for(self):
        """From the day before, where it may be that day still, to the day after."""
        now = utc("2026-07-10 12:00:00")
        first, last = date(2026, 7, 9), date(2026, 7, 19)
        day = timedelta(days=1)
        for rules, expected in (
            ([FEDERAL], True),
            ([replace(FEDERAL, effective_from=first, effective_to=last)], True),
            ([replace(FEDERAL, effective_from=first + day)], False),
            ([replace(FEDERAL, effective_to=last - day)], False),
            ([replace(FEDERAL, effective_to=last - day), TEXAS], True),
            ([], False),
        ):
            with self.subTest(rules=rules):
                self.assertIs(quiet_hours.are_in_force(rules, now), expected)

    def test_the_clocks_where_the_person_may_be(self):
        found = quiet_hours.local_times(
            utc("2026-07-01 12:00:00"), [EASTERN, "America/Detroit", MOUNTAIN, "UTC"]
        )
        self.assertEqual(
            found,
            [
                (utc("2026-07-01 08:00:00"), "New York"),
                (utc("2026-07-01 06:00:00"), "Denver"),
                (utc("2026-07-01 12:00:00"), "UTC"),
            ],
        )
        for zone, place in (("America/Indiana/Knox", "Knox"), ("", ""), (None, "")):
            self.assertEqual(quiet_hours.place_name(zone), place)

    def test_what_is_less_strict(self):
        limited = replace(OKLAHOMA, max_per_day=3)
        for changes, expected in (
            ({}, False),
            ({"weekdays": (540, 1200)}, False),
            ({"sunday": CLOSED}, False),
            ({"max_per_day": 2}, False),
            ({"effective_from": None}, False),
            ({"weekdays": (479, 1200)}, True),
            ({"saturday": (480, 1201)}, True),
            ({"sunday": ALL_DAY}, True),
            ({"is_closed_on_holidays": False}, True),
            ({"max_per_day": 4}, True),
            ({"max_per_day": 0}, True),
            ({"effective_from": date(2026, 1, 1)}, True),
            ({"effective_to": date(2027, 1, 1)}, True),
            ({"state": "TX"}, True),
            ({"quiet_class": "informational"}, True),
        ):
            with self.subTest(**changes):
                after = replace(limited, **changes)
                self.assertIs(is_less_strict(limited, after), expected)
        self.assertTrue(is_less_strict(limited, None))

    def test_what_makes_a_purpose_less_strict(self):
        offers, house, urgent = MARKETING, INFORMATIONAL, URGENT
        for before, after, expected in (
            # quiet class, texts a day (0: no limit), helpdesk purpose
            ((offers, 5, True), (offers, 5, True), False),
            ((offers, 5, True), (house, 5, True), True),
            ((offers, 5, True), (urgent, 5, True), True),
            ((house, 5, True), (urgent, 5, True), True),
            # Offers may leave on a Saturday, when the company is closed.
            ((house, 5, True), (offers, 5, True), True),
            # So may then a non-emergency broadcast, which kept the company's hours.
            ((urgent, 5, True), (offers, 5, True), True),
            ((urgent, 5, True), (house, 5, True), False),
            ((house, 5, True), (house, 4, True), False),
            ((house, 5, True), (house, 6, True), True),
            ((house, 5, True), (house, 0, True), True),
            ((house, 0, True), (house, 1000, True), False),
            ((house, 0, True), (house, 0, True), False),
            # Stricter in one thing does not make up for less strict in another.
            ((urgent, 5, True), (house, 6, True), True),
            ((house, 6, True), (urgent, 5, True), True),
            # Then a provider that cannot return a STOP may send it.
            ((offers, 5, True), (offers, 5, False), True),
            ((offers, 5, False), (offers, 5, True), False),
        ):
            with self.subTest(before=before, after=after):
                found = are_terms_less_strict(Terms(*before), Terms(*after))
                self.assertIs(found, expected)


def make_rule(state, hours):
    """Return the oracle's hours of a state as a rule."""
    windows = [(first * 60, last * 60) for first, last in hours]
    return Rule(MARKETING, "US", state, *windows)


#: The law as the oracle has it.
LAW = [make_rule("", oracle.ALWAYS)]
LAW += [make_rule(state, hours) for state, hours in oracle.STATES.items()]

#: Zones on both sides of the world, with odd offsets and odd clock changes.
ZONES = (
    *(EASTERN, CENTRAL, MOUNTAIN, PACIFIC, "America/Phoenix", "Pacific/Honolulu"),
    *("America/Anchorage", "America/St_Johns", "America/Santiago", "Asia/Kathmandu"),
    *("Europe/London", "Australia/Lord_Howe", "Asia/Beirut", "America/Havana"),
)
WINDOWS = st.tuples(st.integers(0, 1439), st.integers(0, 1440))
RULES = st.builds(
    Rule,
    st.just(MARKETING),
    weekdays=WINDOWS,
    saturday=WINDOWS,
    sunday=WINDOWS,
)
#: Times near the days on which clocks change, and any others.
CHANGES = [
    datetime(2026, month, day) for month in (3, 4, 9, 10, 11) for day in (1, 8, 29)
]
MOMENTS = st.one_of(
    st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1)),
    st.builds(
        lambda change, minutes: change + timedelta(minutes=minutes),
        st.sampled_from(CHANGES),
        st.integers(-1440, 1440),
    ),
)


def is_open_by_hand(moment, zones, rules):
    """Tell if all rules are open in all zones, without any of the tested code."""
    for zone in zones:
        local = moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
        clock = local.hour * 60 + local.minute
        for rule in rules:
            windows = [rule.weekdays] * 5 + [rule.saturday, rule.sunday]
            opens, closes = windows[local.weekday()]
            if not opens <= clock < closes:
                return False
    return True


def read_shipped():
    """Return the shipped rules as ``{country: rules}``, without those of parts."""
    shipped = {}
    data = Path(__file__).parents[2] / "data" / "sms_quiet_hours_data.xml"
    for record in ET.parse(data).iter("record"):
        fields = {it.get("name"): it for it in record.iter("field")}
        if "country_id" not in fields or "state_id" in fields:
            continue
        country = fields["country_id"].get("ref").removeprefix("base.").upper()
        windows = [
            tuple(
                int(float(fields[f"{day}_{edge}"].get("eval")) * 60)
                if f"{day}_{edge}" in fields
                else 0
                for edge in ("from", "to")
            )
            for day in ("weekday", "saturday", "sunday")
        ]
        rule = Rule(MARKETING, country.replace("UK", "GB"), "", *windows)
        is_closed = "is_closed_on_holidays" in fields
        rule = replace(rule, is_closed_on_holidays=is_closed)
        shipped.setdefault(rule.country, []).append(rule)
    return shipped


SHIPPED = read_shipped()
#: Pairs of a country and one of its zones, for all countries with rules.
WHERE = [
    (country, zone)
    for country in sorted(SHIPPED)
    for zone in pytz.country_timezones[country]
]


@tagged("post_install", "-at_install")
class TestQuietHoursProperties(BaseCase):
    """Never outside the window in any zone, and never later than necessary."""

    @given(
        MOMENTS,
        st.lists(st.sampled_from(ZONES), min_size=1, max_size=3, unique=True),
        st.lists(RULES, min_size=1, max_size=2),
    )
    def test_the_first_open_minute(self, now, zones, rules):
        found = next_opening(now, zones, tuple(rules))
        moment = now
        minute = now.replace(second=0, microsecond=0)
        until = minute + timedelta(days=quiet_hours.SEARCH_DAYS)
        # Minute by minute.
        while not is_open_by_hand(moment, zones, rules):
            minute += timedelta(minutes=1)
            moment = minute
            if moment > until:
                moment = None
                break
        self.assertEqual(found, moment)

    @given(MOMENTS, st.sampled_from(WHERE))
    def test_the_rules_that_are_shipped_in_all_their_zones(self, now, where):
        """The first open minute; by the library ``holidays`` none before it is open."""
        country, zone = where
        closed = holidays.country_holidays(country, years=range(2025, 2030))
        rules = SHIPPED[country]

        def is_open(moment):
            day = moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date()
            of_day = [it for it in rules if it.is_closed_on_holidays]
            if of_day and day in closed:
                return False
            return is_open_by_hand(moment, [zone], rules)

        found = next_opening(now, [zone], tuple(rules))
        self.assertGreaterEqual(found, now)
        self.assertTrue(is_open(found))
        minute = now.replace(second=0, microsecond=0)
        if found > now:
            self.assertFalse(is_open(now))
            before = range(1, int((found - minute).total_seconds() // 60))
            for minutes in before:
                self.assertFalse(is_open(minute + timedelta(minutes=minutes)))

    @given(st.integers(0, 2**32))
    def test_no_offer_leaves_outside_the_hours_of_the_law(self, seed):
        """Wherever the person may be, held or not, spread or not, over all of 2026."""
        chance = random.Random(seed)
        number, state, zones = chance.choice(oracle.NUMBERS)
        address, more = chance.choice((*oracle.ADDRESSES, ("", "")))
        now = oracle.make_moment(chance)
        place = locate(number, "", address and "US", address)
        when = When(
            *(now, MARKETING, place, quiet_hours.select(LAW, place, MARKETING)),
            send_at=chance.choice((None, oracle.make_moment(chance))),
        )
        until, reason = when.find_time()
        if reason == QUIET_HOURS:
            until = when.spread(until, str(seed))
        states = [state, address]
        hours = oracle.get_rules(states, zones, "marketing") if any(states) else []
        self.assertGreaterEqual(until, max(now, when.send_at or now))
        self.assertTrue(oracle.is_open(until, [*zones, *more], hours))
