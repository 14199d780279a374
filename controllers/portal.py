# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.http import request, route

from odoo.addons.helpdesk_mgmt.controllers.main import HelpdeskTicketController
from odoo.addons.portal.controllers.portal import CustomerPortal

from ..models.consent.sms_consent_form import NUMBER_LIMIT, REFUSALS
from ..tools import texts
from . import public


def get_form_values(choices):
    """Return what the portal's forms show before the user has typed anything."""
    partner_sudo = request.env.user.partner_id.sudo()
    number = partner_sudo.phone_sanitized
    claims_sudo = request.env["sms.number.claim"].sudo()
    return {
        "sms_choices": choices,
        "sms_phone": partner_sudo.phone or "",
        "sms_unconfirmed": claims_sudo._is_unproven(partner_sudo, number),
    }


def take_form(take, page):
    """Hand a form to a method of the forms' model; return the code of its result.

    :param str page: the page's path, for the evidence
    """
    login = (request.env.company.sudo(), request.env.user.partner_id)
    return take(*login, request.httprequest.form, public.get_trace(page))


class HelpdeskSmsTicketController(HelpdeskTicketController):
    """Adds the number and the consent to texts to the portal's form of a new ticket.

    The host's route takes a GET without a token too: a link that somebody was made to
    follow would create tickets in their name, and text them.
    """

    def _get_create_new_ticket_values(self, **kw):
        forms_sudo, company_sudo = public.get_forms(), request.env.company.sudo()
        purpose_sudo = request.env["sms.purpose"].sudo()._get("ticket")
        choices = forms_sudo._get_choices(company_sudo, "", purpose_sudo)
        return super()._get_create_new_ticket_values(**kw) | get_form_values(choices)

    def _prepare_submit_ticket_vals(self, **kw):
        vals = super()._prepare_submit_ticket_vals(**kw)
        if (typed := request.httprequest.form.get("sms_phone")) is not None:
            vals["partner_phone"] = texts.clip(typed, NUMBER_LIMIT).strip() or False
        return vals

    @route(methods=["POST"])
    def submit_ticket(self, **kw):
        """Record the consent before the ticket, so that its first text may leave."""
        kw = {k: texts.clean(v) if isinstance(v, str) else v for k, v in kw.items()}
        kw |= {name: public.read_id(kw.get(name)) for name in ("team", "category")}
        category = request.env["helpdesk.ticket.category"].browse(kw["category"] or ())
        kw["category"] = category.exists()._filtered_access("read").id
        result = take_form(public.get_forms()._take_ticket, request.httprequest.path)
        if result not in REFUSALS:
            return super().submit_ticket(**kw)
        values = {
            **self._get_create_new_ticket_values(**kw),
            "sms_typed": kw,
            "sms_phone": texts.clip(kw.get("sms_phone"), NUMBER_LIMIT),
            "sms_result": result,
        }
        page = "helpdesk_mgmt.portal_create_ticket"
        return public.shield(request.render(page, values))


class HelpdeskSmsAccountController(CustomerPortal):
    """The form for texts on the portal's account page.

    Separate from the address, which has required fields: nobody has to tell where they
    live in order to opt out.
    """

    _save_url = "/my/account/sms"

    def _prepare_my_account_rendering_values(self, *args, **kwargs):
        values = super()._prepare_my_account_rendering_values(*args, **kwargs)
        company_sudo, partner = request.env.company.sudo(), request.env.user.partner_id
        choices = public.get_forms()._get_portal_choices(company_sudo, partner)
        return {**values, **get_form_values(choices), "sms_result": kwargs.get("sms")}

    @route(_save_url, auth="user", website=True, **{**public.FORM, "methods": ["POST"]})
    def save_sms(self, **_form):
        """Process the form; show the page again with the result."""
        form = request.httprequest.form
        result = take_form(public.get_forms()._take_account, "/my/account")
        if result not in REFUSALS:
            return public.redirect(f"/my/account?sms={result}#sms")
        values = {
            **self._prepare_my_account_rendering_values(),
            "sms_phone": texts.clip(form.get("sms_phone"), NUMBER_LIMIT),
            "sms_typed": {name: texts.clip(form[name], 20) for name in form},
            "sms_result": result,
        }
        return public.shield(request.render("portal.portal_my_details", values))
