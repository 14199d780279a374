# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Requests to Telnyx and its answers, without what they mean.

https://developers.telnyx.com/development/api-fundamentals
"""

import json
import math
import threading
import time

import requests

from ..tools.texts import clean_json
from .base import LookupFailed
from .shared import IDLE, TIMEOUT, widen
from .telnyx_words import as_dict, first_of

API_URL = "https://api.telnyx.com"
#: Rows of one answer: Telnyx's most.
PAGE_SIZE = 250


class TelnyxApi:
    """One key's connections to Telnyx, kept while they are in use.

    :param str key: the account's API key
    :param str url: another address than Telnyx's own, may be empty
    """

    def __init__(self, key, url):
        self._key = key
        self._url = url or API_URL
        self._session = None
        self._used_at = -math.inf
        # Threads ask for the session at the same time.
        self._lock = threading.Lock()

    def ask(self, path, params=None):
        """Return the data of the answer to a question that changes nothing there.

        :raises LookupFailed: for any failure, since it can be asked again
        """
        return self._ask("GET", path, params=params)

    def list_rows(self, path, params):
        """Return the rows that a list shows.

        :raises LookupFailed: for any failure. What is no list does not say that there
            is nothing.
        """
        shown = self.ask(path, params)
        if not isinstance(shown, list):
            raise LookupFailed("no list")
        return [as_dict(row) for row in shown]

    def list_pages(self, path, limit, params=()):
        """Yield the rows of a list, page by page; as many pages at the most."""
        for page in range(1, limit + 1):
            asked = {"page[number]": page, "page[size]": PAGE_SIZE}
            rows = self.list_rows(path, {**dict(params), **asked})
            yield rows
            if len(rows) < PAGE_SIZE:
                return

    def change(self, path, values):
        """Change some values of what Telnyx holds. To repeat it does no harm.

        :raises LookupFailed: for any failure
        """
        self._ask("PATCH", path, json=values)

    def _ask(self, method, path, **values):
        try:
            response = self.request(method, path, **values)
            if not is_success(response):
                status = response.status_code
                raise LookupFailed(f"HTTP {status}", status)
            return as_dict(response.json()).get("data")
        except (requests.RequestException, ValueError) as error:
            raise LookupFailed(type(error).__name__) from error

    def request(self, method, path, headers=None, **values):
        """Make a request: with a time-out, and without retries of its own.

        :param values: further arguments of ``requests``
        """
        return self._get_session().request(
            method,
            self._url + path,
            headers={"Authorization": f"Bearer {self._key}", **(headers or {})},
            timeout=TIMEOUT,
            allow_redirects=False,
            **values,
        )

    def _get_session(self):
        with self._lock:
            now = time.monotonic()
            if now - self._used_at > IDLE:
                self._session = widen(requests.Session())
                # Else what the server's user has in .netrc would take the key's place.
                self._session.auth = lambda request: request
            self._used_at = now
            return self._session


def is_success(response):
    """Tell if an answer says that it was done; a redirect does not."""
    return 200 <= response.status_code < 300


def read_error(response):
    """Return the first error of an answer: ``code``, ``title``, ``detail``.

    Empty for one that names none: a gateway on the way answers with a page.
    """
    try:
        return first_of(as_dict(response.json()).get("errors"))
    except ValueError:
        return {}


def read_event(body):
    """Return the event in a body, an empty dict for what is no object of JSON."""
    try:
        return as_dict(clean_json(json.loads(body)))
    except (ValueError, RecursionError):
        return {}
