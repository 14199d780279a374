# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models


class SmsInboundRouter(models.AbstractModel):
    """YES proves the number for whom it was asked; a stranger's word ends the proof."""

    _inherit = "sms.inbound.router"

    @api.model
    def _confirm(self, inbound):
        """Let a YES confirm the number for the login for which it was asked."""
        asked = self._get_open_question(inbound)
        result = super()._confirm(inbound)
        if result and asked:
            self.env["sms.number.claim"].sudo()._take_yes(asked)
        return result

    @api.model
    def _end_for_stranger(self, inbound):
        """Take a number from the logins that have confirmed it."""
        self.env["sms.number.claim"].sudo()._reopen([inbound.number])
        return super()._end_for_stranger(inbound)

    @api.model
    def _get_own_domain(self, inbound):
        """Leave out tickets to which somebody else has typed the sender's number."""
        domain = super()._get_own_domain(inbound)
        return [*domain, ("sms_phone_is_unproven", "=", False)]
