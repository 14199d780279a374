# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models


class ResCompany(models.Model):
    """What a segment costs, so that who writes a text sees what it will cost."""

    _inherit = "res.company"

    def _get_sms_segment_price(self, number=""):
        """Return the price as the segment counter on a screen wants it.

        :param str number: E.164 of who gets the text, may be empty
        :return: ``amount`` of a segment (0: unknown), ``media_amount`` of a text with
            pictures (0: by its segments), ``currency_id``
        :rtype: dict
        """
        self.ensure_one()
        price_sudo = self.env["sms.price"]._find(self, number)
        return {
            "amount": price_sudo.amount,
            "media_amount": price_sudo.media_amount,
            "currency_id": price_sudo.currency_id.id,
        }
