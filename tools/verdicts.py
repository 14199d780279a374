# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The gate's verdicts and their reasons."""

SEND, HOLD, BLOCK = "send", "hold", "block"

# Why a message may leave.
CONSENT = "consent"
NOT_OPTED_OUT = "not_opted_out"
ANSWER = "answer"
CONVERSATION = "conversation"
REMINDED = "reminded"

# Why it may not.
NO_NUMBER = "no_number"
BAD_NUMBER = "bad_number"
EXTENSION = "extension"
SHORT_CODE = "short_code"
EMERGENCY = "emergency"
PREMIUM = "premium"
SERVICE_NUMBER = "service_number"
LANDLINE = "landline"
UNUSABLE = "unusable"
OPTED_OUT = "opted_out"
UNDER_REVIEW = "under_review"
AWAITING_YES = "awaiting_yes"
NO_CONSENT = "no_consent"
NO_PROOF = "no_proof"
UNPROVEN = "unproven"
NO_WAY_BACK = "no_way_back"
NO_PROVIDER = "no_provider"
NO_SENDER = "no_sender"
ONE_WAY = "one_way"
NO_ADDRESS = "no_address"
LEDGER_UNREADABLE = "ledger_unreadable"
EXPIRED = "expired"
UNCONFIRMED = "unconfirmed"
UNANSWERED = "unanswered"
TOO_MANY = "too_many"
QUESTION_OVER = "question_over"

# Why it may not, or must wait, whoever the recipient is.
ERASED = "erased"
REFUSED_BY_APP = "refused_by_app"
MUTED = "muted"
OVERTAKEN = "overtaken"
CANCELLED = "cancelled"
PAUSED = "paused"
#: All of these, in order: the first that applies to a message decides.
STANDING = (ERASED, REFUSED_BY_APP, MUTED, OVERTAKEN, CANCELLED, PAUSED)
#: Of these, messages that we have called off ourselves: nobody was refused.
CALLED_OFF = (OVERTAKEN, CANCELLED)

#: Reason of a block: failure type that Odoo shows in the chatter, if there is one.
FAILURE_TYPES = {
    NO_NUMBER: "sms_number_missing",
    BAD_NUMBER: "sms_number_format",
    EXTENSION: "sms_number_format",
    SHORT_CODE: "sms_number_format",
    EMERGENCY: "sms_number_format",
    PREMIUM: "sms_not_allowed",
    SERVICE_NUMBER: "sms_not_allowed",
    LANDLINE: "sms_not_allowed",
    UNUSABLE: "sms_not_allowed",
    OPTED_OUT: "sms_optout",
    UNDER_REVIEW: "sms_no_consent",
    AWAITING_YES: "sms_no_consent",
    NO_CONSENT: "sms_no_consent",
    NO_PROOF: "sms_no_consent",
    UNPROVEN: "sms_no_consent",
    NO_WAY_BACK: "sms_no_provider",
    NO_PROVIDER: "sms_no_provider",
    NO_SENDER: "sms_no_provider",
    ONE_WAY: "sms_no_provider",
    NO_ADDRESS: "sms_no_provider",
    LEDGER_UNREADABLE: "sms_no_provider",
    EXPIRED: "sms_expired",
    UNCONFIRMED: "sms_expired",
    UNANSWERED: "sms_expired",
    TOO_MANY: "sms_too_many",
    ERASED: "sms_no_consent",
    QUESTION_OVER: "sms_no_consent",
}

#: States of messages that people have received, as far as is known.
HAVE_GOT = ("process", "unknown", "pending", "sent")
#: States of messages that they have received or will receive.
HAVE_OR_WILL = (*HAVE_GOT, "outgoing")
