# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""On-call schedules: shifts, substitutes, and gaps.

Times are naive UTC; a person is any hashable, sortable value, such as an id.
"""

from datetime import datetime, timedelta
from itertools import pairwise
from math import inf
from typing import Any, NamedTuple

from .clocks import to_local, to_utc

#: Working schedules end a day just before midnight, which is no gap.
MOMENT = timedelta(minutes=1)


class Duty(NamedTuple):
    """A person's on-call shift.

    :param tuple rank: the lowest is told first
    :param int number: of two substitutes for the same person, the later has the higher
    :param instead_of: the person whom they substitute, None for a shift of their own
    """

    person: Any
    rank: tuple
    number: int = 0
    instead_of: Any = None


class Span(NamedTuple):
    """A period of a :class:`Duty`, or of an absence (``duty`` is then the person)."""

    start: datetime
    stop: datetime
    duty: Any


class Stretch(NamedTuple):
    """A period without changes, and the people on call in it, in order."""

    start: datetime
    stop: datetime
    people: tuple


def order(duties):
    """Return the people on duty in the order in which they are told, each once.

    A substitute takes the place of the person; a later substitute, even for a
    substitute, overrides an earlier one. Of several for one person the last counts.
    While the person is not on duty, the substitute comes after those who are.
    """
    places = [(it.rank, it.person) for it in duties if it.instead_of is None]
    standing_in = [it for it in duties if it.instead_of is not None]
    standing_in.sort(key=lambda it: it.number)
    last = {it.instead_of: it for it in standing_in}
    for duty in (it for it in standing_in if it is last[it.instead_of]):
        ranks = [rank for rank, person in places if person == duty.instead_of]
        places = [it for it in places if it[1] != duty.instead_of]
        places.append((min(ranks, default=(inf, *duty.rank)), duty.person))
    return tuple(dict.fromkeys(person for _rank, person in sorted(places)))


def expand(turn, start, stop):
    """Return the ``(start, stop)`` of an ``escalation.Turn`` within a period.

    Recurring shifts begin at the same local time of their zone all year.
    """
    if not (turn.weeks and turn.start and turn.stop):
        found = [(turn.start or start, turn.stop or stop)]
    else:
        zone, period = turn.zone or "UTC", timedelta(weeks=turn.weeks)
        first, last = to_local(turn.start, zone), to_local(turn.stop, zone)
        # One more on either side, since a shift may be as long as its period.
        lowest = max((to_local(start, zone) - first) // period - 1, 0)
        highest = (to_local(stop, zone) - first) // period + 1
        found = [
            tuple(to_utc(it + number * period, zone) for it in (first, last))
            for number in range(lowest, highest + 1)
        ]
    return [(max(a, start), min(b, stop)) for a, b in found if a < stop and b > start]


def draw(spans, away, start, stop):
    """Return the list of :class:`Stretch` that covers a period without gaps.

    :param spans: each a :class:`Span` with a :class:`Duty`
    :param away: each a :class:`Span` with the person who is away
    """
    edges = {start, stop}
    for span in (*spans, *away):
        edges |= {it for it in (span.start, span.stop) if start < it < stop}
    found = []
    for begin, end in pairwise(sorted(edges)):
        absent = {it.duty for it in away if it.start <= begin < it.stop}
        duties = [it.duty for it in spans if it.start <= begin < it.stop]
        people = tuple(it for it in order(duties) if it not in absent)
        if found and (found[-1].people == people or end - begin < MOMENT):
            people = found[-1].people
            begin = found.pop().start
        found.append(Stretch(begin, end, people))
    return found


def find_gaps(stretches, can_be_told, wanted=None):
    """Return the periods, as ``(start, stop)``, in which nobody on call can be told.

    :param stretches: as :func:`draw` returns them
    :param can_be_told: the people who can be told
    :param wanted: periods in which somebody should be on call, as sorted
        ``(start, stop)``; None: always
    """
    told = set(can_be_told)
    gaps = [(a, b) for a, b, people in stretches if told.isdisjoint(people)]
    if wanted is not None:
        gaps = [
            (max(start, begin), min(stop, end))
            for start, stop in gaps
            for begin, end in wanted
            if begin < stop and end > start
        ]
    merged = []
    for start, stop in gaps:
        if merged and start - merged[-1][1] < MOMENT:
            start = merged.pop()[0]
        merged.append((start, stop))
    return [(start, stop) for start, stop in merged if stop - start > MOMENT]
