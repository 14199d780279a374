# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models

from ..broadcast.sms_broadcast import STATUS_PAGE


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
