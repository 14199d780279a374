# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models

from ...tools import phone


class SmsConsentPaperLine(models.Model):
    """Finds signed forms that are not recorded yet."""

    _inherit = "sms.consent.paper.line"

    @api.model
    def _find_personal(self, company, numbers):
        lines = self.search(
            [("paper_id.company_id", "=", company.id), ("number", "!=", False)]
        )
        return lines.filtered(
            lambda line: any(phone.is_written(line.number, n) for n in numbers)
        )

    def _describe_personal(self):
        return [
            (len(self), self.env._("Paper forms not recorded yet, with their scan"))
        ]
