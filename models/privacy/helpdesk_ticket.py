# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models


class HelpdeskTicket(models.Model):
    """Erases the number of tickets; their other data is not ours."""

    _name = "helpdesk.ticket"
    _inherit = ["helpdesk.ticket", "sms.personal.data"]
    _personal_number = "partner_phone_sanitized"
    _forgets_last = True

    def _describe_personal(self):
        return [(len(self), self.env._("Tickets: the number on them"))]

    def _forget(self):
        """Empty the number; the contact's, if any, stays."""
        self.with_context(tracking_disable=True).partner_phone = False
