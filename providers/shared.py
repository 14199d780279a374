# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Helpers for adapters: senders, connections, failed posts, findings, media."""

import hashlib
import json
import math
import ssl
import threading
import time
from urllib.parse import urlsplit

import phonenumbers
from requests import exceptions
from requests.adapters import HTTPAdapter
from urllib3 import exceptions as causes

from ..tools import texts
from ..tools.links import hide_keys
from ..tools.phone import parse
from . import account as kinds
from . import faults, outbound
from .account import FINE, INBOUND, SENDERS, WRONG, Finding, Sender
from .base import LookupFailed
from .media import fetch
from .outbound import AGAIN, REFUSED, UNKNOWN, Outcome
from .poster import MAX_IN_FLIGHT

#: Seconds to wait for a carrier's response; after that the outcome is unknown.
TIMEOUT = 10
#: Seconds after which the carrier may have closed an idle connection: a post on it
#: would have an unknown outcome.
IDLE = 20

#: No connection was made or even tried: a mistyped URL, a bad header.
BEFORE_CONNECTING = (
    exceptions.ConnectTimeout,
    exceptions.InvalidHeader,
    exceptions.InvalidSchema,
    exceptions.InvalidURL,
    exceptions.MissingSchema,
)
NOT_CONNECTED = (causes.NewConnectionError, causes.ConnectTimeoutError)
#: How ``http.client`` begins its error if a proxy does not connect to the carrier.
TUNNEL_REFUSED = "Tunnel connection failed"


def never_connected(error):
    """Tell whether ``error`` occurred before a byte of the request was sent."""
    if isinstance(error, BEFORE_CONNECTING):
        return True
    # ``requests`` wraps urllib3's error, which has the reason.
    reason = getattr(next(iter(error.args), None), "reason", None)
    if isinstance(reason, causes.ProxyError):
        # urllib3 also raises it for a response that was lost behind the proxy.
        reason = reason.original_error
        if str(reason).startswith(TUNNEL_REFUSED):
            return True
    if isinstance(reason, causes.SSLError) and reason.args:
        # The certificate is verified before the request is sent.
        return isinstance(reason.args[0], ssl.SSLCertVerificationError)
    return isinstance(reason, NOT_CONNECTED)


def outcome_of_bad_paste(failure_type):
    """Return the outcome if the credentials do not fit into a header.

    :param str failure_type: Odoo's failure type for refused credentials
    """
    return Outcome(
        REFUSED,
        fault=faults.AUTHENTICATION,
        failure_type=failure_type,
        detail="The credentials contain an invalid character.",
    )


def outcome_of_failure(error):
    """Return the outcome of a post without a readable response."""
    kind, fault = UNKNOWN, faults.NO_ANSWER
    if never_connected(error):
        kind, fault = AGAIN, faults.NO_CONNECTION
    detail = type(error).__name__
    return Outcome(kind, fault=fault, failure_type="sms_server", detail=detail)


def outcome_of_refusal(known, code, words, is_sure):
    """Return the outcome of a post with an error response.

    :param known: pair of the fault and Odoo's failure type, None for an unknown error
    :param str words: the carrier's words; hold no secret
    :param bool is_sure: the carrier certainly did not accept the message
    """
    fault, failure_type = known or (faults.REFUSED_OTHERWISE, "sms_server")
    if fault == faults.TOO_FAST:
        kind = AGAIN
    elif is_sure:
        kind = REFUSED
    else:
        kind, fault = UNKNOWN, faults.NO_ANSWER
    return Outcome(
        kind, code=code, fault=fault, failure_type=failure_type, detail=words[:500]
    )


def make_report(carrier_id, report, known, code="", raw=None, price=None):
    """Return a report; only one on an undelivered message has a fault.

    An error of a message in flight is not its fault yet.

    :param known: pair of the fault and Odoo's failure type, None for an unknown error
    :param dict raw: every field as received
    """
    fault, failure_type = "", ""
    if report == outbound.UNDELIVERED:
        fault, failure_type = known or (faults.UNSURE, "sms_not_delivered")
    return outbound.DeliveryReport(
        carrier_id, report, code, failure_type, fault, raw or {}, price
    )


class Fresh:
    """Connections to a carrier that are kept while in use, and made anew when idle.

    The poster's threads share them.

    :param make: function that makes them
    """

    def __init__(self, make):
        self._make, self._made = make, None
        self._lock, self._used_at = threading.Lock(), -math.inf

    def get(self):
        """Return the connections; make new ones if the last use was too long ago."""
        with self._lock:
            now = time.monotonic()
            if now - self._used_at > IDLE:
                self._made = self._make()
            self._used_at = now
            return self._made


