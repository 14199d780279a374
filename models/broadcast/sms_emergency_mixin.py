# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError


class SmsEmergencyMixin(models.AbstractModel):
    """Something that may be sent at any hour, with the reason for it."""

    _name = "sms.emergency.mixin"
    _description = "Sent at Any Hour in an Emergency"

    is_emergency = fields.Boolean(
        "Emergency", help="Sent at any hour. Otherwise during business hours."
    )
    emergency_reason = fields.Char(
        "Reason for Emergency", help="The reason is kept on record."
    )

    @api.constrains("is_emergency", "emergency_reason")
    def _check_emergency(self):
        """Require a reason, which stays on record."""
        for record in self.filtered("is_emergency"):
            if not (record.emergency_reason or "").strip():
                raise ValidationError(
                    self.env._("Enter why it cannot wait for business hours.")
                )
