# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models
from odoo.fields import Domain


class ResCompany(models.Model):
    """Counts a received text as a call of the carrier: it reaches this server.

    Also, what a number has texted shows its language.
    """

    _inherit = "res.company"

    def _get_sms_word_langs(self, numbers):
        found = self.env["sms.inbound"].sudo()._get_word_langs(self, numbers)
        return super()._get_sms_word_langs(numbers) | found

    def _has_sms_webhook_calls(self, code, since):
        recent = Domain("company_id", "=", self.id) & Domain("received_at", ">=", since)
        recent &= Domain("provider", "=", code)
        return super()._has_sms_webhook_calls(code, since) or bool(
            self.env["sms.inbound"].search_count(recent, limit=1)
        )
