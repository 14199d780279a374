# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
from datetime import timedelta
from functools import partial

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...providers import PROVIDERS, account, base
from ..core.batch_jobs import try_work_off

#: Picks the price of a segment: one for the carrier before one for any carrier, then
#: the longest prefix, then the newest. To be filled with SQL expressions.
PICK = """
    SELECT price.id FROM sms_price price
     WHERE price.company_id = {company} AND price.active
       AND (price.provider IS NULL OR price.provider = {provider})
       AND starts_with(COALESCE({number}, ''), COALESCE(price.prefix, ''))
       AND (price.valid_from IS NULL OR price.valid_from <= {day})
  ORDER BY price.provider NULLS LAST, length(price.prefix) DESC NULLS LAST,
           price.valid_from DESC NULLS LAST, price.id DESC
     LIMIT 1
"""
#: Cost of a text by the line that was picked.
COST = """
    CASE WHEN sms.media_count > 0 AND price.media_amount > 0 THEN price.media_amount
         ELSE sms.segment_count * price.amount END
"""
_logger = logging.getLogger(__name__)
#: Days for which a carrier is asked for a text's price: if it has not charged by then,
#: it never will.
ASKED_DAYS = 7
#: Time that a carrier needs to charge a text; younger texts are asked about tomorrow.
CHARGED_AFTER = timedelta(hours=6)


class SmsPrice(models.Model):
    """The price of a segment at a carrier, as managers enter it.

    Estimates a text's cost while it is written, and until the carrier reports what it
    has charged. A new price from a day on is another line.
    """

    _name = "sms.price"
    _inherit = "sms.setup.mixin"
    _description = "Price of a Text"
    _order = "company_id, prefix, provider, valid_from desc, id desc"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    provider = fields.Selection(
        lambda self: (
            self.env["res.company"]
            ._fields["sms_provider"]
            ._description_selection(self.env)
        ),
        "Carrier",
        help="Leave empty for any carrier without its own line.",
    )
    prefix = fields.Char(
        "Numbers Beginning With",
        help="A country code such as +44, or more digits. Leave empty for all others.",
    )
    amount = fields.Float("Price per Segment", digits=(16, 5), required=True)
    media_amount = fields.Float(
        "Price with Pictures",
        digits=(16, 5),
        help="For a text with pictures or files (MMS), whatever its length. Leave "
        "empty to charge by segment.",
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.ref("base.USD", raise_if_not_found=False),
        help="Carriers mostly charge in US dollars, wherever the company is.",
    )
    valid_from = fields.Date(
        "From", help="The first day (UTC). Leave empty for always."
    )
    active = fields.Boolean(default=True)

    _amount_positive = models.Constraint(
        "CHECK (amount >= 0)", "The price of a segment cannot be negative."
    )
    _media_amount_positive = models.Constraint(
        "CHECK (media_amount >= 0)", "The price of a picture cannot be negative."
    )
    _prefix_digits = models.Constraint(
        r"CHECK (prefix ~ '^\+[1-9][0-9]{0,14}$')",
        "A number's beginning is a plus sign and digits, such as +44.",
    )
    _line_unique = models.UniqueIndex(
        "(company_id, COALESCE(provider, ''), COALESCE(prefix, ''),"
        " COALESCE(valid_from, '-infinity')) WHERE active",
        "There is already a price for these numbers from this day. Edit that one.",
    )

    @api.depends("prefix", "provider", "amount", "currency_id")
    def _compute_display_name(self):
        for price in self:
            parts = (price.prefix, price.currency_id.name, f"{price.amount:.5f}")
            price.display_name = " ".join(filter(None, parts))

    @api.model
    def _find(self, company, number="", provider=None, day=None):
        """Return the price for a number, in sudo; empty if unknown.

        :param str number: E.164; empty: a number in the company's own country
        :param date day: UTC, default today
        """
        company_sudo = company.sudo()
        code = company_sudo.country_id.phone_code
        self.flush_model()
        query = pick_price(
            company=company.id,
            provider=provider or company_sudo.sms_provider,
            number=number or f"+{code or ''}",
            day=day or fields.Date.today(),
        )
        return self.sudo().browse(row[0] for row in self.env.execute_query(query))

    def _get_cost(self, segments, has_media=False):
        """Return the cost of a text by this line; 0 for an empty recordset."""
        if has_media and self.media_amount:
            return self.media_amount
        return self.amount * segments

    # === Prices from carriers whose reports contain none ===

    # Once a day, at night: one paged list for all texts of a day and sender, never text
    # by text. Each page is committed, so nothing is locked while waiting for the
    # network, and texts that a failure has cut off are asked about tomorrow.

    @api.model
    def _run_fetch(self):
        """Ask each carrier of each company, former ones too (a cron)."""
        for company in self.env["res.company"].sudo().search([]):
            for code in PROVIDERS:
                if try_work_off(self, partial(self._fetch_of, company, code)) is False:
                    return

    @api.model
    def _fetch_of(self, company, code):
        """Ask one carrier about a company's texts; return whether time is left."""
        if company._find_sms_account_lock(code):
            return True
        provider = company._get_sms_provider(code)
        asked = self._get_unpriced(company, code) if provider.lists_prices else []
        for day_of_sender in asked:
            try:
                for prices in provider.list_prices(*day_of_sender):
                    self.env["sms.sms"]._record_prices(code, prices)
                    if not self.env["ir.cron"]._commit_progress(len(prices)):
                        return False
            except base.LookupFailed as error:
                _logger.info("The prices could not be asked: %s", error)
                return True
        return True

    @api.model
    def _get_unpriced(self, company, code):
        """Return the days and senders of messages whose price is not known yet.

        :return: tuples of a day (UTC), the address of a sender (empty for a service,
            which sends from any of its numbers, and for one that was deleted), and
            whether it is about calls
        """
        now = fields.Datetime.now()
        since = now - timedelta(days=ASKED_DAYS)
        domain = Domain("record_company_id", "=", company.id)
        domain &= Domain("provider", "=", code) & Domain("carrier_id", "!=", False)
        domain &= Domain("price_currency_id", "=", False)
        domain &= Domain("claimed_at", ">", since - timedelta(days=1))
        domain &= Domain("sent_at", ">=", since)
        domain &= Domain("sent_at", "<=", now - CHARGED_AFTER)
        messages = self.env["sms.sms"].with_context(tz="UTC")
        groups = messages._read_group(domain, ["sent_at:day", "sender_id", "is_call"])
        rows = {
            (moment.date(), sender.kind != account.SERVICE and sender.address, is_call)
            for moment, sender, is_call in groups
        }
        # A service's list of a day already has all messages of that day.
        whole = {(day, is_call) for day, address, is_call in rows if not address}
        return sorted(
            (day, address or "", is_call)
            for day, address, is_call in rows
            if not address or (day, is_call) not in whole
        )


def pick_price(**expressions):
    """Return the query for the id of the price that applies.

    :param expressions: ``company``, ``provider``, ``number``, ``day``: values or SQL
    """
    names = {name: f"%({name})s" for name in expressions}
    return SQL(PICK.format(**names), **expressions)
