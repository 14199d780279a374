# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models

from ..tools import verdicts


class SmsSms(models.Model):
    """What one of us texts a ticket's customer ends their waiting for an answer."""

    _inherit = "sms.sms"

    def _end_waiting(self):
        """Note on a ticket that its customer was answered, unless the gate refused."""
        if len(self) > 1:  # what is for many is not personal
            return
        answers = self.filtered(
            lambda sms: sms.is_personal and sms.gate_verdict != verdicts.BLOCK
        )
        for message_sudo in answers.mail_message_id.sudo():
            if message_sudo.model == "helpdesk.ticket":
                ticket = self.env["helpdesk.ticket"].browse(message_sudo.res_id)
                ticket._end_sms_waiting()
