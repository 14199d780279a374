# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models
from odoo.fields import Domain


class HelpdeskTicket(models.Model):
    """Which stages a customer may close a ticket to."""

    _inherit = "helpdesk.ticket"

    def _get_sms_closing_stages(self):
        """Return the stages that the ticket's page in the portal offers to close to.

        :return: ``helpdesk.ticket.stage``
        """
        self.ensure_one()
        stages = self.env["helpdesk.ticket.stage"]
        if self.team_id:
            stages = self.team_id._get_applicable_stages()
        else:
            domain = Domain("company_id", "in", [False, self.company_id.id])
            stages = stages.search(domain & Domain("team_ids", "=", False))
        return stages.filtered("close_from_portal")
