# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Answers to a person who has just texted: they need no other consent."""

from datetime import datetime, timedelta
from typing import NamedTuple

from .verdicts import AWAITING_YES, NO_CONSENT, NO_PROOF, OPTED_OUT, UNDER_REVIEW

#: What a person writes to who has just texted needs no other consent for so long (CTIA
#: Messaging Principles, conversational messages: they wrote first, and it is implied
#: for the answer).
CONVERSATION_TIME = timedelta(hours=24)

#: An answer that was written in that time may wait so long until it leaves.
CONVERSATION_PAUSE = timedelta(minutes=15)

#: Refusals that give way to a conversation. A person who opted out has said no to all
#: that we send by ourselves; what they ask afterwards they want answered.
CONVERSATION_ALLOWS = frozenset(
    (OPTED_OUT, UNDER_REVIEW, AWAITING_YES, NO_CONSENT, NO_PROOF)
)


class TheirText(NamedTuple):
    """A text of the person that is no command: its id, and when it came (UTC)."""

    inbound_id: int
    received_at: datetime


def is_conversation(facts):
    """Tell if a message is one of us answering what the person has just texted.

    Only words that somebody wrote to this one person: never what a rule, a stage or a
    mailing sends. A no that was said after their text, or in it, ends the conversation;
    a text after the no begins a new one (47 CFR 64.1200(a)(10) ends the consent to
    our messages, and CTIA's conversational tier needs none: they ask, we answer).
    What has an exemption stands or falls by that: a question that invites to texts is
    no conversation, whoever has set it off.
    """
    if facts.exemption or not facts.is_personal or not facts.text:
        return False
    if facts.stopped_at and facts.stopped_at >= facts.text.received_at:
        return False
    end = facts.text.received_at + CONVERSATION_TIME
    was_in_time = facts.written_at <= end
    return facts.now <= end or (
        was_in_time and facts.now <= facts.written_at + CONVERSATION_PAUSE
    )
