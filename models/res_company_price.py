# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class ResCompany(models.Model):
    """What a segment costs, so that who writes a text sees what it will cost."""

    _inherit = "res.company"

    sms_segment_price = fields.Float(
        "Price of a Segment",
        digits=(16, 5),
        help="What the carrier charges for one segment. 0: no cost is shown.",
    )
    sms_segment_currency_id = fields.Many2one(
        "res.currency",
        "Currency of the Price",
        default=lambda self: self._get_default_sms_segment_currency(),
    )

    _sms_segment_price_positive = models.Constraint(
        "CHECK (sms_segment_price >= 0)",
        "The price of a segment cannot be less than nothing.",
    )

    def _get_default_sms_segment_currency(self):
        """Return US dollars: carriers charge in them, wherever the company is."""
        return self.env.ref("base.USD", raise_if_not_found=False)

    def _get_sms_segment_price(self):
        """Return the price as the segment counter on a screen wants it.

        :return: ``amount`` (0: unknown), ``currency_id``
        :rtype: dict
        """
        self.ensure_one()
        return {
            "amount": self.sms_segment_price,
            "currency_id": self.sms_segment_currency_id.id,
        }
