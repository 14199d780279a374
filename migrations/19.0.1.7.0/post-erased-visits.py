# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Clear numbers in appointments of people erased before erasure included them."""

from urllib.parse import unquote

from odoo import SUPERUSER_ID, api

from odoo.addons.helpdesk_mgmt_sms.models.privacy.calendar_event import CALL_LINK


def migrate(cr, _version):
    """Clear numbers whose keyed hash was erased, unless they have an answer since."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    erasures = env["sms.erasure"].search([])
    for company, own in erasures.grouped("company_id").items():
        cr.execute(
            """
            SELECT description FROM calendar_event
             WHERE sms_company_id = %s AND description LIKE '%%tel:%%'
            """,
            [company.id],
        )
        links = {href for [text] in cr.fetchall() for href in CALL_LINK.findall(text)}
        read, country = env["res.partner"]._phone_format_number, company.country_id
        numbers = set(filter(None, (read(unquote(it), country) for it in links)))
        hashes = env["sms.consent.key"]._hash(sorted(numbers))
        gone = set(own.mapped("number_hash"))
        known = [("company_id", "=", company.id), ("number", "in", list(numbers))]
        known = set(env["sms.consent"].search(known).mapped("number"))
        for number in sorted(numbers - known):
            if hashes[number] in gone:
                env["calendar.event"]._find_personal(company, [number])._forget()
