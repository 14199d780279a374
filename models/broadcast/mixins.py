# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..core.mixins import count_linked, open_linked


class SmsRepliedMixin(models.AbstractModel):
    """Something texted to many people, with their replies."""

    _name = "sms.replied.mixin"
    _description = "Texted to Many, with Replies"
    #: Field of ``sms.inbound`` that links a reply.
    _reply_field = None

    reply_count = fields.Integer("Replies", compute="_compute_reply_count")

    def _compute_reply_count(self):
        count_linked(self, "reply_count", "sms.inbound", self._reply_field)

    def action_view_replies(self):
        """Show the replies, questions first."""
        xmlid = "helpdesk_mgmt_sms.sms_inbound_reply_action"
        return open_linked(self, xmlid, self._reply_field)


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
