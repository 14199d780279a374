# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Fetch the media of an incoming text, wherever the carrier redirects us.

The carrier's URL redirects to a store on another host. So each host is resolved and
checked, and that very address is connected to (resolved again, the name might point to
another machine); credentials only go to the carrier's own host; and time, bytes,
redirects and types are limited.
"""

import socket
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError
from urllib3.poolmanager import PoolManager

from ..tools.media import RECEIVE_LIMIT, find_type, is_public

# Why media could not be fetched.
TOO_LARGE = "too_large"
WRONG_TYPE = "wrong_type"  # not an accepted type, whatever it claims to be
PRIVATE = "private"  # an address on a private network
REDIRECTS = "redirects"  # too many
GONE = "gone"
REFUSED = "refused"  # the carrier refuses it to this account
UNAVAILABLE = "unavailable"
SLOW = "slow"
BAD_ADDRESS = "bad_address"
NO_ACCOUNT = "no_account"  # the company has changed its carrier
#: Faults that may pass: the fetch is tried again. A token may be just being replaced.
PASSING = (UNAVAILABLE, SLOW, REFUSED)

MAX_REDIRECTS = 3
#: Seconds to connect, and seconds without a byte.
TIMEOUT = 10
#: Seconds for the whole fetch, including redirects.
DEADLINE = 30
PORTS = {"http": 80, "https": 443}


class MediaFailed(Exception):
    """The fetch failed; ``fault`` is one of the reasons above."""

    def __init__(self, fault):
        super().__init__(fault)
        self.fault = fault


@dataclass(frozen=True)
class Fetched:
    """A picture or a file, with the type detected from its bytes."""

    data: bytes
    mimetype: str


def fetch(
    url,
    own_url,
    auth,
    trusted=(),
    limit=RECEIVE_LIMIT,
    deadline=DEADLINE,
    any_type=False,
):
    """Fetch one picture or file.

    :param own_url: the carrier's URL, the only one that gets ``auth``
    :param auth: pair of user and password, None if the URL needs none
    :param trusted: origins (``http://host:port``) that may be private: a proxy, or a
        peer in tests
    :param int limit: bytes
    :param float deadline: seconds
    :param bool any_type: accept types that texts cannot have, too
    :raises MediaFailed: for any failure
    """
    session = requests.Session()
    # No proxy and no .netrc: connect to what was checked, with no other password.
    session.trust_env = False
    session.headers["Accept-Encoding"] = "identity"
    adapter = _GuardedAdapter({_origin(it) for it in trusted})
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    with session, adapter.limit_time(deadline):
        try:
            own = auth and _origin(own_url)
            data = _follow(session, adapter, url, own, auth, limit)
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            raise MediaFailed(adapter.explain(error)) from error
    mimetype = find_type(data)
    if not (mimetype or any_type):
        raise MediaFailed(WRONG_TYPE)
    return Fetched(data, mimetype or "")


def _follow(session, adapter, url, own, auth, limit):
    for _hop in range(MAX_REDIRECTS + 1):
        origin = _origin(url)
        if origin[0] != "https" and origin not in adapter.trusted:
            raise MediaFailed(BAD_ADDRESS)
        options = {"timeout": TIMEOUT, "stream": True, "allow_redirects": False}
        own_auth = auth if origin == own else None
        with session.get(url, auth=own_auth, **options) as response:
            if not response.is_redirect:
                return _read(adapter, response, limit)
            url = urljoin(url, response.headers["Location"])
    raise MediaFailed(REDIRECTS)


def _read(adapter, response, limit):
    """Read a response up to the limit."""
    status = response.status_code
    if status in (404, 410):
        raise MediaFailed(GONE)
    if status >= 500 or status == 429:
        raise MediaFailed(UNAVAILABLE)
    if status != 200:
        raise MediaFailed(REFUSED)
    claimed = response.headers.get("Content-Length", "")
    if claimed.isdigit() and int(claimed) > limit:
        raise MediaFailed(TOO_LARGE)
    data = bytearray()
    for chunk in response.raw.stream():
        data += chunk
        if len(data) > limit:
            raise MediaFailed(TOO_LARGE)
    if adapter.is_late:
        raise MediaFailed(SLOW)
    return bytes(data)


def _origin(url):
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise MediaFailed(BAD_ADDRESS) from None
    if parts.scheme not in PORTS or not host or parts.username is not None:
        raise MediaFailed(BAD_ADDRESS)
    return parts.scheme, host.removesuffix("."), port or PORTS[parts.scheme]


class _GuardedAdapter(HTTPAdapter):
    """Connect to public addresses only, and for a limited time."""

    def __init__(self, trusted):
        #: Origins that may be private.
        self.trusted = trusted
        #: The time is up, and the connections were shut.
        self.is_late = False
        self._sockets = []
        super().__init__()

    def init_poolmanager(self, *args, **kwargs):
        """Make each pool open guarded connections only."""
        self.poolmanager = PoolManager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": self._guard(HTTPConnectionPool, HTTPConnection, "http"),
            "https": self._guard(HTTPSConnectionPool, HTTPSConnection, "https"),
        }

    def _guard(self, pool_class, connection_class, scheme):
        """Return a pool class whose connections are checked before they are made."""
        adapter = self

        class Connection(connection_class):
            def _new_conn(self):
                name = self._dns_host
                if (scheme, name.removesuffix("."), self.port) not in adapter.trusted:
                    self._dns_host = _resolve(name)
                try:
                    made = super()._new_conn()
                finally:
                    # The certificate is checked for the name, not for the address.
                    self._dns_host = name
                adapter._watch(made)
                return made

        class Pool(pool_class):
            ConnectionCls = Connection

        return Pool

    @contextmanager
    def limit_time(self, seconds):
        """Shut the connections when the time is up, whatever they wait for."""
        timer = threading.Timer(seconds, self._shut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            for watched in self._sockets:
                watched.close()

    def _watch(self, made):
        """Keep a duplicate of a socket to shut it by: TLS takes over the original."""
        self._sockets.append(made.dup())
        if self.is_late:
            self._shut()

    def _shut(self):
        self.is_late = True
        for watched in self._sockets:
            with suppress(OSError):  # already closed
                watched.shutdown(socket.SHUT_RDWR)

    def explain(self, error):
        """Return the fault for a network error."""
        if self.is_late or isinstance(error, requests.Timeout | TimeoutError):
            return SLOW
        # RequestException is an OSError; for a malformed URL it is a ValueError too.
        return BAD_ADDRESS if isinstance(error, ValueError) else UNAVAILABLE


def _resolve(name):
    try:
        found = socket.getaddrinfo(name, None)
    except OSError as error:
        raise MediaFailed(UNAVAILABLE) from error
    addresses = [entry[4][0] for entry in found]
    if not all(map(is_public, addresses)):
        raise MediaFailed(PRIVATE)
    return addresses[0]
