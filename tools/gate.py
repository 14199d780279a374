# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The gate: may this message leave now, later, or not at all, and why.

Pure rules over facts that the caller has gathered, so that the whole rule can be
read and tested without a database. Later rules (quiet hours, frequency, expiry)
join here and nowhere else.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from . import consent
from .timing import QUIET_HOURS, When

SEND, HOLD, BLOCK = VERDICTS = ("send", "hold", "block")

#: Policies of a company (``res.company.sms_consent_policy``).
POLICY_OPT_IN, POLICY_OPT_OUT = ("opt_in", "opt_out")

# Why a message may leave.
CONSENT = "consent"
NOT_OPTED_OUT = "not_opted_out"
ANSWER = "answer"
CONVERSATION = "conversation"
REMINDED = "reminded"

# Why it may not.
NO_NUMBER = "no_number"
BAD_NUMBER = "bad_number"
UNUSABLE = "unusable"
OPTED_OUT = "opted_out"
UNDER_REVIEW = "under_review"
AWAITING_YES = "awaiting_yes"
NO_CONSENT = "no_consent"
NO_WAY_BACK = "no_way_back"
NO_PROVIDER = "no_provider"
REFUSED_BY_APP = "refused_by_app"
LEDGER_UNREADABLE = "ledger_unreadable"
EXPIRED = "expired"
UNCONFIRMED = "unconfirmed"
UNANSWERED = "unanswered"
TOO_MANY = "too_many"
ERASED = "erased"
QUESTION_OVER = "question_over"

#: reason of a block: failure type that Odoo shows in the chatter
FAILURE_TYPES = {
    NO_NUMBER: "sms_number_missing",
    BAD_NUMBER: "sms_number_format",
    UNUSABLE: "sms_not_allowed",
    OPTED_OUT: "sms_optout",
    UNDER_REVIEW: "sms_no_consent",
    AWAITING_YES: "sms_no_consent",
    NO_CONSENT: "sms_no_consent",
    NO_WAY_BACK: "sms_no_provider",
    NO_PROVIDER: "sms_no_provider",
    LEDGER_UNREADABLE: "sms_no_provider",
    EXPIRED: "sms_expired",
    UNCONFIRMED: "sms_expired",
    UNANSWERED: "sms_expired",
    TOO_MANY: "sms_too_many",
    ERASED: "sms_no_consent",
    QUESTION_OVER: "sms_no_consent",
}

#: Texts that answer what the person has just texted. They pass without consent, each
#: once for its cause: the confirmation of an opt-out (47 CFR 64.1200(a)(12)), HELP
#: whatever the subscription state (CTIA 5.1.4), the double opt-in question and the
#: words that confirm joining (CTIA 5.1.2), what a customer asks for by a keyword.
EXEMPTIONS = (
    "opt_out_confirmation",
    "help",
    "opt_in_question",
    "opt_in_confirmation",
    "start",
    "service",
)
#: Of these, what invites to texts or welcomes to them: a no that was said since, while
#: they waited, takes them back. The others only say what was asked.
INVITATIONS = ("opt_in_question", "opt_in_confirmation", "start")

#: Why an answer that has waited too long is not sent, where it is not "expired".
LATE_REASONS = {
    **dict.fromkeys(EXEMPTIONS, UNANSWERED),
    "opt_out_confirmation": UNCONFIRMED,
}
#: Reasons of what has lost its point before it could leave.
TOO_LATE = (EXPIRED, UNCONFIRMED, UNANSWERED)

#: Repeats the double opt-in question, once, while it is open. It is no answer: it keeps
#: quiet hours, and nobody is reminded who has said anything since.
REMINDER = "opt_in_reminder"


#: What a person writes to who has just texted needs no other consent for so long (CTIA
#: Messaging Principles, conversational messages: they wrote first, and it is implied
#: for the answer).
CONVERSATION_TIME = timedelta(hours=24)

#: An answer that was written in that time may wait so long until it leaves.
CONVERSATION_PAUSE = timedelta(minutes=15)

#: Refusals that give way to a conversation. A person who opted out has said no to all
#: that we send by ourselves; what they ask afterwards they want answered.
CONVERSATION_ALLOWS = frozenset((OPTED_OUT, UNDER_REVIEW, AWAITING_YES, NO_CONSENT))


class TheirText(NamedTuple):
    """A text of the person that is no command: its id, and when it came (UTC)."""

    inbound_id: int
    received_at: datetime


