# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Public holidays of a country and of its states, for deadlines and quiet hours alike.

Computed by the library ``holidays``, which follows the laws when they change.
"""

from functools import lru_cache

import holidays


@lru_cache(maxsize=512)
def get_holidays(country, state, year):
    """Return the public holidays of a year, with the days on which they are observed.

    :param str country: ISO 3166 code; one that nobody knows has no holidays
    :param str state: ISO code of its part; empty or unknown: the whole country's only
    :rtype: frozenset of dates
    """
    known = holidays.list_supported_countries()
    if country not in known:
        return frozenset()
    part = state if state in known[country] else None
    return frozenset(holidays.country_holidays(country, subdiv=part, years=year))
