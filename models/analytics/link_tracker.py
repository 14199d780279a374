# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Domain

from ...tools import links
from ..broadcast.sms_broadcast import STATUS_PAGE


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
        return {
            "title": source.name if source else company.name,
            "label": f"Text message {kind}{source.id if source else ''}/{company.id}",
            "sms_template_id": template.id if template else False,
            "sms_broadcast_id": broadcast.id if broadcast else False,
            "sms_company_id": company.id,
        }


class LinkTrackerClick(models.Model):
    """Clicks on links in texts, without the visitor's address."""

    _inherit = "link.tracker.click"

    def _prepare_click_values_from_route(self, **route_values):
        if self.env["link.tracker"].browse(route_values.get("link_id")).sms_company_id:
            route_values.pop("ip", None)
        return super()._prepare_click_values_from_route(**route_values)


class SmsTemplate(models.Model):
    """Adds the template's setting to count clicks on its links."""

    _inherit = "sms.template"

    counts_clicks = fields.Boolean(
        help="Replace links in its texts with short links that count clicks. Clicks "
        "by bots are not counted, and who clicked is not recorded."
    )

    def action_view_sms_figures(self):
        """Open the figures of its texts.

        Stages and automations name the shared template even where they send the
        company's own.
        """
        self.ensure_one()
        xmlid = "helpdesk_mgmt_sms.sms_analysis_template_action"
        action = self.env["ir.actions.act_window"]._for_xml_id(xmlid)
        shared = Domain("template_id", "in", self.shared_id.ids)
        shared &= Domain("company_id", "=", self.company_id.id)
        counted = shared | Domain("template_id", "=", self.id)
        return {**action, "domain": list(counted)}


class ResCompany(models.Model):
    """Adds the setting to count clicks in texts without a template."""

    _inherit = "res.company"

    sms_counts_clicks = fields.Boolean(
        "Count Clicks on Links in Texts",
        help="Replace links in broadcasts and in texts written by users with short "
        "links that count clicks. Clicks by bots are not counted. Templates have "
        "their own setting.",
    )


class SmsBroadcast(models.Model):
    """Shortens links in broadcasts, if the company counts clicks.

    The links are created at the check, so the text shown there is the one sent.
    """

    _inherit = "sms.broadcast"

    def _on_recipients_selected(self):
        """Create the short links in all languages before the text is shown."""
        result = super()._on_recipients_selected()
        recipients_sudo = self.env["sms.broadcast.recipient"].sudo()
        groups = recipients_sudo._read_group([("broadcast_id", "=", self.id)], ["lang"])
        self.sudo()._get_words({lang for (lang,) in groups})
        return result

    def _get_words(self, langs):
        words = super()._get_words(langs)
        if not self.company_id.sudo().sms_counts_clicks:
            return words
        links, values = self._get_sms_links()
        memo = {}
        return {
            lang: own._replace(body=links._shorten_for_sms(own.body, values, memo))
            for lang, own in words.items()
        }

    def _get_shared_words(self):
        words = super()._get_shared_words()
        page = words.get(STATUS_PAGE)
        if page and self.company_id.sudo().sms_counts_clicks:
            links, values = self._get_sms_links()
            words[STATUS_PAGE] = links._shorten_sms_url(page, values)
        return words

    def _get_sms_links(self):
        """Return the model of links, and the values for this broadcast's links."""
        links = self.env["link.tracker"]
        return links, links._get_sms_values(self.company_id, broadcast=self.sudo())


class SmsSms(models.Model):
    """Shortens links in texts whose clicks are counted."""

    _inherit = "sms.sms"

    @api.model
    def _prepare_body(self, vals, batch):
        body = super()._prepare_body(vals, batch)
        if "://" in (body or "") and (values := self._get_link_values(vals)):
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
            is_counted = template_sudo._get_for_company(company_sudo).counts_clicks
        else:
            is_counted = company_sudo.sms_counts_clicks and not vals.get("exemption")
        if not is_counted:
            return None
        return self.env["link.tracker"]._get_sms_values(company_sudo, template_sudo)
