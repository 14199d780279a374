# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class HelpdeskTicketStage(models.Model):
    """A stage may text the customer of a ticket that reaches it."""

    _inherit = "helpdesk.ticket.stage"

    sms_template_id = fields.Many2one(
        "sms.template",
        string="SMS Template",
        domain=[("model", "=", "helpdesk.ticket")],
        ondelete="set null",
        help="Sent to the customer when a ticket reaches this stage, if they agreed.",
    )
