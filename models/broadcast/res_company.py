# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models


class ResCompany(models.Model):
    """Ends subscriptions made in the sandbox when a company leaves it."""

    _inherit = "res.company"

    def _follow_sms_sandbox(self, tried):
        moved = super()._follow_sms_sandbox(tried)
        subscriptions_sudo = self.env["sms.subscription"].sudo()
        subscriptions_sudo.search(
            [("company_id", "in", (moved & tried).ids), ("sandbox", "=", True)]
        )._end()
        return moved
