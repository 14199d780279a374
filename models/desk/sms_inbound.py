# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models

from .helpdesk_ticket_desk import IN


class SmsInbound(models.Model):
    """Shows a text's pictures on open conversations, or why they will not come."""

    _inherit = "sms.inbound"

    def _after_media(self):
        """Show the text anew."""
        result = super()._after_media()
        if self.ticket_id:
            changed = {self.ticket_id.id: [f"{IN}-{self.id}"]}
            self.ticket_id._notify_sms_desks(changed)
        return result
