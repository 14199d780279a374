# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.http import request, route

from odoo.addons.helpdesk_mgmt.controllers.main import HelpdeskTicketController

from . import public

CLOSE_URL = "/ticket/close"


class HelpdeskSmsCloseController(HelpdeskTicketController):
    """Lets customers close only their own tickets, by a button and not by a link.

    The host's route closes any ticket, by a GET as well. Closing a ticket texts its
    customer, so anyone who got somebody to follow a link could text in their name.
    """

    @route(CLOSE_URL, methods=["POST"], csrf=True, max_content_length=public.FORM_LIMIT)
    def support_ticket_close(self, **_query):
        """Close a ticket that the user may close, to a stage that its page offers.

        Any other stage changes nothing, nor is a closed ticket closed again: nobody is
        notified twice. Redirects to the ticket, as the host does.
        """
        form = request.httprequest.form
        ticket = self._find_closable(public.read_id(form.get("ticket_id")))
        if not ticket:
            return public.bare(status=404)
        stages_sudo = ticket.sudo()._get_sms_stages().filtered("close_from_portal")
        stage_id = public.read_id(form.get("stage_id"))
        if stage_id in stages_sudo.ids and not ticket.sudo().stage_id.closed:
            ticket.sudo().stage_id = stage_id
        return request.redirect(f"/my/ticket/{ticket.id}", code=302)

    def _find_closable(self, ticket_id):
        """Return the ticket if the user may close it, else an empty recordset.

        Customers may close the tickets that they see; employees those that they may
        edit, and those of which they are the customer.
        """
        ticket = request.env["helpdesk.ticket"].browse(ticket_id or ()).exists()
        user = request.env.user
        is_theirs = ticket.sudo().partner_id == user.partner_id
        operation = "write" if user._is_internal() and not is_theirs else "read"
        return ticket._filtered_access(operation)
