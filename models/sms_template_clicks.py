# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

#: What a text without a link has not.
LINK_SIGN = "://"


class SmsTemplate(models.Model):
    """Whether who follows the links of a template's texts is counted."""

    _inherit = "sms.template"

    counts_clicks = fields.Boolean(
        help="Links in its texts become short links of this Odoo, which lead on and "
        "are counted. Robots are not. Who clicked is not noted.",
    )


class SmsSms(models.Model):
    """Links in texts are made short where their clicks are counted."""

    _inherit = "sms.sms"

    @api.model
    def _apply_purpose(self, vals, rules):
        """Shorten links before the footer is added and segments are counted.

        A text without a link costs nothing.
        """
        body = vals.get("body") or ""
        if LINK_SIGN in body and vals.get("template_id"):
            template_sudo = self.env["sms.template"].sudo().browse(vals["template_id"])
            if template_sudo.counts_clicks:
                company = self.env["res.company"].browse(vals["record_company_id"])
                links_sudo = self.env["link.tracker"].sudo()
                vals["body"] = links_sudo._shorten_for_sms(body, template_sudo, company)
        return super()._apply_purpose(vals, rules)
