# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.tools import SQL, format_amount, ormcache

from .sql_array import as_arrays


class SmsSms(models.Model):
    """What a text has cost, as its carrier says.

    Carriers tell it late or never. Until then the table of prices is asked
    (``sms.price``), and nothing of that is stored here.
    """

    _inherit = "sms.sms"

    price = fields.Float(
        digits=(16, 5),
        readonly=True,
        copy=False,
        help="Of all its segments, as the carrier has charged it.",
    )
    price_currency_id = fields.Many2one("res.currency", readonly=True, copy=False)
    price_label = fields.Char("Cost", compute="_compute_price_label")

    @api.depends(
        "price", "price_currency_id", "sent_at", "segment_count", "media_count"
    )
    def _compute_price_label(self):
        for sms in self:
            sms.price_label = False
            if sms.price_currency_id:
                amount = format_amount(self.env, sms.price, sms.price_currency_id)
                sms.price_label = self.env._("%s, says the carrier", amount)
            elif sms.sent_at:
                price_sudo = self.env["sms.price"]._find(
                    sms._get_sms_company(), sms.number, sms.provider
                )
                total = price_sudo._get_cost(sms.segment_count, sms.media_count > 0)
                if total:
                    amount = format_amount(self.env, total, price_sudo.currency_id)
                    sms.price_label = self.env._("About %s", amount)

    @api.model
    def _note_prices(self, provider, prices):
        """Store what a carrier has charged; what it does not say overwrites nothing.

        One statement, however many they are.

        :param str provider: code of the carrier
        :param dict prices: ``{carrier's id of a message: providers.outbound.Price}``
        :return: how many messages have another price than before
        """
        rows = [
            (carrier_id, price.amount, self._get_currency_id(price.currency))
            for carrier_id, price in prices.items()
        ]
        rows = [row for row in rows if row[2]]
        if not rows:
            return 0
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """
                UPDATE sms_sms sms
                   SET price = new.price, price_currency_id = new.currency_id
                  FROM unnest(%s)
                    AS new (carrier_id, price, currency_id)
                 WHERE sms.provider = %s AND sms.carrier_id = new.carrier_id
                   AND (sms.price, sms.price_currency_id)
                       IS DISTINCT FROM (new.price, new.currency_id)
                """,
                as_arrays(rows, "varchar", "numeric", "int4"),
                provider,
            )
        )
        self.invalidate_model(["price", "price_currency_id"], flush=False)
        return self.env.cr.rowcount

    @api.model
    @ormcache("code")
    def _get_currency_id(self, code):
        """Return the id of a currency, in use or not; False for one that is unknown.

        :param str code: ISO 4217, e.g. ``USD``
        """
        currencies_sudo = (
            self.env["res.currency"].sudo().with_context(active_test=False)
        )
        return currencies_sudo.search([("name", "=", code.upper())], limit=1).id
