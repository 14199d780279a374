# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Twilio's words in ours: states, error codes, messages, senders.

Message resource: https://www.twilio.com/docs/messaging/api/message-resource
Error codes: https://www.twilio.com/docs/api/errors
"""

import re

from . import base, faults, inbound, outbound

#: Message status of Twilio: our word. What is not named here is ``unknown``.
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

#: Error code: what is wrong, and Odoo's failure type for the chatter. What is not here
#: and ends a post is ``other``; in a report it is ``unsure``, and tried again. So codes
#: are named too for which that would be futile. All of Twilio's for texts and calls,
#: and what follows from each: docs/carrier-errors.md, tests/tools/twilio_codes.csv
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
    # On trial only verified numbers are texted: the others say nothing of the sender.
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
    # A sender that lacks its registration in one country is fine elsewhere.
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
#: The same of an HTTP status whose code says nothing.
STATUSES = {
    429: (faults.TOO_FAST, "sms_server"),
    # An account that is none of theirs is not found.
    **dict.fromkeys((401, 403, 404), (faults.AUTHENTICATION, "twilio_authentication")),
}

#: How many pictures and files a text says to have.
_COUNT = re.compile("[0-9]{1,3}")


def read_report(carrier_id, status, code, raw=None, price=None):
    """Return a delivery report in our words.

    :param str status: Twilio's own, likewise the code, which may be empty
    :param dict raw: every field as it came
    """
    report = REPORTS.get(status, outbound.UNKNOWN)
    fault, failure_type = CODES.get(code, (faults.UNSURE, "sms_not_delivered"))
    if report != outbound.UNDELIVERED and not code:
        fault = ""
    return outbound.DeliveryReport(
        carrier_id, report, code, failure_type, fault, raw or {}, price
    )


def read_found(instance):
    """Return a message of Twilio's as a lookup shows it."""
    code = str(instance.error_code or "")
    price = outbound.read_price(instance.price, instance.price_unit)
    report = read_report(instance.sid or "", instance.status, code, price=price)
    created_at = to_utc(instance.date_created)
    return outbound.Found(report, instance.body or "", created_at)


def read_listed(instance):
    """Return a message of Twilio's list as a report; its words and numbers stay there.

    It is known again by its SID alone.
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
    """Return a time of the SDK's, all UTC, without a zone; None if Twilio said none."""
    return moment and moment.replace(tzinfo=None)


def read_media(form):
    """Return the pictures and files of a text that came in.

    Their number is what the form says, and at most :data:`base.MEDIA_LIMIT`.
    https://www.twilio.com/docs/messaging/guides/webhook-request#media-related-parameters
    """
    said = str(form.get("NumMedia"))
    count = int(said) if _COUNT.fullmatch(said) else 0
    found = (
        inbound.Media(form.get(f"MediaUrl{i}"), form.get(f"MediaContentType{i}", ""))
        for i in range(min(count, base.MEDIA_LIMIT))
    )
    return tuple(media for media in found if media.url)
