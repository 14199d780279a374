# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime

from odoo import fields, models

from ..tools import verdicts
from .sms_broadcast import CANCELLED, PAUSED

#: Until when the messages of a paused broadcast are kept: until somebody goes on.
FAR = datetime(9999, 12, 31)
PAUSE = "paused"


class SmsSms(models.Model):
    """A message remembers its broadcast, and waits with it."""

    _inherit = "sms.sms"

    broadcast_id = fields.Many2one(
        "sms.broadcast", readonly=True, copy=False, ondelete="set null"
    )
    gate_reason = fields.Selection(selection_add=[(PAUSE, "Its broadcast is paused")])

    _broadcast_index = models.Index(
        "(broadcast_id, state) WHERE broadcast_id IS NOT NULL"
    )

    def _get_held_label(self):
        """Name no hour where there is none."""
        if self.gate_reason == PAUSE:
            return self.env._("Held: its broadcast is paused")
        return super()._get_held_label()

    def _ask_gate(self):
        """Keep what belongs to a paused broadcast, and call off a cancelled one's.

        Every message is asked about before it leaves, whatever brought it back.
        """
        self.broadcast_id.sudo()._keep_paused()
        states = {sms.id: sms.broadcast_id.sudo().state for sms in self}
        paused = self.filtered(lambda sms: states[sms.id] == PAUSED)
        paused.write(
            {"not_before": FAR, "gate_verdict": verdicts.HOLD, "gate_reason": PAUSE}
        )
        cancelled = self.filtered(lambda sms: states[sms.id] == CANCELLED)
        for broadcast, messages in cancelled.grouped("broadcast_id").items():
            messages.cancelled_by_id = broadcast.sudo().cancelled_by_id
        if cancelled:
            cancelled.action_set_canceled()
        return super(SmsSms, self - paused - cancelled)._ask_gate()
