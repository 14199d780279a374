# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Print the moments at which ``bin/quality --days`` runs the tests, as times in UTC.

Each comes from the day it is run: they are where dates and hours have broken programs.
"""

import sys
from calendar import isleap
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from zoneinfo import ZoneInfo

#: Places whose nights of the clock change are met, in the hour before.
PLACES = ("America/New_York", "Europe/Paris")
SATURDAY = 5


def find_changes(place, now, number):
    """Return when the clocks of a place are next changed (UTC), ``number`` times."""
    zone, hours = ZoneInfo(place), (now + timedelta(hours=it) for it in count(1))
    later = ((it, it + timedelta(hours=1)) for it in hours)
    changes = (
        end
        for start, end in later
        if start.astimezone(zone).utcoffset() != end.astimezone(zone).utcoffset()
    )
    return [next(changes) for _time in range(number)]


def find_leap_day(today):
    """Return the next 29 February after this year."""
    return next(date(it, 2, 29) for it in count(today.year + 1) if isleap(it))


def list_moments(now):
    """Return the moments (UTC), the nearest ones first.

    :param datetime now: UTC
    """
    hour = now.replace(minute=0, second=0, microsecond=0)
    today = now.date()
    saturday = today + timedelta(days=(SATURDAY - today.weekday()) % 7 or 7)
    moments = [
        now + timedelta(days=45),
        now + timedelta(days=365),
        datetime.combine(saturday, time(12), UTC),
        datetime.combine(saturday + timedelta(days=1), time(23, 50), UTC),
        datetime.combine(date(today.year + 1, 12, 31), time(23, 30), UTC),
        datetime.combine(find_leap_day(today), time(12), UTC),
    ]
    for place in PLACES:
        changes = find_changes(place, hour, 2)
        moments += [change - timedelta(minutes=30) for change in changes]
    return sorted(moments)


if __name__ == "__main__":
    for moment in list_moments(datetime.now(UTC)):
        sys.stdout.write(f"{moment:%Y-%m-%d %H:%M} UTC\n")
