# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Domain

from ..models.core.mixins import FILLED_IN
from ..models.team_alert.sms_oncall_shift import MANAGERS
from ..tools.actions import reload_view


class SmsOncallHandover(models.TransientModel):
    """Form to put somebody else on call for a time."""

    _name = "sms.oncall.handover"
    _description = "On-Call Hand-Over"

    shift_id = fields.Many2one("sms.oncall.shift", required=True, ondelete="cascade")
    # With the user's rights, not in sudo.
    team_id = fields.Many2one(related="shift_id.team_id", related_sudo=False)
    replaced_user_id = fields.Many2one(
        related="shift_id.user_id", related_sudo=False, string="Instead of"
    )
    user_id = fields.Many2one("res.users", "On Call", required=True, ondelete="cascade")
    user_domain = fields.Binary(compute="_compute_user_domain")
    start_at = fields.Datetime(
        "From", compute="_compute_times", required=True, **FILLED_IN
    )
    stop_at = fields.Datetime(
        "Until", compute="_compute_times", required=True, **FILLED_IN
    )
    note = fields.Char(compute="_compute_note")

    @api.depends("shift_id")
    def _compute_user_domain(self):
        for form in self:
            shift = form.shift_id
            domain = Domain("share", "=", False) & Domain("id", "!=", shift.user_id.id)
            if self.env.user.has_group(MANAGERS):
                domain &= Domain("company_ids", "in", shift.company_id.ids)
            else:
                domain &= Domain("id", "in", shift._get_members().ids if shift else [])
            form.user_domain = list(domain)

    @api.depends("shift_id")
    def _compute_times(self):
        """Default to the rest of the current turn, or the next one."""
        for form in self:
            shift = form.shift_id
            if shift and shift.has_access("read"):
                now = fields.Datetime.now()
                form.start_at, form.stop_at = shift.sudo()._find_next_turn(now)

    @api.depends("user_id", "shift_id")
    def _compute_note(self):
        """Warn if alerts cannot reach the person, as for lack of consent."""
        for form in self:
            user, shift = form.user_id, form.shift_id
            form.note = shift._get_reach_note(user) if user and shift else False

    def action_hand_over(self):
        """Create the hand-over, and notify both people."""
        self.ensure_one()
        self.shift_id._hand_over(self.user_id, self.start_at, self.stop_at)
        return reload_view()
