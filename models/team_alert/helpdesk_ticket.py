# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

from ..core.mixins import count_linked, open_linked
from ..desk.helpdesk_ticket import DESK_GROUP


class HelpdeskTicket(models.Model):
    """Lets users raise a team alert about an urgent ticket."""

    _inherit = "helpdesk.ticket"

    team_alert_count = fields.Integer(
        compute="_compute_team_alert_count", groups=DESK_GROUP
    )

    def _compute_team_alert_count(self):
        count_linked(self, "team_alert_count", "sms.team.alert", "ticket_id")

    def action_raise_team_alert(self):
        """Open the form that raises a team alert about the ticket."""
        self.ensure_one()
        self.check_access("write")
        return self.env["sms.team.alert.raise"]._get_records_action(
            name=self.env._("New team alert"),
            target="new",
            context={"default_ticket_id": self.id},
        )

    def action_view_team_alerts(self):
        """Show the team alerts about the ticket."""
        xmlid = "helpdesk_mgmt_sms.sms_team_alert_action"
        return open_linked(self, xmlid, "ticket_id", create=False)
