# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class SmsRepliedMixin(models.AbstractModel):
    """Something texted to many people, with their replies."""

    _name = "sms.replied.mixin"
    _description = "Texted to Many, with Replies"
    #: Field of ``sms.inbound`` that links a reply.
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
        self.ensure_one()
        action = self.env["ir.actions.act_window"]
        return {
            **action._for_xml_id("helpdesk_mgmt_sms.sms_inbound_reply_action"),
            "domain": [(self._reply_field, "=", self.id)],
        }
