# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Who is on call when: turns of duty, those who stand in, and gaps.

Times are UTC without a zone; a person is whatever tells people apart.
"""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

from .clocks import to_local, to_utc

#: Working schedules end a day a moment before midnight: that is no gap.
MOMENT = timedelta(minutes=1)


class Duty(NamedTuple):
    """A turn of duty of a person.

    :param tuple rank: the lowest is told first; the later of two that stand in for the
        same person has the higher ``number``
    :param instead_of: the person whom they stand in for, None for a turn of their own
    """

    person: Any
    rank: tuple
    number: int = 0
    instead_of: Any = None


class Span(NamedTuple):
    """From when until when somebody has a duty, or is away (``duty`` is a person)."""

    start: datetime
    stop: datetime
    duty: Any


class Stretch(NamedTuple):
    """A time in which nothing changes: who is on call, in their order."""

    start: datetime
    stop: datetime
    people: tuple


def order(duties):
    """Return the people on duty in the order in which they are told, each once.

    Who stands in takes the place of the other one; whoever stands in later, also for
    who stands in, counts.
    """
    places = [(it.rank, it.person) for it in duties if it.instead_of is None]
    standing_in = [it for it in duties if it.instead_of is not None]
    for duty in sorted(standing_in, key=lambda it: it.number):
        ranks = [rank for rank, person in places if person == duty.instead_of]
        places = [it for it in places if it[1] != duty.instead_of]
        places.append((min(ranks, default=duty.rank), duty.person))
    return tuple(dict.fromkeys(person for _rank, person in sorted(places)))


def expand(turn, start, stop):
    """Return the ``(start, stop)`` of an ``escalation.Turn`` that lie in a time.

    Those that come again do so by the clock of their zone, at the same hour all year.
    """
    if not (turn.weeks and turn.start and turn.stop):
        found = [(turn.start or start, turn.stop or stop)]
    else:
        zone, period = turn.zone or "UTC", timedelta(weeks=turn.weeks)
        first, last = to_local(turn.start, zone), to_local(turn.stop, zone)
        # One more on either side, since a turn may be as long as its period.
        lowest = max((to_local(start, zone) - first) // period - 1, 0)
        highest = (to_local(stop, zone) - first) // period + 1
        found = [
            tuple(to_utc(it + number * period, zone) for it in (first, last))
            for number in range(lowest, highest + 1)
        ]
    return [(max(a, start), min(b, stop)) for a, b in found if a < stop and b > start]


def draw(spans, away, start, stop):
    """Return the :class:`Stretch` of a time, one after the other, without holes.

    :param spans: of :class:`Span` with a :class:`Duty`
    :param away: of :class:`Span` with the person who is away
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
    """Return the ``(start, stop)`` in which nobody on call can be told.

    :param can_be_told: the people who can
    :param wanted: the ``(start, stop)`` in which somebody should be on call, sorted;
        None for always
    """
    gaps = [
        (start, stop)
        for start, stop, people in stretches
        if not any(it in can_be_told for it in people)
    ]
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
