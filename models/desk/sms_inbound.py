# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models

from ...tools import TICKET_MODEL
from .helpdesk_ticket_thread import IN


class SmsInbound(models.Model):
    """Shows a text and its media on the open conversations of its number."""

    _inherit = "sms.inbound"

    def _after_receiving(self):
        """Show a text without a ticket, as a STOP or an answer, on all of them."""
        result = super()._after_receiving()
        if not self.mail_message_id:
            key = self.company_id.id, self.number
            changed = {key: [f"{IN}-{self.id}"]}
            self.env[TICKET_MODEL]._notify_sms_number_desks(changed)
        return result

    def _after_media(self):
        """Refresh the text on its ticket once its media are loaded."""
        result = super()._after_media()
        if self.ticket_id:
            changed = {self.ticket_id.id: [f"{IN}-{self.id}"]}
            self.ticket_id._notify_sms_desks(changed)
        return result
