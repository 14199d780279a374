# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models

from ...tools.web import IS_GUESS
from .res_company_address import BASE_URL_PARAMETER


class IrConfigParameter(models.Model):
    """Follows ``web.base.url`` when it is edited by hand, but not after a login."""

    _inherit = "ir.config_parameter"

    def write(self, vals):
        """Update companies' public address when ``web.base.url`` is edited by hand."""
        own = self.filtered(lambda it: it.key == BASE_URL_PARAMETER)
        before = own.value if "value" in vals else False
        result = super().write(vals)
        if before and not self.env.context.get(IS_GUESS):
            self.env["res.company"]._follow_sms_base_url(before, own.value)
        return result
