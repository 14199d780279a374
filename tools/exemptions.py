# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Texts that pass the gate without consent, and why one of them comes too late."""

from .verdicts import EXPIRED, UNANSWERED, UNCONFIRMED

#: Texts that answer what the person has just texted. They pass without consent, each
#: once for its cause: the confirmation of an opt-out (47 CFR 64.1200(a)(12)), HELP
#: whatever the subscription state (CTIA 5.1.4), the double opt-in question and the
#: words that confirm joining (CTIA 5.1.2), what a customer asks for by a keyword.
EXEMPTIONS = (
    "opt_out_confirmation",
    "help",
    "opt_in_question",
    "opt_in_confirmation",
    "start",
    "service",
)
#: Of these, what invites to texts or welcomes to them: a no that was said since, while
#: they waited, takes them back. The others only say what was asked.
INVITATIONS = ("opt_in_question", "opt_in_confirmation", "start")

#: Reasons of what has lost its point before it could leave.
TOO_LATE = (EXPIRED, UNCONFIRMED, UNANSWERED)

#: Repeats the double opt-in question, once, while it is open. It is no answer: it keeps
#: quiet hours, and nobody is reminded who has said anything since.
REMINDER = "opt_in_reminder"


def get_late_reason(exemption):
    """Return why a message is not sent that has lost its point, of :data:`TOO_LATE`."""
    if exemption == "opt_out_confirmation":
        return UNCONFIRMED
    return UNANSWERED if exemption in EXEMPTIONS else EXPIRED
