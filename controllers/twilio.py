# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.http import Controller, request, route

from ..providers import TwilioProvider, voice
from . import public, webhooks

SIGNATURE_HEADER = "X-Twilio-Signature"
EMPTY_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'


class TwilioController(Controller):
    """Twilio's endpoints: received texts, delivery reports, and our calls.

    Each finds the account by the key in the address (404 without it), verifies the
    signature before any write (403), hands over, and answers with nothing or, in a
    call, with what to say.
    """

    _inbound_url = "/helpdesk_sms/twilio/<string:key>/inbound"
    _status_url = "/helpdesk_sms/twilio/<string:key>/status/<string:uuid>"
    _call_url = "/helpdesk_sms/twilio/<string:key>/call/<string:uuid>"
    _key_url = "/helpdesk_sms/twilio/<string:key>/call/<string:uuid>/<string:asked>"

    @route(_inbound_url, **webhooks.FORM_WEBHOOK_ROUTE)
    @public.guarded
    def inbound(self, key, **_post):
        """Take in a text."""
        company_sudo, form = self._verify(key, "inbound")
        webhooks.take_inbound(company_sudo, TwilioProvider.parse_inbound(form), form)
        return public.bare(EMPTY_TWIML, "text/xml")

    @route(_status_url, **webhooks.FORM_WEBHOOK_ROUTE)
    @public.guarded
    def status(self, key, uuid, **_post):
        """Take in a delivery report.

        :param str uuid: our own key of the message, which nobody can guess
        """
        company_sudo, form = self._verify(key, f"status/{uuid}")
        webhooks.take_report(company_sudo, TwilioProvider.code, uuid, form)
        return public.bare(EMPTY_TWIML, "text/xml")

    @route(_call_url, **webhooks.FORM_WEBHOOK_ROUTE)
    @public.guarded
    def call(self, key, uuid, **_post):
        """Return what to say in a call that was answered.

        :param str uuid: our own key of the call, which nobody can guess
        """
        company_sudo, form = self._verify(key, f"call/{uuid}")
        report = TwilioProvider.parse_answer(form)
        spoken = webhooks.answer_call(company_sudo, TwilioProvider.code, uuid, report)
        return self._say(company_sudo, key, uuid, spoken, 1)

    @route(_key_url, **webhooks.FORM_WEBHOOK_ROUTE)
    @public.guarded
    def call_key(self, key, uuid, asked, **_post):
        """Take in the key that was pressed in a call, or that none was.

        :param str asked: how often the meaning of the keys has been said by then
        """
        company_sudo, form = self._verify(key, f"call/{uuid}/{asked}")
        asked = public.read_id(asked) or voice.ROUNDS
        code, pressed = TwilioProvider.code, TwilioProvider.parse_key(form)
        spoken = webhooks.press_call_key(company_sudo, code, uuid, pressed, asked)
        return self._say(company_sudo, key, uuid, spoken, asked + 1)

    def _say(self, company_sudo, key, uuid, spoken, asked):
        """Answer with what to say, and the address for the key pressed after that."""
        endpoint = f"call/{uuid}/{asked}"
        key_url = company_sudo._get_sms_url(endpoint, TwilioProvider.code, key)
        return public.bare(TwilioProvider.say(spoken, key_url), "text/xml")

    def _verify(self, key, endpoint):
        """Return the company of a request and its form, after checking both."""
        form = request.httprequest.form
        signature = request.httprequest.headers.get(SIGNATURE_HEADER)
        code = TwilioProvider.code
        company_sudo = webhooks.verify(code, endpoint, key, form, signature)
        return company_sudo, {name: form[name] for name in form}
