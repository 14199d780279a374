# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Twilio, through its own SDK.

Message resource: https://www.twilio.com/docs/messaging/api/message-resource
Error codes: https://www.twilio.com/docs/api/errors
"""

import json
import logging
import threading
import time
from datetime import UTC, datetime, timedelta

from requests.exceptions import RequestException
from twilio.base.exceptions import TwilioException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from . import twilio_account, twilio_redaction
from .base import (
    ACCEPTED,
    AGAIN,
    AUTHENTICATION,
    NO_ANSWER,
    NO_CONNECTION,
    REFUSED,
    SERVICE,
    TOO_FAST,
    UNKNOWN,
    InboundEvent,
    LookupFailed,
    Outcome,
    Provider,
    Sender,
    read_price,
)
from .media import NO_ACCOUNT, MediaFailed, fetch
from .shared import IDLE, TIMEOUT, fingerprint, kind_of, never_connected, widen
from .twilio_words import (
    CODES,
    REPORTS,
    fault_of_status,
    read_found,
    read_media,
    read_report,
)

# It would write every request to the log, with the account in its address.
logging.getLogger("twilio.http_client").setLevel(logging.WARNING)

API_URL = "https://api.twilio.com"

#: Messages that a lookup reads, newest first: more than one person gets in minutes.
LOOKUP_LIMIT = 50
#: Messages in a page of a list: the most that Twilio gives.
PAGE_SIZE = 1000


class TwilioProvider(Provider):
    """One company's account at Twilio.

    Keys of the account: ``account_sid``, ``auth_token``, ``api_key_sid``,
    ``api_key_secret``, ``messaging_service_sid``, ``senders`` (pairs of an E.164 number
    and its country code, the preferred one first), ``api_url`` (empty: Twilio's own),
    ``media_urls`` (addresses besides it that media may be fetched from though they are
    private).
    """

    code = "twilio"
    name = "Twilio"
    lists_prices = True
    can_redact = True

    def __init__(self, account):
        super().__init__(account)
        self._client = None
        self._used_at = 0.0
        # Threads ask for the client at the same time.
        self._lock = threading.Lock()

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
                fault=AUTHENTICATION,
                failure_type="twilio_authentication",
                detail="The credentials hold a character that none can have.",
            )
        except (RequestException, json.JSONDecodeError) as error:
            kind, fault = UNKNOWN, NO_ANSWER
            if never_connected(error):
                kind, fault = AGAIN, NO_CONNECTION
            detail = type(error).__name__
            return Outcome(kind, fault=fault, failure_type="sms_server", detail=detail)
        report = REPORTS.get(created.status, UNKNOWN)
        return Outcome(ACCEPTED, carrier_id=created.sid or "", report=report)

    def find(self, message, since, until):
        """List what Twilio has to this number, and pick what may be the message.

        By the number alone: Twilio's date filter is about the date of sending, which
        a message that still waits there does not have.
        https://www.twilio.com/docs/messaging/api/message-resource#read-multiple-message-resources
        """
        listed = self._ask(
            lambda client: client.messages.list(to=message.number, limit=LOOKUP_LIMIT)
        )
        found = [read_found(instance) for instance in listed]
        return [
            one
            for one in found
            if one.body.strip() == message.body.strip()
            and (one.created_at is None or since <= one.created_at <= until)
        ]

    def fetch(self, carrier_id):
        """Read one message at Twilio."""
        fetched = self._ask(lambda client: client.messages(carrier_id).fetch())
        return read_found(fetched).report

    def list_prices(self, day, sender=""):
        """List the day's messages, a thousand a page; Twilio prices them hours later.

        https://www.twilio.com/docs/messaging/api/message-resource#read-multiple-message-resources
        """
        begin = datetime.combine(day, datetime.min.time(), UTC)
        values = {
            "date_sent_after": begin,
            "date_sent_before": begin + timedelta(days=1),
            "page_size": PAGE_SIZE,
        }
        if sender:
            values["from_"] = sender
        page = self._ask(lambda client: client.messages.page(**values))
        while page is not None:
            prices = {
                instance.sid: read_price(instance.price, instance.price_unit)
                for instance in page
            }
            yield {sid: price for sid, price in prices.items() if price}
            page = self._ask(lambda _client, page=page: page.next_page())

    def redact(self, carrier_id, is_whole=False):
        """Remove words and media of a message, or the message."""
        twilio_redaction.redact(self, carrier_id, is_whole)

    def _ask(self, question, client=None):
        """Return Twilio's answer to a question that may be asked again.

        :param question: function of the SDK's client
        :param client: the SDK's client, default that which also sends
        :raises LookupFailed: for any failure, since it can be asked again
        """
        try:
            return question(client or self._get_client())
        except (
            TwilioException,
            RequestException,
            json.JSONDecodeError,
            UnicodeEncodeError,
        ) as error:
            raise LookupFailed(type(error).__name__) from error

    def can_check(self):
        """Tell if account and token are there."""
        return bool(self.account.get("account_sid") and self.account.get("auth_token"))

    def check(self, inbound_url):
        """Look at Twilio if credentials, senders and their webhooks are right."""
        return twilio_account.check(self, inbound_url)

    def set_inbound_url(self, inbound_url):
        """Enter the address at the Messaging Service, else at each number."""
        twilio_account.set_inbound_url(self, inbound_url)

    def list_numbers(self):
        """Return the account's numbers that can send texts."""
        return twilio_account.list_numbers(self)

    def verify(self, url, form, signature):
        """Check ``X-Twilio-Signature``; closed when the token or the header lacks.

        While the token is being changed either of the two may have signed.
        https://www.twilio.com/docs/usage/security#validating-requests
        https://www.twilio.com/docs/iam/api/authtoken
        """
        tokens = (self.account.get(f"{which}auth_token") for which in ("", "second_"))
        return bool(signature) and any(
            RequestValidator(token).validate(url, form, signature)
            for token in tokens
            if token
        )

    def fetch_media(self, url):
        """Fetch a picture or a file, with the credentials that also send.

        https://www.twilio.com/docs/messaging/api/media-resource#fetch-media
        """
        account = self.account
        user, secret = self._get_credentials()
        if not (user and secret):
            raise MediaFailed(NO_ACCOUNT)
        own_url = account.get("api_url") or API_URL
        trusted = [it for it in (account.get("api_url"),) if it]
        trusted += account.get("media_urls") or ()
        return fetch(url, own_url, (user, secret), trusted)

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
            service=form.get("MessagingServiceSid", ""),
            media=read_media(form),
            raw=dict(form),
        )

    @staticmethod
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

    def _get_client(self):
        """Return the SDK's client, which keeps its connections while it is in use."""
        with self._lock:
            now = time.monotonic()
            if self._client is None or now - self._used_at > IDLE:
                self._client = self._make_client()
            self._used_at = now
            return self._client

    def _make_client(self, credentials=None):
        """Make the SDK's client, with a timeout and without retries of its own.

        :param credentials: user and secret, default those that also send
        """
        account = self.account
        client = Client(
            *(credentials or self._get_credentials()),
            account_sid=account["account_sid"],
            http_client=self._make_http_client(),
        )
        if account.get("api_url"):
            client.api.base_url = account["api_url"]
            client.messaging.base_url = account["api_url"]
        return client

    def _get_credentials(self):
        """Return the API key and its secret if there is one, else the account's own."""
        account = self.account
        return (
            account.get("api_key_sid") or account["account_sid"],
            account.get("api_key_secret") or account["auth_token"],
        )

    def _make_http_client(self):
        """Return the SDK's HTTP client, with a connection for each post in flight."""
        http_client = TwilioHttpClient(timeout=TIMEOUT, max_retries=0)
        widen(http_client.session)
        return http_client

    def _fields(self, message):
        """Return the arguments of Twilio's call for ``message``."""
        values = {"to": message.number, "body": message.body}
        if message.media:
            values["media_url"] = list(message.media)
        if message.callback:
            values["status_callback"] = message.callback
        service = self.account.get("messaging_service_sid")
        # A number of the service sends as one: with its opt-outs and its settings.
        if service:
            values["messaging_service_sid"] = service
        if message.sender and message.sender != service:
            values["from_"] = message.sender
        return values

    def senders(self):
        """Return the Messaging Service if there is one, then the numbers.

        With a service its numbers send for the teams that have them.
        """
        service = self.account.get("messaging_service_sid")
        pool = (Sender(service, SERVICE),) if service else ()
        return pool + tuple(
            Sender(number, kind_of(number), country or "")
            for number, country in self.account["senders"]
        )

    @staticmethod
    def _outcome_of_error(error):
        """Sort an error answer: surely refused, surely not taken, or unknown."""
        status = getattr(error, "status", None) or 0
        code = str(getattr(error, "code", None) or "")
        # The SDK's text repeats the address with the account in it: keep the words.
        words = str(getattr(error, "msg", "") or getattr(error, "title", ""))
        fault, failure_type = CODES.get(code) or fault_of_status(status)
        if fault == TOO_FAST:
            kind = AGAIN
        elif 400 <= status < 500:
            kind = REFUSED
        else:
            kind, fault = UNKNOWN, NO_ANSWER
        return Outcome(
            kind,
            code=code,
            fault=fault,
            failure_type=failure_type,
            detail=words[:500],
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
