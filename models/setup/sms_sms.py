# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models


class SmsSms(models.Model):
    """Makes virtual phones stop ringing when a call is over."""

    _inherit = "sms.sms"

    def _end_call(self):
        ended = super()._end_call()
        self.env["sms.virtual.phone"]._notify_calls(ended)
        return ended
