# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""One way to say a time: by the reader's clock and language, with its day.

``static/src/core/text_dates.esm.js`` says it in the same words in the browser.
"""

import re
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import (
    format_date,
    format_skeleton,
    format_time,
    get_timezone_location,
)

from . import clocks
from .geography import is_zone
from .texts import plain_spaces

#: A time so many days ahead is told by the day of the week; later ones by their date.
WEEK = 6
DEFAULT_LANG = "en_US"


def say(moment, now, zone_name, lang, near_days, lasting=False):
    """Return a time as its reader says it: "tomorrow 8:00", "3 May 8:00".

    :param datetime moment: UTC, as ``now``
    :param str zone_name: of the clock that is read
    :param str lang: code of a language, such as ``en_US``
    :param near_days: the reader's words for yesterday, today and tomorrow
    :param bool lasting: it is kept, and must be as true tomorrow: by its full date
    """
    locale = get_locale(lang)
    local = to_local(moment, zone_name)
    today = to_local(now, zone_name).date()
    if lasting:
        day = format_date(local, "long", locale=locale)
    else:
        day = _say_day(local, today, locale, near_days)
    day = tidy_day(day, local, locale)
    # "May 3 8:00" would be read as one number.
    sign = "," if day[-1:].isdigit() else ""
    return f"{day}{sign} {say_hour(local, locale)}"


def _say_day(local, today, locale, near_days):
    ahead = (local.date() - today).days
    if -1 <= ahead <= 1:
        return near_days[ahead + 1]
    if ahead in range(WEEK + 1):
        return format_date(local, "EEEE", locale=locale)
    if local.year == today.year:
        return format_skeleton("MMMMd", local, locale=locale)
    return format_date(local, "long", locale=locale)


def tidy_day(said, local, locale):
    """Return a date with the first of a month as French counts it: "1er mai"."""
    if locale.language != "fr" or local.day != 1:
        return said
    return re.sub(r"\b1(?= [^\W\d])", "1er", said)


def tidy_hour(said, locale):
    """Return a day with its hour as Spanish says one o'clock: "a la 1:30"."""
    return said.replace(" a las 1:", " a la 1:") if locale.language == "es" else said


def say_hour(local, locale):
    """Return the time of day, with twelve or twenty-four hours as the language has."""
    return plain_spaces(format_time(local, "short", locale=locale))


def say_place(zone_name, locale):
    """Return the city of a zone as a language calls it: "Vienna" is "Wien"."""
    if not is_zone(zone_name):
        return zone_name or ""
    return get_timezone_location(zone_name, locale=locale, return_city=True)


def is_same_clock(moment, *zone_names):
    """Tell if clocks of some zones show the same at a time (UTC)."""
    return len({to_local(moment, name) for name in zone_names}) == 1


def to_local(moment, zone_name):
    """Return a time (UTC) by the clock of a zone; in UTC for a name that is none."""
    return clocks.to_local(moment, zone_name if is_zone(zone_name) else "UTC")


@lru_cache(maxsize=64)
def get_locale(lang):
    """Return the locale of a language, else the English one."""
    try:
        return Locale.parse(lang or DEFAULT_LANG)
    except (ValueError, UnknownLocaleError):
        return Locale.parse(DEFAULT_LANG)
