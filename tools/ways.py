# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Options of a user for a text that was blocked or not delivered.

One table has them for every reason of the gate (``verdicts``) and every fault of the
carriers (``providers.faults``); where both have the same name they mean the same.
"""

from . import verdicts as why

#: Record consent and send; send again; send to another number; call instead.
RECORD, AGAIN, OTHER, CALL = WAYS = ("record", "again", "other", "call")

# Reasons that the gate checks each time, by the options while they apply.
_CHECKED = (
    # The person's number.
    ((OTHER,), (why.NO_NUMBER, why.BAD_NUMBER, why.EXTENSION, why.SHORT_CODE)),
    ((OTHER,), (why.EMERGENCY, why.PREMIUM)),
    ((OTHER, CALL), (why.SERVICE_NUMBER, why.LANDLINE, why.UNUSABLE)),
    # The person's wishes. After an opt-out no other number of theirs is texted either.
    ((CALL,), (why.OPTED_OUT, why.UNDER_REVIEW)),
    ((RECORD, OTHER, CALL), (why.AWAITING_YES, why.NO_CONSENT)),
    ((RECORD, OTHER, CALL), (why.NO_PROOF, why.UNPROVEN)),
    # The company's account.
    ((CALL,), (why.NO_WAY_BACK, why.NO_PROVIDER, why.NO_ADDRESS)),
    ((CALL,), (why.LEDGER_UNREADABLE,)),
    ((OTHER, CALL), (why.NO_SENDER,)),
)
# Reasons that stay.
_LASTING = (
    ((CALL,), (why.ONE_WAY,)),
    # The time, which may be right now.
    ((AGAIN, CALL), (why.EXPIRED, why.TOO_MANY)),
    # Answers that no longer answer anything.
    ((), (why.UNCONFIRMED, why.QUESTION_OVER)),
    ((CALL,), (why.UNANSWERED,)),
    # Reasons that apply whoever the recipient is.
    ((), (why.ERASED, why.OVERTAKEN, why.CANCELLED, why.PAUSED)),
    ((CALL,), (why.REFUSED_BY_APP, why.MUTED)),
    # The carriers' faults, by their names in providers.faults.
    ((AGAIN, CALL), ("too_fast", "no_connection", "no_answer", "closed_hours")),
    ((AGAIN, CALL), ("authentication", "sender", "registration", "no_credit")),
    ((AGAIN, CALL), ("account_limit", "temporary_block", "locked", "copy")),
    ((AGAIN, OTHER, CALL), ("unreachable", "unsure", "gone", "country", "other")),
    ((CALL,), ("filtered",)),
    # Calls, after which a team alert's plan goes on by itself.
    ((CALL,), ("call_unanswered", "call_busy", "call_voicemail", "call_impossible")),
)
#: Options while a reason applies.
BY_REASON = {it: ways for ways, them in (*_CHECKED, *_LASTING) for it in them}
#: Reasons that the gate checks each time (``gate_refusals.find_block``): once they are
#: gone the text may be sent again.
PASSING = frozenset(reason for _ways, reasons in _CHECKED for reason in reasons)


def find_ways(reason, obstacle="", *, is_over=False, is_answer=False):
    """Return the user's options for a text that did not reach its recipient.

    :param str reason: why it did not, a key of :data:`BY_REASON`
    :param str obstacle: the reason for which the gate would block it now, or empty
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
    return tuple(way for way in WAYS if way in ways)
