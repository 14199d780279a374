# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models

from .sms_evidence_audit import READY


class SmsEvidenceAudit(models.Model):
    """An audit's file may hold anybody: it goes with the first who is erased."""

    _name = "sms.evidence.audit"
    _inherit = ["sms.evidence.audit", "sms.personal.data"]

    @api.model
    def _find_personal(self, company, numbers):
        return self.search([("company_id", "=", company.id), ("state", "=", READY)])

    def _describe_personal(self):
        """Say nothing: they are here for a few days, whoever is in them."""
        return []

    def _forget(self):
        """Delete the files. That they were made is recorded elsewhere."""
        self.unlink()
