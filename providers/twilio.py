# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Twilio: its adapter, which the files ``twilio_*.py`` do the work for."""

from . import (
    twilio_account,
    twilio_events,
    twilio_lookup,
    twilio_redaction,
    twilio_sending,
)
from .base import Provider
from .media import NO_ACCOUNT, MediaFailed
from .shared import fetch_media, list_senders
from .twilio_api import API_URL, TwilioApi


class TwilioProvider(Provider):
    """One company's account at Twilio.

    Keys of the account: ``account_sid``, ``auth_token``, ``api_key_sid``,
    ``api_key_secret``, ``messaging_service_sid``, ``senders`` (pairs of an E.164 number
    and its country code, the preferred one first), ``api_url`` (empty: Twilio's own),
    ``media_urls`` (addresses besides it that media may be fetched from though they are
    private).
    """

    code = "twilio"
    name = "Twilio"
    lists_prices = True
    can_redact = True

    def __init__(self, account):
        super().__init__(account)
        self.api = TwilioApi(account)

    def missing(self):
        """Return what must be set before a message can leave.

        The auth token is needed even with an API key: Twilio signs with it, and
        without it no STOP could be trusted.
        """
        account = self.account
        missing = []
        if not account.get("account_sid"):
            missing.append("Account SID")
        if not account.get("auth_token"):
            missing.append("Auth Token")
        if account.get("api_key_sid") and not account.get("api_key_secret"):
            missing.append("API Key Secret")
        if account.get("api_key_secret") and not account.get("api_key_sid"):
            missing.append("API Key SID")
        if not (account.get("messaging_service_sid") or account.get("senders")):
            missing.append("Sender number or Messaging Service")
        return tuple(missing)

    def senders(self):
        """Return the Messaging Service if there is one, then the numbers.

        With a service its numbers send for the teams that have them.
        """
        account = self.account
        return list_senders(account.get("messaging_service_sid"), account["senders"])

    def send(self, message):
        """Post one message."""
        return twilio_sending.send(self, message)

    def find(self, message, since, until):
        """List what Twilio has that may be the message."""
        return twilio_lookup.find(self, message, since, until)

    def fetch(self, carrier_id):
        """Read one message at Twilio."""
        return twilio_lookup.fetch(self, carrier_id)

    def list_prices(self, day, sender=""):
        """List what the day's messages have cost."""
        return twilio_lookup.list_prices(self, day, sender)

    def redact(self, carrier_id, is_whole=False):
        """Remove words and media of a message, or the message."""
        twilio_redaction.redact(self, carrier_id, is_whole)

    def can_check(self):
        """Tell if account and token are there."""
        return bool(self.account.get("account_sid") and self.account.get("auth_token"))

    def check(self, inbound_url):
        """Look at Twilio if credentials, senders and their webhooks are right."""
        return twilio_account.check(self, inbound_url)

    def set_inbound_url(self, inbound_url):
        """Enter the address at the Messaging Service, else at each number."""
        twilio_account.set_inbound_url(self, inbound_url)

    def list_numbers(self):
        """Return the account's numbers that can send texts."""
        return twilio_account.list_numbers(self)

    def verify(self, url, form, signature):
        """Check ``X-Twilio-Signature``."""
        return twilio_events.verify(self.account, url, form, signature)

    def fetch_media(self, url):
        """Fetch a picture or a file, with the credentials that also send.

        https://www.twilio.com/docs/messaging/api/media-resource#fetch-media
        """
        credentials = self.api.get_credentials()
        if not all(credentials):
            raise MediaFailed(NO_ACCOUNT)
        return fetch_media(self.account, url, API_URL, credentials)

    @staticmethod
    def parse_inbound(form):
        """Read a text that came in."""
        return twilio_events.parse_inbound(TwilioProvider.code, form)

    @staticmethod
    def parse_report(form):
        """Read a delivery report."""
        return twilio_events.parse_report(form)
