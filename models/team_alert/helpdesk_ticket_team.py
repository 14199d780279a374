# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class HelpdeskTicketTeam(models.Model):
    """Adds a team's on-call hours, and who is on call now."""

    _inherit = "helpdesk.ticket.team"

    sms_oncall_calendar_id = fields.Many2one(
        "resource.calendar",
        "On-Call Hours",
        check_company=True,
        help="When someone should be on call. Leave empty for any hour. Times without "
        "anyone on call are reported a week ahead.",
    )
    sms_oncall_label = fields.Char("On Call", compute="_compute_sms_oncall_label")

    def _compute_sms_oncall_label(self):
        """Show who is on call now, for teams with shifts."""
        teams = self.env["sms.oncall"].sudo().get_on_call()["teams"]
        labels = {}
        for team in teams:
            name = team["people"][0]["name"] if team["people"] else None
            label = name or self.env._("nobody")
            if name and team["until"]:
                values = {"name": name, "time": team["until"]}
                label = self.env._("%(name)s until %(time)s", **values)
            labels.setdefault(team["id"], []).append(label)
        for team in self:
            team.sms_oncall_label = ", ".join(labels.get(team._origin.id, ()))

    def write(self, vals):
        """Search for on-call gaps again when the hours change."""
        result = super().write(vals)
        if {"sms_oncall_calendar_id", "active"} & vals.keys():
            self.env["sms.oncall"]._wake_watch()
        return result
