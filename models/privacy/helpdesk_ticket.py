# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models


class HelpdeskTicket(models.Model):
    """Tickets, which forget their number. All else of them is not ours."""

    _name = "helpdesk.ticket"
    _inherit = ["helpdesk.ticket", "sms.personal.data"]
    _personal_number = "partner_phone_sanitized"
    _forgets_last = True

    def _describe_personal(self):
        return [(len(self), self.env._("Tickets: the number on them"))]

    def _forget(self):
        """Empty the number; that of the contact, if there is one, stays."""
        self.with_context(tracking_disable=True).partner_phone = False
