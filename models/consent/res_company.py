# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Domain

from ...tools import phone


class ResCompany(models.Model):
    """Settings for numbers accepted by forms, on the joining page and the portal."""

    _inherit = "res.company"

    sms_form_country_ids = fields.Many2many(
        "res.country",
        "res_company_sms_form_country_rel",
        string="Countries of Numbers",
        help="Countries whose numbers are accepted in forms. Leave empty for the "
        "company's own country and those of its customers' addresses.",
    )
    sms_form_kinds = fields.Selection(
        [
            (phone.MOBILE, "Mobile"),
            (phone.VOIP, "Mobile and internet (VoIP)"),
            (phone.LANDLINE, "Mobile, internet and landline"),
        ],
        "Kinds of Numbers",
        required=True,
        default=phone.MOBILE,
        help="Premium, shared-cost, toll-free and satellite numbers and pagers are "
        "never accepted.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Opt the numbers on Odoo's blacklist out of new companies' texts as well."""
        companies = super().create(vals_list)
        self.env["phone.blacklist"]._record_all_sms_opt_outs()
        return companies

    def _get_sms_gate_facts(self):
        """Add whether landlines may be texted: if the forms accept them."""
        takes_landlines = self.sudo().sms_form_kinds == phone.LANDLINE
        return {**super()._get_sms_gate_facts(), "takes_landlines": takes_landlines}

    def _find_sms_form_refusal(self, number):
        """Return why the company's forms refuse a number, or an empty string."""
        company_sudo = self.sudo()
        kinds, takes = company_sudo.sms_form_kinds, company_sudo._takes_sms_country
        return phone.find_kind_refusal(number, kinds, takes)

    def _takes_sms_country(self, code):
        """Return whether the company's forms accept numbers of a country (ISO code).

        If no countries are chosen: its own country and those of customers' addresses,
        except the addresses of colleagues and of this database's companies.
        """
        if self.sms_form_country_ids:
            return code in self.sms_form_country_ids.mapped("code")
        if code == self.country_id.code:
            return True
        domain = Domain("country_id.code", "=", code)
        domain &= Domain("company_id", "in", [False, self.id])
        domain &= Domain("id", "not in", self.search([]).partner_id.ids)
        domain &= Domain("user_ids", "not any", [("share", "=", False)])
        return bool(self.env["res.partner"].search_count(domain, limit=1))
