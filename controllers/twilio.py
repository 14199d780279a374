# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging

from werkzeug.exceptions import Forbidden, NotFound

from odoo.http import Controller, request, route

from ..providers import TwilioProvider
from ..tools import texts

_logger = logging.getLogger(__name__)

SIGNATURE_HEADER = "X-Twilio-Signature"
EMPTY_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'


class TwilioController(Controller):
    """Twilio's two doors: texts that come in, and delivery reports.

    Each: find the account by the key in the address, verify the signature before any
    write, hand over, answer with nothing. Everything else happens behind the doors.
    """

    _inbound_url = "/helpdesk_sms/twilio/<string:key>/inbound"
    _status_url = "/helpdesk_sms/twilio/<string:key>/status/<string:uuid>"

    @route(
        _inbound_url,
        type="http",
        auth="public",
        methods=["POST"],
        csrf=False,
        save_session=False,
    )
    def inbound(self, key, **_post):
        """Take in a text.

        :param str key: the company's webhook key
        :raises NotFound: 404 for an unknown key
        :raises Forbidden: 403 for a signature that is missing or wrong
        """
        company_sudo, form = self._verify(key, "inbound")
        event = TwilioProvider.parse_inbound(form)
        request.env["sms.line"].sudo()._wait(company_sudo, texts.clean(event.number))
        request.env["sms.inbound"].sudo()._receive(company_sudo, event)
        return self._answer()

    @route(
        _status_url,
        type="http",
        auth="public",
        methods=["POST"],
        csrf=False,
        save_session=False,
    )
    def status(self, key, uuid, **_post):
        """Take in a delivery report.

        A report on a message that is gone, or another company's, is a logged nothing:
        to refuse it would only make the carrier repeat it.

        :param str key: the company's webhook key
        :param str uuid: our own key of the message, which nobody can guess
        :raises NotFound: 404 for an unknown key
        :raises Forbidden: 403 for a signature that is missing or wrong
        """
        company_sudo, form = self._verify(key, f"status/{uuid}")
        report = TwilioProvider.parse_report(form)
        sms_sudo = request.env["sms.sms"].sudo()
        if not sms_sudo._take_report_by_uuid(company_sudo, texts.clean(uuid), report):
            _logger.info("Delivery report for an unknown message")
        return self._answer()

    def _verify(self, key, door):
        """Return the company of a request and its form, after checking both.

        The signature covers the address as the carrier knows it, which is built from
        the configured base and never from ``Host`` or ``X-Forwarded-*``.
        """
        company_model_sudo = request.env["res.company"].sudo()
        company_sudo = company_model_sudo._find_by_sms_webhook_key(texts.clean(key))
        if not company_sudo:
            raise NotFound()
        url = company_sudo._get_sms_url(door)
        if query := request.httprequest.query_string.decode("latin-1"):
            url = f"{url}?{query}"
        form = request.httprequest.form
        signature = request.httprequest.headers.get(SIGNATURE_HEADER)
        provider = company_sudo._get_sms_provider("twilio", with_senders=False)
        if not provider.verify(url, form, signature):
            _logger.warning("Refused a request that Twilio has not signed")
            raise Forbidden()
        return company_sudo, {name: form[name] for name in form}

    def _answer(self):
        """Answer with no message of our own, in the form that Twilio expects."""
        return request.make_response(EMPTY_TWIML, [("Content-Type", "text/xml")])
