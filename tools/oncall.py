# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which turns of duty cover a time."""

from datetime import UTC, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo


class Turn(NamedTuple):
    """A turn of duty between two times, which may come again every few weeks.

    :param datetime start: UTC without a zone; None: since ever
    :param datetime stop: the same; None: for ever
    :param int weeks: it comes again after so many; 0: it does not
    :param str zone: in whose clock it comes again, so that it begins at the same hour
        in summer and in winter
    """

    start: object = None
    stop: object = None
    weeks: int = 0
    zone: str = "UTC"


def covers(turn, now):
    """Tell if a turn covers a time (UTC, without a zone)."""
    if turn.weeks and turn.start and turn.stop:
        return any(start <= now < stop for start, stop in _find_turns(turn, now))
    return (not turn.start or turn.start <= now) and (not turn.stop or now < turn.stop)


def _find_turns(turn, now):
    """Yield the turns around a time that are not before the first one (UTC)."""
    zone = ZoneInfo(turn.zone or "UTC")
    start, stop, local = (
        moment.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)
        for moment in (turn.start, turn.stop, now)
    )
    period = timedelta(weeks=turn.weeks)
    count = (local - start) // period
    for number in range(max(count - 1, 0), count + 2):
        yield tuple(
            (moment + number * period)
            .replace(tzinfo=zone)
            .astimezone(UTC)
            .replace(tzinfo=None)
            for moment in (start, stop)
        )
