# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Answers to people who have just texted, which need no other consent."""

from datetime import datetime, timedelta
from typing import NamedTuple

from .verdicts import AWAITING_YES, NO_CONSENT, NO_PROOF, OPTED_OUT, UNDER_REVIEW

#: How long after a person's text somebody may answer it without other consent (CTIA
#: Messaging Principles, conversational messages: they wrote first, so consent to the
#: answer is implied).
CONVERSATION_TIME = timedelta(hours=24)

#: An answer written within that time may still leave this long after it was written.
CONVERSATION_PAUSE = timedelta(minutes=15)

#: Refusals that a conversation overrides. An opt-out is a no to everything that we
#: send unasked; what people ask afterwards they want answered.
CONVERSATION_ALLOWS = frozenset(
    (OPTED_OUT, UNDER_REVIEW, AWAITING_YES, NO_CONSENT, NO_PROOF)
)


class TheirText(NamedTuple):
    """A person's text that is not a command: its id, and when it came (UTC)."""

    inbound_id: int
    received_at: datetime


def is_conversation(facts):
    """Tell if a message is somebody's answer to what the person has just texted.

    Only if somebody wrote it to this one person: never what a rule, a stage or a
    mailing sends. An opt-out after their text, or in it, ends the conversation; a text
    after the opt-out begins a new one (47 CFR 64.1200(a)(10) ends the consent to our
    messages, and CTIA's conversational tier needs none: they ask, we answer). Messages
    with an exemption are judged by that alone: an opt-in question is no conversation,
    whoever triggered it.
    """
    if facts.exemption or not facts.is_personal or not facts.text:
        return False
    if facts.stopped_at and facts.stopped_at >= facts.text.received_at:
        return False
    end = facts.text.received_at + CONVERSATION_TIME
    if facts.written_at <= end:
        end = max(end, facts.written_at + CONVERSATION_PAUSE)
    return max(facts.now, facts.when.send_at or facts.now) <= end
