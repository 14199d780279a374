# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models


class SmsPrice(models.Model):
    """Another price changes what the texts of settled days have cost."""

    _inherit = "sms.price"

    @api.model_create_multi
    def create(self, vals_list):
        """Let the days be counted anew for which a new line holds."""
        prices = super().create(vals_list)
        prices._mark_days()
        return prices

    def write(self, vals):
        """Let the days be counted anew for which a line held, or holds now."""
        self._mark_days()
        result = super().write(vals)
        self._mark_days()
        return result

    @api.ondelete(at_uninstall=False)
    def _mark_days(self):
        """Let the days be counted anew for which these lines hold."""
        for price in self:
            self.env["sms.day.stale"]._mark_prices(
                price.company_id, price.valid_from or None
            )
