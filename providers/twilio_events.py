# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What Twilio tells our webhooks: is it Twilio, and what does it say."""

from twilio.request_validator import RequestValidator

from .inbound import InboundEvent
from .shared import fingerprint
from .twilio_words import read_media, read_report


def verify(account, url, form, signature):
    """Check ``X-Twilio-Signature``; closed when the token or the header lacks.

    While the token is being changed either of the two may have signed.
    https://www.twilio.com/docs/usage/security#validating-requests
    https://www.twilio.com/docs/iam/api/authtoken
    """
    tokens = (account.get(f"{which}auth_token") for which in ("", "second_"))
    return bool(signature) and any(
        RequestValidator(token).validate(url, form, signature)
        for token in tokens
        if token
    )


def parse_inbound(code, form):
    """Read a text that came in.

    https://www.twilio.com/docs/messaging/guides/webhook-request

    :param str code: the adapter's
    """
    return InboundEvent(
        provider=code,
        carrier_id=_event_id(form),
        number=form.get("From", ""),
        to_number=form.get("To", ""),
        body=form.get("Body", ""),
        opt_out_type=form.get("OptOutType", ""),
        service=form.get("MessagingServiceSid", ""),
        media=read_media(form),
        raw=dict(form),
    )


def parse_report(form):
    """Read a delivery report.

    https://www.twilio.com/docs/messaging/guides/track-outbound-message-status
    """
    return read_report(
        form.get("MessageSid") or form.get("SmsSid", ""),
        form.get("MessageStatus", ""),
        form.get("ErrorCode", ""),
        raw=dict(form),
    )


def _event_id(form):
    """Return the id by which a repeat of the event is recognised.

    Twilio always sends MessageSid (and its older names). A signed request without
    any of them still gets an id of its own contents, so that it cannot be replayed.
    """
    for name in ("MessageSid", "SmsMessageSid", "SmsSid"):
        if form.get(name):
            return form[name]
    return fingerprint(form)
