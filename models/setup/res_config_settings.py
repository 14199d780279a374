# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models


class ResConfigSettings(models.TransientModel):
    """Guards the choice of a carrier in Odoo's own settings, too."""

    _inherit = "res.config.settings"

    @api.model_create_multi
    def create(self, vals_list):
        """Refuse a first carrier for a company without legal information."""
        with self.env.companies._guard_sms_go_live():
            return super().create(vals_list)

    def write(self, vals):
        """Refuse a first carrier for a company without legal information."""
        with self.company_id._guard_sms_go_live():
            return super().write(vals)
