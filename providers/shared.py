# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the adapters of real carriers share: numbers, connections, repeated events."""

import hashlib
import json
from urllib.parse import urlsplit

import phonenumbers
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import (
    ConnectTimeout,
    InvalidHeader,
    InvalidSchema,
    InvalidURL,
    MissingSchema,
)
from urllib3.exceptions import MaxRetryError, NewConnectionError

from . import base
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


def never_connected(error):
    """Tell if ``error`` came before a byte of the request could have left."""
    if isinstance(error, BEFORE_CONNECTING):
        return True
    if not isinstance(error, RequestsConnectionError) or not error.args:
        return False
    cause = error.args[0]
    return isinstance(cause, MaxRetryError) and isinstance(
        cause.reason, NewConnectionError
    )


def widen(session):
    """Give a session of ``requests`` a connection for each post in flight.

    :return: the session
    """
    adapter = HTTPAdapter(pool_maxsize=MAX_IN_FLIGHT)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def kind_of(number):
    """Return what kind of number it is, as far as its digits tell."""
    if not number.startswith("+"):
        return base.SHORT_CODE
    try:
        kind = phonenumbers.number_type(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return base.LONG_CODE
    is_toll_free = kind == phonenumbers.PhoneNumberType.TOLL_FREE
    return base.TOLL_FREE if is_toll_free else base.LONG_CODE


def judge_inbound(sender, url, inbound_url):
    """Return the finding about where a sender's texts go that come in.

    Of another address only the host is told: what follows may be a secret.

    :param str sender: the number or service
    :param str url: what is entered at the carrier, may be empty
    :param str inbound_url: our own
    :rtype: base.Finding
    """
    if not url:
        return base.Finding(base.INBOUND, base.WRONG, "empty", sender)
    if url != inbound_url:
        host = urlsplit(url).hostname or ""
        return base.Finding(base.INBOUND, base.WRONG, "elsewhere", sender, detail=host)
    return base.Finding(base.INBOUND, base.FINE, "ours", sender)


def fingerprint(form):
    """Return an id of an event that has none: of its own contents, against replays.

    :param dict form: its fields
    """
    canonical = json.dumps(sorted(form.items()), ensure_ascii=False)
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()
