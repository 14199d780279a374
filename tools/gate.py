# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The gate: decide if a message may be sent now, later, or not at all, and why.

Pure rules over facts that the caller has gathered, so that they can be read and tested
without a database: when a message may leave is decided here, what forbids it in
``gate_refusals``. New rules belong in these two files and nowhere else.
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
    """Facts about one message that the gate needs. By default it is refused.

    :param standing: reasons that decide whoever the recipient is, of
        :data:`verdicts.STANDING`; then only ``exemption`` and ``when`` are needed too
    :param number: E.164, or as it was given if it cannot be converted
    :param is_valid_number: ``number`` is E.164 and can receive texts
    :param state: the recorded answer, one of :data:`consent.STATES`
    :param is_proven: the purpose accepts the kind of proof of the recorded yes
    :param policy: ``opt_in`` or ``opt_out``
    :param provider: ``iap``, ``twilio``, ``sandbox``
    :param missing: what the provider's account lacks, in words; empty if complete
    :param is_helpdesk_purpose: the purpose belongs to this addon, not to another app
    :param exemption: one of :data:`EXEMPTIONS`, :data:`REMINDER` or empty
    :param is_ledger_readable: the recorded answers could be looked up
    :param number_refusal: why numbers of this kind are never texted, or empty
    :param takes_landlines: the company texts landlines that have agreed to it
    :param sender_refusal: why none of the company's senders may text it, or empty
    :param is_unusable: the carrier has reported that this number cannot be texted
    :param is_under_review: the person's last text may be an opt-out and is still unread
    :param is_typed_only: the contact's own login has typed the number, and no YES has
        come from it
    :param is_personal: a user wrote it to this person alone
    :param text: the person's newest :class:`TheirText`, or None
    :param stopped_at: when the newest opt-out in force was given (UTC), or None
    :param written_at: when the message was written (UTC)
    :param now: when it would leave (UTC)
    :param timing.When when: the recipient's local time, and the rules about it
    :param asks_consent: the law at their place requires consent to this, whatever the
        policy (:class:`purpose_rules.OfferLaw`)
    :param lacks_address: the law there requires the company's address in this message,
        and the company has none
    :param texts_today: other messages to them for this purpose on the same day
    :param day_limit: how many those may be; None: no limit
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
    """The gate's decision.

    :param str verdict: send, hold or block
    :param str reason: of ``verdicts``, or of ``timing.HOLDS`` for a hold
    :param datetime until: when a held message may leave (UTC); None: when it is resumed
    :param TheirText text: the text that a conversation answers
    :param str timing: why the time is right, one of ``timing.PASSES``, or empty
    :param timing.When when: what was known about the time, to be stored
    """

    verdict: str
    reason: str
    until: object = None
    text: TheirText | None = None
    timing: str = field(default="", compare=False)
    when: When | None = field(default=None, compare=False)

    def spread(self, key):
        """Return the decision for one of many messages with the same facts.

        They differ only in when they leave after their window has opened.

        :param str key: identifies the message
        """
        if self.reason != QUIET_HOURS:
            return self
        return replace(self, until=self.when.spread(self.until, key))


def decide(facts):
    """Decide on one message by its facts.

    Only what ``Facts`` says about the number counts, so that messages with the same
    facts can be decided together, and then spread (:meth:`Decision.spread`).
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
    """Decide on a message by a reason of ``STANDING``, whoever the recipient is."""
    if reason != verdicts.PAUSED:
        return Decision(verdicts.BLOCK, reason)
    if facts.when.is_too_late(facts.when.now):
        return Decision(verdicts.BLOCK, get_late_reason(facts.exemption))
    return Decision(verdicts.HOLD, verdicts.PAUSED)


def _decide_time(facts, reason):
    """Decide when a message leaves that ``reason`` permits."""
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
