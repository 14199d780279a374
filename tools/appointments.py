# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""When somebody is texted about an appointment, and how its time is told to them.

Times are UTC without a zone, as Odoo stores them. An all-day event is on a date, which
no zone changes: Odoo stores it as 8:00 UTC of that date.
"""

from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_skeleton, format_time

from . import quiet_hours
from .place import is_zone
from .texts import plain_spaces

#: What an all-day appointment is reckoned from: this hour of its day, local time.
ALL_DAY_HOUR = time(9)
#: Offsets of less make no sense for an appointment that has no hour.
ALL_DAY_OFFSET = timedelta(hours=12)
#: A reminder that quiet hours hold must still leave so long before the appointment.
LATEST = timedelta(minutes=30)
#: One that leaves earlier leaves so long before the window closes, so that all can.
BEFORE_CLOSING = timedelta(minutes=30)

TODAY, TOMORROW, OTHER_DAY = ("today", "tomorrow", "other_day")


class Spoken(NamedTuple):
    """A time as its reader says it; a model puts the words together.

    :param str day: :data:`TODAY`, :data:`TOMORROW` or :data:`OTHER_DAY`
    :param str date: such as "Tue, Dec 5", in the reader's language and style
    :param str clock: such as "2:30 PM", empty for an all-day appointment
    :param str place: the zone's city where it is not the company's, else empty
    """

    day: str
    date: str
    clock: str
    place: str


def pick_zone(tz, place_zones, company_zone):
    """Return the zone by whose clock somebody is told a time.

    The contact's own; else that of the company if they may be there; else the best
    known of those where they may be.

    :param str tz: the contact's own zone, may be empty or none at all
    :param place_zones: names of zones, the best known first
    """
    if is_zone(tz):
        return tz
    if company_zone in place_zones:
        return company_zone
    return place_zones[0] if place_zones else company_zone


def to_local(moment, zone_name):
    """Return a UTC time by the clock of a zone."""
    local = moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone_name))
    return local.replace(tzinfo=None)


def to_utc(wall, zone_name):
    """Return a local time as UTC: of an hour that comes twice the first."""
    aware = wall.replace(tzinfo=ZoneInfo(zone_name))
    return aware.astimezone(UTC).replace(tzinfo=None)


def get_anchor(start, is_allday, zone_name):
    """Return from when the time before an appointment is counted (UTC)."""
    if not is_allday:
        return start
    return to_utc(datetime.combine(start.date(), ALL_DAY_HOUR), zone_name)


def get_end(start, is_allday, zone_name):
    """Return from when a text about an appointment has lost its point (UTC).

    It begins, or the day is over on which it is.
    """
    if not is_allday:
        return start
    midnight = datetime.combine(start.date() + timedelta(days=1), time())
    return to_utc(midnight, zone_name)


def find_due(anchor, offset, now, zone_names, rules, key=""):
    """Return when a reminder leaves (UTC), or None if there is none.

    By quiet hours where the person is: it waits for the window if that opens in good
    time before the appointment, else it leaves before the window closes. One whose
    time has passed is none: who books late has just been told.

    :param datetime anchor: the appointment (UTC), see :func:`get_anchor`
    :param timedelta offset: how long before it
    :param datetime now: UTC
    :param rules: the ``quiet_hours.Rule`` that apply; empty for none
    :param str key: tells the reminder from others, to spread what leaves at one time
    """
    wanted = anchor - offset
    if wanted <= now:
        return None
    if not rules:
        return wanted
    opening = quiet_hours.next_opening(wanted, zone_names, rules)
    if opening == wanted:
        return wanted
    if opening and opening <= anchor - LATEST:
        later = quiet_hours.spread(opening, key, zone_names, rules)
        return later if later <= anchor - LATEST else opening
    earlier = find_last_opening(wanted, tuple(zone_names), tuple(rules))
    if earlier is None:
        return None
    spread = quiet_hours.spread(earlier - BEFORE_CLOSING, key, zone_names, rules)
    return spread if spread > now else None


@lru_cache(maxsize=1024)
def find_last_opening(moment, zone_names, rules):
    """Return the end of the last window before a UTC time that is closed, or None.

    A window closes at a full minute, and with it the person's day: all that can end
    it is a closing time of a rule, or midnight, in one of the zones.
    """
    ends = set()
    for name in zone_names:
        today = to_local(moment, name).date()
        for back in range(quiet_hours.SEARCH_DAYS + 1):
            day = today - timedelta(days=back)
            for closes in {rule.window(day)[1] for rule in rules} | {0}:
                wall = datetime.combine(day, time()) + timedelta(minutes=closes)
                ends.add(to_utc(wall, name))
    minute = timedelta(minutes=1)
    return next(
        (
            end
            for end in sorted(ends, reverse=True)
            if end <= moment
            and quiet_hours.is_open(end - minute, zone_names, rules)
            and quiet_hours.is_open(end - BEFORE_CLOSING, zone_names, rules)
        ),
        None,
    )


def say(start, is_allday, zone_name, company_zone, lang, now):
    """Return an appointment's time as somebody says it where they are.

    :param datetime start: UTC
    :param str lang: code such as ``en_US``
    :param datetime now: UTC
    :rtype: Spoken
    """
    today = to_local(now, zone_name).date()
    return _say(start, is_allday, zone_name, company_zone, lang, today)


@lru_cache(maxsize=1024)
def _say(start, is_allday, zone_name, company_zone, lang, today):
    """Say it once for all who are reminded of one hour."""
    locale = _get_locale(lang)
    local = start if is_allday else to_local(start, zone_name)
    day = {0: TODAY, 1: TOMORROW}.get((local.date() - today).days, OTHER_DAY)
    skeleton = "MMMEd" if local.year == today.year else "yMMMEd"
    # Other words for one clock are no news: who has the company's hour is not told so.
    is_elsewhere = to_local(start, company_zone) != to_local(start, zone_name)
    is_named = not is_allday and is_elsewhere
    return Spoken(
        day,
        plain_spaces(format_skeleton(skeleton, local, locale=locale)),
        "" if is_allday else plain_spaces(format_time(local, "short", locale=locale)),
        quiet_hours.place_name(zone_name) if is_named else "",
    )


@lru_cache(maxsize=64)
def _get_locale(lang):
    """Return the customs of a language; English ones where there are none known."""
    try:
        return Locale.parse((lang or "en_US").split("@")[0])
    except (ValueError, UnknownLocaleError):
        return Locale.parse("en_US")
