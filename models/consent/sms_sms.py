# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models


class SmsSms(models.Model):
    """A text links its reader's own page of preferences."""

    _inherit = "sms.sms"

    @api.model
    def _get_preference_urls(self, pairs):
        urls = super()._get_preference_urls(pairs)
        return urls | self.env["sms.preference.link"].sudo()._get_urls(pairs)
