# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Meaning of the ledger's events: answers, what a START restores, when to ask again.

An event is about one purpose, or about all of them (a STOP). The answer for a purpose
combines two states: that of the purpose, and that of "all".
"""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import NamedTuple

STATES = ("none", "pending", "opted_in", "opted_out")
NONE, PENDING, OPTED_IN, OPTED_OUT = STATES

EVENTS = ("requested", "granted", "confirmed", "revoked", "restored", "expired")
REQUESTED, GRANTED, CONFIRMED, REVOKED, RESTORED, EXPIRED = EVENTS

#: Policies of a company (``res.company.sms_consent_policy``).
POLICY_OPT_IN, POLICY_OPT_OUT = ("opt_in", "opt_out")


class Answer(NamedTuple):
    """The current answer for one number and purpose, and the event that gave it."""

    state: str = NONE
    event_id: int = 0


#: Events that may be about all purposes at once: nobody can agree to everything, and
#: an expiry "for all" would end none of them.
FOR_ALL_EVENTS = (REVOKED, RESTORED)

#: Events that are a yes or a no themselves.
STATEMENTS = (GRANTED, CONFIRMED, RESTORED, REVOKED)


def next_state(current, event, for_all=False):
    """Return the state that ``event`` leads to.

    A request never overrules a yes or a no, and an expiry never ends an opt-out.
    Restoring "all" merely lifts the stop: each purpose keeps its own state.

    :param bool for_all: the event names no purpose
    :raises ValueError: for an unknown event, or a consent that names no purpose
    """
    if event not in EVENTS or (for_all and event not in FOR_ALL_EVENTS):
        raise ValueError(f"no such consent event: {event!r} (for all: {for_all})")
    if event == REQUESTED:
        return PENDING if current == NONE else current
    if event == EXPIRED:
        return OPTED_OUT if current == OPTED_OUT else NONE
    if event == REVOKED:
        return OPTED_OUT
    return NONE if for_all else OPTED_IN


def next_answer(current, event, event_id, for_all=False):
    """Return the current answer after an event of the ledger.

    A repeated yes or no is newer, and the newest one counts. Nothing else makes an
    answer newer: asking people again who opted out must not revive an old yes.

    :param int event_id: a later event has a higher one
    :raises ValueError: as :func:`next_state`
    """
    state = next_state(current.state, event, for_all)
    if state == current.state and event not in STATEMENTS:
        return current
    return Answer(state, event_id)


#: Methods by which only an agent vouches for a no; any other no is the person's own.
SPOKEN = frozenset(("in_person", "phone"))

#: Events that say yes, or take a no back.
YESES = (GRANTED, CONFIRMED, RESTORED)

TEXT, PAPER, PAGE = ("keyword", "paper", "web")

#: Methods of an expiry since which the number may have another holder: the database of
#: reassigned numbers, the carrier, or a text that it is the wrong number.
HANDED_OVER = ("reassigned", "carrier", TEXT)


class Said(NamedTuple):
    """An event's statement about one purpose, or about all.

    All of it is sealed. ``is_worded``: a published wording was shown for it.
    """

    event: str
    method: str
    happened_at: datetime
    event_id: int = 0
    is_worded: bool = False

    @property
    def is_yes(self):
        """Tell if it says yes, or takes a no back."""
        return self.event in YESES

    @property
    def is_own_no(self):
        """Tell if it is a no that only the person themselves can undo."""
        return self.event == REVOKED and self.method not in SPOKEN

    @property
    def is_own_yes(self):
        """Tell if it is a yes that can undo the person's own no.

        Their text, our web page that shows its wording, or a form that they signed.
        """
        is_page = self.method == PAGE and self.is_worded
        return self.is_yes and (self.method in (TEXT, PAPER) or is_page)


class Standing(NamedTuple):
    """The current consent of a number to a purpose (or to all), and what binds us.

    ``since`` (UTC) is when the answer was given, the latest of several noes. ``word``
    is the id of the event with the person's own last word about it, 0 without one;
    ``is_bound`` says that it was a no, which nobody else can undo.
    """

    answer: Answer = Answer()
    since: datetime | None = None
    word: int = 0
    is_bound: bool = False

    @property
    def is_stop(self):
        """Tell if the answer is a no."""
        return self.answer.state == OPTED_OUT


def take(said, of_subject, of_all):
    """Return the :class:`Standing` after a statement.

    :param Said said: entered later than everything in the standings
    :param Standing of_subject: that of its purpose, or of all if it is for all
    :param of_all: that of all, None if ``of_subject`` is that
    :raises ValueError: as :func:`next_state`
    """
    if find_obstacle(said, of_subject, of_all):
        return of_subject
    answer = next_answer(of_subject.answer, said.event, said.event_id, of_all is None)
    if answer == of_subject.answer:
        return of_subject
    since = said.happened_at
    if said.event == REVOKED and of_subject.is_stop:
        since = max(since, of_subject.since)
    word, is_bound = of_subject.word, of_subject.is_bound
    if said.is_own_no or said.is_own_yes:
        word, is_bound = said.event_id, said.is_own_no
    return Standing(answer, since, word, is_bound)


def find_obstacle(said, of_subject, of_all):
    """Return the no that keeps a yes from having an effect, or None.

    A form that was signed on Monday and is entered on Wednesday does not undo Tuesday's
    STOP. And only the person's own yes undoes their own no, a signed form only if it is
    dated later: a revocation must be honored (47 CFR 64.1200(a)(10)), and the company
    must be able to prove a consent that followed it. A no counts whenever it is
    entered. Arguments as for :func:`take`.
    """
    if not said.is_yes:
        return None
    stops = [it for it in (of_subject, of_all) if it and it.is_stop]
    if not stops:
        return None
    latest = max(stops, key=lambda standing: standing.since)
    if said.happened_at < latest.since:
        return latest
    binding = find_binding(of_subject, of_all)
    is_later = said.method != PAPER or said.happened_at > latest.since
    return None if said.is_own_yes and is_later else binding


def find_binding(of_subject, of_all):
    """Return the person's own no that applies to a purpose, or None.

    After they have opted in to the purpose again, an older no to everything no longer
    binds there.

    :param Standing of_subject: that of the purpose, or of all
    :param of_all: that of all, None if ``of_subject`` is that
    """
    if of_subject.is_bound:
        return of_subject
    if of_all is not None and of_all.is_bound and of_all.word > of_subject.word:
        return of_all
    return None


def show(of_subject, of_all):
    """Return the :class:`Standing` of a purpose as it is shown and acted on.

    A no to everything hides earlier consents and questions until it is taken back.
    """
    answer = combine(of_subject.answer, of_all.answer)
    is_own = of_subject.is_stop or answer == of_subject.answer
    return of_subject if is_own else of_all


class Effect(NamedTuple):
    """A yes's effect on a no, as event ids: the no was undone, or was an obstacle."""

    undone: int = 0
    obstacle: int = 0


