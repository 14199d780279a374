# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models


class ResPartner(models.Model):
    """Takes texts about appointments along to a contact's new number.

    Not to one that customers have typed themselves: it must be confirmed first.
    """

    _inherit = "res.partner"

    def write(self, vals):
        """Have texts that wait follow the number; a country changes it, too."""
        if self.env.user.share or not {"phone", "country_id"} & vals.keys():
            return super().write(vals)
        former = {it.id: it.phone_sanitized for it in self.sudo()}
        result = super().write(vals)
        changed_sudo = self.sudo().filtered(
            lambda it: former[it.id] and it.phone_sanitized != former[it.id]
        )
        if changed_sudo:
            self.env["sms.reminder"].sudo()._follow_numbers(changed_sudo, former)
        return result
