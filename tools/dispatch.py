# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Dispatch rules: deadlines, a run's state, throughput, retries, choice of sender."""

import time
from dataclasses import dataclass
from operator import sub
from typing import NamedTuple

import phonenumbers

from .phone import PARTS, parse


class Deadline:
    """A time a number of seconds from now, by two clocks: whichever comes first.

    The monotonic clock stands still while the machine is suspended or its virtual
    machine paused; the wall clock may be set back.
    """

    def __init__(self, seconds):
        self._seconds = seconds
        self._begun = self._read_clocks()

    def is_over(self):
        """Tell if the time has come."""
        return max(map(sub, self._read_clocks(), self._begun)) > self._seconds

    @staticmethod
    def _read_clocks():
        return time.monotonic(), time.clock_gettime(time.CLOCK_REALTIME)


class DispatchRun:
    """The times and counts of one dispatch run; all times are ``time.monotonic()``.

    :param float seconds_left: how long it may go on claiming
    """

    def __init__(self, seconds_left):
        now = time.monotonic()
        self.seconds_left = seconds_left
        #: Times of the last progress report to the cron, carrier's answer, and claim.
        self.told_at, self.answered_at, self.filled_at = now, now, 0.0
        #: Ended calls not yet reported to the cron; seconds without anything to do.
        self.done, self.waited = 0, 0.0
        #: No other dispatcher has been woken.
        self.is_alone = True
        #: Time of the last check for opt-outs since texts were claimed, and by call the
        #: ledger event up to which the gate was asked.
        self.recalled_at, self.asked = 0.0, {}
        #: Id of the message up to which senders were assigned; 0: begin with the first.
        self.assigned_to = 0
        #: When its time was over, and the accounts that it has waited for since then.
        self.over_at, self.slow = None, frozenset()

    def note_ended(self, count):
        """Note that ``count`` calls have just ended."""
        self.done += count
        self.answered_at, self.waited = time.monotonic(), 0.0

    def note_told(self, seconds_left):
        """Note that progress was reported to the cron, and how long it may go on.

        :param float seconds_left: until the cron's time is over
        """
        self.seconds_left = seconds_left
        self.told_at, self.done = time.monotonic(), 0


# A sender's throughput: a time slot for each segment.
#
# A sender's slots follow each other at its rate; a message takes one for each of its
# segments. When the carrier says "too fast" the rate is halved; after that it doubles
# every :data:`RECOVERY` seconds, up to the configured rate.

#: Seconds ahead for which slots are assigned; an urgent text waits no longer than this.
HORIZON = 1.0
#: Seconds in which a slowed sender doubles its rate.
RECOVERY = 30.0
#: Seconds after slowing during which another "too fast" does not slow the sender again.
REACTION = 2.0
#: The slowest that a sender becomes, as a share of its rate.
SLOWEST = 1 / 16
#: Segments a second that a slowed sender without a limit is assumed to have had.
UNLIMITED = 100.0


def current_rate(rate, slowed_to, seconds_since):
    """Return a sender's current rate (segments a second; 0: no limit).

    :param float rate: as configured; 0: no limit
    :param float slowed_to: the share of it to which the sender was last slowed
    :param float seconds_since: how long ago that was
    """
    share = _recover(slowed_to, seconds_since)
    return rate if share >= 1 else (rate or UNLIMITED) * share


def slower(slowed_to, seconds_since):
    """Return the share of its rate to which a sender is slowed after "too fast"."""
    return max(min(_recover(slowed_to, seconds_since), 1.0) / 2, SLOWEST)


def _recover(share, seconds):
    return share * 2 ** (max(seconds, 0.0) / RECOVERY)


def capacity(rate, seconds_booked):
    """Return how many segments may be assigned a slot now.

    :param float rate: segments a second; 0: no limit
    :param float seconds_booked: how far ahead slots are already assigned
    :return: a whole number, None without a limit
    """
    if not rate:
        return None
    if seconds_booked >= HORIZON:
        return 0
    # A slow sender's next slot may lie beyond the horizon: one is always allowed.
    return max(int((HORIZON - max(seconds_booked, 0.0)) * rate), 1)


#: Actions on a fault: retry, fail the message, give up the number, stop the sender.
AGAIN, END, NUMBER, SENDER = ACTIONS = ("again", "end", "number", "sender")

#: Pauses are longer by up to this share, so that retries do not come all at once.
JITTER = 0.5


@dataclass(frozen=True)
class Policy:
    """The manager's rule for one fault.

    :param first_pause: seconds before the second attempt; it doubles for each next one
    :param max_pause: the longest pause in seconds
    :param max_attempts: attempts in all
    :param deadline: seconds after the first attempt from which there is no retry
    :param number_after: messages in a row with this fault after which the number is no
        longer texted; 0: never
    :param use_backup: texts that a carrier refuses for it go to the backup carrier
    """

    fault: str
    action: str
    first_pause: int = 0
    max_pause: int = 0
    max_attempts: int = 1
    deadline: int = 0
    number_after: int = 0
    id: int = 0
    use_backup: bool = False


def next_pause(policy, attempts, seconds_since_first, random_share):
    """Return after how many seconds to try again, or None for no retry.

    :param int attempts: so far, at least 1
    :param float random_share: 0 to 1, for the jitter
    """
    if policy.action != AGAIN or attempts >= policy.max_attempts:
        return None
    pause = pause_after(policy, attempts, random_share)
    return pause if seconds_since_first + pause <= policy.deadline else None


