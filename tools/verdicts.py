# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the gate says: its verdicts, and the reasons of each."""

SEND, HOLD, BLOCK = VERDICTS = ("send", "hold", "block")

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
NO_PROOF = "no_proof"
UNPROVEN = "unproven"
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
    NO_PROOF: "sms_no_consent",
    UNPROVEN: "sms_no_consent",
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

#: States of messages that people have got, as far as anybody knows.
HAVE_GOT = ("process", "unknown", "pending", "sent")
#: They have got it, or will.
HAVE_OR_WILL = (*HAVE_GOT, "outgoing")
