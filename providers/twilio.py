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

from . import shared, twilio_account, twilio_opt_outs, twilio_voice, twilio_words
from .base import LookupFailed, Provider, RedactionRefused
from .inbound import InboundEvent
from .media import NO_ACCOUNT, MediaFailed
from .outbound import ACCEPTED, UNKNOWN, Outcome, ReportPage, read_price
from .twilio_api import API_URL, TwilioApi

#: Messages that a lookup reads, newest first: one page at Twilio.
LOOKUP_LIMIT = 1000
#: Twilio writes this before each text of an account on trial.
TRIAL = shared.fold("Sent from your Twilio trial account - ")
#: The field by which each of Twilio's lists is filtered by time.
MOMENTS = {"messages": "date_sent", "calls": "start_time"}
#: Messages on a page of a list: Twilio's maximum.
PAGE_SIZE = 1000
#: The form of a message SID. Anything else was never a message at Twilio.
MESSAGE_SID = re.compile(r"(SM|MM)[0-9a-fA-F]{32}\Z")
#: The status when there is nothing left to remove.
GONE = 404
#: Refusals that may pass: wrong credentials, a message in flight, too many requests.
PASSING = (401, 403, 408, 409, 429)


class TwilioProvider(Provider):
    """One company's account at Twilio.

    Keys of the account: ``account_sid``, ``auth_token``, ``second_auth_token`` (also
    signs during a rotation), ``api_key_sid``, ``api_key_secret``,
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

        The auth token is needed even with an API key: Twilio signs webhooks with it,
        and without it no STOP could be trusted.
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

        A number of the service can still be the sender of a team.
        """
        service = self.account.get("messaging_service_sid")
        return shared.list_senders(self.account, service)

    def send(self, message):
        """Post one message, and classify a failure by what Twilio may have done.

        Twilio has no idempotency key for this request, so an attempt with no clear
        outcome is ``unknown`` and must never be posted again blindly.
        """
        return self._post(
            lambda client: client.messages.create(**fields_of(self.account, message)),
            twilio_words,
        )

    def _post(self, create, words):
        """Post a message or a call, and return the outcome.

        :param create: function of the SDK's client
        :param words: the module whose ``REPORTS`` and ``find_known`` map Twilio's words
        """
        try:
            created = create(self.api.get_client())
        except TwilioException as error:
            return _outcome_of_error(error, words)
        except UnicodeEncodeError:
            return shared.outcome_of_bad_paste("twilio_authentication")
        except (RequestException, json.JSONDecodeError) as error:
            return shared.outcome_of_failure(error)
        report = words.REPORTS.get(created.status, UNKNOWN)
        return Outcome(ACCEPTED, carrier_id=created.sid or "", report=report)

    def find(self, message, since, until):
        """List the messages to this number, and pick those that may be this one.

        Filter by the number alone: Twilio's date filter compares the date of sending,
        and a message still in its queue has none. The body may differ from ours: a
        Messaging Service replaces typographic characters, a trial account adds a
        prefix, and an account that stores no bodies shows none.
        """
        listed = self.api.ask(
            lambda client: client.messages.list(to=message.number, limit=LOOKUP_LIMIT)
        )
        read = map(twilio_words.read_found, listed)
        in_time = shared.pick_in_time(read, since, until)
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
        return twilio_words.read_found(fetched).report

    def list_prices(self, day, sender="", is_call=False):
        """List the day's messages, 1,000 a page; Twilio prices them hours later."""
        begin = datetime.combine(day, datetime.min.time())
        # They leave a moment after they were handed over, maybe on the next day.
        end = begin + timedelta(days=1, hours=1)
        resource = "calls" if is_call else "messages"
        others = {"from_": sender} if sender else {}
        for page in self._list_pages(begin, end, resource=resource, **others):
            yield {
                it.sid: price
                for it in page
                if it.sid and (price := read_price(it.price, it.price_unit))
            }

    def list_reports(self, since, until, resume=""):
        """List what was sent, 1,000 a page.

        Twilio promises no order, and documents its filter by day (GMT), so the list
        may start at the midnight before. A message still in Twilio's queue has no date
        of sending; it is listed once it is sent.
        https://www.twilio.com/docs/messaging/api/message-resource#read-multiple-message-resources
        """
        for page in self._list_pages(since, until, resume):
            reports = tuple(map(twilio_words.read_listed, page))
            yield ReportPage(reports, page.next_page_url or "")

    def _list_pages(self, since, until, resume="", resource="messages", **others):
        """Yield the SDK's pages of the messages or calls of a period.

        :param str resume: URL of the page to start from (messages only)
        """
        moment = MOMENTS[resource]
        values = {
            f"{moment}_after": since,
            f"{moment}_before": until,
            "page_size": PAGE_SIZE,
            **others,
        }
        if resume:
            page = self.api.ask(lambda client: client.messages.get_page(resume))
        else:
            page = self.api.ask(lambda client: getattr(client, resource).page(**values))
        while page is not None:
            yield page
            page = self.api.ask(lambda _client, page=page: page.next_page())

    tell_opt_outs = twilio_opt_outs.tell
    list_deactivated = twilio_opt_outs.list_deactivated

    def redact(self, carrier_id, is_whole=False):
        """Remove a message's body and media, or the whole message.

        Twilio's own backups may hold a text for up to 30 days more.
        https://www.twilio.com/docs/messaging/api/media-resource#delete-media
        """
        is_call = bool(twilio_voice.CALL_SID.match(carrier_id))
        # A call has no words to remove: Twilio only keeps who was called and when.
        if not MESSAGE_SID.match(carrier_id) and not (is_call and is_whole):
            return
        if is_call:
            self._remove(lambda client: client.calls(carrier_id).delete())
        elif is_whole:  # including its media
            self._remove(lambda client: client.messages(carrier_id).delete())
        else:
            shown = self._remove(lambda it: it.messages(carrier_id).media.list())
            for media in shown or ():
                self._remove(lambda _client, media=media: media.delete())
            self._remove(lambda client: client.messages(carrier_id).update(body=""))

    def _remove(self, question):
        """Ask Twilio, and return None if there is nothing left to remove."""
        try:
            return self.api.ask(question)
        except LookupFailed as error:
            status = error.status
            if status == GONE:
                return None
            if status in range(400, 500) and status not in PASSING:
                raise RedactionRefused(str(error)) from error
            raise

    def can_check(self):
        """Tell whether the account SID and the token are set."""
        return bool(self.account.get("account_sid") and self.account.get("auth_token"))

    check = twilio_account.check
    set_inbound_url = twilio_account.set_inbound_url
    list_numbers = twilio_account.list_numbers

    def verify(self, url, form, signature):
        """Check ``X-Twilio-Signature``; refuse without a token or the header.

        During a rotation either token may have signed.
        https://www.twilio.com/docs/usage/security#validating-requests
        https://www.twilio.com/docs/iam/api/authtoken
        """
        tokens = map(self.account.get, ("auth_token", "second_auth_token"))
        validators = map(RequestValidator, filter(None, tokens))
        return any(it.validate(url, form, signature or "") for it in validators)

    def fetch_media(self, url):
        """Fetch a picture or a file, with the credentials used for sending.

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
            # Derive an id from the contents of a signed request without one, so that it
            # cannot be replayed.
            carrier_id=next(filter(None, map(form.get, names)), None)
            or shared.fingerprint(form),
            number=form.get("From", ""),
            to_number=form.get("To", ""),
            body=form.get("Body", ""),
            opt_out_type=form.get("OptOutType", ""),
            service=form.get("MessagingServiceSid", ""),
            media=twilio_words.read_media(form),
            raw=dict(form),
        )

    @staticmethod
    def parse_report(form):
        """Read a delivery report.

        https://www.twilio.com/docs/messaging/guides/track-outbound-message-status
        https://www.twilio.com/docs/voice/api/call-resource#statuscallback
        """
        get, raw = form.get, dict(form)
        if sid := get("CallSid"):
            status, answered_by = get("CallStatus"), get("AnsweredBy")
            code = get("SipResponseCode", "")
            return twilio_voice.read_report(sid, status, answered_by, code, raw)
        sid = get("MessageSid") or get("SmsSid", "")
        status, code = get("MessageStatus"), get("ErrorCode", "")
        return twilio_words.read_report(sid, status, code, raw)

    # === Calls ===

    def place_call(self, message):
        """Post one call, and classify a failure as :meth:`send` does."""
        return self._post(
            lambda client: client.calls.create(**twilio_voice.fields_of(message)),
            twilio_voice,
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
    """Return the arguments of Twilio's request for a message."""
    values = {"to": message.number, "body": message.body}
    if message.media:
        values["media_url"] = list(message.media)
    if message.callback:
        values["status_callback"] = message.callback
    # With the service as well, its opt-outs and settings apply to its numbers.
    if service := account.get("messaging_service_sid"):
        values["messaging_service_sid"] = service
    if message.sender and message.sender != service:
        values["from_"] = message.sender
    return values


def _outcome_of_error(error, words):
    """Classify an error response: refused, not accepted yet, or unknown."""
    status = getattr(error, "status", None)
    code = str(getattr(error, "code", None) or "")
    # The error as text repeats the URL with the account in it: keep the message only.
    told = (getattr(error, name, None) for name in ("msg", "detail", "title"))
    detail = str(next(filter(None, told), ""))
    is_sure = status in range(400, 500) and status != 408
    known = words.find_known(code, status)
    return shared.outcome_of_refusal(known, code, detail, is_sure)
