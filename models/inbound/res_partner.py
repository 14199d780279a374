# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models


class ResPartner(models.Model):
    """Numbers of contacts, typed by a portal user or entered by an internal user.

    In sudo or not, on whichever page: Odoo's own address form as well.
    """

    _inherit = "res.partner"

    @api.model_create_multi
    def create(self, vals_list):
        """Note the numbers that customers and visitors type."""
        partners = super().create(vals_list)
        if self.env.user.share:
            self.env["sms.number.claim"].sudo()._note_typed(partners.sudo())
        return partners

    def write(self, vals):
        """Note new numbers that customers type; those that users enter are proven.

        Another country makes another number of the same digits.
        """
        if not {"phone", "country_id"} & vals.keys():
            return super().write(vals)
        before = {partner.id: partner.phone_sanitized for partner in self.sudo()}
        result = super().write(vals)
        changed_sudo = self.sudo().filtered(
            lambda partner: partner.phone_sanitized != before[partner.id]
        )
        claims_sudo = self.env["sms.number.claim"].sudo()
        if changed_sudo and self.env.user.share:
            claims_sudo._note_typed(changed_sudo)
        elif changed_sudo:
            claims_sudo._vouch(changed_sudo)
        return result
