# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

from .helpdesk_ticket import DESK_GROUP

#: Other tickets of a number that are shown beside its conversation.
OTHERS_LIMIT = 10


class HelpdeskTicket(models.Model):
    """The facts of a ticket that an agent needs beside the conversation."""

    _inherit = "helpdesk.ticket"

    sms_other_ticket_ids = fields.Many2many(
        "helpdesk.ticket",
        string="Other Open Tickets",
        compute="_compute_sms_other_ticket_ids",
        groups=DESK_GROUP,
        help="Of the same number, in the same company.",
    )

    def _compute_sms_other_ticket_ids(self):
        for ticket in self:
            number = ticket.partner_phone_sanitized
            domain = [
                ("partner_phone_sanitized", "=", number),
                ("company_id", "=", ticket.company_id.id),
                ("closed", "=", False),
                ("id", "!=", ticket._origin.id),
            ]
            ticket.sms_other_ticket_ids = number and self.search(
                domain, limit=OTHERS_LIMIT
            )
