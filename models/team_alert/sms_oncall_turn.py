# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError


class SmsOncallTurn(models.Model):
    """A person's time on call in the weeks to come, for the calendar.

    Calculated from shifts, hand-overs and time off by the cron that searches for gaps,
    each day and whenever a shift changes. The past stays as it was.
    """

    _name = "sms.oncall.turn"
    _description = "On-Call Turn"
    _order = "start_at, id"

    team_id = fields.Many2one(
        "helpdesk.ticket.team",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    start_at = fields.Datetime("From", required=True, readonly=True)
    stop_at = fields.Datetime("Until", required=True, readonly=True)
    user_id = fields.Many2one(
        "res.users", "On Call", readonly=True, ondelete="cascade", help="Empty: nobody."
    )
    next_user_id = fields.Many2one(
        "res.users", "Next", readonly=True, ondelete="set null"
    )
    shift_id = fields.Many2one("sms.oncall.shift", compute="_compute_shift_id")
    may_take_over = fields.Boolean(compute="_compute_shift_id")
    may_hand_over = fields.Boolean(compute="_compute_shift_id")

    @api.depends("team_id", "user_id")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for turn in self:
            who = turn.user_id.sudo().name or self.env._("nobody")
            turn.display_name = f"{turn.team_id.name} · {who}"

    @api.depends("team_id", "user_id", "start_at")
    @api.depends_context("uid")
    def _compute_shift_id(self):
        """Find the shift that puts the person on call, and what the user may do."""
        now, shifts = fields.Datetime.now(), self.env["sms.oncall.shift"]
        for turn in self:
            at = max(turn.start_at, now)
            own = [
                ("team_id", "=", turn.team_id.id),
                ("company_id", "=", turn.company_id.id),
                ("user_id", "=", turn.user_id.id),
            ]
            is_ahead = turn.stop_at > now and turn.user_id
            found = shifts.search(own) if is_ahead else shifts
            turn.shift_id = found.filtered(lambda it, at=at: it._is_on_duty(at))[:1]
            turn.may_take_over = turn.shift_id.may_take_over
            turn.may_hand_over = turn.shift_id.may_hand_over

    # === Drawing ===

    @api.model
    def _keep(self, team, company, stretches, now):
        """Store the turns of a team from now on; unchanged ones keep their row.

        :param list stretches: ``tools.oncall.Stretch`` items
        :return: the rows of these turns
        """
        own = [("team_id", "=", team.id), ("company_id", "=", company.id)]
        known = self.search([*own, ("stop_at", ">", now)])
        rows = [
            (start, stop, *(*people, False, False)[:2])
            for start, stop, people in stretches
        ]
        for turn in known.filtered(lambda it: it.start_at < now):
            if turn._to_row()[2:] == rows[0][2:]:
                rows[0] = (turn.start_at, *rows[0][1:])
        same = known.filtered(lambda it: it._to_row() in rows)
        (known - same)._end(now)
        names = ("start_at", "stop_at", "user_id", "next_user_id")
        values = {"team_id": team.id, "company_id": company.id}
        new = set(rows) - {turn._to_row() for turn in same}
        return same | self.create(
            [values | dict(zip(names, row, strict=True)) for row in sorted(new)]
        )

    def _to_row(self):
        return self.start_at, self.stop_at, self.user_id.id, self.next_user_id.id

    def _end(self, now):
        """End outdated turns now, and delete those that have not begun."""
        begun = self.filtered(lambda it: it.start_at < now)
        begun.filtered(lambda it: it.stop_at > now).stop_at = now
        (self - begun).unlink()

    # === Buttons ===

    def action_take_over(self):
        """Open the form to take over this turn."""
        return self._move("action_take_over")

    def action_hand_over(self):
        """Open the form to hand this turn over."""
        return self._move("action_hand_over")

    def _move(self, name):
        self.ensure_one()
        self.check_access("read")
        if not self.shift_id:
            raise UserError(self.env._("This turn is over, or nobody has it."))
        action = getattr(self.shift_id, name)()
        times = {
            "default_start_at": max(self.start_at, fields.Datetime.now()),
            "default_stop_at": self.stop_at,
        }
        return {**action, "context": {**action["context"], **times}}
