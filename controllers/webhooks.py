# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Find the account, check the signature, hand over: what all endpoints share."""

import logging
from functools import partial

from werkzeug.exceptions import Forbidden, NotFound, ServiceUnavailable

from odoo import fields
from odoo.http import request

from ..models.dispatch import ir_http
from ..models.dispatch.sms_webhook_refusal import (
    ADDRESS,
    INBOUND,
    OVER,
    TOKEN,
    UNSIGNED,
)
from ..providers import voice
from ..tools import texts, web

_logger = logging.getLogger(__name__)

#: Endpoints have no login; requests are authenticated by their signature. No user is
#: read for them: code that acts at once becomes the public user itself
#: (:func:`become_somebody`).
_WEBHOOK_ROUTE = {
    "type": "http",
    "auth": "none",
    "methods": ["POST"],
    "csrf": False,
    "save_session": False,
    # Without a login Odoo would first try a read-only replica, which takes no event.
    "readonly": False,
}
#: Routing of carriers' requests, a form or JSON, with their largest size in bytes.
_FORM = {ir_http.TAKES: "application/x-www-form-urlencoded", ir_http.LIMIT: 64 * 1024}
_JSON = {ir_http.TAKES: "application/json", ir_http.LIMIT: 1024 * 1024}
FORM_WEBHOOK_ROUTE = {**_WEBHOOK_ROUTE, **_FORM}
JSON_WEBHOOK_ROUTE = {**_WEBHOOK_ROUTE, **_JSON}


def become_somebody():
    """Become Odoo's public user: records that are written from now on need a user."""
    request.env["ir.http"]._auth_method_public()


def verify(code, endpoint, key, form, signature):
    """Return the company of an address, in sudo; refuse requests not signed for it.

    The signature covers the address as the carrier knows it, which is built from the
    stored public address and never from ``Host`` or ``X-Forwarded-*``.

    :param str endpoint: ``inbound``, ``status/<uuid>`` or ``call/<uuid>``
    :param str key: of the company, from the address
    :param form: as for ``Provider.verify``, like the signature
    :raises Forbidden: 403 for a signature that is missing or wrong
    :raises NotFound: 404 for a key that is unknown or over
    :raises ServiceUnavailable: 503 while the account cannot be used here
    """
    companies_sudo = request.env["res.company"].sudo()
    key = texts.clean(key)
    signed = (endpoint, key, form, signature)
    try:
        known = companies_sudo._get_sms_endpoint(key, code)
    except LookupError:
        known = None
    if known and not _is_over(known.until):
        company_sudo = companies_sudo.browse(known.company_id)
        is_signed = partial(_is_signed, known.provider, company_sudo, *signed)
        if any(map(is_signed, known.base_urls)):
            return company_sudo
    become_somebody()
    company_sudo = request.env["res.company"].sudo()._find_by_sms_webhook_key(key)
    if not company_sudo:
        raise NotFound("no company has this address")
    check(company_sudo, code, *signed)
    return company_sudo


def _is_over(until):
    """Return whether a key is not valid any more; None is always valid."""
    return until is not None and not (until and until > fields.Datetime.now())


def _is_signed(provider, company_sudo, endpoint, key, form, signature, base):
    """Return whether the carrier has signed the request for this address."""
    query = request.httprequest.query_string.decode("latin-1")
    url = company_sudo._get_sms_url(endpoint, provider.code, key, base)
    return provider.verify(f"{url}?{query}" if query else url, form, signature)


def check(company_sudo, code, endpoint, key, form, signature):
    """Refuse a request that the carrier has not signed.

    Until a first signed request has proven the stored public address, Odoo's current
    one may replace it. Arguments and errors as for :func:`verify`.
    """
    if lock := company_sudo._find_sms_account_lock(code):
        _logger.error("A request of %s cannot be taken here: %s", code, lock)
        raise ServiceUnavailable()
    refusals_sudo = request.env["sms.webhook.refusal"].sudo()
    provider = company_sudo._get_sms_provider(code, with_senders=False)
    is_signed = partial(
        _is_signed, provider, company_sudo, endpoint, key, form, signature
    )
    is_ours = any(map(is_signed, company_sudo._get_sms_base_urls()))
    if _is_over(company_sudo._get_sms_key_end(key)):
        if is_ours and endpoint == "inbound":
            refusals_sudo._count(company_sudo, code, lambda: (OVER, ""))
        raise NotFound("a former address that is over")
    if is_ours:
        return
    own = web.normalize_address(company_sudo.get_base_url())
    if own and is_signed(own) and not company_sudo._has_proven_sms_base_url(code):
        company_sudo._adopt_sms_base_url(own)
        return
    find_cause = partial(_find_cause, endpoint, own, is_signed, signature)
    refusals_sudo._count(company_sudo, code, find_cause)
    raise Forbidden(f"a request that {code} has not signed")


def _find_cause(endpoint, own, is_signed, signature):
    """Return why a signature is wrong, and which address was signed, if it is known.

    Only to inform administrators: the called address is used for nothing else.
    """
    if not signature:
        return UNSIGNED, ""
    called = [f"{scheme}://{request.httprequest.host}" for scheme in ("https", "http")]
    for base in filter(None, map(web.normalize_address, (own, *called))):
        if is_signed(base):
            return INBOUND if endpoint == "inbound" else ADDRESS, base
    return TOKEN, ""


def take_inbound(company_sudo, event, raw):
    """Take in a text: at once if it is a STOP or START, else soon.

    :param dict raw: the text as it came
    """
    is_urgent = request.env["sms.inbound.router"]._is_urgent(company_sudo, event)
    if is_urgent:
        company_sudo = _enter(company_sudo, event.provider)
    events_sudo = request.env["sms.webhook.event"].sudo()
    take = events_sudo._take_text_now if is_urgent else events_sudo._take_text
    take(company_sudo, event, raw)


def take_report(company_sudo, code, uuid, raw):
    """Take in a delivery report, to be processed soon.

    :param str uuid: our own key of the message, which nobody can guess
    :param dict raw: the report as it came
    """
    events_sudo = request.env["sms.webhook.event"].sudo()
    events_sudo._take_report(company_sudo, code, texts.clean(uuid), raw)


def _enter(company_sudo, code):
    """Return the company as the public user, for work before the carrier's answer."""
    become_somebody()
    company_sudo = request.env["res.company"].sudo().browse(company_sudo.id)
    if company_sudo.sms_has_refusals:
        request.env["sms.webhook.refusal"].sudo()._forget(company_sudo, code)
    return company_sudo


def answer_call(company_sudo, code, uuid, report):
    """Record whether a person has answered a call; return what to say, or None."""
    company_sudo = _enter(company_sudo, code)
    return request.env["sms.sms"].sudo()._answer_call(company_sudo, uuid, report, code)


def press_call_key(company_sudo, code, uuid, key, asked):
    """Take in a key that was pressed in a call; return what to say then.

    :param int asked: how often the meaning of the keys has been said by then
    """
    company_sudo = _enter(company_sudo, code)
    calls_sudo = request.env["sms.sms"].sudo()
    return calls_sudo._press_call_key(company_sudo, uuid, key, asked >= voice.ROUNDS)
