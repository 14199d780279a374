# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Options of a user for a text that was blocked or not delivered.

One table has them for every reason of the gate (``verdicts``) and every fault of the
carriers (``providers.faults``); where both have the same name they mean the same.
"""

from .verdicts import (
    AWAITING_YES,
    BAD_NUMBER,
    CANCELLED,
    EMERGENCY,
    ERASED,
    EXPIRED,
    EXTENSION,
    LANDLINE,
    LEDGER_UNREADABLE,
    MUTED,
    NO_ADDRESS,
    NO_CONSENT,
    NO_NUMBER,
    NO_PROOF,
    NO_PROVIDER,
    NO_SENDER,
    NO_WAY_BACK,
    ONE_WAY,
    OPTED_OUT,
    OVERTAKEN,
    PAUSED,
    PREMIUM,
    QUESTION_OVER,
    REFUSED_BY_APP,
    SERVICE_NUMBER,
    SHORT_CODE,
    TOO_MANY,
    UNANSWERED,
    UNCONFIRMED,
    UNDER_REVIEW,
    UNPROVEN,
    UNUSABLE,
)

#: Record consent and send; send again; send to another number; call instead.
RECORD, AGAIN, OTHER, CALL = WAYS = ("record", "again", "other", "call")

#: Options while a reason applies.
BY_REASON = {
    # The person's number.
    NO_NUMBER: (OTHER,),
    **dict.fromkeys((BAD_NUMBER, EXTENSION, SHORT_CODE, EMERGENCY), (OTHER,)),
    PREMIUM: (OTHER,),
    SERVICE_NUMBER: (OTHER, CALL),
    LANDLINE: (OTHER, CALL),
    UNUSABLE: (OTHER, CALL),
    # The person's wishes. After an opt-out no other number of theirs is texted either.
    OPTED_OUT: (CALL,),
    UNDER_REVIEW: (CALL,),
    AWAITING_YES: (RECORD, OTHER, CALL),
    NO_CONSENT: (RECORD, OTHER, CALL),
    NO_PROOF: (RECORD, OTHER, CALL),
    UNPROVEN: (RECORD, OTHER, CALL),
    # The company's account.
    NO_WAY_BACK: (CALL,),
    NO_PROVIDER: (CALL,),
    NO_SENDER: (OTHER, CALL),
    ONE_WAY: (CALL,),
    NO_ADDRESS: (CALL,),
    LEDGER_UNREADABLE: (CALL,),
    # The time, which may be right now.
    EXPIRED: (AGAIN, CALL),
    TOO_MANY: (AGAIN, CALL),
    # Answers that no longer answer anything.
    UNCONFIRMED: (),
    UNANSWERED: (CALL,),
    QUESTION_OVER: (),
    # Reasons that apply whoever the recipient is.
    ERASED: (),
    REFUSED_BY_APP: (CALL,),
    MUTED: (CALL,),
    OVERTAKEN: (),
    CANCELLED: (),
    PAUSED: (),
    # The carriers' faults, by their names in providers.faults.
    "too_fast": (AGAIN, CALL),
    "no_connection": (AGAIN, CALL),
    "no_answer": (AGAIN, CALL),
    "unreachable": (AGAIN, OTHER, CALL),
    "unsure": (AGAIN, OTHER, CALL),
    "gone": (AGAIN, OTHER, CALL),
    "filtered": (CALL,),
    "closed_hours": (AGAIN, CALL),
    "country": (AGAIN, OTHER, CALL),
    "authentication": (AGAIN, CALL),
    "sender": (AGAIN, CALL),
    "registration": (AGAIN, CALL),
    "no_credit": (AGAIN, CALL),
    "account_limit": (AGAIN, CALL),
    "temporary_block": (AGAIN, CALL),
    "locked": (AGAIN, CALL),
    "copy": (AGAIN, CALL),
    "other": (AGAIN, OTHER, CALL),
    # Calls, after which a team alert's plan goes on by itself.
    "call_unanswered": (CALL,),
    "call_busy": (CALL,),
    "call_voicemail": (CALL,),
    "call_impossible": (CALL,),
}
#: Reasons that the gate checks each time (``gate_refusals.find_block``): once they are
#: gone the text may be sent again.
PASSING = frozenset(
    (
        *(NO_NUMBER, BAD_NUMBER, UNUSABLE, OPTED_OUT, UNDER_REVIEW, AWAITING_YES),
        *(NO_CONSENT, NO_PROOF, UNPROVEN, NO_WAY_BACK, NO_PROVIDER, NO_SENDER),
        *(EXTENSION, SHORT_CODE, EMERGENCY, PREMIUM, SERVICE_NUMBER, LANDLINE),
        NO_ADDRESS,
        LEDGER_UNREADABLE,
    )
)


def find_ways(reason, obstacle="", *, may_record=True, is_over=False, is_answer=False):
    """Return the user's options for a text that did not reach its recipient.

    :param str reason: why it did not, a key of :data:`BY_REASON`
    :param str obstacle: the reason for which the gate would block it now, or empty
    :param bool may_record: the user may record consent
    :param bool is_over: it is too late by now, or its facts have changed
    :param bool is_answer: it passed without consent, as the answer to a text
    :return: tuple of :data:`WAYS`, in that order
    """
    ways = set(BY_REASON.get(obstacle or reason, (AGAIN, OTHER, CALL)))
    if not BY_REASON.get(reason, WAYS):
        return ()
    if not obstacle and reason in PASSING:
        ways = ways - {RECORD} | {AGAIN, CALL}
    if is_over or is_answer:
        ways -= {RECORD, AGAIN, OTHER}
    if not may_record:
        ways.discard(RECORD)
    return tuple(way for way in WAYS if way in ways)
