# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Public holidays and business days.

Computed by the library ``holidays``, which follows the laws when they change.
"""

from datetime import timedelta
from functools import lru_cache

import holidays


@lru_cache(maxsize=512)
def get_holidays(country, state, year):
    """Return the public holidays of a year, with the days on which they are observed.

    :param str country: ISO 3166 code; an unknown one has no holidays
    :param str state: ISO code of its part; empty or unknown: the whole country's only
    """
    known = holidays.list_supported_countries()
    if country not in known:
        return frozenset()
    part = state if state in known[country] else None
    return frozenset(holidays.country_holidays(country, subdiv=part, years=year))


#: Business days within which an opt-out must be honored; a company may choose fewer.
#: 47 CFR 64.1200(a)(10): Saturdays, Sundays and the legal holidays of 5 U.S.C. 6103 (on
#: the day on which they are observed) do not count.
MAX_DAYS = 10
SATURDAY = 5


def is_business_day(day):
    """Tell if a date counts."""
    return day.weekday() < SATURDAY and day not in get_holidays("US", "", day.year)


def add_business_days(day, count):
    """Return the ``count``-th business day after ``day``, which does not count."""
    while count > 0:
        day += timedelta(days=1)
        count -= is_business_day(day)
    return day
