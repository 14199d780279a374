# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from ..models.core.mixins import FILLED_IN
from ..models.core.moments import say_moment


class SmsReschedule(models.TransientModel):
    """Form to move a waiting message to another time."""

    _name = "sms.reschedule"
    _description = "Change the Time of a Text Message"
    _inherit = ["sms.send.at"]

    sms_id = fields.Many2one("sms.sms", required=True, ondelete="cascade")
    send_at = fields.Datetime(
        compute="_compute_send_at",
        help="Leave empty to send as soon as possible.",
        **FILLED_IN,
    )
    local_note = fields.Char(compute="_compute_local_note")
    fault = fields.Char(
        compute="_compute_local_note", help="Why it cannot be moved to that time."
    )

    @api.depends("sms_id")
    def _compute_send_at(self):
        for move in self:
            move.send_at = move.sms_id.send_at

    @api.depends("sms_id", "send_at")
    def _compute_local_note(self):
        for move in self:
            zone_names = filter(None, (move.sms_id.zone_names or "").split(","))
            move.fault = move._get_send_at_fault()
            note = move.sms_id._get_zone_note(move.send_at, zone_names)
            move.local_note = "" if move.fault else note

    def _get_send_at_fault(self):
        expires_at = self.sms_id.expires_at
        if self.send_at and expires_at and self.send_at >= expires_at:
            return self.env._(
                "It would be too late: what it is about starts %s. Choose an earlier "
                "time.",
                say_moment(self.env, expires_at),
            )
        return super()._get_send_at_fault()

    def action_move(self):
        """Move the message; quiet hours may hold it longer."""
        self.ensure_one()
        self.sms_id._move(self.send_at)
        return {"type": "ir.actions.act_window_close"}
