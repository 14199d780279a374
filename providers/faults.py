# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The reasons for which a carrier did not take or deliver a message.

What is done about each is the manager's data (``sms.fault``); which of a carrier's
codes mean which is its adapter's.
"""

TOO_FAST = "too_fast"  # more than the sender may send, or its queue is full
NO_CONNECTION = "no_connection"  # it was not reached at all
NO_ANSWER = "no_answer"  # it was reached, and nobody can tell what it did
UNREACHABLE = "unreachable"  # the handset is off or out of reach
UNSURE = "unsure"  # not delivered, and the carrier does not know why
GONE = "gone"  # the carrier knows no such handset (any more)
LANDLINE = "landline"
BAD_NUMBER = "bad_number"
OPTED_OUT = "opted_out"  # the carrier knows of an opt-out
FILTERED = "filtered"  # taken for spam, or forbidden by the network
EXPIRED = "expired"  # not delivered within its time
CLOSED_HOURS = "closed_hours"  # the carrier's own quiet hours
COUNTRY = "country"  # the account may not text this country
AUTHENTICATION = "authentication"
SENDER = "sender"  # the number or service that sends is missing or not ours
REGISTRATION = "registration"  # the sender is not registered (A2P 10DLC)
NO_CREDIT = "no_credit"
LOCKED = "locked"  # no carrier's: the key to the account is missing here
REFUSED_OTHERWISE = "other"
