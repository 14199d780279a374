# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError


class SmsRepliedMixin(models.AbstractModel):
    """Something texted to many people, with their replies."""

    _name = "sms.replied.mixin"
    _description = "Texted to Many, with Replies"
    #: Field of replies and other records that links to it.
    _reply_field = None

    reply_count = fields.Integer("Replies", compute="_compute_reply_count")

    def _compute_reply_count(self):
        replies = self.env["sms.inbound"]
        counts = {}
        if replies.has_access("read"):
            name = self._reply_field
            groups = replies._read_group(
                [(name, "in", self._origin.ids)], [name], ["__count"]
            )
            counts = {record.id: count for record, count in groups}
        for record in self:
            record.reply_count = counts.get(record._origin.id, 0)

    def action_view_replies(self):
        """Show the replies, questions first."""
        return self._show_own("helpdesk_mgmt_sms.sms_inbound_reply_action")

    def _show_own(self, xmlid, field=None, context=None):
        """Return an action for the records that link to it by a field."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(xmlid)
        domain = [(field or self._reply_field, "=", self.id)]
        return {**action, "domain": domain, "context": context or {}}


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
