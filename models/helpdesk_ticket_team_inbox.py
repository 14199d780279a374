# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.fields import Domain


class HelpdeskTicketTeam(models.Model):
    """The team's dashboard says how many customers it has not read or not answered."""

    _inherit = "helpdesk.ticket.team"

    sms_unread_ticket_count = fields.Integer(
        "Conversations with Unread Texts", compute="_compute_sms_ticket_counts"
    )
    sms_waiting_ticket_count = fields.Integer(
        "Conversations that Wait for an Answer", compute="_compute_sms_ticket_counts"
    )

    def _compute_sms_ticket_counts(self):
        """Count those tickets that the reader may see, all teams at once."""
        tickets = self.env["helpdesk.ticket"]
        for field, domain in (
            ("sms_unread_ticket_count", Domain("sms_unread_count", ">", 0)),
            ("sms_waiting_ticket_count", Domain("sms_waiting_since", "!=", False)),
        ):
            groups = tickets._read_group(
                Domain("team_id", "in", self.ids) & domain, ["team_id"], ["__count"]
            )
            counts = {team.id: count for team, count in groups}
            for team in self:
                team[field] = counts.get(team.id, 0)
