# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.http import request, route

from odoo.addons.helpdesk_mgmt.controllers.main import HelpdeskTicketController
from odoo.addons.portal.controllers.portal import CustomerPortal

from ..models.consent.sms_consent_form import NUMBER_LIMIT, REFUSALS
from ..tools import texts
from . import public


def is_unconfirmed():
    """Return whether the login has typed its own number and not confirmed it."""
    partner_sudo = request.env.user.partner_id.sudo()
    claims_sudo = request.env["sms.number.claim"].sudo()
    return claims_sudo._is_unproven(partner_sudo, partner_sudo.phone_sanitized)


class HelpdeskSmsTicketController(HelpdeskTicketController):
    """Adds the number and the consent to texts to the portal's form of a new ticket.

    The host's route takes a GET without a token too: a link that somebody was made to
    follow would create tickets in their name, and text them.
    """

    def _get_create_new_ticket_values(self, **kw):
        values = super()._get_create_new_ticket_values(**kw)
        company_sudo = request.env.company.sudo()
        purpose_sudo = request.env["sms.purpose"].sudo()._get("ticket")
        return {
            **values,
            "sms_choices": public.get_forms()._get_choices(
                company_sudo, "", purpose_sudo
            ),
            "sms_phone": request.env.user.partner_id.phone or "",
            "sms_unconfirmed": is_unconfirmed(),
            "sms_typed": {},
        }

    def _prepare_submit_ticket_vals(self, **kw):
        vals = super()._prepare_submit_ticket_vals(**kw)
        form = request.httprequest.form
        if "sms_phone" in form:
            typed = texts.clip(form["sms_phone"], NUMBER_LIMIT).strip()
            vals["partner_phone"] = typed or False
        return vals

    @route(methods=["POST"])
    def submit_ticket(self, **kw):
        """Record the consent before the ticket, so that its first text may leave."""
        kw = {k: texts.clean(v) if isinstance(v, str) else v for k, v in kw.items()}
        kw |= {name: public.read_id(kw.get(name)) for name in ("team", "category")}
        form = request.httprequest.form
        result = public.get_forms()._take_ticket(
            request.env.company.sudo(),
            request.env.user.partner_id,
            form,
            public.get_trace(request.httprequest.path),
        )
        if result not in REFUSALS:
            return super().submit_ticket(**kw)
        values = {
            **self._get_create_new_ticket_values(**kw),
            "sms_typed": kw,
            "sms_phone": texts.clip(form.get("sms_phone"), NUMBER_LIMIT),
            "sms_result": result,
        }
        page = request.render("helpdesk_mgmt.portal_create_ticket", values)
        return public.shield(page)


class HelpdeskSmsAccountController(CustomerPortal):
    """The form for texts on the portal's account page.

    Separate from the address, which has required fields: nobody has to tell where they
    live in order to opt out.
    """

    _save_url = "/my/account/sms"

    def _prepare_my_account_rendering_values(self, *args, **kwargs):
        values = super()._prepare_my_account_rendering_values(*args, **kwargs)
        company_sudo, partner = request.env.company.sudo(), request.env.user.partner_id
        purposes_sudo = request.env["sms.purpose"].sudo()._get_for_customers()
        return {
            **values,
            "sms_choices": public.get_forms()._get_portal_choices(
                company_sudo, partner, purposes_sudo
            ),
            "sms_phone": partner.phone or "",
            "sms_unconfirmed": is_unconfirmed(),
            "sms_typed": {},
            "sms_result": kwargs.get("sms"),
        }

    @route(
        _save_url,
        type="http",
        auth="user",
        methods=["POST"],
        website=True,
        max_content_length=public.FORM_LIMIT,
    )
    def save_sms(self, **_form):
        """Process the form; show the page again with the result."""
        form = request.httprequest.form
        result = public.get_forms()._take_account(
            request.env.company.sudo(),
            request.env.user.partner_id,
            form,
            public.get_trace("/my/account"),
        )
        if result not in REFUSALS:
            return public.redirect(f"/my/account?sms={result}#sms")
        values = {
            **self._prepare_my_account_rendering_values(),
            "sms_phone": texts.clip(form.get("sms_phone"), NUMBER_LIMIT),
            "sms_typed": {name: texts.clip(form[name], 20) for name in form},
            "sms_result": result,
        }
        return public.shield(request.render("portal.portal_my_details", values))
