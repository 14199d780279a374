# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models


class SmsEvidenceWizard(models.TransientModel):
    """The form that has taken out a person's evidence has number and file."""

    _name = "sms.evidence.wizard"
    _inherit = ["sms.evidence.wizard", "sms.personal.data"]

    @api.model
    def _find_personal(self, company, numbers):
        return self.search([("company_id", "=", company.id)])

    def _describe_personal(self):
        """Say nothing: Odoo deletes them within a day anyway."""
        return []

    def _forget(self):
        self.unlink()
