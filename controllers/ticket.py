# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import SUPERUSER_ID
from odoo.http import Controller, request, route

from . import public


class TicketController(Controller):
    """The page behind the link to a ticket: its state, without a login.

    It shows what the text itself has told (number, title, stage), and nothing about the
    person. A customer who is logged in finds a link to the portal there.
    """

    _url = "/sms/t/<string:token>"

    @route(_url, **public.LOOK)
    def ticket(self, token, **_query):
        """Show a ticket's state; its token is a signed address of ``tools.links``."""
        if public.is_over("ticket_visitor"):
            return public.too_many()
        ticket_sudo = request.env["helpdesk.ticket"]._find_by_short_link(token)
        if not ticket_sudo:
            return public.not_found()
        if public.is_over("ticket_link", str(ticket_sudo.id)):
            return public.too_many()
        partner = ticket_sudo.partner_id
        public.speak(partner.lang, ticket_sudo.company_id)
        ticket_sudo = ticket_sudo.with_env(request.env(su=True))
        return public.answer("public_ticket", self._get_values(ticket_sudo, partner.tz))

    # Nobody can guess the address, so a post needs no session and no other token.
    @route(
        f"{_url}/other",
        csrf=False,
        max_content_length=public.FORM_LIMIT,
        **{**public.LOOK, "methods": ["POST"]},
    )
    def other(self, token, **_posted):
        """Take a ticket out of its incident, as the customer says; then show it.

        A second time changes nothing.
        """
        if public.is_over("ticket_visitor"):
            return public.too_many()
        ticket_sudo = request.env["helpdesk.ticket"]._find_by_short_link(token)
        if not ticket_sudo:
            return public.not_found()
        who = request.env._("customer, on the ticket's page")
        ticket_sudo.with_user(SUPERUSER_ID)._deny_sms_incident(who)
        return public.redirect(request.httprequest.path.removesuffix("/other"))

    def _get_values(self, ticket_sudo, tz):
        company, env = ticket_sudo.company_id, ticket_sudo.env
        is_theirs = request.env.user.partner_id in ticket_sudo.partner_id
        tz = tz or company._get_sms_zone()
        return {
            "company_name": company.name,
            "portal_url": is_theirs and ticket_sudo.access_url,
            "number": ticket_sudo.number,
            "name": ticket_sudo.name,
            "stage": ticket_sudo.stage_id.name,
            "is_closed": ticket_sudo.stage_id.closed,
            "incident": ticket_sudo.sms_incident_id.name,
            "status_page": ticket_sudo.sms_incident_id.status_page,
            "other_url": f"{request.httprequest.path}/other",
            "is_other": ticket_sudo.sms_is_no_incident and not ticket_sudo.closed,
            "updated": public.say_moment(env, ticket_sudo._get_sms_last_update(), tz),
        }
