# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Reading what a customer answers about an appointment, and what is free for another.

Only what is plainly an answer counts: "3 printers are broken" is none, and is read by a
person. No word of a carrier is asked for: CANCEL and STOP end all texts.
"""

import re
from datetime import datetime, time, timedelta

from .appointments import to_local, to_utc
from .replies import is_thanks

CONFIRM, MOVE, CALL_OFF = ACTIONS = ("confirm", "move", "call_off")

_WORDS = {
    CONFIRM: "1 C CONFIRM CONFIRMED OK OKAY Y YES",
    MOVE: "2 R RESCHEDULE MOVE",
    CALL_OFF: "3 CALLOFF",
}
_ACTION_OF = {
    word: action for action, words in _WORDS.items() for word in words.split()
}
_ACTION_OF["CALL OFF"] = CALL_OFF

#: The answer, then, behind a sign or thanks, whatever they add.
_ANSWER = re.compile(
    r"(CALL\s+OFF|\d{1,2}|[A-Z]+)(?:\s*[.,;:!)\n]+(.*)|\s+(.*))?", re.S
)
#: So much of a text is looked at.
_LIMIT = 500

#: Free times are offered at these minutes of an hour.
STEP = timedelta(minutes=30)
#: No time is offered before and after these hours, by the customer's own clock.
DAYTIME = (time(8), time(20))


def read_action(text):
    """Return which of :data:`ACTIONS` a text is, or None.

    :param str text: as it came
    """
    return _ACTION_OF.get(re.sub(r"\s+", " ", _read_first(text)))


def read_choice(text, count):
    """Return which of some numbered choices a text names, 0 for none of them, or None.

    :param int count: how many there are, from 1
    """
    first = _read_first(text)
    return int(first) if first.isdigit() and int(first) <= count else None


def _read_first(text):
    """Return the word or figure that a text consists of, in capitals, or empty."""
    found = _ANSWER.fullmatch((text or "")[:_LIMIT].strip().upper())
    if not found:
        return ""
    word, _behind_sign, plain = found.groups()
    return word if not plain or is_thanks(plain) else ""


def find_free(work, busy, duration, not_before, count=3):
    """Return the next times that are free: at most one a half day.

    So that who cannot in the morning need not read five times of the morning.

    :param work: list of ``(start, end)``, UTC, when the technician works
    :param busy: the same, when they have something else
    :param timedelta duration: how long it takes
    :param datetime not_before: UTC
    :param int count: how many at most
    :rtype: list[datetime]
    """
    found = []
    for start, end in sorted(work):
        for moment in _get_steps(max(start, not_before), end - duration):
            until = moment + duration
            if any(moment < other_end and until > other for other, other_end in busy):
                continue
            # One of this stretch of work is enough.
            found.append(moment)
            break
        if len(found) == count:
            break
    return found


def keep_daytime(spans, zone_name):
    """Return what of some spans of time is by day where somebody is.

    A technician may work while a customer of another zone sleeps.

    :param spans: iterable of ``(start, end)``, UTC
    :param str zone_name: the zone by whose clock the customer is told times
    :rtype: list[tuple]
    """
    found = []
    for start, end in spans:
        day = to_local(start, zone_name).date()
        while day <= to_local(end, zone_name).date():
            opens, closes = (
                to_utc(datetime.combine(day, hour), zone_name) for hour in DAYTIME
            )
            if max(start, opens) < min(end, closes):
                found.append((max(start, opens), min(end, closes)))
            day += timedelta(days=1)
    return found


def is_free(moment, duration, work, busy):
    """Tell if a time is free; arguments as of :func:`find_free`."""
    until = moment + duration
    return any(start <= moment and until <= end for start, end in work) and not any(
        moment < other_end and until > other for other, other_end in busy
    )


def _get_steps(start, last):
    """Yield the full and half hours from a time on, until a last one."""
    moment = start.replace(minute=0, second=0, microsecond=0)
    while moment < start:
        moment += STEP
    while moment <= last:
        yield moment
        moment += STEP
