# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the events of the consent ledger mean for a number and a purpose.

Consent belongs to a number and a purpose. An event names one purpose, or none when
it is about all of them (a STOP). The answer for a purpose is read from two states:
that of the purpose, and that of "all".
"""

from typing import NamedTuple

NONE, PENDING, OPTED_IN, OPTED_OUT = STATES = (
    "none",
    "pending",
    "opted_in",
    "opted_out",
)

REQUESTED, GRANTED, CONFIRMED, REVOKED, RESTORED, EXPIRED = EVENTS = (
    "requested",
    "granted",
    "confirmed",
    "revoked",
    "restored",
    "expired",
)

#: Policies of a company (``res.company.sms_consent_policy``).
POLICY_OPT_IN, POLICY_OPT_OUT = ("opt_in", "opt_out")


class Answer(NamedTuple):
    """The current answer for one number and purpose, and the event that gave it."""

    state: str = NONE
    event_id: int = 0


#: Only these may be about all purposes at once. Nobody can agree to everything, and
#: what expires is a yes to a purpose: an expiry "for all" would end none of them.
FOR_ALL_EVENTS = (REVOKED, RESTORED)

#: What is a yes or a no by itself.
STATEMENTS = (GRANTED, CONFIRMED, RESTORED, REVOKED)


def next_state(current, event, for_all=False):
    """Return the state that ``event`` leads to.

    A request never overrules a yes or a no, and what has expired was not an opt-out.
    To restore for "all" merely lifts the stop: what each purpose had is still there.

    :param str current: one of ``STATES``
    :param str event: one of ``EVENTS``
    :param bool for_all: the event names no purpose
    :return: one of ``STATES``
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
    """Return the answer that holds after an event of the ledger.

    A yes or a no that is said again is newer, and the newest one counts. Nothing else
    makes an answer newer: to ask again who has stopped must not revive an old yes.

    :param Answer current: the answer so far
    :param str event: one of ``EVENTS``
    :param int event_id: the event's id; a later event has a higher one
    :param bool for_all: the event names no purpose
    :rtype: Answer
    :raises ValueError: as :func:`next_state`
    """
    state = next_state(current.state, event, for_all)
    if state == current.state and event not in STATEMENTS:
        return current
    return Answer(state, event_id)


def is_overtaken(event, happened_at, stopped_at):
    """Tell if a yes was said before the no that stands, and so changes nothing.

    A form that was signed on Monday and is entered on Wednesday does not undo Tuesday's
    STOP. A no counts whenever it is entered.

    :param str event: one of ``EVENTS``
    :param datetime happened_at: when it was said (UTC)
    :param datetime stopped_at: when the no was said (UTC), or None without one
    :rtype: bool
    """
    is_yes = event in (GRANTED, CONFIRMED)
    return is_yes and stopped_at is not None and happened_at < stopped_at


def combine(of_purpose, of_all):
    """Return the answer for a purpose, given its own and that for all purposes.

    A stop for everything rules until the person agrees anew to the purpose itself.
    Nothing less lifts it: not a question that is still open, not an expiry.

    :param Answer of_purpose: what was last said about the purpose
    :param Answer of_all: what was last said about all purposes at once
    :rtype: Answer
    """
    if of_all.state != OPTED_OUT:
        return of_purpose
    agreed_anew = of_purpose.state == OPTED_IN
    if agreed_anew and of_purpose.event_id > of_all.event_id:
        return of_purpose
    return of_all


def has_left(found):
    """Tell if a person has opted out of everything, and agreed to nothing since.

    :param dict found: :class:`Answer` by purpose; that for all has the key ``False``
    :rtype: bool
    """
    of_all = found.get(False, Answer())
    if of_all.state != OPTED_OUT:
        return False
    return all(combine(own, of_all).state == OPTED_OUT for own in found.values())


def summarize(answers):
    """Return one state for a contact out of its answers for each purpose.

    The most useful to a person who looks at a contact: any yes, else any open
    question, else any no.

    :param answers: iterable of :class:`Answer`
    :return: one of ``STATES``
    """
    found = {answer.state for answer in answers}
    return next((s for s in (OPTED_IN, PENDING, OPTED_OUT) if s in found), NONE)
