# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Helpers of the adapters: senders, connections, failed posts, findings, media."""

import hashlib
import json
import ssl
import unicodedata
from urllib.parse import urlsplit

import phonenumbers
from requests.adapters import HTTPAdapter
from requests.exceptions import (
    ConnectTimeout,
    InvalidHeader,
    InvalidSchema,
    InvalidURL,
    MissingSchema,
)
from urllib3.exceptions import (
    ConnectTimeoutError,
    NewConnectionError,
    ProxyError,
    SSLError,
)

from . import account as kinds
from .account import FINE, INBOUND, SENDERS, WRONG, Finding, Sender
from .base import LookupFailed
from .faults import (
    AUTHENTICATION,
    NO_ANSWER,
    NO_CONNECTION,
    REFUSED_OTHERWISE,
    TOO_FAST,
)
from .media import fetch
from .outbound import AGAIN, REFUSED, UNKNOWN, Outcome
from .poster import MAX_IN_FLIGHT

#: Seconds that a carrier may take to answer; longer is an unknown outcome.
TIMEOUT = 10
#: Seconds after which an idle connection may have been closed by the carrier: a post
#: into it would have an unknown outcome.
IDLE = 20

#: A connection that was not made, or was not tried: a mistyped address, a bad header.
BEFORE_CONNECTING = (
    ConnectTimeout,
    InvalidHeader,
    InvalidSchema,
    InvalidURL,
    MissingSchema,
)
#: What ``http.client`` says first of a proxy that makes no connection to the carrier.
TUNNEL_REFUSED = "Tunnel connection failed"


def never_connected(error):
    """Tell if ``error`` came before a byte of the request could have left."""
    if isinstance(error, BEFORE_CONNECTING):
        return True
    # Of urllib3's own error, which ``requests`` holds in its.
    reason = getattr(next(iter(error.args), None), "reason", None)
    if isinstance(reason, ProxyError):
        # So is an answer called that was lost on its way back through a proxy, too.
        reason = reason.original_error
        if str(reason).startswith(TUNNEL_REFUSED):
            return True
    if isinstance(reason, SSLError) and reason.args:
        # Who it is, is looked at before anything is said.
        return isinstance(reason.args[0], ssl.SSLCertVerificationError)
    return isinstance(reason, NewConnectionError | ConnectTimeoutError)


def outcome_of_bad_paste(failure_type):
    """Return the outcome of a post that has not left: no header holds the credentials.

    :param str failure_type: Odoo's, of refused credentials
    """
    return Outcome(
        REFUSED,
        fault=AUTHENTICATION,
        failure_type=failure_type,
        detail="The credentials hold a character that none can have.",
    )


def outcome_of_failure(error):
    """Return the outcome of a post that no answer came to that can be read."""
    kind, fault = UNKNOWN, NO_ANSWER
    if never_connected(error):
        kind, fault = AGAIN, NO_CONNECTION
    detail = type(error).__name__
    return Outcome(kind, fault=fault, failure_type="sms_server", detail=detail)


def outcome_of_refusal(known, code, words, is_sure):
    """Return the outcome of a post that was answered with an error.

    :param known: pair of the fault and Odoo's failure type, None for no known error
    :param str words: the carrier's own; holds no secret
    :param bool is_sure: the carrier has surely not taken the message
    """
    fault, failure_type = known or (REFUSED_OTHERWISE, "sms_server")
    if fault == TOO_FAST:
        kind = AGAIN
    elif is_sure:
        kind = REFUSED
    else:
        kind, fault = UNKNOWN, NO_ANSWER
    return Outcome(
        kind, code=code, fault=fault, failure_type=failure_type, detail=words[:500]
    )


