# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.http import Controller, request, route

from ..providers import TelnyxProvider
from ..providers.telnyx_api import read_event
from . import public, webhooks

SIGNATURE_HEADER = "telnyx-signature-ed25519"
TIME_HEADER = "telnyx-timestamp"


class TelnyxController(Controller):
    """Telnyx's two endpoints: received texts, and delivery reports.

    Its events are JSON, whose raw body is signed together with the time. Each endpoint
    finds the account by the key in the address (404 without it), verifies before any
    write (403), hands over, and answers with nothing.
    """

    _inbound_url = "/helpdesk_sms/telnyx/<string:key>/inbound"
    _status_url = "/helpdesk_sms/telnyx/<string:key>/status/<string:uuid>"

    @route(_inbound_url, **webhooks.JSON_WEBHOOK_ROUTE)
    @public.guarded
    def inbound(self, key, **_query):
        """Take in a text; ignore the other events that a messaging profile sends."""
        company_sudo, event = self._verify(key)
        if TelnyxProvider.is_inbound(event):
            text = TelnyxProvider.parse_inbound(event)
            webhooks.take_inbound(company_sudo, text, event)
        return public.bare(status=204)

    @route(_status_url, **webhooks.JSON_WEBHOOK_ROUTE)
    @public.guarded
    def status(self, key, uuid, **_query):
        """Take in a delivery report.

        :param str uuid: our own key of the message, which nobody can guess
        """
        company_sudo, event = self._verify(key)
        webhooks.take_report(company_sudo, TelnyxProvider.code, uuid, event)
        return public.bare(status=204)

    def _verify(self, key):
        """Return the company of a request and its event, after checking both."""
        body = request.httprequest.get_data()
        headers = request.httprequest.headers
        signature = headers.get(SIGNATURE_HEADER), headers.get(TIME_HEADER)
        if None in signature:
            signature = None
        code = TelnyxProvider.code
        return webhooks.verify(code, "inbound", key, body, signature), read_event(body)
