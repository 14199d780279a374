# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from ..core.moments import say_moment


class SmsOncallGap(models.Model):
    """A time in the days to come in which nobody of a team is on call.

    Created by a cron, which warns of it once, and deleted when somebody covers it,
    together with the activity that asks for somebody.
    """

    _name = "sms.oncall.gap"
    _description = "On-Call Gap"
    _inherit = ["mail.thread", "mail.activity.mixin"]
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

    @api.depends("team_id", "start_at", "stop_at")
    @api.depends_context("lang", "tz")
    def _compute_display_name(self):
        """Name the team and the time, in the user's time zone."""
        for gap in self:
            gap.display_name = self.env._(
                "%(team)s: %(start)s to %(stop)s",
                team=gap.team_id.name,
                start=say_moment(self.env, gap.start_at),
                stop=say_moment(self.env, gap.stop_at),
            )

    @api.model
    def _keep(self, team, company, found, now):
        """Store the gaps of a team, and warn of new ones.

        A gap that has begun, or now extends further, keeps its row.

        :param list found: ``(start, stop)`` of each gap
        :return: the rows of these gaps
        """
        domain = [("team_id", "=", team.id), ("company_id", "=", company.id)]
        known, kept = self.search(domain), self.browse()
        for start, stop in found:
            same = known.filtered(
                lambda it, a=start, b=stop: it.start_at < b and it.stop_at > a
            )[:1]
            known -= same
            if same and start == now:
                start = min(start, same.start_at)
            values = {"start_at": start, "stop_at": stop}
            if same:
                same.write(values)
            else:
                values |= {"team_id": team.id, "company_id": company.id}
                same = self.with_context(tracking_disable=True).create(values)
                same._warn()
            kept |= same
        return kept

    def _warn(self):
        """Ask the team's leader, or else the company's managers, to fill the gap."""
        self.ensure_one()
        leader = self.team_id.user_id.filtered("active")
        for user in leader or self.company_id._get_sms_managers():
            gap = self.with_context(lang=user.lang, tz=user.tz)
            if not gap.with_user(user).has_access("read"):
                continue
            gap.activity_schedule(
                "mail.mail_activity_data_todo",
                date_deadline=fields.Date.context_today(gap, self.start_at),
                user_id=user.id,
                summary=gap.env._("Nobody is on call for %s", gap.display_name),
            )

    def action_view_shifts(self):
        """Show the shifts of the team, to fill the gap."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "helpdesk_mgmt_sms.sms_oncall_shift_action"
        )
        return {**action, "domain": [("team_id", "=", self.team_id.id)]}
