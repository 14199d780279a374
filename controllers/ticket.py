# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.http import Controller, request, route

from . import public


class TicketController(Controller):
    """The page behind the link to a ticket: how it is, without a login.

    It shows what the text itself has told (number, title, stage), and nothing of the
    person. Who has an account is led to it: there is more to see.
    """

    _url = "/sms/t/<string:token>"

    @route(_url, **public.LOOK)
    def ticket(self, token, **_query):
        """Show how a ticket is.

        :param str token: see ``tools.links``
        """
        if public.is_over("ticket_visitor"):
            return public.too_many()
        ticket_sudo = request.env["helpdesk.ticket"]._find_by_short_link(token)
        if not ticket_sudo:
            return public.not_found()
        if public.is_over("ticket_link", str(ticket_sudo.id)):
            return public.too_many()
        if ticket_sudo.partner_id.user_ids.filtered("active"):
            return self._lead_to_account(ticket_sudo)
        partner = ticket_sudo.partner_id
        public.speak(partner.lang)
        ticket_sudo = ticket_sudo.with_env(request.env(su=True))
        return public.answer("public_ticket", self._get_values(ticket_sudo, partner.tz))

    def _lead_to_account(self, ticket_sudo):
        path = ticket_sudo.access_url
        if request.env.user._is_public():
            path = f"/web/login?redirect={path}"
        return public.redirect(path)

    def _get_values(self, ticket_sudo, tz):
        """Return what the page shows.

        :param str tz: the customer's zone; empty: the company's
        """
        company, env = ticket_sudo.company_id, ticket_sudo.env
        tz = tz or company.partner_id.tz or "UTC"
        return {
            "company_name": company.name,
            "number": ticket_sudo.number,
            "name": ticket_sudo.name,
            "stage": ticket_sudo.stage_id.name,
            "is_closed": ticket_sudo.stage_id.closed,
            "updated": public.say_moment(env, ticket_sudo._get_sms_last_update(), tz),
        }
