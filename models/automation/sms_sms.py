# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

#: Ranks before any priority of a purpose.
URGENT_PRIORITY = -10


class SmsSms(models.Model):
    """Links a message to the automation that created it."""

    _inherit = "sms.sms"

    automation_id = fields.Many2one(
        "sms.automation", readonly=True, index="btree_not_null"
    )

    @api.model
    def _prepare_intake(self, vals_list, batch):
        """Store the automation of the messages, and their urgency."""
        super()._prepare_intake(vals_list, batch)
        source = self._get_source()
        if not source.automation_id and not source.is_urgent:
            return
        for vals in vals_list:
            if source.automation_id:
                vals["automation_id"] = source.automation_id
            if source.is_urgent:
                vals["priority"] = min(vals["priority"], URGENT_PRIORITY)

    def _prepare_again(self, number=None):
        values = super()._prepare_again(number)
        return {**values, "automation_id": self.automation_id.id}
