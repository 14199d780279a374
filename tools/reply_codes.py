# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Codes of the automatic replies whose wording managers can edit (``sms.reply``).

One of each ships in ``data/``. To add one, add a line here and its wording there.
"""

SELECTION = [
    (STOP_DONE := "stop_done", "After STOP"),
    (STOP_PURPOSE := "stop_purpose", "After STOP, where it ends one kind of message"),
    (HELP := "help", "After HELP"),
    (START_DONE := "start_done", "After START"),
    (START_NOTHING := "start_nothing", "After START, nothing to restore"),
    (JOIN_QUESTION := "join_question", "After a joining keyword: asks for YES"),
    (JOIN_DONE := "join_done", "After YES"),
    (JOIN_ALREADY := "join_already", "After a joining keyword, already joined"),
    (STATUS_LIST := "status_list", "After STATUS, or the number of a ticket"),
    (STATUS_NONE := "status_none", "After STATUS, nothing is open"),
    (STATUS_UNKNOWN := "status_unknown", "After a number that is no ticket of theirs"),
    (RATING_DONE := "rating_done", "After a reply of 1 to 5"),
    (RATING_REOPENED := "rating_reopened", "After NO: a ticket is not solved"),
    (
        APPOINTMENT_CONFIRMED := "appointment_confirmed",
        "After an appointment is confirmed",
    ),
    (
        APPOINTMENT_CALLED_OFF := "appointment_called_off",
        "After an appointment is cancelled by its customer",
    ),
    (APPOINTMENT_TIMES := "appointment_times", "Offers other times for an appointment"),
    (
        APPOINTMENT_PERSON := "appointment_person",
        "Hands an appointment over to a person",
    ),
    (
        APPOINTMENT_WHICH := "appointment_which",
        "Asks which of several appointments is meant",
    ),
    (
        APPOINTMENT_LATE := "appointment_late",
        "An appointment is too near to be changed by text",
    ),
    (
        STOP_APPOINTMENT := "stop_appointment",
        "After CANCEL, where an appointment may be meant",
    ),
    (
        INCIDENT_KNOWN := "incident_known",
        "To people who text, or open a ticket, during an incident",
    ),
    (INCIDENT_MUTED := "incident_muted", "After MUTE"),
    (
        INCIDENT_MUTE_NOTHING := "incident_mute_nothing",
        "After MUTE, if they got no text about an incident",
    ),
    (INCIDENT_UNMUTED := "incident_unmuted", "After UNMUTE"),
    (
        INCIDENT_UNMUTE_NOTHING := "incident_unmute_nothing",
        "After UNMUTE, nothing is muted",
    ),
    (
        INCIDENT_OTHER := "incident_other",
        "After OTHER: their ticket is not about the incident",
    ),
    (ALERT_ACKNOWLEDGED := "alert_acknowledged", "After a team alert is acknowledged"),
    (ALERT_RESOLVED := "alert_resolved", "After a team alert is resolved"),
    (ALERT_ESCALATED := "alert_escalated", "After a team alert is escalated"),
    (ALERT_LATE := "alert_late", "After an answer to a team alert that comes too late"),
    (
        ALERT_WHICH := "alert_which",
        "After an answer that is no code of an open team alert",
    ),
    (
        ALERT_TAKEN_BY_OTHER := "alert_taken_by_other",
        "To the others, when a team alert is acknowledged",
    ),
    (
        ALERT_RESOLVED_BY_OTHER := "alert_resolved_by_other",
        "To the others, when a team alert is resolved",
    ),
    (
        SUBSCRIBED := "subscribed",
        "After an area's keyword, if they already agreed to alerts",
    ),
]

#: Those that confirm an opt-out, and may do nothing else.
CONFIRMATIONS = (STOP_DONE, STOP_PURPOSE, STOP_APPOINTMENT)

_CONSENT = (STOP_PURPOSE, START_DONE, JOIN_QUESTION, JOIN_DONE, JOIN_ALREADY)
_APPOINTMENT = (APPOINTMENT_CONFIRMED, APPOINTMENT_CALLED_OFF, APPOINTMENT_TIMES)
_APPOINTMENT += (APPOINTMENT_PERSON, APPOINTMENT_WHICH, APPOINTMENT_LATE)
_INCIDENT = (INCIDENT_KNOWN, INCIDENT_MUTED, INCIDENT_UNMUTED, INCIDENT_OTHER)
_ALERT = (ALERT_ACKNOWLEDGED, ALERT_RESOLVED, ALERT_ESCALATED, ALERT_LATE)
_ALERT += (ALERT_TAKEN_BY_OTHER, ALERT_RESOLVED_BY_OTHER)
#: Placeholders by the replies that have them, besides the company and its contact.
_PLACEHOLDERS = (
    (("purposes",), (*_CONSENT, STOP_APPOINTMENT)),
    (("tickets",), (STATUS_LIST,)),
    (("ticket",), (RATING_DONE, RATING_REOPENED, INCIDENT_OTHER)),
    (("when",), (*_APPOINTMENT, STOP_APPOINTMENT)),
    (("technician",), _APPOINTMENT),
    # What has failed.
    (("incident", "status_page"), _INCIDENT),
    # Who acknowledged or resolved it, and the codes to answer with.
    (("alert", "name", "time", "acknowledge", "resolve", "escalate"), _ALERT),
    # One per line.
    (("choices",), (APPOINTMENT_TIMES, APPOINTMENT_WHICH, ALERT_WHICH)),
    (("areas",), (SUBSCRIBED,)),
)


def get_placeholders(code):
    """Return the names of the placeholders that are filled in in a reply."""
    own = (name for names, codes in _PLACEHOLDERS if code in codes for name in names)
    return ("company", "contact", *own)
