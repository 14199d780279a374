# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Texts about appointments: their times, notices of changes, and answers.

Times are UTC without a zone, as Odoo stores them. An all-day event has a date that is
the same in every zone: Odoo stores it as 8:00 UTC of that date.
"""

import re
from collections import defaultdict
from datetime import datetime, time, timedelta
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from babel.dates import format_skeleton

from . import quiet_hours
from .answers import APPOINTMENT_WORDS
from .business_days import SATURDAY, get_holidays
from .clocks import to_utc
from .geography import is_zone
from .keywords import drop_invisible
from .moments import get_locale, is_same_clock, say_hour, say_place, tidy_day, to_local
from .replies import agrees, are_courtesies, flatten, strip_signs
from .texts import by_word, plain_spaces

#: Reminders of an all-day appointment count back from this local hour of its day; one
#: less than the offset before it makes no sense.
ALL_DAY_HOUR, ALL_DAY_OFFSET = time(9), timedelta(hours=12)
#: A reminder held by quiet hours must leave at least this long before the appointment.
LATEST = timedelta(minutes=30)
#: One moved to before quiet hours leaves this long before the window closes, so that
#: all of them can still be sent.
BEFORE_CLOSING = timedelta(minutes=30)

#: The time (UTC) at which Odoo stores the beginning of an all-day appointment.
ALL_DAY_TIME = time(8)
#: Where days end last.
LAST_ZONE = "Etc/GMT+12"

TODAY, TOMORROW, OTHER_DAY = ("today", "tomorrow", "other_day")


class Spoken(NamedTuple):
    """The parts of a time as its reader says it; a model joins them.

    :param str day: :data:`TODAY`, :data:`TOMORROW` or :data:`OTHER_DAY`
    :param str date: such as "Tue, Dec 5", in the reader's language and style
    :param str clock: such as "2:30 PM", empty for an all-day appointment
    :param str place: the zone's city if its clock differs from the company's, or empty
    """

    day: str
    date: str
    clock: str
    place: str


def pick_zone(tz, place_zones, company_zone):
    """Return the time zone in which somebody is told a time.

    The contact's own; else the company's, if it is among those where they may be; else
    the best known of those.

    :param str tz: the contact's own zone, may be empty or unknown
    :param place_zones: names of the zones where they may be, the best known first
    """
    if is_zone(tz):
        return tz
    if company_zone in place_zones:
        return company_zone
    return place_zones[0] if place_zones else company_zone


def get_anchor(start, is_allday, zone_name):
    """Return the time (UTC) from which reminders are counted backwards."""
    if not is_allday:
        return start
    return to_utc(datetime.combine(start.date(), ALL_DAY_HOUR), zone_name)


def get_day_start(start, zone_name):
    """Return when the day of an all-day appointment begins in a zone (UTC)."""
    return to_utc(datetime.combine(start.date(), time()), zone_name)


def get_span(start, stop, is_allday, zone_name):
    """Return begin and end (UTC) of an appointment, an all-day one as whole days."""
    if not is_allday:
        return start, stop
    return get_day_start(start, zone_name), get_day_end(stop, zone_name)


def get_day_end(start, zone_name):
    """Return when the day of an all-day appointment ends in a zone (UTC)."""
    return to_utc(datetime.combine(start.date() + timedelta(days=1), time()), zone_name)


def get_latest_end(moment, is_allday):
    """Return when a time has passed (UTC), a whole day in the last of all zones."""
    return get_day_end(moment, LAST_ZONE) if is_allday else moment


def find_due(anchor, offset, now, zone_names, rules, key):
    """Return when a reminder leaves (UTC), or None if it is not sent.

    In quiet hours at the person's place it waits for the next window, if that opens at
    least :data:`LATEST` before the appointment; else it leaves at the end of the window
    before. A reminder whose time has passed is not sent: the booking itself was late
    and has just been confirmed.

    :param datetime anchor: the appointment (UTC), see :func:`get_anchor`
    :param timedelta offset: how long before the appointment it should leave
    :param rules: the ``quiet_hours.Rule`` that apply; empty for none
    :param str key: identifies the reminder, to spread those that leave at one time
    """
    wanted = anchor - offset
    if wanted <= now:
        return None
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
    """Return when the last window before a closed time ended (UTC), or None.

    Windows close at full minutes, and only at a rule's closing time in one of the
    zones.

    :param datetime moment: UTC
    """
    ends = set()
    for name in zone_names:
        today = to_local(moment, name).date()
        for back in range(quiet_hours.SEARCH_DAYS + 1):
            day = today - timedelta(days=back)
            for closes in {rule.window(day)[1] for rule in rules}:
                wall = datetime.combine(day, time()) + timedelta(minutes=closes)
                ends.add(to_utc(wall, name))
    for end in sorted((it for it in ends if it <= moment), reverse=True):
        before = (end - timedelta(minutes=1), end - BEFORE_CLOSING)
        if all(quiet_hours.is_open(it, zone_names, rules) for it in before):
            return end
    return None


def say(start, is_allday, zone_name, company_zone, lang, now):
    """Return a UTC time as :class:`Spoken` in a zone and a language (``en_US``)."""
    today = to_local(now, zone_name).date()
    return _say(start, is_allday, zone_name, company_zone, lang, today)


@lru_cache(maxsize=1024)
def _say(start, is_allday, zone_name, company_zone, lang, today):
    """Return the same, cached for all people who are reminded of one time."""
    locale = get_locale(lang)
    local = start if is_allday else to_local(start, zone_name)
    day = {0: TODAY, 1: TOMORROW}.get((local.date() - today).days, OTHER_DAY)
    skeleton = "MMMEd" if local.year == today.year else "yMMMEd"
    date = plain_spaces(format_skeleton(skeleton, local, locale=locale))
    # A zone whose clock shows the same as the company's is not named.
    is_named = not is_allday and not is_same_clock(start, company_zone, zone_name)
    return Spoken(
        day,
        tidy_day(date, local, locale),
        "" if is_allday else say_hour(local, locale),
        say_place(zone_name, locale) if is_named else "",
    )


# Notices of changes: one text for all changes to an appointment or series.
#
# Odoo's calendar changes a series by deleting and creating its events. So what a person
# was told before is compared with what is true when the transaction ends.

BOOKED, MOVED, CALLED_OFF = NOTICES = ("booked", "moved", "called_off")


class Change(NamedTuple):
    """One occurrence for one person: what they were told, and what is true now.

    :param str key: identifies the appointment, or the series that it belongs to
    :param datetime known: the start that they were told (UTC), None if never told
    :param datetime start: the current start (UTC), None if it is called off
    :param object subject: anything that the caller wants back
    :param bool is_retold: the start is the same, but was told as a whole day and is an
        hour of it now, or the reverse
    """

    key: str
    partner_id: int
    known: datetime | None
    start: datetime | None
    subject: object = None
    is_retold: bool = False


class Notice(NamedTuple):
    """A notice to one person about one appointment or one series.

    :param str kind: one of :data:`NOTICES`
    :param Change first: the earliest occurrence that it is about
    :param datetime start: when that begins (UTC); if called off, when it was to begin
    :param datetime known: the earliest start replaced (UTC), None if booked
    :param int count: number of occurrences affected
    """

    kind: str
    first: Change
    start: datetime
    known: datetime | None
    count: int


def find_notices(changes):
    """Return one :class:`Notice` per person and appointment or series with a change."""
    groups = defaultdict(list)
    for change in changes:
        groups[change.partner_id, change.key].append(change)
    found = (_find_notice(group) for group in groups.values())
    return [notice for notice in found if notice]


def _find_notice(group):
    """Return the notice of a group of changes, or None if nothing is new."""
    known = sorted(change.known for change in group if change.known)
    holding = sorted((it for it in group if it.start), key=lambda it: it.start)
    same = set(known) & {it.start for it in holding if not it.is_retold}
    before = [start for start in known if start not in same]
    after = [change for change in holding if change.start not in same]
    count = max(len(before), len(after))
    if after and before:
        return Notice(MOVED, after[0], after[0].start, before[0], count)
    if after:
        return Notice(BOOKED, after[0], after[0].start, None, count)
    if before:
        first = next(change for change in group if change.known == before[0])
        return Notice(CALLED_OFF, first, before[0], before[0], count)
    return None


def merge_changes(known, notice):
    """Return the notice that replaces an unsent one and the newer one after it.

    :param datetime known: the start that the person knew before the unsent one (UTC),
        or None
    :param Notice notice: the newer one
    :return: ``(kind, known)``, or None if nothing is new
    """
    if notice.kind == CALLED_OFF:
        return (CALLED_OFF, known) if known else None
    if not known:
        return BOOKED, None
    return None if known == notice.start else (MOVED, known)


def follows(pending_kind, pending_start, notice):
    """Tell if a newer notice is about the same start as a notice not yet sent.

    If not, both are sent: a series is booked, and one occurrence of it has moved, or
    two of them are called off. What is called off can only be booked again.
    """
    if pending_kind == CALLED_OFF:
        return notice.kind == BOOKED
    return pending_start == notice.known


# Answers of customers.
#
# Only a plain answer counts: "3 printers are broken" is none, and is read by a person.
# Customers are never asked for a carrier's keyword: CANCEL and STOP end all texts.

CONFIRM, MOVE, CALL_OFF = ACTIONS = ("confirm", "move", "call_off")

_ACTION_OF = by_word(APPOINTMENT_WORDS) | {"CALL OFF": CALL_OFF}

#: After the digit: "3 cancel". Alone it is an opt-out.
_SAID_TOO = {"CANCEL": CALL_OFF, **_ACTION_OF}
#: The answer, then anything after punctuation, or courtesies after a blank. Not the
#: hour "3:30", the day "3.12." or the floor "3. Stock": a dot counts as a blank.
_ANSWER = re.compile(
    r"(CALL\s+OFF|\d{1,2}|[A-Z]+)(?:\s*[.,;:!\n]+(?!\d)(.*)|\s+(.*))?", re.S
)
_ORDINAL = re.compile(r"(?<=\d)[.)]+")
#: People who go on like this mean something else than their first word says: they
#: restrict it, or name another number.
_BUT = re.compile(
    r"\b(?:BUT|HOWEVER|PERO|AUNQUE|MAIS|SAUF|ABER|NUR NICHT)\b"
    r"|(?:\A|\b(?:OR|NO|WAIT|SORRY|MEAN|O|OU|NON|ODER|NEIN)\b)\W*\d{1,2}(?!\w|[:.]\d)"
)
#: So do those who confirm and go on with a refusal, or with another answer.
_REFUSAL = re.compile(
    r"\b(?:NO(?! (?:HAY )?(?:PROBLEM|WORR))|NOT|CANNOT|(?:CAN|WON|DON).?T|UNABLE|CANCEL"
    r"|PAS(?! DE)|IMPOSSIBLE|NICHT|NEIN|LEIDER|"
    + "|".join(it for it, does in _ACTION_OF.items() if does != CONFIRM and len(it) > 1)
    + r")\b"
)
#: Characters of a text that are read.
_LIMIT = 500

#: Free times are offered at these minutes of an hour.
STEP = timedelta(minutes=30)
#: No time is offered before or after these hours, in the customer's time zone.
DAYTIME = (time(8), time(20))


def read_action(text):
    """Return which of :data:`ACTIONS` a text asks for, or None."""
    action = _ACTION_OF.get(re.sub(r"\s+", " ", _read_first(text)))
    return action or (CONFIRM if agrees(text) else None)


def read_choice(text, count):
    """Return which of some numbered choices a text names, 0 for none of them, or None.

    A higher number that would confirm or cancel another appointment is none of them.

    :param int count: how many there are, from 1
    """
    first = _read_first(text)
    if first.isdigit() and int(first) <= count:
        return int(first)
    return 0 if first.isdigit() and first in _ACTION_OF else None


def _read_first(text):
    said = flatten(strip_signs(drop_invisible((text or "")[:_LIMIT])))
    if found := _ANSWER.fullmatch(_ORDINAL.sub(" ", said).strip()):
        word, behind_sign, plain = found.groups("")
        action = _ACTION_OF.get(word)
        is_same = action and _SAID_TOO.get(plain.rstrip(" .!")) == action
        is_else = plain and not is_same and not are_courtesies(plain)
        is_else = is_else or _BUT.search(behind_sign)
        if action == CONFIRM:
            is_else = is_else or _REFUSAL.search(behind_sign)
        return "" if is_else else word
    return ""


# Free times.


def find_free(work, busy, duration, not_before, count=3):
    """Return the next free times, one from each stretch of work.

    So the choices are spread: not five times of one morning.

    :param work: list of ``(start, end)``, UTC, when the technician works
    :param busy: the same, when they are busy
    :param datetime not_before: UTC
    :param int count: at most this many
    """
    found = []
    for start, end in sorted(work):
        steps = _get_steps(max(start, not_before), end - duration)
        free = (it for it in steps if not _is_taken(it, duration, busy))
        found += islice(free, 1)
    return found[:count]


def keep_daytime(spans, zone_name):
    """Return the parts of ``(start, end)`` spans (UTC) that are by day in a zone.

    A technician may work while a customer in another zone sleeps.
    """

    def get_window(day):
        return [datetime.combine(day, hour) for hour in DAYTIME]

    return _keep_windows(spans, zone_name, get_window)


def keep_business_days(spans, zone_name, region, has_weekends):
    """Return the parts of ``(start, end)`` spans (UTC) that are on business days.

    :param str zone_name: the zone in which days begin and end
    :param tuple region: ISO codes of country and state, which may be empty
    :param bool has_weekends: people also work on Saturdays and Sundays
    """

    def get_window(day):
        begin = datetime.combine(day, time())
        is_off = day in get_holidays(*region, day.year)
        is_off |= not has_weekends and day.weekday() >= SATURDAY
        return begin, begin if is_off else begin + timedelta(days=1)

    return _keep_windows(spans, zone_name, get_window)


def _keep_windows(spans, zone_name, get_window):
    """Return the parts of spans (UTC) within the window of each day in a zone."""
    found = []
    for start, end in spans:
        day = to_local(start, zone_name).date()
        while day <= to_local(end, zone_name).date():
            opens, closes = (to_utc(wall, zone_name) for wall in get_window(day))
            if max(start, opens) < min(end, closes):
                found.append((max(start, opens), min(end, closes)))
            day += timedelta(days=1)
    return found


def is_free(moment, duration, work, busy):
    """Tell if a time is free; arguments as for :func:`find_free`."""
    is_work = any(start <= moment <= end - duration for start, end in work)
    return is_work and not _is_taken(moment, duration, busy)


def _is_taken(moment, duration, busy):
    return any(moment < end and moment + duration > start for start, end in busy)


def _get_steps(start, last):
    moment = start.replace(minute=0, second=0, microsecond=0)
    while moment < start:
        moment += STEP
    while moment <= last:
        yield moment
        moment += STEP