def find_effects(history):
    """Return which yeses undid an opt-out, and which did not count because of one.

    :param history: events of one number, oldest first: pairs of the purpose's id, or 0
        for all, and a :class:`Said`
    :return: ``{event id: Effect}``, without the events that did neither
    """
    found, effects = {}, {}
    for purpose_id, said in history:
        own = found.get(purpose_id, Standing())
        of_all = found.get(0, Standing()) if purpose_id else None
        stop = own if of_all is None else show(own, of_all)
        obstacle = find_obstacle(said, own, of_all)
        if obstacle:
            binding = find_binding(own, of_all)
            in_the_way = binding.word if binding else obstacle.answer.event_id
            effects[said.event_id] = Effect(obstacle=in_the_way)
        elif said.is_yes and stop.is_stop:
            effects[said.event_id] = Effect(undone=stop.answer.event_id)
        found[purpose_id] = take(said, own, of_all)
    return effects


def combine(of_purpose, of_all):
    """Return the answer for a purpose, given its own and that for all purposes.

    An opt-out of everything prevails until the person newly agrees to the purpose
    itself. Nothing less lifts it: not an open question, not an expiry.
    """
    if of_all.state != OPTED_OUT:
        return of_purpose
    if of_purpose.state == OPTED_IN and of_purpose.event_id > of_all.event_id:
        return of_purpose
    return of_all


