# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the doors of all carriers share: find the account, hand over.

Each door verifies its carrier's signature in between, before any write.
"""

import logging

from werkzeug.exceptions import Forbidden, NotFound, ServiceUnavailable

from odoo.http import request

from ..tools import texts

_logger = logging.getLogger(__name__)

#: What every door is: for strangers, who are known by their signature.
DOOR = {
    "type": "http",
    "auth": "public",
    "methods": ["POST"],
    "csrf": False,
    "save_session": False,
}


def find_company(key):
    """Return the company of an address, in sudo.

    :param str key: the company's webhook key
    :raises NotFound: 404 for an unknown key
    """
    companies_sudo = request.env["res.company"].sudo()
    company_sudo = companies_sudo._find_by_sms_webhook_key(texts.clean(key))
    if not company_sudo:
        raise NotFound("no company has this address")
    return company_sudo


def check(company_sudo, code, url, form, signature):
    """Refuse a request that the carrier has not signed.

    :param str code: a key of ``PROVIDERS``
    :param url: as for ``Provider.verify``, like the following ones
    :raises Forbidden: 403 for a signature that is missing or wrong
    :raises ServiceUnavailable: 503 while the key to the account is missing
    """
    if company_sudo._has_locked_sms_account(code):
        _logger.error("A request of %s cannot be verified: a key is missing", code)
        raise ServiceUnavailable()
    provider = company_sudo._get_sms_provider(code, with_senders=False)
    if not provider.verify(url, form, signature):
        raise Forbidden(f"a request that {code} has not signed")


def take_inbound(company_sudo, event):
    """Take in a text, those of one number one after the other.

    :param providers.inbound.InboundEvent event: in our words
    """
    request.env["sms.line"].sudo()._wait(company_sudo, texts.clean(event.number))
    request.env["sms.inbound"].sudo()._receive(company_sudo, event)


def take_report(company_sudo, code, uuid, report):
    """Take in a delivery report.

    A report on a message that is gone, or another company's, is a logged nothing: to
    refuse it would only make the carrier repeat it.

    :param str code: the carrier that reports
    :param str uuid: our own key of the message, which nobody can guess
    :param providers.outbound.DeliveryReport report: in our words
    """
    sms_sudo = request.env["sms.sms"].sudo()
    uuid = texts.clean(uuid)
    if not sms_sudo._take_report_by_uuid(company_sudo, uuid, report, code):
        _logger.info("Delivery report for an unknown message")
