# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Format times in the reader's time zone and language, with the day.

``static/src/core/text_dates.esm.js`` formats them alike in the browser.
"""

import re
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_time, get_timezone_location

from . import clocks
from .geography import is_zone
from .texts import plain_spaces

#: Times up to this many days ahead are shown by weekday, later ones by date.
WEEK = 6
DEFAULT_LANG = "en_US"


def say(moment, now, zone_name, lang, near_days, lasting=False):
    """Return a time as its reader says it: "tomorrow 8:00", "3 May 8:00".

    :param datetime moment: UTC, as ``now``
    :param str zone_name: the reader's time zone (IANA)
    :param str lang: code of a language, such as ``en_US``
    :param near_days: the reader's words for yesterday, today and tomorrow
    :param bool lasting: the text is kept and must still be true later: full date
    """
    locale = get_locale(lang)
    local = to_local(moment, zone_name)
    today = to_local(now, zone_name).date()
    if lasting:
        day = format_date(local, "long", locale=locale)
    else:
        day = _say_day(local, today, locale, near_days)
    day = tidy_day(day, local, locale)
    # Without a comma "May 3 8:00" would read as one number.
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
    """Return a date with the first of a month as French writes it: "1er mai"."""
    if locale.language != "fr" or local.day != 1:
        return said
    return re.sub(r"\b1(?= [^\W\d])", "1er", said)


def tidy_hour(said, locale):
    """Return a day and hour with Spanish's singular for one o'clock: "a la 1:30"."""
    return said.replace(" a las 1:", " a la 1:") if locale.language == "es" else said


def say_hour(local, locale):
    """Return the time of day, in the language's 12-hour or 24-hour format."""
    return plain_spaces(format_time(local, "short", locale=locale))


def say_place(zone_name, locale):
    """Return the city of a zone in a language: "Wien" for "Vienna" in German."""
    if not is_zone(zone_name):
        return zone_name or ""
    return get_timezone_location(zone_name, locale=locale, return_city=True)


def is_same_clock(moment, *zone_names):
    """Tell if several zones have the same local time at a time (UTC)."""
    return len({to_local(moment, name) for name in zone_names}) == 1


def to_local(moment, zone_name):
    """Return a UTC time as local time of a zone; unchanged for an unknown zone."""
    return clocks.to_local(moment, zone_name if is_zone(zone_name) else "UTC")


@lru_cache(maxsize=64)
def get_locale(lang):
    """Return the locale of a language, English if it is unknown."""
    try:
        return Locale.parse(lang or DEFAULT_LANG)
    except (ValueError, UnknownLocaleError):
        return Locale.parse(DEFAULT_LANG)
