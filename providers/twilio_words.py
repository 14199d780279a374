# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What Twilio says, in our words: states, error codes, messages, senders.

Message resource: https://www.twilio.com/docs/messaging/api/message-resource
Error codes: https://www.twilio.com/docs/api/errors
"""

from datetime import UTC

from . import base

#: Message status of Twilio: our word. What is not named here is ``unknown``.
#: https://www.twilio.com/docs/messaging/api/message-resource#message-status-values
REPORTS = {
    "accepted": base.QUEUED,
    "scheduled": base.QUEUED,
    "queued": base.QUEUED,
    "sending": base.QUEUED,
    "sent": base.SENT,
    "partially_delivered": base.SENT,
    "delivered": base.DELIVERED,
    "read": base.READ,
    "undelivered": base.UNDELIVERED,
    "failed": base.UNDELIVERED,
    "canceled": base.CANCELED,
}

#: Error code: what is wrong, and Odoo's failure type for the chatter.
#: https://www.twilio.com/docs/api/errors
CODES = {
    "20003": (base.AUTHENTICATION, "twilio_authentication"),
    "20429": (base.TOO_FAST, "sms_server"),
    "21211": (base.BAD_NUMBER, "sms_number_format"),
    "21265": (base.BAD_NUMBER, "sms_number_format"),
    "21266": (base.BAD_NUMBER, "twilio_from_to"),
    "21408": (base.COUNTRY, "sms_country_not_supported"),
    "21603": (base.SENDER, "twilio_from_missing"),
    "21604": (base.REFUSED_OTHERWISE, "sms_number_missing"),
    "21606": (base.SENDER, "twilio_from_missing"),
    "21608": (base.SENDER, "sms_acc"),
    "21609": (base.REFUSED_OTHERWISE, "twilio_callback"),
    "21610": (base.OPTED_OUT, "sms_optout"),
    "21611": (base.TOO_FAST, "sms_server"),
    "21614": (base.BAD_NUMBER, "sms_number_format"),
    "21635": (base.LANDLINE, "sms_number_format"),
    "30001": (base.TOO_FAST, "sms_server"),
    "30002": (base.AUTHENTICATION, "sms_acc"),
    "30003": (base.UNREACHABLE, "sms_invalid_destination"),
    "30004": (base.FILTERED, "sms_rejected"),
    "30005": (base.GONE, "sms_invalid_destination"),
    "30006": (base.LANDLINE, "sms_not_allowed"),
    "30007": (base.FILTERED, "sms_rejected"),
    "30008": (base.UNSURE, "sms_not_delivered"),
    "30034": (base.REGISTRATION, "sms_registration_needed"),
    "30035": (base.REGISTRATION, "sms_registration_needed"),
    "30036": (base.EXPIRED, "sms_expired"),
    "30610": (base.CLOSED_HOURS, "sms_not_delivered"),
    "63038": (base.NO_CREDIT, "sms_credit"),
    "90010": (base.AUTHENTICATION, "sms_acc"),
}


def fault_of_status(status):
    """Return fault and failure type of an HTTP status whose code says nothing."""
    if status == 429:
        return base.TOO_FAST, "sms_server"
    if status in (401, 403):
        return base.AUTHENTICATION, "twilio_authentication"
    return base.REFUSED_OTHERWISE, "sms_server"


def read_report(carrier_id, status, code, raw=None, price=None):
    """Return a delivery report in our words.

    :param str carrier_id: the message's SID
    :param str status: a key of :data:`REPORTS`
    :param str code: a key of :data:`CODES`, may be empty
    :param dict raw: every field as it came
    :param providers.base.Price price: what it costs, None if that is not said
    :rtype: providers.base.DeliveryReport
    """
    report = REPORTS.get(status, base.UNKNOWN)
    fault, failure_type = CODES.get(code, (base.UNSURE, "sms_not_delivered"))
    if report != base.UNDELIVERED and not code:
        fault = ""
    return base.DeliveryReport(
        carrier_id, report, code, failure_type, fault, raw or {}, price
    )


def read_found(instance):
    """Return a message of Twilio's as a lookup shows it."""
    created_at = instance.date_created
    if created_at is not None:
        created_at = created_at.astimezone(UTC).replace(tzinfo=None)
    code = str(instance.error_code or "")
    price = base.read_price(instance.price, instance.price_unit)
    report = read_report(instance.sid, instance.status, code, price=price)
    return base.Found(report, instance.body or "", created_at)


def read_media(form):
    """Return the pictures and files of a text that came in.

    Their number is what the form says, and at most :data:`base.MEDIA_LIMIT`.
    https://www.twilio.com/docs/messaging/guides/webhook-request#media-related-parameters

    :rtype: tuple[base.Media, ...]
    """
    said = form.get("NumMedia", "")
    count = int(said) if said.isascii() and said.isdigit() and len(said) < 4 else 0
    found = (
        base.Media(form.get(f"MediaUrl{i}", ""), form.get(f"MediaContentType{i}", ""))
        for i in range(min(count, base.MEDIA_LIMIT))
    )
    return tuple(media for media in found if media.url)
