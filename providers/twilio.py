# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Twilio's adapter, through its own SDK.

Messages: https://www.twilio.com/docs/messaging/api/message-resource
"""

import json
import re
from datetime import datetime, timedelta

from requests.exceptions import RequestException
from twilio.base.exceptions import TwilioException
from twilio.request_validator import RequestValidator

from . import shared, twilio_account, twilio_opt_outs, twilio_voice
from .base import LookupFailed, Provider, RedactionRefused
from .inbound import InboundEvent
from .media import NO_ACCOUNT, MediaFailed
from .outbound import ACCEPTED, UNKNOWN, Outcome, ReportPage, read_price
from .twilio_api import API_URL, TwilioApi
from .twilio_words import (
    CODES,
    REPORTS,
    STATUSES,
    read_found,
    read_listed,
    read_media,
    read_report,
)

#: Messages that a lookup reads, newest first: a page of Twilio's.
LOOKUP_LIMIT = 1000
#: Twilio writes this before each text of an account on trial.
TRIAL = shared.fold("Sent from your Twilio trial account - ")
#: The time by which the lists of Twilio's resources are filtered.
MOMENTS = {"messages": "date_sent", "calls": "start_time"}
#: Messages in a page of a list: the most that Twilio gives.
PAGE_SIZE = 1000
#: The form of a message's SID. What has another was never one of its messages.
MESSAGE_SID = re.compile(r"(SM|MM)[0-9a-fA-F]{32}\Z")
#: Nothing is left to remove.
GONE = 404
#: Refusals that may end: of credentials, of a message on its way, of too many requests.
PASSING = (401, 403, 408, 409, 429)


class TwilioProvider(Provider):
    """One company's account at Twilio.

    Keys of the account: ``account_sid``, ``auth_token``, ``second_auth_token`` (signs
    as well while the token is changed), ``api_key_sid``, ``api_key_secret``,
    ``messaging_service_sid``, ``senders`` (pairs of an E.164 number and its country
    code, the preferred one first), ``api_url`` (empty: Twilio's own), ``media_urls``
    (private addresses that media may be fetched from).
    """

    code = "twilio"
    name = "Twilio"
    lists_prices = True
    lists_reports = True
    can_redact = True
    takes_opt_outs = True
    lists_deactivated = True
    can_call = True

    def __init__(self, account):
        super().__init__(account)
        self.api = TwilioApi(account)

    def missing(self):
        """Return what must be set before a message can leave.

        The auth token is needed even with an API key: Twilio signs with it, and
        without it no STOP could be trusted.
        """
        account = self.account
        key, secret = account.get("api_key_sid"), account.get("api_key_secret")
        wanted = {
            "Account SID": account.get("account_sid"),
            "Auth Token": account.get("auth_token"),
            "API Key Secret": secret or not key,
            "API Key SID": key or not secret,
            "Sender number or Messaging Service": self.senders(),
        }
        return tuple(name for name, given in wanted.items() if not given)

    def senders(self):
        """Return the Messaging Service if there is one, then the numbers.

        With a service its numbers send for the teams that have them.
        """
        account = self.account
        numbers = account.get("senders") or ()
        return shared.list_senders(account.get("messaging_service_sid"), numbers)

    def send(self, message):
        """Post one message; every failure is sorted by what Twilio may have done.

        Twilio knows no idempotency key for this call, so an attempt whose outcome
        nobody can tell is ``unknown`` and must never be posted again blindly.
        """
        return self._post(
            lambda client: client.messages.create(**fields_of(self.account, message)),
            REPORTS,
            lambda code, status: CODES.get(code) or STATUSES.get(status),
        )

    def _post(self, create, reports, find_known):
        """Post a message or a call, and return what became of it.

        :param create: function of the SDK's client
        :param dict reports: Twilio's statuses in our words
        :param find_known: function of an error's code and HTTP status: its fault and
            Odoo's failure type, or None
        """
        try:
            created = create(self.api.get_client())
        except TwilioException as error:
            return _outcome_of_error(error, find_known)
        except UnicodeEncodeError:
            return shared.outcome_of_bad_paste("twilio_authentication")
        except (RequestException, json.JSONDecodeError) as error:
            return shared.outcome_of_failure(error)
        report = reports.get(created.status, UNKNOWN)
        return Outcome(ACCEPTED, carrier_id=created.sid or "", report=report)

    def find(self, message, since, until):
        """List what Twilio has to this number, and pick what may be the message.

        By the number alone: Twilio's date filter is about the date of sending, which
        a message that still waits there does not have. Its words may not be ours any
        more: a Messaging Service rewrites typographic characters, an account on trial
        says so first, and one that keeps no words shows none.
        """
        listed = self.api.ask(
            lambda client: client.messages.list(to=message.number, limit=LOOKUP_LIMIT)
        )
        in_time = shared.pick_in_time(map(read_found, listed), since, until)
        words = shared.fold(message.body)
        same = [
            it for it in in_time if shared.fold(it.body).removeprefix(TRIAL) == words
        ]
        found = same + [it for it in in_time if not it.body]
        shared.refuse_cut_off(found, len(in_time) >= LOOKUP_LIMIT)
        return found

    def fetch(self, carrier_id):
        """Read one message at Twilio."""
        fetched = self.api.ask(lambda client: client.messages(carrier_id).fetch())
        return read_found(fetched).report

    def list_prices(self, day, sender=""):
        """List the day's messages, a thousand a page; they are priced hours later."""
        return self._list_prices("messages", day, sender)

    def list_call_prices(self, day, sender=""):
        """List the day's calls, likewise; they begin a moment after they are placed."""
        return self._list_prices("calls", day, sender, timedelta(hours=1))

    def _list_prices(self, resource, day, sender, later=timedelta()):
        begin = datetime.combine(day, datetime.min.time())
        end = begin + timedelta(days=1) + later
        others = {"from_": sender} if sender else {}
        for page in self._list_pages(begin, end, resource=resource, **others):
            prices = {
                instance.sid: read_price(instance.price, instance.price_unit)
                for instance in page
                if instance.sid
            }
            yield {sid: price for sid, price in prices.items() if price}

    def list_reports(self, since, until, resume=""):
        """List what was sent, a thousand a page.

        Twilio's documentation promises no order, and filters by day alone (GMT); so the
        list may begin at the midnight before. What still waits at Twilio has no date of
        sending, and is listed once it was sent.
        https://www.twilio.com/docs/messaging/api/message-resource#read-multiple-message-resources
        """
        for page in self._list_pages(since, until, resume):
            reports = tuple(map(read_listed, page))
            yield ReportPage(reports, page.next_page_url or "")

    def _list_pages(self, since, until, resume="", resource="messages", **others):
        """Yield the SDK's pages of the messages, or calls, of some time.

        :param str resume: address of the first page to be read, if it is not the first
        """
        moment = MOMENTS[resource]
        values = {
            f"{moment}_after": since,
            f"{moment}_before": until,
            "page_size": PAGE_SIZE,
            **others,
        }
        page = self.api.ask(
            lambda client: (
                getattr(client, resource).get_page(resume)
                if resume
                else getattr(client, resource).page(**values)
            )
        )
        while page is not None:
            yield page
            page = self.api.ask(lambda _client, page=page: page.next_page())

    def tell_opt_outs(self, opt_outs):
        """Tell Twilio who has left, by its Consent Management API."""
        return twilio_opt_outs.tell(self, opt_outs)

    def list_deactivated(self, day):
        """Read the report of a day: numbers of the US alone."""
        return twilio_opt_outs.list_deactivated(self, day)

    def redact(self, carrier_id, is_whole=False):
        """Remove a message's words and media, or all of it.

        Twilio's own backups may hold a text for up to 30 days more.
        https://www.twilio.com/docs/messaging/api/media-resource#delete-media
        """
        is_call = bool(twilio_voice.CALL_SID.match(carrier_id))
        # A call says nothing there: all that is kept of it is who was called when.
        if not MESSAGE_SID.match(carrier_id) and not (is_call and is_whole):
            return
        try:
            if is_call:
                self.api.ask(lambda client: client.calls(carrier_id).delete())
            elif is_whole:  # its media go with it
                self.api.ask(lambda client: client.messages(carrier_id).delete())
            else:
                self._remove_media(carrier_id)
                self.api.ask(lambda client: client.messages(carrier_id).update(body=""))
        except LookupFailed as error:
            status = error.status
            if status == GONE:
                return
            if status and 400 <= status < 500 and status not in PASSING:
                raise RedactionRefused(str(error)) from error
            raise

    def _remove_media(self, carrier_id):
        shown = self.api.ask(lambda client: client.messages(carrier_id).media.list())
        for media in shown:
            try:
                self.api.ask(lambda _client, media=media: media.delete())
            except LookupFailed as error:
                if error.status != GONE:
                    raise

    def can_check(self):
        """Tell if account and token are there."""
        return bool(self.account.get("account_sid") and self.account.get("auth_token"))

    check = twilio_account.check
    set_inbound_url = twilio_account.set_inbound_url
    list_numbers = twilio_account.list_numbers

    def verify(self, url, form, signature):
        """Check ``X-Twilio-Signature``; closed when the token or the header lacks.

        While the token is being changed either of the two may have signed.
        https://www.twilio.com/docs/usage/security#validating-requests
        https://www.twilio.com/docs/iam/api/authtoken
        """
        tokens = (self.account.get(it) for it in ("auth_token", "second_auth_token"))
        return bool(signature) and any(
            RequestValidator(token).validate(url, form, signature)
            for token in tokens
            if token
        )

    def fetch_media(self, url):
        """Fetch a picture or a file, with the credentials that also send.

        https://www.twilio.com/docs/messaging/api/media-resource#fetch-media
        """
        credentials = self.api.get_credentials()
        if not all(credentials):
            raise MediaFailed(NO_ACCOUNT)
        return shared.fetch_media(self.account, url, API_URL, credentials)

    @staticmethod
    def parse_inbound(form):
        """Read a text that came in.

        https://www.twilio.com/docs/messaging/guides/webhook-request
        """
        names = ("MessageSid", "SmsMessageSid", "SmsSid")
        return InboundEvent(
            provider=TwilioProvider.code,
            # A signed request without any id still gets one of its own contents, so
            # that it cannot be replayed.
            carrier_id=next(filter(None, map(form.get, names)), None)
            or shared.fingerprint(form),
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
        https://www.twilio.com/docs/voice/api/call-resource#statuscallback
        """
        if form.get("CallSid"):
            return twilio_voice.read_report(
                form["CallSid"],
                form.get("CallStatus"),
                form.get("AnsweredBy"),
                form.get("SipResponseCode", ""),
                raw=dict(form),
            )
        return read_report(
            form.get("MessageSid") or form.get("SmsSid", ""),
            form.get("MessageStatus"),
            form.get("ErrorCode", ""),
            raw=dict(form),
        )

    # === Calls ===

    def place_call(self, message):
        """Post one call, sorted as a text is: Twilio knows no idempotency key here."""
        return self._post(
            lambda client: client.calls.create(**twilio_voice.fields_of(message)),
            twilio_voice.REPORTS,
            twilio_voice.find_known,
        )

    find_call = twilio_voice.find
    fetch_call = twilio_voice.fetch
    parse_answer = staticmethod(twilio_voice.read_answer)
    say = staticmethod(twilio_voice.say)

    @staticmethod
    def parse_key(form):
        """Read the key that was pressed.

        https://www.twilio.com/docs/voice/twiml/gather#action
        """
        return form.get("Digits", "")[:1]


def fields_of(account, message):
    """Return the arguments of Twilio's call for a message."""
    values = {"to": message.number, "body": message.body}
    if message.media:
        values["media_url"] = list(message.media)
    if message.callback:
        values["status_callback"] = message.callback
    service = account.get("messaging_service_sid")
    # A number of the service sends as one: with its opt-outs and its settings.
    if service:
        values["messaging_service_sid"] = service
    if message.sender and message.sender != service:
        values["from_"] = message.sender
    return values


def _outcome_of_error(error, find_known):
    """Sort an error answer: surely refused, surely not taken, or unknown."""
    status = getattr(error, "status", None)
    code = str(getattr(error, "code", None) or "")
    # The SDK's text repeats the address with the account in it: keep the words.
    told = (getattr(error, name, None) for name in ("msg", "detail", "title"))
    words = str(next(filter(None, told), ""))
    known = find_known(code, status)
    is_sure = status in range(400, 500) and status != 408
    return shared.outcome_of_refusal(known, code, words, is_sure)
