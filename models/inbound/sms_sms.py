# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models


class SmsSms(models.Model):
    """A message may answer a text that came in."""

    _inherit = "sms.sms"

    def _describe_answered_text(self):
        """Say when that text came."""
        return self.inbound_id.sudo()._get_answer_label()
