# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import fields, models

from ..tools import escalation


class SmsTeamAlertStep(models.Model):
    """One step of a plan: after how long, and whom it tells."""

    _name = "sms.team.alert.step"
    _inherit = ["sms.shared.row"]
    _row_company = "plan_id.company_id"
    _description = "Step of a Plan of Team Alerts"
    _order = "after_minutes, id"
    _rec_name = "whom"

    plan_id = fields.Many2one(
        "sms.team.alert.plan", required=True, ondelete="cascade", index=True
    )
    after_minutes = fields.Integer(
        "After (Minutes)", help="Without anybody having taken it. 0: at once."
    )
    whom = fields.Selection(
        [
            (escalation.ON_CALL, "Who is on call now"),
            (escalation.NEXT, "The next one"),
            (escalation.ALL, "All"),
        ],
        string="Tell",
        required=True,
        default=escalation.NEXT,
    )
    repeats = fields.Integer("Times Again", help="How often it is done once more.")
    every_minutes = fields.Integer("Every (Minutes)", default=10)

    _times_positive = models.Constraint(
        "CHECK (after_minutes BETWEEN 0 AND 43200 AND repeats BETWEEN 0 AND 20"
        " AND every_minutes BETWEEN 1 AND 43200)",
        "Minutes are not negative and at most a month's, and a step is done at most 20 "
        "times again.",
    )

    def _to_step(self):
        """Return the step as the rules read it."""
        self.ensure_one()
        return escalation.Step(
            timedelta(minutes=self.after_minutes),
            self.whom,
            self.repeats,
            timedelta(minutes=self.every_minutes),
            self.id,
        )

    def _describe(self):
        """Return the step in words."""
        self.ensure_one()
        words = dict(self._fields["whom"]._description_selection(self.env))
        whom = words[self.whom].lower()
        if not self.after_minutes:
            said = self.env._("at once %s", whom)
        else:
            said = self.env._(
                "after %(minutes)s minutes %(whom)s",
                whom=whom,
                minutes=self.after_minutes,
            )
        if not self.repeats:
            return said
        return self.env._(
            "%(said)s, %(count)s times again every %(minutes)s minutes",
            said=said,
            count=self.repeats,
            minutes=self.every_minutes,
        )
