# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models


class SmsInbound(models.Model):
    """Shows received texts on open virtual phones."""

    _inherit = "sms.inbound"

    def _after_receiving(self):
        result = super()._after_receiving()
        self.env["sms.virtual.phone"]._notify_inbound(self)
        return result
