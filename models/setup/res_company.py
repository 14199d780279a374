# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models


class ResCompany(models.Model):
    """Shows and hides the virtual phone with the carrier."""

    _inherit = "res.company"

    def _after_sms_write(self, before, vals):
        result = super()._after_sms_write(before, vals)
        if "sms_provider" in vals:
            self.env.registry.clear_cache()  # of the menus
        return result
