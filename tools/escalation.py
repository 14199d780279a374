# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Escalation of team alerts: the plan's steps, how people are reached, on-call shifts.

A repeated step is expanded into occurrences, so that one comparison finds what is due
and what comes next.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

ON_CALL, NEXT, ALL = WHOM = ("on_call", "next", "all")
#: How a step reaches people, and how a person prefers to be reached.
TEXT, CALL = ("text", "call")
TEXT_FIRST, CALL_FIRST, ONLY_CALL = ("text_first", "call_first", "only_call")


class Step(NamedTuple):
    """One line of a plan.

    :param timedelta after: time since the alert at which it is first done
    :param str whom: one of :data:`WHOM`
    :param int repeats: how many times it is repeated
    :param timedelta every: time between two repetitions
    :param str how: :data:`TEXT` or :data:`CALL`
    """

    after: timedelta
    whom: str
    repeats: int = 0
    every: timedelta = timedelta()
    how: str = TEXT


class Occurrence(NamedTuple):
    """One execution of a step, at an offset from the alert's beginning."""

    offset: timedelta
    whom: str
    how: str = TEXT
    is_repeat: bool = False


def expand(steps):
    """Return the occurrences of all steps, in order of time."""
    found = [
        Occurrence(step.after + number * step.every, step.whom, step.how, bool(number))
        for step in steps
        for number in range(step.repeats + 1)
    ]
    return sorted(found, key=lambda it: (it.offset, WHOM.index(it.whom)))


def find_due(steps, done, elapsed):
    """Return the occurrences that are due; after a server downtime these are several.

    :param timedelta done: the offset up to which all are done; -1 minute: none
    :param timedelta elapsed: time since the alert began
    """
    return [it for it in expand(steps) if done < it.offset <= elapsed]


def find_next(steps, done):
    """Return the next occurrences after an offset, all of the same time."""
    later = [it for it in expand(steps) if it.offset > done]
    return [it for it in later if it.offset == later[0].offset]


def pick(people, whom, told):
    """Return the people whom a step addresses; everybody if there is no next one.

    :param list people: in order, those on call now first
    :param str whom: one of :data:`WHOM`
    :param told: the people who were told already
    """
    if whom == ON_CALL:
        return people[:1]
    if whom == NEXT:
        left = [one for one in people if one not in told]
        return left[:1] or list(people)
    return list(people)


def wants_call(how, order):
    """Tell if a step would call somebody, because it says so or they prefer it."""
    return how == CALL or order != TEXT_FIRST


def choose_ways(how, order, may_call, is_texted):
    """Return how a step reaches somebody: :data:`TEXT`, :data:`CALL` or both.

    People who are called also get the text, unless they have had it or want calls only.
    Those who cannot be called are texted, so that nobody is left out.

    :param str how: what the step says
    :param str order: the person's preference, such as :data:`TEXT_FIRST`
    :param bool may_call: they may be called now, and the company can call
    :param bool is_texted: they have had a text about the alert
    """
    if not may_call or not wants_call(how, order):
        return (TEXT,)
    if order == ONLY_CALL or (how == CALL and is_texted):
        return (CALL,)
    return (CALL, TEXT)


def is_between(hour, start, stop):
    """Tell if an hour of the day lies in a range, which may span midnight.

    :param float hour: 0 to 24, as ``start`` and ``stop``; if these are equal: all day
    """
    if start < stop:
        return start <= hour < stop
    return hour >= start or hour < stop


class Turn(NamedTuple):
    """An on-call shift, which may recur every few weeks.

    :param datetime start: naive UTC; None: without a beginning
    :param datetime stop: naive UTC; None: without an end
    :param int weeks: it recurs after this many weeks; 0: it does not
    :param str zone: time zone in which it recurs at the same hour all year (IANA)
    """

    start: datetime | None = None
    stop: datetime | None = None
    weeks: int = 0
    zone: str = "UTC"
