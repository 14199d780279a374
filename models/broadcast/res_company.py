# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models


class ResCompany(models.Model):
    """Subscriptions that were tried in the sandbox end with it."""

    _inherit = "res.company"

    def _follow_sms_sandbox(self, tried):
        moved = super()._follow_sms_sandbox(tried)
        self.env["sms.subscription"].sudo()._end_tried(moved & tried)
        return moved
