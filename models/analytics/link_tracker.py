# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from ...tools import links


class LinkTracker(models.Model):
    """Short links in texts, which count clicks."""

    _inherit = "link.tracker"

    sms_template_id = fields.Many2one(
        "sms.template", readonly=True, index="btree_not_null", ondelete="set null"
    )
    sms_broadcast_id = fields.Many2one(
        "sms.broadcast", readonly=True, index="btree_not_null", ondelete="set null"
    )
    sms_company_id = fields.Many2one("res.company", readonly=True, ondelete="cascade")

    def _compute_short_url_host(self):
        ours = self.filtered("sms_company_id")
        result = super(LinkTracker, self - ours)._compute_short_url_host()
        for tracker in ours:
            company_sudo = tracker.sms_company_id.sudo()
            tracker.short_url_host = f"{company_sudo._get_sms_base_url()}/r/"
        return result

    @api.model
    def _shorten_for_sms(self, body, values, memo):
        """Return a text with its links shortened.

        Personal links (preferences, tickets, those with a token) are left as they are.

        :param dict values: values of the links, see :meth:`_get_sms_values`
        :param dict memo: cache of short links, updated here
        """
        own = tuple(values.values())
        short = {}
        for link in links.find_links(body):
            if (link, own) not in memo:
                memo[link, own] = self._shorten_sms_url(link, values)
            short[link] = memo[link, own]
        return links.replace_links(body, short)

    @api.model
    def _shorten_sms_url(self, url, values):
        """Return the short link to an address, or the address if already short."""
        company_sudo = self.env["res.company"].sudo().browse(values["sms_company_id"])
        if url.startswith(f"{company_sudo._get_sms_base_url()}/r/"):
            return url
        return self.sudo().search_or_create([{**values, "url": url}]).short_url

    @api.model
    def _get_sms_values(self, company, template=None, broadcast=None):
        """Return the values for short links of a template, broadcast or company.

        With a title, since Odoo would otherwise fetch the page for it, in the sender's
        transaction.
        """
        source = broadcast or template
        kind = "broadcast " if broadcast else ""
        label = f"Text message {kind}{source.id if source else ''}/{company.id}"
        return {
            "title": source.name if source else company.name,
            "label": label,
            "sms_template_id": template.id if template else False,
            "sms_broadcast_id": broadcast.id if broadcast else False,
            "sms_company_id": company.id,
        }
