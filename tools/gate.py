# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The gate: may this message leave now, later, or not at all, and why.

Pure rules over facts that the caller has gathered, so that the whole rule can be
read and tested without a database: when a message may leave is decided here, what
forbids it in ``gate_refusals``. Later rules join these two and nothing else.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime

from . import consent, verdicts
from .conversation import TheirText, is_conversation
from .exemptions import EXEMPTIONS, REMINDER, get_late_reason
from .gate_refusals import find_block, find_refusal
from .timing import QUIET_HOURS, When


@dataclass(frozen=True)
class Facts:
    """Facts of one message, as the gate needs them. By default it is refused.

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
    :param number_refusal: why numbers of this kind are never texted, or empty
    :param takes_landlines: the company texts landlines that agree to it
    :param sender_refusal: why none of the company's senders may text it, or empty
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
        policy (:class:`purpose_rules.OfferLaw`)
    :param lacks_address: the law there asks for the company's address in this, and it
        has none
    :param texts_today: other messages to them for the purpose on the day of this one
    :param day_limit: how many those may be; None for any number
    """

    standing: frozenset = frozenset()
    number: str = ""
    is_valid_number: bool = False
    number_refusal: str = ""
    takes_landlines: bool = False
    sender_refusal: str = ""
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
    lacks_address: bool = False


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
        """Return the same for one of many messages that are alike, told apart by a key.

        They differ in nothing but when they leave once their window is open.
        """
        if self.reason != QUIET_HOURS:
            return self
        return replace(self, until=self.when.spread(self.until, key))


def decide(facts):
    """Decide one message by its facts.

    Of its number nothing counts here but what ``Facts`` tells of it, so that messages
    that are alike can be decided together, and then spread (:meth:`Decision.spread`).
    """
    for reason in verdicts.STANDING:
        if reason in facts.standing:
            return _decide_standing(facts, reason)
    if reason := find_block(facts):
        return Decision(verdicts.BLOCK, reason)
    if facts.exemption in EXEMPTIONS:
        return _decide_time(facts, verdicts.ANSWER)
    if facts.exemption == REMINDER:
        return _decide_time(facts, verdicts.REMINDED)
    if find_refusal(facts):
        return replace(_decide_time(facts, verdicts.CONVERSATION), text=facts.text)
    if facts.state == consent.OPTED_IN and facts.is_proven:
        return _decide_time(facts, verdicts.CONSENT)
    return _decide_time(facts, verdicts.NOT_OPTED_OUT)


def _decide_standing(facts, reason):
    """Decide a message whose reader does not matter, for a reason of ``STANDING``."""
    if reason != verdicts.PAUSED:
        return Decision(verdicts.BLOCK, reason)
    if facts.when.is_too_late(facts.when.now):
        return Decision(verdicts.BLOCK, get_late_reason(facts.exemption))
    return Decision(verdicts.HOLD, verdicts.PAUSED)


def _decide_time(facts, reason):
    """Decide when a message leaves that may leave for a reason."""
    is_answer = reason == verdicts.ANSWER or is_conversation(facts)
    until, timing = facts.when.find_time(is_answer)
    if facts.when.is_too_late(until):
        reason = get_late_reason(facts.exemption)
        return Decision(verdicts.BLOCK, reason, when=facts.when)
    limit = None if is_answer else facts.day_limit
    if limit is not None and facts.texts_today >= limit:
        return Decision(verdicts.BLOCK, verdicts.TOO_MANY, when=facts.when)
    if until > facts.when.now:
        return Decision(verdicts.HOLD, timing, until, when=facts.when)
    return Decision(verdicts.SEND, reason, timing=timing, when=facts.when)
