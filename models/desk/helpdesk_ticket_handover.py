# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from .helpdesk_ticket import DESK_GROUP

#: Most users that are offered for handing a conversation over.
ASSIGNEE_LIMIT = 200


class HelpdeskTicket(models.Model):
    """Hands over and closes conversations, one or many at once."""

    _inherit = "helpdesk.ticket"

    @api.model
    @api.readonly
    def get_sms_assignees(self, ticket_id):
        """Return the users to whom a conversation can be handed over.

        :return: list of ``id`` and ``name``
        :raises AccessError: unless a helpdesk user who may edit the ticket
        """
        ticket = self.browse(self._read_sms_id(ticket_id))
        ticket._check_sms_inbox()
        users_sudo = self.env["res.users"].sudo()
        domain = ticket._get_sms_assignee_domain()
        return users_sudo.search_read(
            domain, ["name"], limit=ASSIGNEE_LIMIT, order="name, id"
        )

    def _get_sms_assignee_domain(self):
        """Return the domain of users who may own the ticket, in its team if any.

        The same as on the ticket's form and for OCA's button *Assign to me*.
        """
        self.ensure_one()
        domain = (
            Domain("share", "=", False)
            & Domain("all_group_ids", "in", self.env.ref(DESK_GROUP).ids)
            & Domain("company_ids", "in", self.sudo().company_id.ids)
        )
        if team_sudo := self.sudo().team_id:
            domain &= Domain("id", "in", team_sudo.user_ids.ids)
        return domain

    def assign_sms(self, user_id=None):
        """Assign conversations to a user, whom Odoo notifies as usual.

        :param user_id: id of a user of :meth:`get_sms_assignees`; False: nobody;
            None (as a button calls it): the caller
        :raises AccessError: unless a helpdesk user who may edit the tickets
        :raises UserError: if the user may not own one of them
        """
        self._check_sms_inbox()
        if user_id is None:
            user_id = self.env.uid
        elif user_id is not False:
            user_id = self._read_sms_id(user_id)
        users_sudo = self.env["res.users"].sudo()
        for ticket, *_others in self._group_sms_by_team() if user_id else ():
            domain = ticket._get_sms_assignee_domain() & Domain("id", "=", user_id)
            if not users_sudo.search_count(domain, limit=1):
                raise UserError(ticket._explain_sms_assignee())
        self.write({"user_id": user_id})
        return True

    def _explain_sms_assignee(self):
        ticket_sudo = self.sudo()
        if ticket_sudo.team_id:
            return self.env._(
                "This user cannot take ticket %(ticket)s. Choose a member of the team "
                "%(team)s who works in %(company)s.",
                ticket=ticket_sudo.number,
                team=ticket_sudo.team_id.name,
                company=ticket_sudo.company_id.name,
            )
        return self.env._(
            "This user cannot take ticket %(ticket)s. Choose a helpdesk user who works "
            "in %(company)s.",
            ticket=ticket_sudo.number,
            company=ticket_sudo.company_id.name,
        )

    def close_sms(self):
        """Mark conversations as read and move them to their teams' closing stage.

        :raises AccessError: unless a helpdesk user who may edit the tickets
        :raises UserError: if a team has no stage that closes
        """
        self._check_sms_inbox()
        tickets = self.filtered(lambda ticket: not ticket.closed)
        tickets._mark_sms_read()
        for alike in tickets._group_sms_by_team():
            stage = alike[0]._get_sms_stages().filtered("closed")[:1]
            if not stage:
                raise UserError(alike[0]._explain_sms_closing())
            alike.write({"stage_id": stage.id})
        return True

    def _explain_sms_closing(self):
        if self.team_id:
            return self.env._(
                "The team %s has no stage that closes a ticket. Ask a helpdesk manager "
                "to add one.",
                self.team_id.name,
            )
        return self.env._(
            "Ticket %s has no team, and there is no stage for tickets without a team "
            "that closes one. Choose a team first.",
            self.number,
        )

    def _group_sms_by_team(self):
        """Return the tickets of each company and team together."""
        return self.grouped(lambda it: (it.company_id, it.team_id)).values()
