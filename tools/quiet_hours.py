# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Quiet hours, in the local time of every place where the recipient may be.

A rule has a window for each kind of day. It applies to a country or a state, to a class
of purposes, and from one date to another; rules are data, each with its source. All
rules that apply must be open in all zones where the person may be, so that a further
rule or zone can only make the answer stricter. Times are naive UTC, as in Odoo.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zlib import crc32

from .business_days import ANY_PART, are_holidays_known, find_part, get_holidays
from .clocks import to_local, to_utc

#: Classes of purposes. Offers keep the legal hours, informational messages the
#: company's business hours; urgent ones keep none.
QUIET_CLASSES = ("marketing", "informational", "urgent")
MARKETING, INFORMATIONAL, URGENT = QUIET_CLASSES

#: How far ahead to search for an opening: more than the longest series of closed days.
SEARCH_DAYS = 8
#: Held messages are spread over the first half hour of their window.
SPREAD = timedelta(minutes=30)

CLOSED = (0, 0)
ALL_DAY = (0, 1440)
SATURDAY, SUNDAY = 5, 6


@dataclass(frozen=True)
class Rule:
    """One rule. A window is ``(opens, closes)`` in minutes of the local day.

    ``closes`` is exclusive: up to 21:00 means that 20:59:59 is the last open second.

    :param str country: ISO code; empty: everywhere
    :param str state: ISO code of a part of the country; empty: all of it
    :param bool is_closed_on_holidays: closed on public holidays of country and state
    :param date effective_from: the first local date on which it is in force, or None
    :param date effective_to: the last, or None
    :param int max_per_day: texts to a number for a purpose in 24 hours; 0: no limit
    :param tuple holidays_of: pairs of codes, country and state, whose holidays count;
        by default its own
    """

    quiet_class: str
    country: str = ""
    state: str = ""
    weekdays: tuple = ALL_DAY
    saturday: tuple = ALL_DAY
    sunday: tuple = ALL_DAY
    is_closed_on_holidays: bool = False
    effective_from: date | None = None
    effective_to: date | None = None
    max_per_day: int = 0
    holidays_of: tuple = ()

    def is_in_force(self, day):
        """Tell if it is in force on a local date."""
        starts = self.effective_from or date.min
        return starts <= day <= (self.effective_to or date.max)

    def window(self, day):
        """Return the window of a local date."""
        if not self.is_in_force(day):
            return ALL_DAY
        if self.is_closed_on_holidays and self._is_holiday(day):
            return CLOSED
        by_day = {SATURDAY: self.saturday, SUNDAY: self.sunday}
        return by_day.get(day.weekday(), self.weekdays)

    def _is_holiday(self, day):
        """Tell if a local date may be a holiday: in an unknown year, each may be."""
        return any(
            day in get_holidays(country, state, day.year)
            or not are_holidays_known(country, day.year)
            for country, state in self.holidays_of or ((self.country, self.state),)
        )

    def bind(self, place):
        """Return this rule with the holidays of the place where somebody may be.

        If it is not known which part of the country, the holidays of all parts count.
        """
        if self.state or not self.is_closed_on_holidays:
            return self
        parts = {}
        for country, state in place.regions:
            if self.country in ("", country):
                found = parts.setdefault(country, [])
                found += filter(None, [find_part(country, state)])
        places = [(it, part) for it in parts for part in parts[it] or [ANY_PART]]
        return replace(self, holidays_of=tuple(places))


def select(rules, place, quiet_class):
    """Return the rules that apply to messages of a class to somebody at a place."""
    return tuple(
        rule.bind(place)
        for rule in rules
        if rule.quiet_class == quiet_class
        and (not rule.country or any(rule.country == it[0] for it in place.regions))
        and (not rule.state or (rule.country, rule.state) in place.regions)
    )


def are_in_force(rules, now):
    """Tell if one of the rules is in force on every day of the search for an opening.

    :param datetime now: UTC; the local date may be the day before or after
    """
    first = now.date() - timedelta(days=1)
    days = [first + timedelta(days=offset) for offset in range(SEARCH_DAYS + 3)]
    return any(all(map(rule.is_in_force, days)) for rule in rules)


