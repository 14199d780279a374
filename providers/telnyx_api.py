# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Make requests to Telnyx, whatever they are for.

https://developers.telnyx.com/development/api-fundamentals
"""

import json

import requests

from ..tools.texts import clean_json
from .base import LookupFailed
from .shared import TIMEOUT, Fresh, widen
from .telnyx_words import as_dict, first_of

API_URL = "https://api.telnyx.com"
#: Rows on a page: Telnyx's maximum.
PAGE_SIZE = 250


class TelnyxApi:
    """The connections of one API key, reused while they are fresh.

    :param str key: the account's API key
    :param str url: replaces Telnyx's own URL, may be empty
    """

    def __init__(self, key, url):
        self._key = key
        self._url = url or API_URL
        self._get_session = Fresh(_make_session).get

    def ask(self, path, method="GET", **values):
        """Return the data of a response to a request that is safe to repeat.

        :param values: further arguments of ``requests``
        :raises LookupFailed: for any failure
        """
        try:
            response = self.request(method, path, **values)
            if not is_success(response):
                status = response.status_code
                raise LookupFailed(f"HTTP {status}", status)
            return as_dict(response.json()).get("data")
        except (requests.RequestException, ValueError) as error:
            raise LookupFailed(type(error).__name__) from error

    def list_rows(self, path, params):
        """Return the rows of a list.

        :raises LookupFailed: for any failure. A response that is not a list does not
            mean that there are no rows.
        """
        shown = self.ask(path, params=params)
        if not isinstance(shown, list):
            raise LookupFailed("The response is not a list")
        return [as_dict(row) for row in shown]

    def list_pages(self, path, limit, params=()):
        """Yield the rows of a list, page by page, up to ``limit`` pages."""
        for page in range(1, limit + 1):
            asked = {"page[number]": page, "page[size]": PAGE_SIZE}
            rows = self.list_rows(path, {**dict(params), **asked})
            yield rows
            if len(rows) < PAGE_SIZE:
                return

    def request(self, method, path, headers=None, **values):
        """Make a request with a time-out and without retries.

        :param values: further arguments of ``requests``
        """
        url, limits = self._url + path, {"timeout": TIMEOUT, "allow_redirects": False}
        headers = {"Authorization": f"Bearer {self._key}", **(headers or {})}
        session = self._get_session()
        return session.request(method, url, headers=headers, **limits, **values)


def _make_session():
    session = widen(requests.Session())
    # Otherwise the .netrc of the server's user would replace the key.
    session.auth = lambda request: request
    return session


def is_success(response):
    """Tell whether a response means success; a redirect does not."""
    return 200 <= response.status_code < 300


def read_error(response):
    """Return the first error of a response: ``code``, ``title``, ``detail``.

    Empty if there is none: a gateway may respond with a page instead.
    """
    return first_of(read_event(response.content).get("errors"))


def read_event(body):
    """Return the JSON object in a body, such as an event, an empty one for none."""
    try:
        return as_dict(clean_json(json.loads(body)))
    except (ValueError, RecursionError):
        return {}
