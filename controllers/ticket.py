# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import SUPERUSER_ID
from odoo.http import Controller, request, route

from . import public


class TicketController(Controller):
    """The page behind the link to a ticket: how it is, without a login.

    It shows what the text itself has told (number, title, stage), and nothing of the
    person. Who has an account is led to it: there is more to see.
    """

    _url = "/sms/t/<string:token>"

    # Who posts has the address, which nobody guesses: no session, no other token.
    @route(
        _url,
        auth="public",
        csrf=False,
        save_session=False,
        sitemap=False,
        **public.FORM,
    )
    def ticket(self, token, **posted):
        """Show how a ticket is; its token is a signed address of ``tools.links``.

        Posted: it is not about the incident of which the customer was told.
        """
        if public.is_over("ticket_visitor"):
            return public.too_many()
        ticket_sudo = request.env["helpdesk.ticket"]._find_by_short_link(token)
        if not ticket_sudo:
            return public.not_found()
        if public.is_over("ticket_link", str(ticket_sudo.id)):
            return public.too_many()
        if request.httprequest.method == "POST" and posted.get("other"):
            ticket_sudo.with_user(SUPERUSER_ID)._deny_sms_incident(
                request.env._("customer, on the ticket's page")
            )
            return public.redirect(request.httprequest.path)
        if ticket_sudo.partner_id.user_ids.filtered("active"):
            path = ticket_sudo.access_url
            is_visitor = request.env.user._is_public()
            return public.redirect(
                f"/web/login?redirect={path}" if is_visitor else path
            )
        partner = ticket_sudo.partner_id
        public.speak(partner.lang)
        ticket_sudo = ticket_sudo.with_env(request.env(su=True))
        return public.answer("public_ticket", self._get_values(ticket_sudo, partner.tz))

    def _get_values(self, ticket_sudo, tz):
        company, env = ticket_sudo.company_id, ticket_sudo.env
        tz = tz or company.partner_id.tz or "UTC"
        return {
            "company_name": company.name,
            "number": ticket_sudo.number,
            "name": ticket_sudo.name,
            "stage": ticket_sudo.stage_id.name,
            "is_closed": ticket_sudo.stage_id.closed,
            "incident": ticket_sudo.sms_incident_id.name,
            "status_page": ticket_sudo.sms_incident_id.status_page,
            "is_other": ticket_sudo.sms_is_no_incident,
            "updated": public.say_moment(env, ticket_sudo._get_sms_last_update(), tz),
        }
