# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models


class ResConfigSettings(models.TransientModel):
    """Odoo's own settings, in which a carrier can be chosen too."""

    _inherit = "res.config.settings"

    @api.model_create_multi
    def create(self, vals_list):
        """Save; a carrier only for a company that says who writes."""
        with self.env.companies._guard_sms_go_live():
            return super().create(vals_list)

    def write(self, vals):
        """Save; a carrier only for a company that says who writes."""
        with self.company_id._guard_sms_go_live():
            return super().write(vals)
