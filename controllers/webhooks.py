# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Find the account, check the signature, hand over: what all endpoints share."""

import logging
from functools import partial

from werkzeug.exceptions import Forbidden, NotFound, ServiceUnavailable

from odoo.http import request

from ..models.dispatch import res_company_address as ir_http
from ..models.dispatch.sms_webhook_refusal import ADDRESS, TOKEN, UNSIGNED
from ..providers import voice
from ..tools import texts, web

_logger = logging.getLogger(__name__)

#: Every endpoint is for strangers, who are known by their signature.
_WEBHOOK_ROUTE = {
    "type": "http",
    "auth": "public",
    "methods": ["POST"],
    "csrf": False,
    "save_session": False,
}
#: What carriers send, and no more of it (bytes): a form, or JSON.
FORM_WEBHOOK_ROUTE = {
    **_WEBHOOK_ROUTE,
    ir_http.TAKES: "application/x-www-form-urlencoded",
    ir_http.LIMIT: 64 * 1024,
}
JSON_WEBHOOK_ROUTE = {
    **_WEBHOOK_ROUTE,
    ir_http.TAKES: "application/json",
    ir_http.LIMIT: 1024 * 1024,
}


def find_company(key):
    """Return the company of an address, in sudo.

    :raises NotFound: 404 for an unknown key
    """
    companies_sudo = request.env["res.company"].sudo()
    company_sudo = companies_sudo._find_by_sms_webhook_key(texts.clean(key))
    if not company_sudo:
        raise NotFound("no company has this address")
    return company_sudo


def check(company_sudo, code, endpoint, key, form, signature):
    """Refuse a request that the carrier has not signed.

    The signature covers the address as the carrier knows it, which is built from the
    address that is kept and never from ``Host`` or ``X-Forwarded-*``. Until a first
    signed request has proven that one, Odoo's own address of now may take its place.

    :param str endpoint: ``inbound``, ``status/<uuid>`` or ``call/<uuid>``
    :param str key: the key of the company that was called
    :param form: as for ``Provider.verify``, like the signature
    :raises Forbidden: 403 for a signature that is missing or wrong
    :raises ServiceUnavailable: 503 while the key to the account is missing
    """
    if company_sudo._has_locked_sms_account(code):
        _logger.error("A request of %s cannot be verified: a key is missing", code)
        raise ServiceUnavailable()
    provider = company_sudo._get_sms_provider(code, with_senders=False)
    query = request.httprequest.query_string.decode("latin-1")

    def is_signed(base):
        """Tell if the carrier has signed the request as one to this address."""
        url = company_sudo._get_sms_url(endpoint, code, key, base)
        return provider.verify(f"{url}?{query}" if query else url, form, signature)

    refusals_sudo = request.env["sms.webhook.refusal"].sudo()
    if any(map(is_signed, company_sudo._get_sms_base_urls())):
        if company_sudo.sms_has_refusals:
            refusals_sudo._forget(company_sudo, code)
        return
    own = web.normalize_address(company_sudo.get_base_url())
    is_own = own and is_signed(own)
    if is_own and not company_sudo._has_proven_sms_base_url(code):
        company_sudo._adopt_sms_base_url(own)
        return
    find_cause = partial(_find_cause, own, is_signed, signature)
    refusals_sudo._count(company_sudo, code, find_cause)
    raise Forbidden(f"a request that {code} has not signed")


def _find_cause(own, is_signed, signature):
    """Return why a signature is wrong: which address was signed, if any that we know.

    Only to tell administrators: what was called is taken for nothing else.
    """
    if not signature:
        return UNSIGNED, ""
    http = request.httprequest
    called = [f"{scheme}://{http.host}" for scheme in ("https", "http")]
    for base in filter(None, map(web.normalize_address, (own, *called))):
        if is_signed(base):
            return ADDRESS, base
    return TOKEN, ""


def take_inbound(company_sudo, event):
    """Take in a text, those of one number one after the other."""
    request.env["sms.number.lock"].sudo()._acquire(
        company_sudo, texts.clean(event.number)
    )
    request.env["sms.inbound"].sudo()._receive(company_sudo, event)


def take_report(company_sudo, code, uuid, report):
    """Take in a delivery report.

    A report on a message that is gone, or another company's, is a logged nothing: to
    refuse it would only make the carrier repeat it.

    :param str uuid: our own key of the message, which nobody can guess
    """
    sms_sudo = request.env["sms.sms"].sudo()
    uuid = texts.clean(uuid)
    if not sms_sudo._record_report_by_uuid(company_sudo, uuid, report, code):
        _logger.info("Delivery report for an unknown message")


def answer_call(company_sudo, code, uuid, report):
    """Take in who has answered a call; return what is said, None for nothing."""
    calls_sudo = request.env["sms.sms"].sudo()
    return calls_sudo._answer_call(company_sudo, uuid, report, code)


def press_call_key(company_sudo, uuid, key, asked):
    """Take in a key that was pressed in a call; return what is said then.

    :param int asked: how often it has been said by then what the keys mean
    """
    calls_sudo = request.env["sms.sms"].sudo()
    is_last = asked >= voice.ROUNDS
    return calls_sudo._press_call_key(company_sudo, uuid, key, is_last)
