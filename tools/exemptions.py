# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Texts that pass the gate without consent, and the reasons when they are too late."""

from .verdicts import EXPIRED, UNANSWERED, UNCONFIRMED

#: Answers that ask for or confirm an opt-in: an opt-out while they wait cancels them.
INVITATIONS = ("opt_in_question", "opt_in_confirmation", "start")
#: Texts that answer what the person has just texted. They pass without consent, once
#: for each cause: the confirmation of an opt-out (47 CFR 64.1200(a)(12)), HELP in any
#: subscription state (CTIA 5.1.4), the double opt-in question and the confirmation of
#: an opt-in (CTIA 5.1.2), answers to a customer's keyword.
EXEMPTIONS = ("opt_out_confirmation", "help", *INVITATIONS, "service")

#: Reasons of messages that expired before they could be sent.
TOO_LATE = (EXPIRED, UNCONFIRMED, UNANSWERED)

#: Repeats the double opt-in question once while it is open. It is not an answer: it
#: keeps quiet hours, and is not sent if the person has said anything since.
REMINDER = "opt_in_reminder"


def get_late_reason(exemption):
    """Return the reason of :data:`TOO_LATE` for an expired message."""
    if exemption == "opt_out_confirmation":
        return UNCONFIRMED
    return UNANSWERED if exemption in EXEMPTIONS else EXPIRED
