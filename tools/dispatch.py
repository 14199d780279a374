# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Dispatch rules: deadlines, the run's state, a sender's pace, retries, senders."""

import time
from dataclasses import dataclass
from operator import sub
from typing import NamedTuple

import phonenumbers

from .phone import PARTS


class Deadline:
    """A time some seconds from now, by two clocks: whichever comes first.

    One that nobody sets stands still while the machine is suspended, or its virtual
    machine paused; one that shows the time of day may be set back.
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
    """The times and counts of one run; all times are ``time.monotonic()``'s.

    :param float seconds_left: for which it may claim
    """

    def __init__(self, seconds_left):
        now = time.monotonic()
        self.seconds_left = seconds_left
        #: Times of the last word to the cron, answer of a carrier, and claim.
        self.told_at, self.answered_at, self.filled_at = now, now, 0.0
        #: Calls that the cron has not been told of; seconds that nothing was to do.
        self.done, self.waited = 0, 0.0
        #: No other dispatcher has been woken.
        self.is_alone = True
        #: Time of the last look at who has left since their texts were claimed, and
        #: the event of the ledger that the gate was asked about, by call.
        self.recalled_at, self.asked = 0.0, {}
        #: Time at which its time was over, and the accounts that it waits for since.
        self.over_at, self.slow = None, frozenset()

    def note_ended(self, count):
        """Note that so many calls have ended just now."""
        self.done += count
        self.answered_at, self.waited = time.monotonic(), 0.0

    def note_told(self, seconds_left):
        """Note that the cron was told of all, and how long it lets us go on."""
        self.seconds_left = seconds_left
        self.told_at, self.done = time.monotonic(), 0


# A sender's pace: a slot of time for each segment.
#
# A sender's slots follow each other at its rate; a message takes as many as it has
# segments. A carrier that says "too fast" halves the rate, and every
# :data:`RECOVERY` seconds without it double the rate again, up to what was set.

#: Seconds ahead for which slots are given out. What is urgent waits no longer.
HORIZON = 1.0
#: Seconds in which a slowed sender doubles its rate again.
RECOVERY = 30.0
#: Seconds after it was slowed in which "too fast" does not slow a sender further.
REACTION = 2.0
#: The slowest that a sender becomes, as a share of its rate.
SLOWEST = 1 / 16
#: Segments a second from which a sender without a limit is slowed down.
UNLIMITED = 100.0


def current_rate(rate, slowed_to, seconds_since):
    """Return at what rate a sender may send now (segments a second; 0: no limit).

    :param float rate: that was set
    :param float slowed_to: the share of it that was left when it was last slowed
    :param float seconds_since: how long ago that was
    """
    share = _recover(slowed_to, seconds_since)
    return rate if share >= 1 else (rate or UNLIMITED) * share


def slower(slowed_to, seconds_since):
    """Return the share of its rate that a sender is left with after "too fast"."""
    return max(min(_recover(slowed_to, seconds_since), 1.0) / 2, SLOWEST)


def _recover(share, seconds):
    return share * 2 ** (max(seconds, 0.0) / RECOVERY)


def capacity(rate, seconds_booked):
    """Return how many segments may be given a slot now.

    :param float rate: segments a second; 0: no limit
    :param float seconds_booked: how far ahead slots are given out already
    :return: a whole number, None without a limit
    """
    if not rate:
        return None
    if seconds_booked >= HORIZON:
        return 0
    # A slow sender's next slot may be further away than the horizon: one is allowed.
    return max(int((HORIZON - max(seconds_booked, 0.0)) * rate), 1)


#: Actions on a fault: try again, end the message, end the number, stop the sender.
AGAIN, END, NUMBER, SENDER = ACTIONS = ("again", "end", "number", "sender")

#: Pauses are longer by up to this share, so that messages do not come back together.
JITTER = 0.5


@dataclass(frozen=True)
class Policy:
    """The manager's rule for one fault.

    :param first_pause: seconds before the second attempt; each next one is doubled
    :param max_pause: seconds, never longer
    :param max_attempts: attempts in all
    :param deadline: seconds from the first attempt after which it is not tried again
    :param number_after: messages in a row that meet it, after which the number is not
        texted any more; 0: never
    :param use_backup: what a carrier has not taken for it, another one is asked to take
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
    """Return after how many seconds to try again, or None if not at all.

    :param int attempts: so far, at least 1
    :param float random_share: 0 to 1, for the jitter
    """
    if policy.action != AGAIN or attempts >= policy.max_attempts:
        return None
    pause = pause_after(policy, attempts, random_share)
    if seconds_since_first + pause > policy.deadline:
        return None
    return pause


