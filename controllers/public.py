# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Headers, language and rate limits of the public pages.

The pages need no script, no cookie but the session's, and no login.
"""

import logging
import re
from functools import wraps
from itertools import islice
from urllib.parse import urlsplit

from werkzeug.exceptions import Forbidden, NotFound

from odoo.http import request

from ..models.core.moments import say_moment as say_to_user
from ..tools.links import is_page
from ..tools.web import visitor

_logger = logging.getLogger(__name__)

#: On every answer of ours: not cached, no referrer, no sniffing, no device.
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "X-Content-Type-Options": "nosniff",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
#: On answers that are no pages: they load nothing and nothing frames them.
BARE_CSP = "default-src 'none'; frame-ancestors 'none'; sandbox"
#: On the portal's pages, whose scripts are Odoo's.
PORTAL_CSP = "base-uri 'self'; frame-ancestors 'self'"
CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors {ancestors}"
)
NO_FRAME, OWN_FRAME = "'none'", "'self'"
#: The same for old browsers, which cannot name other websites.
FRAME_OPTIONS = {NO_FRAME: "DENY", OWN_FRAME: "SAMEORIGIN"}
#: Most bytes of a form without files: browsers encode a character in up to twelve.
FORM_LIMIT = 512 * 1024
#: Upper bound of ids (PostgreSQL's ``integer``); no number of ours has more digits.
ID_LIMIT, MOST_DIGITS = 2**31, 10
#: Most accepted languages of a browser that are considered.
ACCEPTED_LIMIT = 10
#: Routing of read-only endpoints, such as a page that a link in a text opens.
LOOK = {
    "type": "http",
    "auth": "public",
    "methods": ["GET"],
    "save_session": False,
    "sitemap": False,
}
#: Routing of a page with a form; the route sets its own ``auth``.
FORM = {"type": "http", "methods": ["GET", "POST"], "max_content_length": FORM_LIMIT}


def answer(template, values=None, status=200, ancestors=NO_FRAME):
    """Return a public page of the addon.

    :param str template: the name of a template in ``sms_public_templates.xml``
    :param dict values: what it shows
    :param str ancestors: who may show the page in a frame, as in a CSP
    """
    lang = request.env.context.get("lang") or "en_US"
    page = {
        # "lang" is the template engine's own.
        "language": lang.replace("_", "-"),
        "direction": request.env["res.lang"]._get_data(code=lang).direction or "ltr",
        "csrf_token": request.csrf_token(),
        "company_name": "",
        **(values or {}),
    }
    body = request.env["ir.qweb"]._render(f"helpdesk_mgmt_sms.{template}", page)
    response = request.make_response(f"<!DOCTYPE html>\n{body}", status=status)
    csp = CSP.format(ancestors=ancestors)
    return shield(response, csp, FRAME_OPTIONS.get(ancestors))


def bare(data="", content_type="text/plain; charset=utf-8", status=200):
    """Return an answer that is no page: to a carrier or a monitor, or a redirect.

    :param data: text or bytes
    """
    headers = [("Content-Type", content_type)]
    return shield(request.make_response(data, headers, status=status), BARE_CSP, "DENY")


def redirect(path):
    """Redirect to another page of this server, by GET."""
    response = bare(status=303)
    response.headers["Location"] = path
    return response


def shield(response, csp=PORTAL_CSP, frame="SAMEORIGIN"):
    """Return an answer with our headers, by default one of the portal.

    :param str frame: the policy for old browsers, or None
    """
    response.headers.update({**HEADERS, "Content-Security-Policy": csp})
    if frame:
        response.headers["X-Frame-Options"] = frame
    return response


def guarded(method):
    """Make an endpoint count refusals by caller, and answer them alike.

    Too many get 429, and no line in the log any more. Requests with a valid signature
    or token are never counted: carriers call often.
    """

    @wraps(method)
    def answer_all(*args, **kwargs):
        try:
            return method(*args, **kwargs)
        except (Forbidden, NotFound) as error:
            if is_over("refused"):
                response = bare(status=429)
                response.headers["Retry-After"] = "600"
                return response
            # Quoted: the path may contain line breaks.
            path = request.httprequest.path
            _logger.warning("Refused %r: %s", path, error.description)
            return bare(status=error.code)

    return answer_all


def not_found():
    """Return the one page for every address that opens nothing."""
    speak()
    return answer("public_not_found", status=404)


def too_many():
    """Return the page for a visitor who has come too often."""
    speak()
    response = answer("public_too_many", status=429)
    response.headers["Retry-After"] = "600"
    return response


def is_over(scope, key=None):
    """Count one more, and commit; return whether that was too many.

    Otherwise visitors who share an address would conflict, and wait for Odoo's retry.

    :param str scope: a key of ``sms_rate_limit.LIMITS``
    :param str key: what is counted, default the visitor
    """
    key = key or visitor(request.httprequest.remote_addr)
    request.env.cr.commit()  # pylint: disable=invalid-commit
    count = request.env["sms.rate.limit"].sudo()._is_over
    return request.env["sms.dispatcher"]._in_new_transaction(count, scope, key)


def read_id(typed, limit=ID_LIMIT):
    """Return the positive number in a form or a path, or None if it is invalid.

    Routes take it as a string: an ``<int:id>`` may have so many digits that Python
    refuses to convert them, and the answer is an internal server error.
    """
    is_text = isinstance(typed, str) and typed.isascii() and len(typed) <= MOST_DIGITS
    is_number = is_text and typed.isdigit()
    return int(typed) if is_number and 0 < int(typed) < limit else None


def get_forms():
    """Return the model of the forms to consent, in sudo."""
    return request.env["sms.consent.form"].sudo()


def speak(lang=None, company=None):
    """Answer in an active language: that given, else what the browser asks for.

    :param str lang: code of a language, may be empty or not installed
    :param company: ``res.company`` whose language is the fallback; default: the
        environment's
    """
    company = company or request.env.company
    accepted = request.httprequest.accept_languages.values()
    read = islice(accepted, ACCEPTED_LIMIT)
    request.update_context(lang=company._pick_sms_lang(lang, *read))


def say_moment(env, moment, tz):
    """Return a time (UTC) as pages show it, in the language of ``env``."""
    return say_to_user(env(context={**env.context, "tz": tz}), moment)


def get_trace(page):
    """Return where the request came from, for the evidence.

    :param str page: the page's path, without secrets
    """
    http = request.httprequest
    return get_forms()._get_trace(http.remote_addr, http.user_agent.string, page)


def get_origin(address):
    """Return the origin of a website as a CSP names it, or an empty string."""
    if not is_page(address):
        return ""
    parts = urlsplit(address)
    is_plain = re.fullmatch(r"[A-Za-z0-9.-]+(:\d{1,5})?", parts.netloc)
    return f"{parts.scheme}://{parts.netloc}" if is_plain else ""
