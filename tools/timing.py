# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The time at which one message may leave: schedule, quiet hours, expiry."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache

from . import quiet_hours
from .clocks import to_local, to_utc
from .geography import Place

# Why a message waits.
QUIET_HOURS, SCHEDULED, NO_OPENING = "quiet_hours", "scheduled", "no_opening"
HOLDS = (QUIET_HOURS, SCHEDULED, NO_OPENING)

# Why the time is right.
IN_WINDOW, URGENT = "in_window", "urgent"
ANSWER, NOT_KEPT = "answer", "not_kept"
PASSES = (IN_WINDOW, URGENT, ANSWER, NOT_KEPT)

#: Daily limits count the messages within this time before one, as the laws do.
DAY = timedelta(days=1)

#: A confirmation within this time of the opt-out is presumed to be covered by the
#: consent that it ends (47 CFR 64.1200(a)(12)); later none is sent.
CONFIRMATION_LIFE = timedelta(minutes=5)
#: People who ask for a state (of a ticket, an incident, an alert) are holding the
#: phone. Later the answer may be wrong, and they have asked again or called.
STATE_LIFE = timedelta(hours=1)
#: Answers that stay true are better late than never: whom to call (HELP is always
#: answered, CTIA 5.1.4), the question to be answered by YES, the opt-in confirmation.
#: After a day they answer nothing any more, and could arrive at any hour.
ANSWER_LIFE = timedelta(hours=24)
#: Lives of the ``exemptions.EXEMPTIONS`` that differ from :data:`ANSWER_LIFE`.
ANSWER_LIVES = {"opt_out_confirmation": CONFIRMATION_LIFE, "service": STATE_LIFE}

#: Decided again after this time, if no hour is allowed in all zones of the person.
NO_OPENING_PAUSE = timedelta(days=1)


def get_answer_end(exemption, asked_at):
    """Return when an exempted answer expires, by the time of the text it answers."""
    return asked_at + ANSWER_LIVES.get(exemption, ANSWER_LIFE)


def get_day(leaves_at, zone_name):
    """Return the period whose messages count toward the same daily limit as one.

    From 24 hours before it leaves until midnight where the person is: messages planned
    for later on that day came first. The next day has its own limit.

    :param datetime leaves_at: when it leaves (UTC)
    :param str zone_name: the person's time zone (IANA)
    :return: begin and end (UTC), both exclusive
    """
    midnight = datetime.combine(to_local(leaves_at, zone_name) + DAY, time())
    return leaves_at - DAY, to_utc(midnight, zone_name)


@dataclass(frozen=True)
class When:
    """The facts that decide when a message may leave. Times are naive UTC.

    :param datetime now: the time of the decision
    :param str quiet_class: one of ``quiet_hours.QUIET_CLASSES``; empty: the company
        keeps no quiet hours
    :param Place place: where the recipient may be
    :param tuple rules: the ``quiet_hours.Rule`` that apply
    :param datetime send_at: the author's scheduled time, or None
    :param datetime expires_at: from then on it is not sent any more, or None
    """

    now: datetime = datetime.min
    quiet_class: str = ""
    place: Place = Place()
    rules: tuple = ()
    send_at: datetime | None = None
    expires_at: datetime | None = None

    def find_time(self, is_answer=False):
        """Return the first time at which the message may leave, and the reason.

        :param bool is_answer: it answers what the person has just texted
        :return: ``(datetime (UTC), one of HOLDS or PASSES)``
        """
        wanted = max(self.now, self.send_at or self.now)
        passes = self._get_pass(is_answer)
        if passes:
            return wanted, passes if wanted == self.now else SCHEDULED
        opening = quiet_hours.next_opening(wanted, self.place.zones, self.rules)
        if opening is None:
            return wanted + NO_OPENING_PAUSE, NO_OPENING
        if opening == wanted:
            return wanted, IN_WINDOW if wanted == self.now else SCHEDULED
        return opening, QUIET_HOURS

    def spread(self, opening, key):
        """Return when a message leaves that waits for a window (UTC).

        :param datetime opening: when the window opens (UTC)
        :param str key: identifies the message; empty: not spread
        """
        if not key:
            return opening
        later = quiet_hours.spread(opening, key, self.place.zones, self.rules)
        return opening if self.is_too_late(later) else later

    def is_too_late(self, until):
        """Tell if the message will have expired by the time at which it may leave."""
        return bool(self.expires_at and until >= self.expires_at)

    def _get_pass(self, is_answer):
        if is_answer:
            return ANSWER
        if not self.quiet_class:
            return NOT_KEPT
        return URGENT if self.quiet_class == quiet_hours.URGENT else ""

    def describe(self):
        """Return what to store about the recipient's time; empty without quiet hours.

        :return: zones (``"America/Denver"``), how they were found
            (``"address, number"``) and the local time (``"2026-11-25 20:14 Denver"``);
            several are separated by commas
        """
        if not self.quiet_class:
            return "", "", ""
        return _describe(self.now, self.place)


@lru_cache(maxsize=1024)
def _describe(now, place):
    clocks = quiet_hours.local_times(now, place.zones)
    return (
        ",".join(place.zones),
        ", ".join(place.sources),
        ", ".join(f"{local:%Y-%m-%d %H:%M} {city}" for local, city in clocks),
    )
