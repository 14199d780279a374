# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

from ..tools.actions import reload_view


class SmsBroadcastRefusal(models.TransientModel):
    """Form to refuse a broadcast, with the reason for its author."""

    _name = "sms.broadcast.refusal"
    _description = "Refusal of a Broadcast"

    broadcast_id = fields.Many2one("sms.broadcast", required=True, ondelete="cascade")
    reason = fields.Char(required=True, help="Its author is told so.")

    def action_refuse(self):
        """Refuse the broadcast and return it to its author."""
        self.ensure_one()
        self.broadcast_id.action_refuse(self.reason)
        return reload_view()
