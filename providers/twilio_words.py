# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Map Twilio's statuses, error codes and messages to our vocabulary.

Message resource: https://www.twilio.com/docs/messaging/api/message-resource
Error codes: https://www.twilio.com/docs/api/errors
"""

import re

from . import base, faults, inbound, outbound

#: Our report for each message status of Twilio's. Any other is ``unknown``.
#: https://www.twilio.com/docs/messaging/api/message-resource#message-status-values
REPORTS = {
    "accepted": outbound.QUEUED,
    "scheduled": outbound.QUEUED,
    "queued": outbound.QUEUED,
    "sending": outbound.QUEUED,
    "sent": outbound.SENT,
    "partially_delivered": outbound.SENT,
    "delivered": outbound.DELIVERED,
    "read": outbound.READ,
    "undelivered": outbound.UNDELIVERED,
    "failed": outbound.UNDELIVERED,
    "canceled": outbound.CANCELED,
}

#: The fault and Odoo's failure type for each error code. A code that is not listed is
#: ``other`` if it refuses a post, and ``unsure`` in a report, which is tried again; so
#: codes for which that is futile are listed too. docs/carrier-errors.md and
#: tests/tools/twilio_codes.csv have all of Twilio's codes, and what follows from each.
#: https://www.twilio.com/docs/api/errors
CODES = {
    "10001": (faults.AUTHENTICATION, "sms_acc"),
    "20003": (faults.AUTHENTICATION, "twilio_authentication"),
    "20005": (faults.AUTHENTICATION, "sms_acc"),
    "20429": (faults.TOO_FAST, "sms_server"),
    "21211": (faults.BAD_NUMBER, "sms_number_format"),
    "21212": (faults.SENDER, "twilio_from_missing"),
    "21265": (faults.BAD_NUMBER, "sms_number_format"),
    "21266": (faults.BAD_NUMBER, "twilio_from_to"),
    "21408": (faults.COUNTRY, "sms_country_not_supported"),
    "21601": (faults.SENDER, "twilio_from_missing"),
    "21603": (faults.SENDER, "twilio_from_missing"),
    "21604": (faults.REFUSED_OTHERWISE, "sms_number_missing"),
    "21606": (faults.SENDER, "twilio_from_missing"),
    # A trial account may text verified numbers only: this is not the sender's fault.
    "21608": (faults.REFUSED_OTHERWISE, "sms_acc"),
    "21609": (faults.REFUSED_OTHERWISE, "twilio_callback"),
    "21610": (faults.OPTED_OUT, "sms_optout"),
    "21611": (faults.TOO_FAST, "sms_server"),
    "21614": (faults.BAD_NUMBER, "sms_number_format"),
    "21635": (faults.LANDLINE, "sms_number_format"),
    "21659": (faults.SENDER, "twilio_from_missing"),
    "21660": (faults.SENDER, "twilio_from_missing"),
    "21661": (faults.SENDER, "twilio_from_missing"),
    "21701": (faults.SENDER, "twilio_from_missing"),
    "21704": (faults.SENDER, "twilio_from_missing"),
    "21705": (faults.SENDER, "twilio_from_missing"),
    "21711": (faults.SENDER, "twilio_from_missing"),
    "30001": (faults.TOO_FAST, "sms_server"),
    "30002": (faults.AUTHENTICATION, "sms_acc"),
    "30003": (faults.UNREACHABLE, "sms_invalid_destination"),
    "30004": (faults.FILTERED, "sms_rejected"),
    "30005": (faults.GONE, "sms_invalid_destination"),
    "30006": (faults.LANDLINE, "sms_not_allowed"),
    "30007": (faults.FILTERED, "sms_rejected"),
    "30008": (faults.UNSURE, "sms_not_delivered"),
    "30010": (faults.REFUSED_OTHERWISE, "sms_rejected"),
    "30011": (faults.REFUSED_OTHERWISE, "sms_rejected"),
    "30019": (faults.REFUSED_OTHERWISE, "sms_rejected"),
    "30022": (faults.TOO_FAST, "sms_server"),
    "30023": (faults.TEMPORARY_BLOCK, "sms_not_delivered"),
    "30024": (faults.REFUSED_OTHERWISE, "sms_rejected"),
    "30027": (faults.TEMPORARY_BLOCK, "sms_not_delivered"),
    "30032": (faults.REGISTRATION, "sms_registration_needed"),
    "30033": (faults.REGISTRATION, "sms_registration_needed"),
    "30034": (faults.REGISTRATION, "sms_registration_needed"),
    "30035": (faults.REGISTRATION, "sms_registration_needed"),
    "30036": (faults.EXPIRED, "sms_expired"),
    "30037": (faults.AUTHENTICATION, "sms_acc"),
    "30038": (faults.FILTERED, "sms_rejected"),
    "30039": (faults.FILTERED, "sms_rejected"),
    # A sender that is not registered in one country can still send to others.
    "30040": (faults.COUNTRY, "sms_country_not_supported"),
    "30041": (faults.COUNTRY, "sms_country_not_supported"),
    "30043": (faults.REFUSED_OTHERWISE, "sms_rejected"),
    "30044": (faults.REFUSED_OTHERWISE, "sms_rejected"),
    "30450": (faults.TEMPORARY_BLOCK, "sms_not_delivered"),
    "30453": (faults.TEMPORARY_BLOCK, "sms_not_delivered"),
    "30454": (faults.TEMPORARY_BLOCK, "sms_not_delivered"),
    "30610": (faults.CLOSED_HOURS, "sms_not_delivered"),
    "63038": (faults.ACCOUNT_LIMIT, "sms_credit"),
    "90010": (faults.AUTHENTICATION, "sms_acc"),
}
#: The same for an HTTP status, where the code is not listed.
STATUSES = {
    429: (faults.TOO_FAST, "sms_server"),
    # Twilio does not find (404) an account that does not exist.
    **dict.fromkeys((401, 403, 404), (faults.AUTHENTICATION, "twilio_authentication")),
}

#: The number of media that a text claims.
_COUNT = re.compile("[0-9]{1,3}")


def read_report(carrier_id, status, code, raw=None, price=None):
    """Return a delivery report.

    :param str status: Twilio's status
    :param str code: Twilio's error code, may be empty
    :param dict raw: every field as received
    """
    report, fault, failure_type = REPORTS.get(status, outbound.UNKNOWN), "", ""
    if report == outbound.UNDELIVERED:
        fault, failure_type = CODES.get(code, (faults.UNSURE, "sms_not_delivered"))
    return outbound.DeliveryReport(
        carrier_id, report, code, failure_type, fault, raw or {}, price
    )


def read_found(instance):
    """Return a message at Twilio as a result of a lookup."""
    code = str(instance.error_code or "")
    price = outbound.read_price(instance.price, instance.price_unit)
    report = read_report(instance.sid or "", instance.status, code, price=price)
    created_at = to_utc(instance.date_created)
    return outbound.Found(report, instance.body or "", created_at)


def read_listed(instance):
    """Return a message on Twilio's list as a report, without its body and numbers.

    Its SID is enough to find our text.
    """
    code = str(instance.error_code or "")
    raw = {
        "MessageSid": instance.sid,
        "MessageStatus": instance.status,
        "ErrorCode": code,
        "DateUpdated": instance.date_updated,
    }
    return read_report(
        instance.sid or "",
        instance.status,
        code,
        {key: str(value) for key, value in raw.items() if value},
        outbound.read_price(instance.price, instance.price_unit),
    )


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
