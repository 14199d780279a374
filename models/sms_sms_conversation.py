# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models

from ..tools import verdicts


class SmsSms(models.Model):
    """What one of us texts a ticket's customer ends their waiting for an answer."""

    _inherit = "sms.sms"

    @api.model_create_multi
    def create(self, vals_list):
        """Note on a ticket that its customer was answered, unless the gate refused."""
        messages = super().create(vals_list)
        if len(messages) > 1:  # what is for many is not personal
            return messages
        answers = messages.filtered(
            lambda sms: sms.is_personal and sms.gate_verdict != verdicts.BLOCK
        )
        for message_sudo in answers.mail_message_id.sudo():
            if message_sudo.model == "helpdesk.ticket":
                ticket = self.env["helpdesk.ticket"].browse(message_sudo.res_id)
                ticket._end_sms_waiting()
        return messages
