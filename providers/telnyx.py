# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Telnyx's adapter, for version 2 of its API.

It uses ``requests`` and ``cryptography``, which Odoo requires anyway. Telnyx's own
library has 3,300 generated files, another HTTP stack and a release every other day; we
make three requests, and verifying its signatures would take one more library.
"""

import base64
import re
import time
from functools import partial

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from requests.exceptions import RequestException

from . import shared, telnyx_account, telnyx_opt_outs, telnyx_words
from .account import ALPHANUMERIC
from .base import LookupFailed, Provider
from .inbound import InboundEvent
from .media import NO_ACCOUNT, MediaFailed
from .outbound import ACCEPTED, UNKNOWN, Outcome
from .telnyx_api import TelnyxApi, is_success, read_error
from .telnyx_words import as_dict, as_text, first_of, flatten, read_payload

#: Seconds that the time of a signature may differ from ours; older ones are replays.
SIGNED_WITHIN = 300
#: The form of that time: seconds since 1970.
SECONDS = re.compile("[0-9]{1,20}")
#: The event type of an incoming text.
RECEIVED = "message.received"
#: Seconds that a lookup's window exceeds the time since the post, and seconds until a
#: detail record is certainly written: before that, finding none means nothing.
WINDOW, RECORDED_WITHIN = 600, 1800
#: Records that a lookup reads.
LOOKUP_LIMIT = 50


class TelnyxProvider(Provider):
    """One company's account at Telnyx.

    It lists no reports: messages can only be read one by one, and detail records may be
    written half an hour later and come 50 a page, so callbacks cost less.
    https://developers.telnyx.com/openapi/spec/tag/Detail-Records-API/

    Keys of the account: ``api_key``, ``public_key`` (base64, for webhook signatures),
    ``messaging_profile_id`` (empty, or a profile whose number pool sends), ``senders``
    (pairs of an E.164 number and its country code, the preferred one first),
    ``api_url`` (empty: Telnyx's own), ``media_urls`` (private addresses that media may
    be fetched from).
    """

    code = "telnyx"
    name = "Telnyx"
    lists_opt_outs = True

    def __init__(self, account):
        super().__init__(account)
        self.api = TelnyxApi(account.get("api_key"), account.get("api_url"))

    def missing(self):
        """Return what must be set before a message can leave.

        The public key is needed too: without it no STOP could be trusted.
        """
        account = self.account
        wanted = {
            "API Key": account.get("api_key"),
            "Public Key": account.get("public_key"),
            "Sender number or Messaging Profile": self.senders(),
        }
        return tuple(name for name, given in wanted.items() if not given)

    def senders(self):
        """Return the profile whose pool sends, if there is one, then the numbers."""
        profile_id = self.account.get("messaging_profile_id")
        return shared.list_senders(self.account, profile_id)

    def send(self, message):
        """Post one message, and classify a failure by what Telnyx may have done.

        An idempotency key keeps Telnyx from accepting the same message twice.
        https://developers.telnyx.com/api-reference/messages/send-a-message
        https://developers.telnyx.com/docs/development/api-fundamentals/idempotency
        """
        headers = {}
        # The URLs of media change with every attempt; a key requires the same body.
        if message.key and not message.media:
            headers["Idempotency-Key"] = message.key
        values = _fields_of(self.account, message)
        try:
            response = self.api.request("POST", "/v2/messages", headers, json=values)
            if not is_success(response):
                return _outcome_of_error(response)
            data = as_dict(as_dict(response.json()).get("data"))
        except UnicodeEncodeError:
            return shared.outcome_of_bad_paste("sms_acc")
        except (RequestException, ValueError) as error:
            return shared.outcome_of_failure(error)
        status = as_text(first_of(data.get("to")).get("status"))
        report = telnyx_words.REPORTS.get(status, UNKNOWN)
        return Outcome(ACCEPTED, as_text(data.get("id")), report)

    def find(self, message, since, until):
        """Search the detail records for the one with the message's own callback URL.

        No other message has this URL. That there is no record only counts once it would
        certainly have been written.
        https://developers.telnyx.com/api-reference/detail-records/search-detail-records
        """
        records = self.api.list_rows(
            "/v2/detail_records",
            {
                "filter[record_type]": "messaging",
                "filter[direction]": "outbound",
                "filter[cld]": message.number,
                "filter[created_at][gte]": f"{since.isoformat()}Z",
                "filter[created_at][lt]": f"{until.isoformat()}Z",
                "page[size]": LOOKUP_LIMIT,
            },
        )
        found = [
            telnyx_words.read_record(record)
            for record in records
            if as_text(record.get("delivery_status_webhook_url")).endswith(message.uuid)
        ]
        if not found and (until - since).total_seconds() < WINDOW + RECORDED_WITHIN:
            raise LookupFailed("The records may not be written yet")
        shared.refuse_cut_off(found, len(records) >= LOOKUP_LIMIT)
        return found

    def fetch(self, carrier_id):
        """Read one message at Telnyx."""
        shown = self.api.ask(f"/v2/messages/{carrier_id}")
        return telnyx_words.read_message(as_dict(shown))

    list_opt_outs = telnyx_opt_outs.list_opt_outs

    def can_check(self):
        """Tell whether both keys are set."""
        return bool(self.account.get("api_key") and self.account.get("public_key"))

    check = telnyx_account.check
    set_inbound_url = telnyx_account.set_inbound_url
    list_numbers = telnyx_account.list_numbers

    def verify(self, url, form, signature):
        """Check the Ed25519 signature; refuse without a key or a header.

        :param url: not part of the signature
        :param bytes form: the body as received
        :param signature: pair of the signature (base64) and its time (seconds)
        """
        signed, at = signature or (None, None)
        key = self.account.get("public_key")
        if not (key and signed and at and SECONDS.fullmatch(at)):
            return False
        if abs(time.time() - int(at)) > SIGNED_WITHIN:
            return False
        decode = partial(base64.b64decode, validate=True)
        try:
            public_key = Ed25519PublicKey.from_public_bytes(decode(key))
            public_key.verify(decode(signed), at.encode() + b"|" + form)
        except (InvalidSignature, ValueError):
            return False
        return True

    def fetch_media(self, url):
        """Fetch a picture or a file; its URL is public for a while."""
        if not self.account.get("api_key"):
            raise MediaFailed(NO_ACCOUNT)
        return shared.fetch_media(self.account, url)

    @staticmethod
    def is_inbound(event):
        """Tell whether an event is an incoming text: a profile posts others too.

        :param dict event: the body, as JSON; likewise below
        """
        return as_dict(as_dict(event).get("data")).get("event_type") == RECEIVED

    @staticmethod
    def parse_inbound(form):
        """Parse an incoming text.

        https://developers.telnyx.com/api-reference/callbacks/inbound-message
        """
        payload = read_payload(form)
        answered = as_text(payload.get("autoresponse_type")).lower()
        return InboundEvent(
            provider=TelnyxProvider.code,
            carrier_id=as_text(payload.get("id")) or shared.fingerprint(flatten(form)),
            number=as_text(as_dict(payload.get("from")).get("phone_number")),
            to_number=as_text(first_of(payload.get("to")).get("phone_number")),
            body=as_text(payload.get("text")),
            opt_out_type=telnyx_words.ANSWERED.get(answered, ""),
            service=as_text(payload.get("messaging_profile_id")),
            media=telnyx_words.read_media(payload),
            raw=flatten(form),
        )

    @staticmethod
    def parse_report(form):
        """Parse a delivery report.

        https://developers.telnyx.com/api-reference/callbacks/delivery-update
        """
        return telnyx_words.read_message(read_payload(form), flatten(form))


def _fields_of(account, message):
    profile = account.get("messaging_profile_id")
    values = {"to": message.number, "text": message.body}
    if message.sender != profile:
        values["from"] = message.sender
    # Telnyx knows the profile of a number. A name is in none, and needs one:
    # https://developers.telnyx.com/api-reference/messages/send-a-message-using-an-alphanumeric-sender-id
    is_name = shared.kind_of(message.sender) == ALPHANUMERIC
    if profile and (is_name or message.sender == profile):
        values["messaging_profile_id"] = profile
    if message.media:
        values["media_urls"] = list(message.media)
    if message.callback:
        values.update(webhook_url=message.callback, use_profile_webhooks=False)
    return values


def _outcome_of_error(response):
    """Classify an error response: refused, not accepted yet, or unknown."""
    error = read_error(response)
    code = as_text(error.get("code"))
    words = as_text(error.get("detail")) or as_text(error.get("title"))
    status = response.status_code
    known = telnyx_words.CODES.get(code) or telnyx_words.STATUSES.get(status)
    # 409: the first post is still being processed. A known key was accepted before.
    is_known_key = status == 409 or "idempotency" in words.lower()
    is_sure = 400 <= status < 500 and status != 408 and not is_known_key
    return shared.outcome_of_refusal(known, code, words, is_sure)