@dataclass(frozen=True)
class Facts:
    """What the gate needs to know of one message.

    :param number: E.164, or what was given when it cannot be brought to it
    :param is_valid_number: ``number`` is E.164 and can receive texts
    :param state: the recorded answer, one of :data:`consent.STATES`
    :param policy: ``opt_in`` or ``opt_out``
    :param provider: ``iap``, ``twilio``, ``sandbox``
    :param missing: what the provider's account lacks, in words; empty if complete
    :param is_helpdesk_purpose: the purpose is one of this addon's, not of other apps
    :param exemption: one of :data:`EXEMPTIONS`, :data:`REMINDER` or empty
    :param is_ledger_readable: the recorded answers could be looked up at all
    :param is_unusable: the carrier has said that this number cannot be texted
    :param is_under_review: their last words may be an opt-out, and nobody has read them
    :param is_personal: one of us wrote it to this person alone
    :param text: their newest :class:`TheirText`, or None
    :param stopped_at: when the newest no that stands was said (UTC), or None
    :param written_at: when the message was written (UTC)
    :param now: when it would leave (UTC)
    :param timing.When when: the hour where they are, and what may happen at it
    :param texts_today: other messages to them for the purpose on the day of this one
    :param day_limit: how many those may be; None for any number
    """

    number: str
    is_valid_number: bool
    state: str
    policy: str
    provider: str
    missing: tuple = ()
    is_helpdesk_purpose: bool = False
    exemption: str = ""
    is_ledger_readable: bool = True
    is_under_review: bool = False
    is_unusable: bool = False
    is_personal: bool = False
    text: TheirText | None = None
    stopped_at: datetime | None = None
    written_at: datetime | None = None
    now: datetime | None = None
    when: When = When()
    texts_today: int = 0
    day_limit: int | None = None


@dataclass(frozen=True)
class Decision:
    """The gate's answer: a verdict, its reason, and for a hold the time (UTC).

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
    reason = _blocked_by_number(facts) or _blocked_by_person(facts)
    reason = reason or _blocked_by_provider(facts)
    if reason:
        return Decision(BLOCK, reason)
    if facts.exemption in EXEMPTIONS:
        return _decide_time(facts, ANSWER)
    if facts.exemption == REMINDER:
        return _decide_time(facts, REMINDED)
    if _find_refusal(facts):
        return replace(_decide_time(facts, CONVERSATION), text=facts.text)
    if facts.state == consent.OPTED_IN:
        return _decide_time(facts, CONSENT)
    return _decide_time(facts, NOT_OPTED_OUT)


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


def get_late_reason(exemption):
    """Return why a message is not sent that has lost its point.

    :param str exemption: one of :data:`EXEMPTIONS`, :data:`REMINDER` or empty
    :return: one of :data:`TOO_LATE`
    """
    return LATE_REASONS.get(exemption, EXPIRED)


def is_conversation(facts):
    """Tell if a message is one of us answering what the person has just texted.

    Only words that somebody wrote to this one person: never what a rule, a stage or a
    mailing sends. A no that was said after their text, or in it, ends the conversation;
    a text after the no begins a new one (47 CFR 64.1200(a)(10) ends the consent to
    our messages, and CTIA's conversational tier needs none: they ask, we answer).

    :param Facts facts: what is known of the message
    :rtype: bool
    """
    if not facts.is_personal or not facts.text:
        return False
    if facts.stopped_at and facts.stopped_at >= facts.text.received_at:
        return False
    end = facts.text.received_at + CONVERSATION_TIME
    was_in_time = facts.written_at <= end
    return facts.now <= end or (
        was_in_time and facts.now <= facts.written_at + CONVERSATION_PAUSE
    )


def _blocked_by_number(facts):
    """Return why the number itself forbids the message, or None.

    Under *opt_out* Odoo's IAP is left to judge the numbers, as it is without us: the
    other apps of such a company show the answer that it gives.
    """
    if facts.provider == "iap" and facts.policy == POLICY_OPT_OUT:
        return None
    if not facts.number:
        return NO_NUMBER
    if not facts.is_valid_number:
        return BAD_NUMBER
    return UNUSABLE if facts.is_unusable else None


def _blocked_by_person(facts):
    """Return why the person's recorded will forbids the message, or None."""
    reason = _find_refusal(facts)
    if reason in CONVERSATION_ALLOWS and is_conversation(facts):
        return None
    return reason


def _find_refusal(facts):
    """Return what the person's recorded will says against the message, or None.

    Source: 47 CFR 64.1200(a)(10)-(12); under *opt_in* also the house's own rule that
    no message leaves without recorded consent. What may be an opt-out counts as one
    until a person has read it.
    """
    if facts.exemption in EXEMPTIONS:
        return OPTED_OUT if _is_taken_back(facts) else None
    if not facts.is_ledger_readable:
        return LEDGER_UNREADABLE
    if facts.state == consent.OPTED_OUT:
        return OPTED_OUT
    if facts.is_under_review:
        return UNDER_REVIEW
    if facts.exemption == REMINDER:
        return None if facts.state == consent.PENDING else QUESTION_OVER
    if facts.policy == POLICY_OPT_OUT or facts.state == consent.OPTED_IN:
        return None
    return AWAITING_YES if facts.state == consent.PENDING else NO_CONSENT


def _is_taken_back(facts):
    """Tell if the person has said no since an invitation was written to them.

    Compared by the second, as a no is noted.
    """
    if facts.exemption not in INVITATIONS or not (
        facts.stopped_at and facts.written_at
    ):
        return False
    return facts.stopped_at > facts.written_at.replace(microsecond=0)


def _blocked_by_provider(facts):
    """Return why the company's account cannot carry the message, or None.

    Odoo's IAP has no way back: a STOP could not reach us, so what this addon sends
    must not leave that way where the policy is *opt_in*.
    """
    if facts.missing:
        return NO_PROVIDER
    opt_in = facts.policy == POLICY_OPT_IN
    if facts.provider == "iap" and facts.is_helpdesk_purpose and opt_in:
        return NO_WAY_BACK
    return None
