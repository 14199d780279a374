# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Twilio, through its own SDK.

Message resource: https://www.twilio.com/docs/messaging/api/message-resource
Error codes: https://www.twilio.com/docs/api/errors
"""

import hashlib
import json

import phonenumbers
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import (
    ConnectTimeout,
    InvalidHeader,
    InvalidSchema,
    InvalidURL,
    MissingSchema,
    RequestException,
)
from twilio.base.exceptions import TwilioException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from urllib3.exceptions import MaxRetryError, NewConnectionError

from .base import (
    ACCEPTED,
    AGAIN,
    CANCELED,
    DELIVERED,
    QUEUED,
    READ,
    REFUSED,
    SENT,
    UNDELIVERED,
    UNKNOWN,
    DeliveryReport,
    InboundEvent,
    Outcome,
    Provider,
)

#: Seconds that a carrier may take to answer; longer is an unknown outcome.
TIMEOUT = 10

#: Message status of Twilio: our word. What is not named here is ``unknown``.
#: https://www.twilio.com/docs/messaging/api/message-resource#message-status-values
REPORTS = {
    "accepted": QUEUED,
    "scheduled": QUEUED,
    "queued": QUEUED,
    "sending": QUEUED,
    "sent": SENT,
    "partially_delivered": SENT,
    "delivered": DELIVERED,
    "read": READ,
    "undelivered": UNDELIVERED,
    "failed": UNDELIVERED,
    "canceled": CANCELED,
}

#: The recipient has opted out at Twilio.
OPTED_OUT_CODE = "21610"

#: The carrier knows no such handset: the number may have been given up. One report may
#: be a fault on the way, so it takes two in a row (``sms.sms._record_gone``).
#: https://www.twilio.com/docs/api/errors/30005
GONE_CODES = {"30005"}

#: Error code: failure type of Odoo's chatter.
FAILURE_TYPES = {
    OPTED_OUT_CODE: "sms_optout",
    "20003": "twilio_authentication",
    "21211": "sms_number_format",
    "21265": "sms_number_format",
    "21408": "sms_country_not_supported",
    "21604": "sms_number_missing",
    "21603": "twilio_from_missing",
    "21606": "twilio_from_missing",
    "21608": "sms_acc",
    "21609": "twilio_callback",
    "21266": "twilio_from_to",
    "21614": "sms_number_format",
    "21635": "sms_number_format",
    "30003": "sms_invalid_destination",
    "30004": "sms_rejected",
    "30005": "sms_invalid_destination",
    "30006": "sms_not_allowed",
    "30007": "sms_rejected",
    "30008": "sms_not_delivered",
    "30034": "sms_registration_needed",
    "30035": "sms_registration_needed",
    "30036": "sms_expired",
}

#: A connection that was not made, or was not tried: a mistyped address, a bad header.
BEFORE_CONNECTING = (
    ConnectTimeout,
    InvalidHeader,
    InvalidSchema,
    InvalidURL,
    MissingSchema,
)

#: Too fast, or the queue is full: surely not taken, whatever the HTTP status says.
AGAIN_CODES = {"20429", "21611", "30001"}


class TwilioProvider(Provider):
    """One company's account at Twilio.

    Keys of the account: ``account_sid``, ``auth_token``, ``api_key_sid``,
    ``api_key_secret``, ``messaging_service_sid``, ``senders`` (pairs of an E.164 number
    and its country code, the preferred one first), ``api_url`` (empty: Twilio's own).
    """

    code = "twilio"

    def __init__(self, account):
        super().__init__(account)
        self._client = None

    def missing(self):
        """Return what must be set before a message can leave.

        The auth token is needed even with an API key: Twilio signs with it, and
        without it no STOP could be trusted.
        """
        account = self.account
        missing = []
        if not account.get("account_sid"):
            missing.append("Account SID")
        if not account.get("auth_token"):
            missing.append("Auth Token")
        if account.get("api_key_sid") and not account.get("api_key_secret"):
            missing.append("API Key Secret")
        if account.get("api_key_secret") and not account.get("api_key_sid"):
            missing.append("API Key SID")
        if not (account.get("messaging_service_sid") or account.get("senders")):
            missing.append("Sender number or Messaging Service")
        return tuple(missing)

    def send(self, message):
        """Post one message; every failure is sorted by what the carrier may have done.

        Twilio knows no idempotency key for this call, so an attempt whose outcome
        nobody can tell is ``unknown`` and must never be posted again blindly.
        """
        try:
            created = self._get_client().messages.create(**self._fields(message))
        except TwilioException as error:
            return self._outcome_of_error(error)
        except UnicodeEncodeError:
            # A header cannot hold it, so nothing left: a bad paste of the credentials.
            return Outcome(
                REFUSED,
                failure_type="twilio_authentication",
                detail="The credentials hold a character that none can have.",
            )
        except (RequestException, json.JSONDecodeError) as error:
            kind = AGAIN if _never_connected(error) else UNKNOWN
            failure = "sms_server"
            return Outcome(kind, failure_type=failure, detail=type(error).__name__)
        report = REPORTS.get(created.status, UNKNOWN)
        return Outcome(ACCEPTED, carrier_id=created.sid or "", report=report)

    def verify(self, url, form, signature):
        """Check ``X-Twilio-Signature``; closed when the token or the header lacks.

        https://www.twilio.com/docs/usage/security#validating-requests
        """
        token = self.account.get("auth_token")
        if not (token and signature):
            return False
        return RequestValidator(token).validate(url, form, signature)

    @staticmethod
    def parse_inbound(form):
        """Read a text that came in.

        https://www.twilio.com/docs/messaging/guides/webhook-request
        """
        return InboundEvent(
            provider=TwilioProvider.code,
            carrier_id=_event_id(form),
            number=form.get("From", ""),
            to_number=form.get("To", ""),
            body=form.get("Body", ""),
            opt_out_type=form.get("OptOutType", ""),
            raw=dict(form),
        )

    @staticmethod
    def parse_report(form):
        """Read a delivery report.

        https://www.twilio.com/docs/messaging/guides/track-outbound-message-status
        """
        code = form.get("ErrorCode", "")
        return DeliveryReport(
            carrier_id=form.get("MessageSid") or form.get("SmsSid", ""),
            report=REPORTS.get(form.get("MessageStatus", ""), UNKNOWN),
            code=code,
            failure_type=FAILURE_TYPES.get(code, "sms_not_delivered"),
            is_opt_out=code == OPTED_OUT_CODE,
            is_gone=code in GONE_CODES,
        )

    def _get_client(self):
        """Return the SDK's client, with a timeout and without retries of its own."""
        if self._client is None:
            account = self.account
            self._client = Client(
                account.get("api_key_sid") or account["account_sid"],
                account.get("api_key_secret") or account["auth_token"],
                account_sid=account["account_sid"],
                http_client=TwilioHttpClient(timeout=TIMEOUT, max_retries=0),
            )
            if account.get("api_url"):
                self._client.api.base_url = account["api_url"]
        return self._client

    def _fields(self, message):
        """Return the arguments of Twilio's call for ``message``."""
        account = self.account
        values = {"to": message.number, "body": message.body}
        if message.callback:
            values["status_callback"] = message.callback
        if account.get("messaging_service_sid"):
            values["messaging_service_sid"] = account["messaging_service_sid"]
        else:
            values["from_"] = self._sender_for(message.number)
        return values

    def _sender_for(self, number):
        """Return our number that is nearest to ``number`` (E.164).

        That of its country, else one under the same country calling code, else the
        first. A number that no country has is the carrier's to refuse.
        """
        senders = self.account["senders"]
        try:
            parsed = phonenumbers.parse(number)
        except phonenumbers.NumberParseException:
            return senders[0][0]
        country = phonenumbers.region_code_for_number(parsed)
        neighbours = phonenumbers.region_codes_for_country_code(parsed.country_code)
        for codes in ((country,), neighbours):
            for own, code in senders:
                if code in codes:
                    return own
        return senders[0][0]

    @staticmethod
    def _outcome_of_error(error):
        """Sort an error answer: surely refused, surely not taken, or unknown."""
        status = getattr(error, "status", None) or 0
        code = str(getattr(error, "code", None) or "")
        # The SDK's text repeats the address with the account in it: keep the words.
        words = str(getattr(error, "msg", "") or getattr(error, "title", ""))
        if status == 429 or code in AGAIN_CODES:
            kind = AGAIN
        elif 400 <= status < 500:
            kind = REFUSED
        else:
            kind = UNKNOWN
        return Outcome(
            kind,
            code=code,
            failure_type=FAILURE_TYPES.get(
                code, "twilio_authentication" if status in (401, 403) else "sms_server"
            ),
            detail=words[:500],
            is_opt_out=code == OPTED_OUT_CODE,
        )


def _never_connected(error):
    """Tell if ``error`` came before a byte of the request could have left."""
    if isinstance(error, BEFORE_CONNECTING):
        return True
    if not isinstance(error, RequestsConnectionError) or not error.args:
        return False
    cause = error.args[0]
    return isinstance(cause, MaxRetryError) and isinstance(
        cause.reason, NewConnectionError
    )


def _event_id(form):
    """Return the id by which a repeat of the event is recognised.

    Twilio always sends MessageSid (and its older names). A signed request without
    any of them still gets an id of its own contents, so that it cannot be replayed.
    """
    for name in ("MessageSid", "SmsMessageSid", "SmsSid"):
        if form.get(name):
            return form[name]
    canonical = json.dumps(sorted(form.items()), ensure_ascii=False)
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()
