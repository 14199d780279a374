# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Telnyx, over its API version 2: its adapter, which ``telnyx_*.py`` do the work for.

By ``requests`` and ``cryptography``, which Odoo brings along. Its own library has 3,300
generated files, another HTTP stack and a release every other day, for three requests;
and its signatures want one more library.
"""

from . import telnyx_account, telnyx_events, telnyx_lookup, telnyx_sending
from .base import Provider
from .media import NO_ACCOUNT, MediaFailed
from .shared import fetch_media, list_senders
from .telnyx_api import API_URL, TelnyxApi


class TelnyxProvider(Provider):
    """One company's account at Telnyx.

    Keys of the account: ``api_key``, ``public_key`` (base64, signs the webhooks),
    ``messaging_profile_id`` (empty, or a profile whose number pool sends), ``senders``
    (pairs of an E.164 number and its country code, the preferred one first),
    ``api_url`` (empty: Telnyx's own), ``media_urls`` (addresses that media may be
    fetched from though they are private).
    """

    code = "telnyx"
    name = "Telnyx"

    def __init__(self, account):
        super().__init__(account)
        self.api = TelnyxApi(account.get("api_key"), account.get("api_url"))

    def missing(self):
        """Return what must be set before a message can leave.

        The public key is needed too: without it no STOP could be trusted.
        """
        account = self.account
        missing = []
        if not account.get("api_key"):
            missing.append("API Key")
        if not account.get("public_key"):
            missing.append("Public Key")
        if not (account.get("messaging_profile_id") or account.get("senders")):
            missing.append("Sender number or Messaging Profile")
        return tuple(missing)

    def senders(self):
        """Return the profile whose pool sends, if there is one, then the numbers."""
        account = self.account
        numbers = account.get("senders") or ()
        return list_senders(account.get("messaging_profile_id"), numbers)

    def send(self, message):
        """Post one message."""
        return telnyx_sending.send(self, message)

    def find(self, message, since, until):
        """Search the detail records for the message."""
        return telnyx_lookup.find(self, message, since, until)

    def fetch(self, carrier_id):
        """Read one message at Telnyx."""
        return telnyx_lookup.fetch(self, carrier_id)

    def can_check(self):
        """Tell if both keys are there."""
        return bool(self.account.get("api_key") and self.account.get("public_key"))

    def check(self, inbound_url):
        """Look at Telnyx if the keys, the senders and their webhooks are right."""
        return telnyx_account.check(self, inbound_url)

    def set_inbound_url(self, inbound_url):
        """Enter the address at the messaging profiles of what sends."""
        telnyx_account.set_inbound_url(self, inbound_url)

    def list_numbers(self):
        """Return the account's numbers that can send texts."""
        return telnyx_account.list_numbers(self)

    def verify(self, url, form, signature):
        """Check the Ed25519 signature.

        :param url: not signed by Telnyx
        :param bytes form: the body as it came
        :param signature: pair of the signature (base64) and its time (seconds)
        """
        return telnyx_events.verify(self.account, form, signature)

    def fetch_media(self, url):
        """Fetch a picture or a file: its address is open, for a time."""
        if not self.account.get("api_key"):
            raise MediaFailed(NO_ACCOUNT)
        return fetch_media(self.account, url, API_URL, None)

    @staticmethod
    def is_inbound(event):
        """Tell if an event is a text; a profile tells its address of other things too.

        :param dict event: the body, as JSON
        """
        return telnyx_events.is_inbound(event)

    @staticmethod
    def parse_inbound(form):
        """Read a text that came in.

        :param dict form: the body, as JSON
        """
        return telnyx_events.parse_inbound(TelnyxProvider.code, form)

    @staticmethod
    def parse_report(form):
        """Read a delivery report.

        :param dict form: the body, as JSON
        """
        return telnyx_events.parse_report(form)
