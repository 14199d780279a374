# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class ResCompany(models.Model):
    """Sets how long the link to a ticket in a text works."""

    _inherit = "res.company"

    sms_ticket_link_days = fields.Integer(
        "Days a Ticket Link Works",
        default=30,
        help="How long the link in a text shows the ticket without logging in.",
    )

    _sms_ticket_link_days_bounds = models.Constraint(
        "CHECK (sms_ticket_link_days BETWEEN 1 AND 365)",
        "The link to a ticket works from 1 to 365 days.",
    )
