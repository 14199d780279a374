# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models


class SmsDispatcher(models.AbstractModel):
    """Shows sent texts on open virtual phones."""

    _inherit = "sms.dispatcher"

    @api.model
    def _after_outcomes(self, messages):
        result = super()._after_outcomes(messages)
        self.env["sms.virtual.phone"]._notify_outgoing(messages)
        return result