def has_left(found):
    """Tell if a person has opted out of everything, and agreed to nothing since.

    :param dict found: :class:`Answer` by purpose; the key ``False`` is that for all
    """
    of_all = found.get(False, Answer())
    if of_all.state != OPTED_OUT:
        return False
    return all(combine(own, of_all).state == OPTED_OUT for own in found.values())


def summarize(answers):
    """Return one state for a contact: any yes, else any open question, else any no."""
    found = {answer.state for answer in answers}
    return next((s for s in (OPTED_IN, PENDING, OPTED_OUT) if s in found), NONE)


# A START undoes opt-outs by text, and the carrier's own block, which it also lifts at
# the carrier. An opt-out by other means (to an agent, on the preference page, in a
# letter) needs a new consent. Only purposes that were once granted are restored.

#: Methods of opting out that a START undoes.
BY_TEXT = frozenset(("keyword", "carrier"))

#: The key that stands for all purposes at once.
ALL = False


def find_restorable(history):
    """Return which opt-outs a START undoes.

    None while an opt-out of everything by other means than text is in force: a restored
    purpose would overrule it.

    :param history: the number's events, oldest first: pairs of a purpose's id (or
        ``ALL``) and a :class:`consent.Said`
    :return: set of purpose ids, and ``ALL`` for the opt-out of everything
    """
    ways, agreed = _read_ways(history)
    of_all = ways.pop(ALL, set())
    if of_all - BY_TEXT:
        return set()
    found = {
        purpose_id
        for purpose_id, methods in ways.items()
        if methods and methods <= BY_TEXT and purpose_id in agreed
    }
    return found | ({ALL} if of_all else set())


def _read_ways(history):
    """Return the methods by which each purpose was stopped since its last valid yes.

    :return: ``{purpose id or ALL: methods}``, and the purposes that were agreed to
    """
    standings, ways, agreed = defaultdict(Standing), defaultdict(set), set()
    for purpose_id, said in history:
        of_all = standings[ALL] if purpose_id else None
        if find_obstacle(said, standings[purpose_id], of_all):
            continue
        standings[purpose_id] = take(said, standings[purpose_id], of_all)
        if said.event == REVOKED:
            ways[purpose_id].add(said.method)
        elif said.event == EXPIRED:
            agreed.discard(purpose_id)
        elif said.is_yes:
            ways[purpose_id] = set()
            agreed.add(purpose_id)
    return ways, agreed


# Nobody may have a stranger texted again and again by typing their number on a page: a
# number that does not answer is left alone, each time for longer.

#: Nobody is asked twice within this time, whatever they have said.
PAUSE = timedelta(days=1)
#: The pause after the first unanswered question; it doubles with each further one.
SILENCE = timedelta(days=90)
#: The pause doubles at most this often.
MOST_DOUBLINGS = 5
#: How long the double opt-in question may be answered.
QUESTION_LIFE = timedelta(days=7)


def get_next_asking(newest, unanswered):
    """Return when a number may be asked again.

    :param datetime newest: when it was last asked, by any method (UTC), or None
    :param list unanswered: when pages have asked since its owner last answered (UTC)
    :return: UTC, or None if the number was never asked
    """
    limits = [newest + PAUSE] if newest else []
    if unanswered:
        doublings = min(len(unanswered) - 1, MOST_DOUBLINGS)
        limits.append(max(unanswered) + SILENCE * 2**doublings)
    return max(limits, default=None)
