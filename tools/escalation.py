# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Escalation of team alerts: the plan's steps, ways to people, and turns of duty.

A step that repeats is a row of occurrences, so that what is due, and what comes next,
is one comparison.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from .clocks import to_local, to_utc

ON_CALL, NEXT, ALL = WHOM = ("on_call", "next", "all")
#: How a step reaches people, and in which order somebody wants to be reached.
TEXT, CALL = ("text", "call")
TEXT_FIRST, CALL_FIRST, ONLY_CALL = ("text_first", "call_first", "only_call")

#: Nothing has been done yet, not even what is due at once.
NOTHING = timedelta(minutes=-1)


class Step(NamedTuple):
    """One line of a plan, done after some time, and again so often.

    :param str whom: one of :data:`WHOM`
    :param str how: text or call
    """

    after: timedelta
    whom: str
    repeats: int = 0
    every: timedelta = timedelta()
    how: str = TEXT


class Occurrence(NamedTuple):
    """A step at a time after the alert began."""

    offset: timedelta
    whom: str
    how: str = TEXT
    is_repeat: bool = False


def expand(steps):
    """Return the occurrences of all steps, in their order."""
    found = [
        Occurrence(step.after + number * step.every, step.whom, step.how, bool(number))
        for step in steps
        for number in range(step.repeats + 1)
    ]
    return sorted(found, key=lambda it: (it.offset, WHOM.index(it.whom)))


def find_due(steps, done, elapsed):
    """Return the occurrences that are due: several after a pause of the server.

    :param timedelta done: the offset up to which all is done, or :data:`NOTHING`
    """
    return [it for it in expand(steps) if done < it.offset <= elapsed]


def find_next(steps, done):
    """Return the occurrences that come next after an offset, all at one time."""
    later = [it for it in expand(steps) if it.offset > done]
    return [it for it in later if it.offset == later[0].offset]


def pick(people, whom, told):
    """Return the people whom a step means; all once more if nobody comes next.

    :param list people: in their order, those on call now first
    """
    if whom == ON_CALL:
        return people[:1]
    if whom == NEXT:
        left = [one for one in people if one not in told]
        return left[:1] or list(people)
    return list(people)


def wants_call(how, order):
    """Tell if a step would call somebody, by what it says or by what they want."""
    return how == CALL or order != TEXT_FIRST


def choose_ways(how, order, may_call, is_texted):
    """Return the ways by which a step reaches somebody, as they want it.

    Whoever is called can read it as well, unless they want calls only. Where they
    cannot be called they are texted: nobody is forgotten.

    :param str how: what the step says
    :param str order: what they want, such as :data:`TEXT_FIRST`
    :param bool may_call: they may be called now, and the company can call
    :param bool is_texted: they have had a text about it
    """
    if not may_call or not wants_call(how, order):
        return (TEXT,)
    if order == ONLY_CALL or (how == CALL and is_texted):
        return (CALL,)
    return (CALL, TEXT)


def is_between(hour, start, stop):
    """Tell if an hour of the day lies between two others, perhaps over midnight.

    :param float hour: as the others, 0 to 24; equal ones: all day
    """
    if start < stop:
        return start <= hour < stop
    return hour >= start or hour < stop


class Turn(NamedTuple):
    """A turn of duty, which may come again every few weeks.

    :param datetime start: UTC without a zone; None: since ever
    :param datetime stop: the same; None: for ever
    :param int weeks: it comes again after so many; 0: it does not
    :param str zone: by whose clock it comes again, at the same hour all year
    """

    start: datetime | None = None
    stop: datetime | None = None
    weeks: int = 0
    zone: str = "UTC"


def covers(turn, now):
    """Tell if a turn covers a time (UTC, without a zone)."""
    if turn.weeks and turn.start and turn.stop:
        return any(start <= now < stop for start, stop in _find_turns(turn, now))
    return (not turn.start or turn.start <= now) and (not turn.stop or now < turn.stop)


def _find_turns(turn, now):
    """Yield the turns around a time that are not before the first one (UTC)."""
    zone = turn.zone or "UTC"
    start, stop, local = (to_local(it, zone) for it in (turn.start, turn.stop, now))
    period = timedelta(weeks=turn.weeks)
    count = (local - start) // period
    # In a night in which the clocks change it may be the one before, or after.
    for number in (count - 1, count, count + 1):
        if number >= 0:
            yield tuple(to_utc(it + number * period, zone) for it in (start, stop))
