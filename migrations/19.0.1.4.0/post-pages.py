# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Correct addresses of companies' privacy and terms pages that are no web pages."""

import logging

from odoo.addons.helpdesk_mgmt_sms.tools.links import is_page

_logger = logging.getLogger(__name__)


def migrate(cr, version):
    """Prepend https:// where it is missing; clear what no browser should open."""
    for name in ("sms_privacy_url", "sms_terms_url"):
        cr.execute(f"SELECT id, {name} FROM res_company WHERE {name} IS NOT NULL")
        for company_id, url in cr.fetchall():
            if is_page(url):
                continue
            mended = f"https://{url.strip()}"
            mended = mended if ":" not in url and is_page(mended) else None
            _logger.warning("Company %s: %s is %r now", company_id, name, mended)
            cr.execute(
                f"UPDATE res_company SET {name} = %s WHERE id = %s",
                [mended, company_id],
            )