def widen(session):
    """Give a session of ``requests`` a connection for each post in flight.

    It does not retry.
    """
    adapter = HTTPAdapter(pool_maxsize=MAX_IN_FLIGHT)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def list_senders(account, service):
    """Return an account's senders: the service if there is one, then the numbers.

    :param dict account: its ``senders`` are pairs of an E.164 number, short code or
        name and its country code
    """
    pool = (Sender(service, kinds.SERVICE),) if service else ()
    numbers = account.get("senders") or ()
    return pool + tuple(Sender(it, kind_of(it), code or "") for it, code in numbers)


def kind_of(number):
    """Return the kind of a sender, as far as its address tells."""
    if not number.startswith("+"):
        is_name = any(map(str.isalpha, number))
        return kinds.ALPHANUMERIC if is_name else kinds.SHORT_CODE
    parsed = parse(number)
    kind = parsed and phonenumbers.number_type(parsed)
    is_toll_free = kind == phonenumbers.PhoneNumberType.TOLL_FREE
    return kinds.TOLL_FREE if is_toll_free else kinds.LONG_CODE


def judge_inbound(sender, url, inbound_url):
    """Return the finding about the webhook of a sender.

    Name only the host of a foreign URL: its path may be a secret.

    :param str url: the URL set at the carrier, may be empty
    """
    if not url:
        return Finding(INBOUND, WRONG, "empty", sender)
    if url != inbound_url:
        host = urlsplit(url).hostname or ""
        return Finding(INBOUND, WRONG, "elsewhere", sender, detail=host)
    return Finding(INBOUND, FINE, "ours", sender)


def judge_numbers(entered, numbers, can_text, judge):
    """Return findings about each sending number.

    :param entered: the senders in Odoo: E.164, short codes or names
    :param dict numbers: the account's numbers as the carrier lists them, by E.164
    :param judge: function of a number that can text; returns its findings
    """
    if not entered:
        found = sorted(it for it, number in numbers.items() if can_text(number))
        what = "not_chosen" if found else "no_number"
        return [Finding(SENDERS, WRONG, what, detail=", ".join(found[:5]))]
    findings = []
    for own in entered:
        if kind_of(own) == kinds.ALPHANUMERIC:
            continue  # a name is not among the account's numbers
        if own not in numbers:
            findings.append(Finding(SENDERS, WRONG, "not_owned", own))
        elif not can_text(numbers[own]):
            findings.append(Finding(SENDERS, WRONG, "cannot_text", own))
        else:
            findings += judge(own, numbers[own])
    return findings


def fetch_media(account, url, carrier_url=None, credentials=None, **limits):
    """Fetch a picture or a file of an incoming text; see ``Provider.fetch_media``.

    :param dict account: its ``api_url`` replaces the carrier's own URL, and is trusted
        like its ``media_urls``
    :param credentials: pair of user and password, None if media are public
    :param limits: limits of ``media.fetch`` that replace the defaults
    """
    own_url = account.get("api_url")
    trusted = [*filter(None, [own_url]), *(account.get("media_urls") or ())]
    return fetch(url, own_url or carrier_url, credentials, trusted, **limits)


def pick_in_time(found, since, until):
    """Return the messages created in a window, or without a time.

    :param found: ``Found`` items
    :param since: UTC datetime, likewise ``until``
    """
    return [it for it in found if not it.created_at or since <= it.created_at <= until]


def refuse_cut_off(found, is_cut_off):
    """Refuse to conclude from a truncated list that a message was not sent.

    :raises LookupFailed: if nothing was found on a truncated list
    """
    if is_cut_off and not found:
        raise LookupFailed("The list is truncated: the message may be missing from it")


def fold(words):
    """Return what stays the same of a text when a carrier rewrites it.

    To stay within GSM-7, carriers replace typographic characters, above all quotes and
    dashes, each in its own way. The key of a customer's page does not count: by now a
    text may get another one (``sms.preference.link``).

    :return: its letters and digits, or the text if it has none
    """
    return "".join(filter(str.isalnum, texts.fold(hide_keys(words)))) or words.strip()


def fingerprint(form):
    """Return an id for an event without one, derived from its contents."""
    canonical = json.dumps(sorted(form.items()))
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()