def is_open(now, zone_names, rules):
    """Tell if all rules are open in all zones at a time (UTC)."""
    # Windows open and close at full minutes, so seconds do not matter.
    minute = now.replace(second=0, microsecond=0)
    return _is_open(minute, tuple(zone_names), tuple(rules))


@lru_cache(maxsize=4096)
def _is_open(minute, zone_names, rules):
    for name in zone_names:
        local = to_local(minute, name)
        day, minutes = local.date(), local.hour * 60 + local.minute
        windows = (rule.window(day) for rule in rules)
        if not all(opens <= minutes < closes for opens, closes in windows):
            return False
    return True


def next_opening(now, zone_names, rules):
    """Return when a message may leave: now, or the next opening.

    :param datetime now: UTC
    :return: datetime (UTC), or None if there is none within :data:`SEARCH_DAYS`
    """
    if is_open(now, zone_names, rules):
        return now
    return _search(now.replace(second=0, microsecond=0), tuple(zone_names), rules)


def spread(opening, key, zone_names, rules):
    """Return a time within the first half hour of a window, always the same for a key.

    Otherwise all held messages would leave in the window's first second.

    :param datetime opening: UTC
    :param str key: identifies the message
    """
    seconds = crc32(key.encode()) % int(SPREAD.total_seconds())
    later = opening + timedelta(seconds=seconds)
    return later if is_open(later, zone_names, rules) else opening


def local_times(now, zone_names):
    """Return the distinct local times of several zones, each with its first place.

    :return: list of ``(naive local datetime, place)``, the best known first
    """
    found = {}
    for name in zone_names:
        found.setdefault(to_local(now, name), place_name(name))
    return list(found.items())


def place_name(zone_name):
    """Return the city of a zone: "America/New_York" is "New York"."""
    return (zone_name or "").rpartition("/")[2].replace("_", " ")


def get_day_limit(rules, day):
    """Return how many texts the rules allow to a number on a local date, or None."""
    limits = [it.max_per_day for it in rules if it.max_per_day and it.is_in_force(day)]
    return min(limits, default=None)


@lru_cache(maxsize=1024)
def _search(now, zone_names, rules):
    """Return the first open time after ``now``, or None.

    That can only be when a window opens or the clocks change in one of the zones.
    """
    until = now + timedelta(days=SEARCH_DAYS)
    moments = {it for name in zone_names for it in _get_edges(now, name, rules)}
    later = sorted(moment for moment in moments if now < moment <= until)
    return next((it for it in later if is_open(it, zone_names, rules)), None)


def _get_edges(now, zone_name, rules):
    today = to_local(now, zone_name).date()
    for offset in range(SEARCH_DAYS + 1):
        day = today + timedelta(days=offset)
        windows = {rule.window(day) for rule in rules}
        # When the clocks change, a local time can occur twice or never.
        for opens in {opens for opens, closes in windows if opens < closes}:
            wall = datetime.combine(day, time(*divmod(opens, 60)))
            yield from (to_utc(wall, zone_name, fold) for fold in (0, 1))
        yield from _get_change(day, zone_name)


def _get_change(day, zone_name):
    """Yield the UTC time at which the clocks change on a local date, if they do.

    Found to the minute by bisection, as the offset to UTC differs before and after.
    """
    start = to_utc(datetime.combine(day, time()), zone_name)
    low, high = 0, 36 * 60
    before = _get_offset(start, zone_name)
    if _get_offset(start + timedelta(minutes=high), zone_name) == before:
        return
    while high - low > 1:
        middle = (low + high) // 2
        if _get_offset(start + timedelta(minutes=middle), zone_name) == before:
            low = middle
        else:
            high = middle
    yield start + timedelta(minutes=high)


def _get_offset(moment, zone_name):
    return to_local(moment, zone_name) - moment
