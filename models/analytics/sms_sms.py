# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models

from .sms_template import LINK_SIGN


class SmsSms(models.Model):
    """Shortens links in texts whose clicks are counted."""

    _inherit = "sms.sms"

    @api.model
    def _prepare_body(self, vals, batch):
        body = super()._prepare_body(vals, batch)
        if LINK_SIGN in (body or "") and (values := self._get_link_values(vals)):
            links = self.env["link.tracker"]
            body = links._shorten_for_sms(body, values, batch.memo["links"])
        return body

    @api.model
    def _get_link_values(self, vals):
        """Return the values for a message's short links; None for no short links.

        Broadcasts have short links already; automatic replies contain personal links.
        """
        company_sudo = self.env["res.company"].sudo().browse(vals["record_company_id"])
        template_sudo = self.env["sms.template"].sudo().browse(vals.get("template_id"))
        if template_sudo:
            own_sudo = template_sudo._get_for_company(company_sudo)
            is_counted = own_sudo.counts_clicks
        else:
            is_counted = company_sudo.sms_counts_clicks and not vals.get("exemption")
        links = self.env["link.tracker"]
        return (
            links._get_sms_values(company_sudo, template_sudo) if is_counted else None
        )
