# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..providers import account, base

_logger = logging.getLogger(__name__)

#: A carrier is asked about texts of so many days: what it has not charged by then, it
#: never will.
ASKED_DAYS = 7
#: It needs a while to charge; what is younger is asked about tomorrow.
CHARGED_AFTER = timedelta(hours=6)


class SmsPrice(models.Model):
    """Asks carriers that tell no price in their reports what texts have cost.

    Once a day, at night: all texts of a day and a sender by one list in pages, never
    text by text. Between two pages all is committed, so nothing is locked while the
    network is waited for, and what a failure has cut off is asked about tomorrow.
    """

    _inherit = "sms.price"

    @api.model
    def _run_fetch(self):
        """Ask each carrier of each company (a cron)."""
        for company in self.env["res.company"].sudo().search([]):
            for code in company._get_sms_carriers():
                if not self._fetch_of(company, code):
                    return

    @api.model
    def _fetch_of(self, company, code):
        """Ask one carrier about one company's texts; say if the cron has time left."""
        if company._has_locked_sms_account(code):
            return True
        provider = company._get_sms_provider(code)
        asked = self._get_unpriced(company, code) if provider.lists_prices else []
        for day, address in asked:
            try:
                for prices in provider.list_prices(day, address):
                    self.env["sms.sms"]._note_prices(code, prices)
                    if not self.env["ir.cron"]._commit_progress(len(prices)):
                        return False
            except base.LookupFailed as error:
                _logger.info("The prices of %s could not be asked: %s", day, error)
                return True
        return True

    @api.model
    def _get_unpriced(self, company, code):
        """Return the days and senders of texts whose price is not known yet.

        :param str code: the carrier's
        :return: pairs of a day (UTC) and the address of a sender, empty for a service,
            which sends by any of its numbers
        """
        now = fields.Datetime.now()
        self.env["sms.sms"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT sms.sent_at::date,
                       CASE WHEN sender.kind <> %(service)s THEN sender.address END
                  FROM sms_sms sms
                  JOIN sms_sender sender ON sender.id = sms.sender_id
                 WHERE sms.record_company_id = %(company)s AND sms.provider = %(code)s
                   AND sms.carrier_id IS NOT NULL AND sms.price_currency_id IS NULL
                   AND sms.create_date > %(since)s - interval '40 days'
                   AND sms.sent_at BETWEEN %(since)s AND %(until)s
              ORDER BY 1, 2
                """,
                service=account.SERVICE,
                company=company.id,
                code=code,
                since=now - timedelta(days=ASKED_DAYS),
                until=now - CHARGED_AFTER,
            )
        )
        # All of a day are in a service's list already.
        whole = {day for day, address in rows if not address}
        return [(day, adr or "") for day, adr in rows if not adr or day not in whole]
