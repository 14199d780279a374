# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The gate: may this message leave now, later, or not at all, and why.

Pure rules over facts that the caller has gathered, so that the whole rule can be
read and tested without a database: when a message may leave is decided here, what
forbids it in ``gate_refusals``. Later rules join these two and nothing else.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime

from . import consent
from .conversation import TheirText, is_conversation
from .exemptions import EXEMPTIONS, REMINDER, get_late_reason
from .gate_refusals import (
    blocked_by_number,
    blocked_by_person,
    blocked_by_provider,
    find_refusal,
)
from .timing import QUIET_HOURS, When
from .verdicts import (
    ANSWER,
    BLOCK,
    CONSENT,
    CONVERSATION,
    HOLD,
    NOT_OPTED_OUT,
    PAUSED,
    REMINDED,
    SEND,
    STANDING,
    TOO_MANY,
)


@dataclass(frozen=True)
class Facts:
    """What the gate needs to know of one message. What says nothing is refused.

    :param standing: what decides whoever gets it, of :data:`verdicts.STANDING`; nothing
        else needs to be known then but ``exemption`` and ``when``
    :param number: E.164, or what was given when it cannot be brought to it
    :param is_valid_number: ``number`` is E.164 and can receive texts
    :param state: the recorded answer, one of :data:`consent.STATES`
    :param is_proven: the recorded yes is of a kind that the purpose accepts
    :param policy: ``opt_in`` or ``opt_out``
    :param provider: ``iap``, ``twilio``, ``sandbox``
    :param missing: what the provider's account lacks, in words; empty if complete
    :param is_helpdesk_purpose: the purpose is one of this addon's, not of other apps
    :param exemption: one of :data:`EXEMPTIONS`, :data:`REMINDER` or empty
    :param is_ledger_readable: the recorded answers could be looked up at all
    :param is_unusable: the carrier has said that this number cannot be texted
    :param is_under_review: their last words may be an opt-out, and nobody has read them
    :param is_typed_only: its contact's login has typed the number, and that has not
        said YES
    :param is_personal: one of us wrote it to this person alone
    :param text: their newest :class:`TheirText`, or None
    :param stopped_at: when the newest no that stands was said (UTC), or None
    :param written_at: when the message was written (UTC)
    :param now: when it would leave (UTC)
    :param timing.When when: the hour where they are, and what may happen at it
    :param asks_consent: the law where they are asks for consent to this, whatever the
        policy (``offer_law``)
    :param texts_today: other messages to them for the purpose on the day of this one
    :param day_limit: how many those may be; None for any number
    """

    standing: frozenset = frozenset()
    number: str = ""
    is_valid_number: bool = False
    state: str = consent.NONE
    policy: str = consent.POLICY_OPT_IN
    provider: str = ""
    missing: tuple = ()
    is_helpdesk_purpose: bool = False
    exemption: str = ""
    is_ledger_readable: bool = True
    is_under_review: bool = False
    is_unusable: bool = False
    is_typed_only: bool = False
    is_personal: bool = False
    is_proven: bool = True
    text: TheirText | None = None
    stopped_at: datetime | None = None
    written_at: datetime | None = None
    now: datetime | None = None
    when: When = When()
    texts_today: int = 0
    day_limit: int | None = None
    asks_consent: bool = False


@dataclass(frozen=True)
class Decision:
    """The gate's answer: a verdict, its reason, and for a hold the time (UTC).

    Held without a time, it waits until somebody goes on.
    ``text`` is the text that a conversation answers, as :class:`TheirText`.
    :param str timing: why the hour is right, one of ``timing.PASSES``, or empty
    :param timing.When when: what was known of the hour, to be stored
    """

    verdict: str
    reason: str
    until: object = None
    text: TheirText | None = None
    timing: str = field(default="", compare=False)
    when: When | None = field(default=None, compare=False)

    def spread(self, key):
        """Return the same for one of many messages that are alike.

        They differ in nothing but when they leave once their window is open.

        :param str key: tells the message from the others, as ``When.key``
        """
        if self.reason != QUIET_HOURS:
            return self
        return replace(self, until=self.when.spread(self.until, key))


def decide(facts):
    """Decide one message.

    Of its number nothing counts here but what ``Facts`` tells of it, so that messages
    that are alike can be decided together, and then spread (:meth:`Decision.spread`).

    :param Facts facts: what is known of it
    :rtype: Decision
    """
    for reason in STANDING:
        if reason in facts.standing:
            return _decide_standing(facts, reason)
    reason = blocked_by_number(facts) or blocked_by_person(facts)
    reason = reason or blocked_by_provider(facts)
    if reason:
        return Decision(BLOCK, reason)
    if facts.exemption in EXEMPTIONS:
        return _decide_time(facts, ANSWER)
    if facts.exemption == REMINDER:
        return _decide_time(facts, REMINDED)
    if find_refusal(facts):
        return replace(_decide_time(facts, CONVERSATION), text=facts.text)
    if facts.state == consent.OPTED_IN and facts.is_proven:
        return _decide_time(facts, CONSENT)
    return _decide_time(facts, NOT_OPTED_OUT)


def _decide_standing(facts, reason):
    """Decide a message whose reader does not matter.

    :param str reason: one of :data:`verdicts.STANDING`
    """
    if reason != PAUSED:
        return Decision(BLOCK, reason)
    if facts.when.is_too_late(facts.when.now):
        return Decision(BLOCK, get_late_reason(facts.exemption))
    return Decision(HOLD, PAUSED)


def _decide_time(facts, reason):
    """Decide when a message leaves that may leave.

    :param str reason: why it may
    """
    is_answer = reason == ANSWER or is_conversation(facts)
    until, timing = facts.when.find_time(is_answer)
    if facts.when.is_too_late(until):
        return Decision(BLOCK, get_late_reason(facts.exemption), when=facts.when)
    is_limited = facts.day_limit is not None and not is_answer
    if is_limited and facts.texts_today >= facts.day_limit:
        return Decision(BLOCK, TOO_MANY, when=facts.when)
    if until > facts.when.now:
        return Decision(HOLD, timing, until, when=facts.when)
    return Decision(SEND, reason, timing=timing, when=facts.when)
