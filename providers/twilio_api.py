# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Make requests to Twilio through its SDK, whatever they are for."""

import logging
import re

from requests.exceptions import RequestException
from twilio.base.exceptions import TwilioException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from .base import LookupFailed
from .shared import TIMEOUT, Fresh, widen

# At INFO it logs the URL of every request, which holds the account.
logging.getLogger("twilio.http_client").setLevel(logging.WARNING)

API_URL = "https://api.twilio.com"
#: What the SDK raises for a response in an unexpected form, and for credentials that
#: no header can hold.
UNREADABLE = (ValueError, LookupError, TypeError, AttributeError)
#: A number of seconds that is worth waiting for.
_SECONDS = re.compile("[0-9]{1,5}")


class TwilioApi:
    """The connections of one account, reused while they are fresh.

    :param dict account: as in ``TwilioProvider``
    """

    def __init__(self, account):
        self._account = account
        self.get_client = Fresh(self.make_client).get

    def ask(self, question, client=None):
        """Return Twilio's response to a request that may be repeated.

        :param question: function of the SDK's client
        :param client: the SDK's client, by default the one that sends
        :raises LookupFailed: for any failure; its words hold no URL and no account
        """
        try:
            return question(client or self.get_client())
        except (TwilioException, RequestException, *UNREADABLE) as error:
            status = _get_status(error)
            words = f"HTTP {status}" if status else type(error).__name__
            raise LookupFailed(words, status, _get_retry_after(error)) from error

    def make_client(self, credentials=None):
        """Make an SDK client with a timeout and without retries.

        :param credentials: user and secret, by default those used for sending
        """
        account = self._account
        http_client = TwilioHttpClient(timeout=TIMEOUT)
        widen(http_client.session)
        client = Client(
            *(credentials or self.get_credentials()),
            account_sid=account["account_sid"],
            http_client=http_client,
        )
        if account.get("api_url"):
            for domain in (client.api, client.messaging, client.accounts):
                domain.base_url = account["api_url"]
        return client

    def get_credentials(self):
        """Return the API key and its secret if there is one, else the account's own."""
        account = self._account
        return (
            account.get("api_key_sid") or account["account_sid"],
            account.get("api_key_secret") or account["auth_token"],
        )


def _get_status(error):
    """Return the HTTP status of an error response, None without a response.

    For a refused list the SDK gives the response instead of its status.
    """
    if status := getattr(error, "status", None):
        return status
    response = _get_response(error)
    return response and response.status_code


def _get_retry_after(error):
    """Return the seconds that Twilio asks to wait; 0 for none, or for a date."""
    headers = getattr(_get_response(error), "headers", None) or {}
    said = str(headers.get("Retry-After"))
    return int(said) if _SECONDS.fullmatch(said) else 0


def _get_response(error):
    responses = [it for it in error.args if hasattr(it, "status_code")]
    return responses[0] if responses else None
