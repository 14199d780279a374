# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models

from ..core.moments import say_moment


class SmsSms(models.Model):
    """Messages that answer a received text."""

    _inherit = "sms.sms"

    def _describe_answered_text(self):
        """Return in words when that text came."""
        moment = say_moment(self.env, self.inbound_id.sudo().received_at)
        return self.env._("Answers their text of %s", moment)