def pause_after(policy, attempts, random_share):
    """Return the pause after so many attempts: doubled each time, capped, jittered."""
    doubled = policy.first_pause * 2 ** max(attempts - 1, 0)
    return min(doubled, policy.max_pause) * (1 + JITTER * random_share)


# The list of texts at a carrier, read again and again while reports are expected: at
# first often, ever more seldom as the youngest of them ages, and not so often that a
# long list costs more than its share of requests.

#: Seconds after the carrier has taken the first text of a list, and between two reads.
FIRST_READ = 15
#: Seconds between two reads at the most.
LAST_READ = 6 * 3600
#: Seconds between two reads for each page that one takes.
READ_PER_PAGE = 3


def read_again_after(age, pages):
    """Return after how many seconds the carrier's list is read again.

    :param float age: seconds since the youngest text left whose report is expected
    :param int pages: that the last read took
    """
    return min(max(FIRST_READ, age / 2, READ_PER_PAGE * pages), LAST_READ)


# Choice of the sender that a text leaves by.
#
# Which may text the country at all comes first (``sms.sender.rule``). Then the ticket's
# team: people answer to the number that they see. Then the conversation: who texts with
# us goes on with the same number. Then the country, and there the senders that can be
# answered.

#: What a text wants of an answer: without it a question makes no sense, while an alert
#: must be read in any case.
NEEDED, WANTED = ANSWERS = ("needed", "wanted")


class Reach(NamedTuple):
    """The countries that a sender may text, as ISO codes.

    :param is_everywhere: all but those; else none but those
    """

    countries: frozenset
    is_everywhere: bool = False

    def has(self, country):
        """Tell if it may text a country; empty for an unknown one."""
        return (PARTS.get(country, country) in self.countries) != self.is_everywhere


class Candidate(NamedTuple):
    """A sender that a text may leave by.

    :param countries: two letters each; those that it is for, else that of its number
    :param team_id: the team whose number it is, 0 for nobody's
    :param is_pool: a service that has several numbers and picks one by itself
    :param is_one_way: nobody can answer what it sends
    :param reach: what countries it may text, None for all
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

    :param str answer: what it wants of one, of :data:`ANSWERS`, or empty
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

    :param str number: whom it goes to; E.164, or what could not be brought to it
    :param candidates: :class:`Candidate`, the preferred one first
    :param int team_id: the team of the ticket that it is about, 0 for none
    :param int known_id: the sender of the conversation so far, 0 for none
    :param str answer: what the text wants of one, of :data:`ANSWERS`, or empty
    """
    candidates = filter_allowed(number, candidates, answer)
    # Nobody talks with one that cannot be answered.
    talking = (it for it in candidates if not it.is_one_way)
    known = next((it for it in talking if it.id == known_id), None)
    own = [it for it in candidates if team_id and it.team_id == team_id]
    if own:
        return known_id if known in own else choose_by_country(number, own)
    # A text by another team's number would bring its answer to that team.
    common = [it for it in candidates if not it.team_id] or list(candidates)
    is_pool = bool(common) and common[0].is_pool
    if known and (known.team_id or not is_pool):
        return known_id
    # A pool keeps to a number by itself.
    return common[0].id if is_pool else choose_by_country(number, common)


def choose_by_country(number, candidates):
    """Return the id of the sender that is nearest to a number, 0 if there is none.

    That of its country, else one under the same country calling code, else the first.
    A number that no country has is the carrier's to refuse.
    """
    if len(candidates) > 1:
        for codes in _get_near_countries(number):
            for candidate in candidates:
                if codes.intersection(candidate.countries):
                    return candidate.id
    return candidates[0].id if candidates else 0


def _get_near_countries(number):
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return ()
    country = phonenumbers.region_code_for_number(parsed)
    neighbours = phonenumbers.region_codes_for_country_code(parsed.country_code)
    return {country}, set(neighbours)


def country_of(number):
    """Return the country of a number as two letters, empty for none or a short code.

    Of several countries with the same calling code, the main one where none fits.
    """
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return ""
    code = phonenumbers.region_code_for_number(parsed)
    code = code or phonenumbers.region_code_for_country_code(parsed.country_code)
    # What is no country has three digits.
    return code if code.isalpha() else ""
