# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The reasons for which a carrier did not take or deliver a message.

What is done about each is the manager's data (``sms.fault``); which of a carrier's
codes mean which is its adapter's.
"""

#: Each with its name, where managers see the table itself.
SELECTION = [
    # More than the sender may send, or its queue is full.
    (TOO_FAST := "too_fast", "Too fast"),
    # It was not reached at all; it was reached, and nobody can tell what it did.
    (NO_CONNECTION := "no_connection", "No connection"),
    (NO_ANSWER := "no_answer", "No answer"),
    # The handset is off; the carrier does not know why; it knows no such handset.
    (UNREACHABLE := "unreachable", "Out of reach"),
    (UNSURE := "unsure", "Not delivered"),
    (GONE := "gone", "No such handset"),
    (LANDLINE := "landline", "Landline"),
    (BAD_NUMBER := "bad_number", "Not a number for texts"),
    (OPTED_OUT := "opted_out", "Opted out at the carrier"),
    # Taken for spam, or forbidden by the network.
    (FILTERED := "filtered", "Filtered"),
    # Not delivered within its time.
    (EXPIRED := "expired", "Expired"),
    (CLOSED_HOURS := "closed_hours", "Carrier's quiet hours"),
    (COUNTRY := "country", "Country not enabled"),
    (AUTHENTICATION := "authentication", "Wrong credentials"),
    # The number or service that sends is missing, or not ours.
    (SENDER := "sender", "Sender not usable"),
    # A2P 10DLC.
    (REGISTRATION := "registration", "Sender not registered"),
    (NO_CREDIT := "no_credit", "No credit"),
    # What an account may send or spend is used up.
    (ACCOUNT_LIMIT := "account_limit", "Account limit reached"),
    # A network has had enough of the sender today, or the carrier of its own suspicion.
    (TEMPORARY_BLOCK := "temporary_block", "Blocked for a time"),
    # Calls: nobody took it in its time, the line was busy, a machine answered, or the
    # carrier cannot call this number.
    (UNANSWERED := "call_unanswered", "Call not answered"),
    (BUSY := "call_busy", "Line busy"),
    (VOICEMAIL := "call_voicemail", "Voicemail"),
    (NO_CALL := "call_impossible", "Cannot be called"),
    # No carrier's: the key to the account is missing here.
    (LOCKED := "locked", "Key missing"),
    # No carrier's either: this is a copy of the database that texts.
    (COPY := "copy", "Copy of a database"),
    (REFUSED_OTHERWISE := "other", "Other refusal"),
]
