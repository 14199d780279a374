# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from ..hooks import MODULE
from ..models.dispatch.res_company import LEAVING
from ..models.ledger.sms_consent_evidence import CHAIN
from ..tools.evidence import make_reference


class BaseModuleUninstall(models.TransientModel):
    """Warns what is lost with the addon, and offers to export the ledger first."""

    _inherit = "base.module.uninstall"

    company_id = fields.Many2one(
        "res.company", "Ledger of", default=lambda self: self.env.company
    )
    sms_is_leaving = fields.Boolean(compute="_compute_sms_is_leaving")
    sms_event_count = fields.Integer(compute="_compute_sms_is_leaving")
    sms_waiting_count = fields.Integer(compute="_compute_sms_is_leaving")
    sms_stranded_names = fields.Char(compute="_compute_sms_is_leaving")

    @api.depends("module_ids")
    def _compute_sms_is_leaving(self):
        sudo = self.sudo().env
        companies_sudo = sudo["res.company"].with_context(active_test=False)
        stranded_sudo = companies_sudo.search([("sms_provider", "in", LEAVING)])
        waiting = [("state", "=", "outgoing")]
        self.sms_event_count = sudo["sms.consent.event"].search_count([])
        self.sms_waiting_count = sudo["sms.sms"].search_count(waiting)
        self.sms_stranded_names = ", ".join(stranded_sudo.mapped("name"))
        for wizard in self:
            wizard.sms_is_leaving = MODULE in wizard._get_modules().mapped("name")

    def action_export_sms_ledger(self):
        """Download the company's chain; allowed to users who may uninstall the addon.

        :raises AccessError: if the user is not an administrator
        """
        self.ensure_one()
        self.check_access("write")
        self.company_id = company = self.company_id or self.env.company
        today = fields.Date.today()
        data = self.env["sms.consent.check"].sudo()._export(company).encode()
        name = f"consent-ledger-{company.id}-{today}.json"
        exports = self.env["sms.evidence.export"]
        return exports._hand_out(self, CHAIN, make_reference(today), name, data)
