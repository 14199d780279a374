# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models


class HelpdeskTicketTeam(models.Model):
    """Adds a team's on-call hours, and who is on call now."""

    _inherit = "helpdesk.ticket.team"

    sms_oncall_calendar_id = fields.Many2one(
        "resource.calendar",
        "On-Call Hours",
        ondelete="restrict",
        check_company=True,
        help="When someone should be on call. Leave empty for any hour. Times without "
        "anyone on call are reported a week ahead.",
    )
    sms_oncall_label = fields.Char("On Call", compute="_compute_sms_oncall_label")

    @api.depends_context("uid")
    def _compute_sms_oncall_label(self):
        """Show who is on call now, for teams with shifts, to those who may see it."""
        oncall, labels = self.env["sms.oncall"], {}
        # Every employee and every customer in the portal reads teams.
        teams = oncall.sudo().get_on_call()["teams"] if oncall._may_see() else ()
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
        if {"sms_oncall_calendar_id", "active"} & vals.keys():
            self.env["sms.oncall"]._wake_watch()
        return super().write(vals)