def widen(session):
    """Return a session of ``requests``, with a connection for each post in flight.

    It tries nothing again by itself.
    """
    adapter = HTTPAdapter(pool_maxsize=MAX_IN_FLIGHT)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def list_senders(service, numbers):
    """Return what an account sends by: the service if there is one, then the numbers.

    :param numbers: pairs of an E.164 number, short code or name and its country code
    """
    pool = (Sender(service, kinds.SERVICE),) if service else ()
    return pool + tuple(
        Sender(number, kind_of(number), country or "") for number, country in numbers
    )


def kind_of(number):
    """Return what kind of sender an address is, as far as its characters tell."""
    if not number.startswith("+"):
        is_name = any(map(str.isalpha, number))
        return kinds.ALPHANUMERIC if is_name else kinds.SHORT_CODE
    try:
        kind = phonenumbers.number_type(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return kinds.LONG_CODE
    is_toll_free = kind == phonenumbers.PhoneNumberType.TOLL_FREE
    return kinds.TOLL_FREE if is_toll_free else kinds.LONG_CODE


def judge_inbound(sender, url, inbound_url):
    """Return the finding about where a sender's texts go that come in.

    Of another address only the host is told: what follows may be a secret.

    :param str url: what is entered at the carrier, may be empty
    """
    if not url:
        return Finding(INBOUND, WRONG, "empty", sender)
    if url != inbound_url:
        host = urlsplit(url).hostname or ""
        return Finding(INBOUND, WRONG, "elsewhere", sender, detail=host)
    return Finding(INBOUND, FINE, "ours", sender)


def judge_numbers(entered, numbers, can_text, judge):
    """Return findings about each number that texts leave by.

    :param entered: here, E.164 or short codes
    :param dict numbers: the account's as the carrier shows them, by E.164
    :param judge: function of a number that can text: its findings
    """
    if not entered:
        found = sorted(it for it, number in numbers.items() if can_text(number))
        what = "not_chosen" if found else "no_number"
        return [Finding(SENDERS, WRONG, what, detail=", ".join(found[:5]))]
    findings = []
    for own in entered:
        if kind_of(own) == kinds.ALPHANUMERIC:
            continue  # no number of the account
        if own not in numbers:
            findings.append(Finding(SENDERS, WRONG, "not_owned", own))
        elif not can_text(numbers[own]):
            findings.append(Finding(SENDERS, WRONG, "cannot_text", own))
        else:
            findings += judge(own, numbers[own])
    return findings


def fetch_media(account, url, carrier_url=None, credentials=None, **limits):
    """Fetch a picture or a file that came with a text; see ``Provider.fetch_media``.

    :param dict account: its ``api_url`` takes the place of the carrier's own address,
        and is as trusted as its ``media_urls``
    :param credentials: pair of user and password, None where media are open
    :param limits: other limits than those of media, as ``media.fetch`` takes them
    """
    own_url = account.get("api_url")
    trusted = [*filter(None, [own_url]), *(account.get("media_urls") or ())]
    return fetch(url, own_url or carrier_url, credentials, trusted, **limits)


def pick_in_time(found, since, until):
    """Return the messages that were created in a window, or have no time.

    :param found: ``Found`` items
    :param since: UTC datetime, likewise ``until``
    """
    return [
        one
        for one in found
        if one.created_at is None or since <= one.created_at <= until
    ]


def refuse_cut_off(found, is_cut_off):
    """Conclude nothing from a list that may go on: the message would be sent twice.

    :raises LookupFailed: if nothing was found, and not all was shown
    """
    if is_cut_off and not found:
        raise LookupFailed("More messages than are shown: this one may be among them")


def fold(words):
    """Return what is left of a text however a carrier has rewritten it.

    To keep to GSM-7 carriers write plain characters for typographic ones, quotes and
    dashes above all, and unlike each other.

    :return: its letters and digits, or the text where it has none of them
    """
    plain = unicodedata.normalize("NFKD", words).casefold()
    return "".join(filter(str.isalnum, plain)) or words.strip()


def fingerprint(form):
    """Return an id of an event that has none: of its own contents, against replays."""
    canonical = json.dumps(sorted(form.items()))
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()
