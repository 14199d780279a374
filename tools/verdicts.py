# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The gate's verdicts and their reasons."""

SEND, HOLD, BLOCK = "send", "hold", "block"

# Why a message may leave.
CONSENT, NOT_OPTED_OUT = "consent", "not_opted_out"
ANSWER, CONVERSATION, REMINDED = "answer", "conversation", "reminded"

# Why it may not: its number,
NO_NUMBER, BAD_NUMBER, EXTENSION = "no_number", "bad_number", "extension"
SHORT_CODE, EMERGENCY, PREMIUM = "short_code", "emergency", "premium"
SERVICE_NUMBER, LANDLINE, UNUSABLE = "service_number", "landline", "unusable"
# the person's wishes,
OPTED_OUT, UNDER_REVIEW, AWAITING_YES = "opted_out", "under_review", "awaiting_yes"
NO_CONSENT, NO_PROOF, UNPROVEN = "no_consent", "no_proof", "unproven"
# the company's account,
NO_WAY_BACK, NO_PROVIDER, NO_SENDER = "no_way_back", "no_provider", "no_sender"
ONE_WAY, NO_ADDRESS = "one_way", "no_address"
LEDGER_UNREADABLE = "ledger_unreadable"
# the time.
EXPIRED, UNCONFIRMED, UNANSWERED = "expired", "unconfirmed", "unanswered"
TOO_MANY, QUESTION_OVER = "too_many", "question_over"

# Why it may not, or must wait, whoever the recipient is.
ERASED, REFUSED_BY_APP, MUTED = "erased", "refused_by_app", "muted"
OVERTAKEN, CANCELLED, PAUSED = "overtaken", "cancelled", "paused"
#: All of these, in order: the first that applies to a message decides.
STANDING = (ERASED, REFUSED_BY_APP, MUTED, OVERTAKEN, CANCELLED, PAUSED)
#: Of these, messages that we have called off ourselves: nobody was refused.
CALLED_OFF = (OVERTAKEN, CANCELLED)

_REASONS = {
    "sms_number_missing": (NO_NUMBER,),
    "sms_number_format": (BAD_NUMBER, EXTENSION, SHORT_CODE, EMERGENCY),
    "sms_not_allowed": (PREMIUM, SERVICE_NUMBER, LANDLINE, UNUSABLE),
    "sms_optout": (OPTED_OUT,),
    "sms_no_consent": (UNDER_REVIEW, AWAITING_YES, NO_CONSENT, NO_PROOF, UNPROVEN)
    + (ERASED, QUESTION_OVER),
    "sms_no_provider": (NO_WAY_BACK, NO_PROVIDER, NO_SENDER, ONE_WAY, NO_ADDRESS)
    + (LEDGER_UNREADABLE,),
    "sms_expired": (EXPIRED, UNCONFIRMED, UNANSWERED),
    "sms_too_many": (TOO_MANY,),
}
#: Reason of a block: failure type that Odoo shows in the chatter, if there is one.
FAILURE_TYPES = {reason: kind for kind, them in _REASONS.items() for reason in them}

#: States of messages that people have received, as far as is known.
HAVE_GOT = ("process", "unknown", "pending", "sent")
#: States of messages that they have received or will receive.
HAVE_OR_WILL = (*HAVE_GOT, "outgoing")
