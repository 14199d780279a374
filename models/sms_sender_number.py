# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models


class SmsSenderNumber(models.AbstractModel):
    """A number that a company has at a carrier: the outbox follows what is entered."""

    _name = "sms.sender.number"
    _description = "Number That Texts Leave By"

    @api.model_create_multi
    def create(self, vals_list):
        """Make a sender of each number."""
        numbers = super().create(vals_list)
        self.env["sms.sender"]._sync(numbers.company_id)
        return numbers

    def write(self, vals):
        """Let the senders follow."""
        companies = self.company_id
        result = super().write(vals)
        self.env["sms.sender"]._sync(companies | self.company_id)
        return result

    def unlink(self):
        """Let the senders of the numbers rest."""
        companies = self.company_id
        result = super().unlink()
        self.env["sms.sender"]._sync(companies)
        return result