def pause_after(policy, attempts, random_share):
    """Return the backoff in seconds: doubled with each attempt, capped, jittered."""
    doubled = policy.first_pause * 2 ** max(attempts - 1, 0)
    return min(doubled, policy.max_pause) * (1 + JITTER * random_share)


# Polling the carrier's list of texts while delivery reports are expected: often at
# first, more seldom as the youngest of them ages, and at intervals that grow with the
# list, so that a long one does not cost too many requests.

#: Seconds before the first read, and the shortest interval between two reads.
FIRST_READ = 15
#: The longest interval between two reads in seconds.
LAST_READ = 6 * 3600
#: Seconds between two reads for each page of the list.
READ_PER_PAGE = 3


def read_again_after(age, pages):
    """Return after how many seconds to read the carrier's list again.

    :param float age: seconds since the youngest text with an expected report was sent
    :param int pages: number of pages of the last read
    """
    return min(max(FIRST_READ, age / 2, READ_PER_PAGE * pages), LAST_READ)


# Choice of a text's sender.
#
# First, senders that may not text the country are excluded (``sms.sender.rule``). Then
# the ticket's team counts: people answer to the number that they see. Then the
# conversation: it goes on with the same number. Then the country, where senders that
# can be answered come first.

#: Whether a text needs an answer, as a question does, or only wants one, like an alert
#: that must be read in any case.
NEEDED, WANTED = ANSWERS = ("needed", "wanted")


class Reach(NamedTuple):
    """The countries that a sender may text, as ISO codes.

    :param is_everywhere: it may text all countries except these; else only these
    """

    countries: frozenset
    is_everywhere: bool = False

    def has(self, country):
        """Tell if it may text a country (ISO code; empty for an unknown one)."""
        return (PARTS.get(country, country) in self.countries) != self.is_everywhere


class Candidate(NamedTuple):
    """A possible sender of a text.

    :param countries: ISO codes that it is meant for, by default that of its number
    :param team_id: the team whose number it is, 0 for none
    :param is_pool: a service with several numbers, which picks one itself
    :param is_one_way: nobody can answer its texts
    :param reach: the countries that it may text, None for all
    """

    id: int
    countries: tuple = ()
    team_id: int = 0
    is_pool: bool = False
    is_one_way: bool = False
    reach: Reach | None = None

    @property
    def is_plain(self):
        """Tell if it may send anything anywhere."""
        return not (self.is_one_way or self.reach)


def filter_allowed(number, candidates, answer=""):
    """Return the candidates that may send a text, those that can be answered first.

    :param str number: as for :func:`choose_sender`
    :param str answer: one of :data:`ANSWERS`, or empty if the text wants none
    """
    if all(it.is_plain for it in candidates):
        return list(candidates)
    country = country_of(number)
    allowed = [it for it in candidates if not it.reach or it.reach.has(country)]
    two_way = [it for it in allowed if not it.is_one_way]
    if answer == NEEDED or (answer and two_way):
        return two_way
    return two_way + [it for it in allowed if it.is_one_way]


def choose_sender(number, candidates, team_id=0, known_id=0, answer=""):
    """Return the id of the sender for a text, 0 if there is none.

    :param str number: the recipient's, in E.164 unless it could not be converted
    :param candidates: :class:`Candidate`, the preferred one first
    :param int team_id: the team of the text's ticket, 0 for none
    :param int known_id: the sender of the conversation so far, 0 for none
    :param str answer: one of :data:`ANSWERS`, or empty if the text wants none
    """
    candidates = filter_allowed(number, candidates, answer)
    # A sender that cannot be answered has no conversation.
    talking = (it for it in candidates if not it.is_one_way)
    known = next((it for it in talking if it.id == known_id), None)
    own = [it for it in candidates if team_id and it.team_id == team_id]
    if own:
        return known_id if known in own else choose_by_country(number, own)
    # The answer to a text from another team's number would go to that team.
    common = [it for it in candidates if not it.team_id] or list(candidates)
    is_pool = bool(common) and common[0].is_pool
    if known and (known.team_id or not is_pool):
        return known_id
    # A pool itself keeps to one number per recipient.
    return common[0].id if is_pool else choose_by_country(number, common)


def choose_by_country(number, candidates):
    """Return the id of the sender that is nearest to a number, 0 if there is none.

    One of its country, else one with the same calling code, else the first. A number of
    no country also gets the first: the carrier will refuse it.
    """
    if len(candidates) > 1:
        for codes in _get_near_countries(number):
            for candidate in candidates:
                if codes.intersection(candidate.countries):
                    return candidate.id
    return candidates[0].id if candidates else 0


def _get_near_countries(number):
    parsed = parse(number)
    if not parsed:
        return ()
    country = phonenumbers.region_code_for_number(parsed)
    neighbours = phonenumbers.region_codes_for_country_code(parsed.country_code)
    return {country}, set(neighbours)


def country_of(number):
    """Return the ISO code of a number's country, empty for none or a short code.

    If several countries share its calling code and none matches, the main one.
    """
    parsed = parse(number)
    if not parsed:
        return ""
    code = phonenumbers.region_code_for_number(parsed)
    code = code or phonenumbers.region_code_for_country_code(parsed.country_code)
    # Regions that are no country have three digits ("001").
    return code if code.isalpha() else ""
