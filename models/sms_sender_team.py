# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models


class SmsSender(models.Model):
    """A number of ours may be that of one team."""

    _inherit = "sms.sender"

    team_id = fields.Many2one(
        "helpdesk.ticket.team",
        ondelete="set null",
        index="btree_not_null",
        domain="[('company_id', 'in', (company_id, False))]",
        help="Texts to this number that are about no ticket make one for this team, "
        "and the texts of its tickets leave by it.",
    )

    @api.model
    def _find_team(self, company, addresses):
        """Return the team whose number was texted, else the company's team for texts.

        :param company: ``res.company``
        :param addresses: the number that was texted, and the service that it is in;
            the first that has a team decides
        :return: ``helpdesk.ticket.team``, active and of the company, or an empty set
        """
        domain = [("company_id", "=", company.id), ("address", "in", addresses)]
        senders = self.with_context(active_test=False).search(domain)
        # A number may have been given back and taken again: what is in use decides.
        senders = senders.filtered("team_id").sorted("active")
        by_address = {sender.address: sender.team_id for sender in senders}
        teams = [by_address.get(address) for address in addresses]
        return next(
            (
                team
                for team in (*teams, company.sms_team_id)
                if team
                and team.active
                and team.company_id in (company, company.browse())
            ),
            self.env["helpdesk.ticket.team"],
        )
