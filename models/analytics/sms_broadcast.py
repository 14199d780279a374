# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models
from odoo.tools import SQL

from ..broadcast.sms_broadcast import STATUS_PAGE


class SmsBroadcast(models.Model):
    """Clicks on the links of a broadcast are counted, if its company wants that.

    Its links are made short once, when it is checked: what is shown then is what is
    sent, and nothing is asked for each person.
    """

    _inherit = "sms.broadcast"

    def _on_recipients_selected(self):
        """Make the links of all languages before anybody looks at the text."""
        result = super()._on_recipients_selected()
        rows = self.env.execute_query(
            SQL(
                "SELECT DISTINCT lang FROM sms_broadcast_recipient"
                " WHERE broadcast_id = %s",
                self.id,
            )
        )
        self.sudo()._get_words({lang or False for (lang,) in rows})
        return result

    def _get_words(self, langs):
        """Return the text with short links."""
        words = super()._get_words(langs)
        if not self.company_id.sudo().sms_counts_clicks:
            return words
        links = self.env["link.tracker"]
        values = links._get_sms_values(self.company_id, broadcast=self.sudo())
        memo = {}
        return {
            lang: (links._shorten_for_sms(body, values, memo), areas, shared)
            for lang, (body, areas, shared) in words.items()
        }

    def _get_shared_words(self):
        """Count clicks on the status page: it is nobody's own."""
        words = super()._get_shared_words()
        page = words.get(STATUS_PAGE)
        if page and self.company_id.sudo().sms_counts_clicks:
            links = self.env["link.tracker"]
            values = links._get_sms_values(self.company_id, broadcast=self.sudo())
            words[STATUS_PAGE] = links._shorten_url(page, values)
        return words
