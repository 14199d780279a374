# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Map Telnyx's statuses, error codes, messages and records to our vocabulary.

Webhooks: https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks
Error codes: https://developers.telnyx.com/docs/messaging/messages/error-codes
"""

from ..tools.texts import by_word
from . import base, faults, inbound, outbound
from .shared import make_report

#: Our report for each message status of Telnyx's. Any other is ``unknown``.
#: https://developers.telnyx.com/api-reference/callbacks/delivery-update
REPORTS = by_word(
    {
        outbound.QUEUED: "scheduled queued sending",
        # Unconfirmed by the network: all that is known is that it was sent.
        outbound.SENT: "sent delivery_unconfirmed",
        outbound.DELIVERED: "delivered",
        outbound.READ: "read",
        outbound.UNDELIVERED: "sending_failed delivery_failed expired",
        outbound.CANCELED: "cancelled",
    }
)
#: The same for a detail record, which has more statuses.
#: https://developers.telnyx.com/api-reference/detail-records/search-detail-records
RECORD_REPORTS = REPORTS | by_word(
    {
        outbound.SENT: "dlr_unconfirmed dlr_timeout",
        outbound.UNDELIVERED: "gw_timeout gw_reject failed",
    }
)
#: Statuses that tell by themselves what went wrong.
STATUS_FAULTS = {"expired": (faults.EXPIRED, "sms_expired")}

#: The fault and Odoo's failure type for each error code.
#: 1xxxx and 2xxxx: https://developers.telnyx.com/development/api-fundamentals/api-errors
CODES = by_word(
    {
        (faults.SENDER, "sms_acc"): "10001 40013 40100 40305 40308 40312 40314 40315",
        (faults.BAD_NUMBER, "sms_number_format"): "10002 10016 40012 40310",
        (faults.AUTHENTICATION, "sms_acc"): "10009 10010",
        (faults.TOO_FAST, "sms_server"): "10011 40011 40016 40018 40318",
        (faults.NO_CREDIT, "sms_credit"): "20100",
        (faults.LANDLINE, "sms_not_allowed"): "40001",
        (faults.FILTERED, "sms_rejected"): "40002 40003 40015 40017 40020 40322",
        (faults.UNSURE, "sms_not_delivered"): "40004 40008",
        (faults.EXPIRED, "sms_expired"): "40005 40014",
        (faults.UNREACHABLE, "sms_invalid_destination"): "40006",
        (faults.REGISTRATION, "sms_registration_needed"): "40010 40019 40329 40330",
        (faults.OPTED_OUT, "sms_optout"): "40300",
        (faults.COUNTRY, "sms_country_not_supported"): "40309 40331",
        (faults.ACCOUNT_LIMIT, "sms_credit"): "40333",
    }
)
#: The same for an HTTP status, where the code is not listed.
STATUSES = {
    429: (faults.TOO_FAST, "sms_server"),
    402: (faults.NO_CREDIT, "sms_credit"),
    **dict.fromkeys((401, 403), (faults.AUTHENTICATION, "sms_acc")),
}

#: Our word for each kind of automatic reply of Telnyx's.
ANSWERED = {"stop": "STOP", "start": "START", "help": "HELP", "info": "HELP"}


def as_dict(value):
    """Return ``value`` if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_text(value):
    """Return a plain JSON value as text, empty for lists and objects."""
    return str(value) if isinstance(value, str | int | float) else ""


def first_of(value):
    """Return the first of a list of objects, or an empty object."""
    return as_dict(value[0]) if isinstance(value, list) and value else {}


def read_payload(event):
    """Return the message of an event, an empty dict for none."""
    return as_dict(as_dict(as_dict(event).get("data")).get("payload"))


def read_message(payload, raw=None):
    """Return a message of Telnyx's, from its API or an event, as a report.

    Telnyx tells the price once it knows it, at the latest in the last event.
    """
    cost = as_dict(payload.get("cost"))
    return _report(
        REPORTS,
        as_text(payload.get("id")),
        as_text(first_of(payload.get("to")).get("status")),
        as_text(first_of(payload.get("errors")).get("code")),
        raw,
        outbound.read_price(cost.get("amount"), as_text(cost.get("currency"))),
    )


def read_record(record):
    """Return the message of a detail record, which has no body."""
    errors = record.get("errors")
    code = as_text(errors[0]) if isinstance(errors, list) and errors else ""
    uuid, status = as_text(record.get("uuid")), as_text(record.get("status"))
    return outbound.Found(_report(RECORD_REPORTS, uuid, status, code))


def _report(words, carrier_id, status, code, raw=None, price=None):
    report = words.get(status, outbound.UNKNOWN)
    known = CODES.get(code) or STATUS_FAULTS.get(status)
    return make_report(carrier_id, report, known, code, raw, price)


def read_media(payload):
    """Return the media of an incoming text."""
    listed = payload.get("media")
    found = (
        inbound.Media(as_text(it.get("url")), as_text(it.get("content_type")))
        for it in (listed if isinstance(listed, list) else ())[: base.MEDIA_LIMIT]
        if isinstance(it, dict)
    )
    return tuple(media for media in found if media.url)


def flatten(value, path=""):
    """Return an event's fields by their path, to be recorded.

    :param value: JSON: objects, lists and plain values
    :return: e.g. ``{"data.payload.to.0.status": "sent"}``, all values as text
    """
    if isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, list):
        parts = enumerate(value)
    else:
        return {path: "" if value is None else str(value)}
    fields = {}
    for name, part in parts:
        fields.update(flatten(part, f"{path}.{name}" if path else str(name)))
    return fields
