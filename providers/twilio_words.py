# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Map Twilio's statuses, error codes and messages to our vocabulary.

Message resource: https://www.twilio.com/docs/messaging/api/message-resource
Error codes: https://www.twilio.com/docs/api/errors
"""

import re

from ..tools.texts import by_word
from . import base, faults, inbound, outbound
from .shared import make_report

#: Our report for each message status of Twilio's. Any other is ``unknown``.
#: https://www.twilio.com/docs/messaging/api/message-resource#message-status-values
REPORTS = by_word(
    {
        outbound.QUEUED: "accepted scheduled queued sending",
        outbound.SENT: "sent partially_delivered",
        outbound.DELIVERED: "delivered",
        outbound.READ: "read",
        outbound.UNDELIVERED: "undelivered failed",
        outbound.CANCELED: "canceled",
    }
)

#: The fault and Odoo's failure type for each error code. A code that is not listed is
#: ``other`` if it refuses a post, and ``unsure`` in a report, which is tried again; so
#: codes for which that is futile are listed too. docs/carrier-errors.md and
#: tests/tools/twilio_codes.csv have all of Twilio's codes, and what follows from each.
#: https://www.twilio.com/docs/api/errors
CODES = by_word(
    {
        (faults.AUTHENTICATION, "sms_acc"): "10001 20005 30002 30037 90010",
        (faults.AUTHENTICATION, "twilio_authentication"): "20003",
        (faults.TOO_FAST, "sms_server"): "20429 21611 30001 30022",
        (faults.BAD_NUMBER, "sms_number_format"): "21211 21265 21614",
        (faults.BAD_NUMBER, "twilio_from_to"): "21266",
        (faults.SENDER, "twilio_from_missing"): "21212 21601 21603 21606 21659 21660 "
        "21661 21701 21704 21705 21711",
        # 30040 and 30041: a sender that is not registered in one country can still send
        # to others.
        (faults.COUNTRY, "sms_country_not_supported"): "21408 30040 30041",
        (faults.REFUSED_OTHERWISE, "sms_number_missing"): "21604",
        # A trial account may only text verified numbers, whatever the sender is.
        (faults.REFUSED_OTHERWISE, "sms_acc"): "21608",
        (faults.REFUSED_OTHERWISE, "twilio_callback"): "21609",
        (faults.REFUSED_OTHERWISE, "sms_rejected"): "30010 30011 30019 30024 30043 "
        "30044",
        (faults.OPTED_OUT, "sms_optout"): "21610",
        (faults.LANDLINE, "sms_number_format"): "21635",
        (faults.LANDLINE, "sms_not_allowed"): "30006",
        (faults.UNREACHABLE, "sms_invalid_destination"): "30003",
        (faults.FILTERED, "sms_rejected"): "30004 30007 30038 30039",
        (faults.GONE, "sms_invalid_destination"): "30005",
        (faults.UNSURE, "sms_not_delivered"): "30008",
        (faults.TEMPORARY_BLOCK, "sms_not_delivered"): "30023 30027 30450 30453 30454",
        (faults.REGISTRATION, "sms_registration_needed"): "30032 30033 30034 30035",
        (faults.EXPIRED, "sms_expired"): "30036",
        (faults.CLOSED_HOURS, "sms_not_delivered"): "30610",
        (faults.ACCOUNT_LIMIT, "sms_credit"): "63038",
    }
)
#: The same for an HTTP status, where the code is not listed.
STATUSES = {
    429: (faults.TOO_FAST, "sms_server"),
    # Twilio does not find (404) an account that does not exist.
    **dict.fromkeys((401, 403, 404), (faults.AUTHENTICATION, "twilio_authentication")),
}
#: The number of media that a text claims.
_COUNT = re.compile("[0-9]{1,3}")


def find_known(code, status):
    """Return the fault and Odoo's failure type for a refused text, None if unknown."""
    return CODES.get(code) or STATUSES.get(status)


def read_report(carrier_id, status, code, raw=None, price=None):
    """Return a delivery report.

    :param str status: Twilio's status
    :param str code: Twilio's error code, may be empty
    :param dict raw: every field as received
    """
    report = REPORTS.get(status, outbound.UNKNOWN)
    return make_report(carrier_id, report, CODES.get(code), code, raw, price)


def read_found(instance):
    """Return a message at Twilio as a result of a lookup."""
    created_at = to_utc(instance.date_created)
    return outbound.Found(_read(instance), instance.body or "", created_at)


def read_listed(instance):
    """Return a message on Twilio's list as a report, without its body and numbers.

    Its SID is enough to find our text.
    """
    raw = {
        "MessageSid": instance.sid,
        "MessageStatus": instance.status,
        "ErrorCode": instance.error_code,
        "DateUpdated": instance.date_updated,
    }
    return _read(instance, {key: str(value) for key, value in raw.items() if value})


def _read(instance, raw=None):
    """Return a message of the SDK's as a report."""
    code = str(instance.error_code or "")
    price = outbound.read_price(instance.price, instance.price_unit)
    return read_report(instance.sid or "", instance.status, code, raw, price)


def to_utc(moment):
    """Return one of the SDK's times (all UTC) without a zone; None for none."""
    return moment and moment.replace(tzinfo=None)


def read_media(form):
    """Return the media of an incoming text.

    As many as the form claims, and at most :data:`base.MEDIA_LIMIT`.
    https://www.twilio.com/docs/messaging/guides/webhook-request#media-related-parameters
    """
    said = str(form.get("NumMedia"))
    count = int(said) if _COUNT.fullmatch(said) else 0
    found = (
        inbound.Media(form.get(f"MediaUrl{i}"), form.get(f"MediaContentType{i}", ""))
        for i in range(min(count, base.MEDIA_LIMIT))
    )
    return tuple(media for media in found if media.url)
