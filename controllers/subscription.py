# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.http import request, route

from odoo.addons.portal.controllers.portal import CustomerPortal

from ..models.consent.sms_consent_form import NOT_TICKED, REFUSALS
from . import public
from .portal import take_form


class SubscriptionController(CustomerPortal):
    """The portal's page on which customers choose which outages they are told of."""

    _url = "/my/outages"

    @route(_url, auth="user", website=True, **public.FORM)
    def outages(self, **query):
        """Show the page, or record what was chosen and show the result."""
        forms_sudo = public.get_forms()
        company_sudo, partner = request.env.company.sudo(), request.env.user.partner_id
        result = query.get("sms")
        if request.httprequest.method == "POST":
            # After a double click the second request sees what the first one did.
            number = partner.phone_sanitized or partner._name
            request.env["sms.number.lock"].sudo()._acquire(company_sudo, number)
            result = take_form(forms_sudo._take_areas, self._url)
            if result not in (*REFUSALS, NOT_TICKED):
                return public.redirect(f"{self._url}?sms={result}")
        values = {
            **self._prepare_portal_layout_values(),
            "page_name": "outages",
            "offer": forms_sudo._get_area_offer(company_sudo, partner),
            "sms_result": result,
        }
        return public.shield(request.render("helpdesk_mgmt_sms.portal_outages", values))
