# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Why a carrier did not accept or deliver a message.

Managers decide what follows from each (``sms.fault``); adapters map the carrier's codes
to them.
"""

#: Each with its name, as managers see it.
SELECTION = [
    # The sender's rate limit is reached, or its queue is full.
    (TOO_FAST := "too_fast", "Too fast"),
    # The carrier was not reached; it was reached, but its response was lost.
    (NO_CONNECTION := "no_connection", "No connection"),
    (NO_ANSWER := "no_answer", "No answer"),
    # The handset is off; the reason is unknown; there is no such handset.
    (UNREACHABLE := "unreachable", "Out of reach"),
    (UNSURE := "unsure", "Not delivered"),
    (GONE := "gone", "No such handset"),
    (LANDLINE := "landline", "Landline"),
    (BAD_NUMBER := "bad_number", "Not a number for texts"),
    (OPTED_OUT := "opted_out", "Opted out at the carrier"),
    # Treated as spam, or prohibited by the network.
    (FILTERED := "filtered", "Filtered"),
    # Not delivered within its validity period.
    (EXPIRED := "expired", "Expired"),
    (CLOSED_HOURS := "closed_hours", "Carrier's quiet hours"),
    (COUNTRY := "country", "Country not enabled"),
    (AUTHENTICATION := "authentication", "Wrong credentials"),
    # The sending number or service is missing, or not ours.
    (SENDER := "sender", "Sender not usable"),
    # A2P 10DLC.
    (REGISTRATION := "registration", "Sender not registered"),
    (NO_CREDIT := "no_credit", "No credit"),
    # The account has used up what it may send or spend.
    (ACCOUNT_LIMIT := "account_limit", "Account limit reached"),
    # The network limits the sender for the day, or the carrier suspects fraud.
    (TEMPORARY_BLOCK := "temporary_block", "Blocked for a time"),
    # Calls: nobody answered in time, the line was busy, a machine answered, or the
    # carrier cannot call this number.
    (UNANSWERED := "call_unanswered", "Call not answered"),
    (BUSY := "call_busy", "Line busy"),
    (VOICEMAIL := "call_voicemail", "Voicemail"),
    (NO_CALL := "call_impossible", "Cannot be called"),
    # Ours: the key that decrypts the account is missing here.
    (LOCKED := "locked", "Key missing"),
    # Ours: this is a copy of the database that sends texts.
    (COPY := "copy", "Copy of a database"),
    (REFUSED_OTHERWISE := "other", "Other refusal"),
]
