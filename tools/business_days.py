# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Public holidays and business days.

Computed by the library ``holidays``, which is updated when the laws change.
"""

import warnings
from datetime import timedelta
from functools import lru_cache

import holidays

#: In place of a part of a country, if the part is not known.
ANY_PART = "*"
#: Parts with their own calling code: a number of the country itself is not from there.
APART = {
    "FR": {"971", "972", "973", "974", "976", "BL", "MF", "NC", "PF", "PM", "TF", "WF"}
}


@lru_cache(maxsize=512)
def get_holidays(country, state, year):
    """Return the public holidays of a year, with the days on which they are observed.

    :param str country: ISO 3166 code; an unknown one has no holidays
    :param str state: code of a part; empty or unknown: only the nationwide ones;
        :data:`ANY_PART`: also those of each part
    """
    known = holidays.list_supported_countries()
    if country not in known:
        return frozenset()
    parts = {"", find_part(country, state)}
    if state == ANY_PART:
        parts.update(set(known[country]) - APART.get(country, set()))
    days = (
        holidays.country_holidays(country, subdiv=part or None, years=year)
        for part in parts
    )
    return frozenset(day for found in days for day in found)


@lru_cache(maxsize=512)
def are_holidays_known(country, year):
    """Tell if the library knows all public holidays of a country in a year.

    Those that follow the moon are tables with an end: of Sri Lanka to 2026, of India to
    2035 (version 0.109). A country that the library does not have counts as known.

    :param str country: ISO 3166 code
    """
    if country not in holidays.list_supported_countries():
        return True
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        days = holidays.country_holidays(country, years=year)
    is_partial = any("are available only from" in str(it.message) for it in found)
    return year <= days.end_year and not is_partial


@lru_cache(maxsize=512)
def find_part(country, state):
    """Return the code of a part by which its holidays are known, or an empty string.

    Odoo's state codes may begin with the country's code ("DE-BY").
    """
    part = (state or "").rpartition("-")[2]
    return part if part in holidays.list_supported_countries().get(country, ()) else ""


#: Business days within which an opt-out must be honored; a company may choose fewer.
#: 47 CFR 64.1200(a)(10): Saturdays, Sundays and the legal holidays of 5 U.S.C. 6103 (on
#: the day on which they are observed) do not count.
MAX_DAYS = 10
SATURDAY = 5


def is_business_day(day):
    """Tell if a date is a business day of the US."""
    return day.weekday() < SATURDAY and day not in get_holidays("US", "", day.year)


def add_business_days(day, count):
    """Return the ``count``-th business day after ``day``; ``day`` does not count."""
    while count > 0:
        day += timedelta(days=1)
        count -= is_business_day(day)
    return day
