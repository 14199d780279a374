# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from ..models.core.mixins import FILLED_IN
from ..tools import replies
from ..tools.segments import count_segments


class SmsTeamAlertRaise(models.TransientModel):
    """Form to raise a team alert; shows who is on call, and the text."""

    _name = "sms.team.alert.raise"
    _description = "New Team Alert"

    ticket_id = fields.Many2one("helpdesk.ticket", ondelete="cascade")
    team_id = fields.Many2one(
        "helpdesk.ticket.team",
        compute="_compute_team_id",
        required=True,
        ondelete="cascade",
        **FILLED_IN,
    )
    name = fields.Char(
        "Problem",
        compute="_compute_name",
        help="What is wrong, and what to do, as it is read on a phone.",
        **FILLED_IN,
    )
    plan_id = fields.Many2one("sms.team.alert.plan", compute="_compute_plan_id")
    plan_summary = fields.Char("Tells", related="plan_id.summary")
    oncall_names = fields.Char("On Call Now", compute="_compute_plan_id")
    preview = fields.Text(compute="_compute_preview")
    preview_note = fields.Char(compute="_compute_preview")

    @api.depends("ticket_id")
    def _compute_team_id(self):
        """Default to the ticket's team, or else the user's only one."""
        teams = self.env["helpdesk.ticket.team"]
        own = teams.search([("user_ids", "in", self.env.uid)], limit=2)
        for form in self:
            only = own if len(own) == 1 else own.browse()
            form.team_id = form.ticket_id.team_id or form.team_id or only

    @api.depends("ticket_id")
    def _compute_name(self):
        for form in self:
            ticket = form.ticket_id
            form.name = f"{ticket.name} (#{ticket.number})" if ticket else form.name

    def _get_company(self):
        return self.ticket_id.company_id or self.team_id.company_id or self.env.company

    @api.depends("team_id", "ticket_id")
    def _compute_plan_id(self):
        now = fields.Datetime.now()
        for form in self:
            form.plan_id = form.oncall_names = False
            # A client may send any id; only users who can read the team see who is on
            # call.
            if not form.team_id or not form.team_id._origin.has_access("read"):
                continue
            company = form._get_company()
            form.plan_id = self.env["sms.team.alert.plan"]._find(form.team_id, company)
            oncall_sudo = self.env["sms.oncall"].sudo()
            people = oncall_sudo._get_people(form.team_id, company, now)
            form.oncall_names = ", ".join(people.mapped("name"))

    @api.depends("name", "team_id")
    def _compute_preview(self):
        for form in self:
            form.preview = form.preview_note = False
            if form.plan_id:
                form.preview = form.plan_id.sudo()._fill_in(
                    form.name or "…", form.team_id, replies.get_codes(0)
                )
                form.preview_note = self.env._(
                    "Segments: %s. The codes will be its own. How to stop is added.",
                    count_segments(form.preview).count,
                )

    def action_raise(self):
        """Raise the alert and text the people on call.

        :raises UserError: without a text
        """
        self.ensure_one()
        if self.ticket_id:
            self.ticket_id.check_access("write")
        self.team_id.check_access("read")
        self._get_company()._check_sms_user()
        alert = self.env["sms.team.alert"]._raise(
            self.team_id, self.name, ticket_id=self.ticket_id.id, user_id=self.env.uid
        )
        return alert._get_records_action(context={})
