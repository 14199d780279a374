# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..core.bulk_insert import update_all

#: Refused requests without a valid one in between that are no accident: a run.
RUN = 3
#: No more than this are counted, and in a run none within :data:`PAUSE` of the last:
#: somebody who knows a company's key must not be able to cause many writes.
MOST, PAUSE = 1000, timedelta(seconds=10)
#: Likely causes of wrong signatures.
ADDRESS, TOKEN, UNSIGNED = ("address", "token", "unsigned")
#: Causes why texts are refused, and only texts: another address, or a former one that
#: is over, stands in the carrier's settings. Those for reports and calls are given with
#: each text.
OF_TEXTS = INBOUND, OVER = ("inbound", "over")
#: Counts one more refusal.
COUNT = """
    INSERT INTO sms_webhook_refusal AS run
           (company_id, provider, cause, called_base, hits, last_at)
    VALUES (%(company)s, %(provider)s, %(cause)s, %(base)s, 1, %(now)s)
    ON CONFLICT (company_id, provider) DO UPDATE SET
        cause = EXCLUDED.cause, called_base = EXCLUDED.called_base,
        hits = run.hits + 1, last_at = EXCLUDED.last_at
 RETURNING hits
"""


class SmsWebhookRefusal(models.Model):
    """Requests with a wrong signature at a company's webhooks since the last valid one.

    One row per company and carrier, and only for callers that know the company's key.
    That is mostly the carrier: then every STOP is refused. A flag on the company says
    whether it has any, so that a valid request needs no query to know.
    """

    _name = "sms.webhook.refusal"
    _description = "Refused Requests of a Carrier"
    _log_access = False

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="cascade"
    )
    provider = fields.Char("Carrier", required=True, readonly=True)
    cause = fields.Char(readonly=True)
    called_base = fields.Char(
        readonly=True, help="The address that the carrier has signed, if it was found."
    )
    hits = fields.Integer(required=True, readonly=True)
    last_at = fields.Datetime(required=True, readonly=True)

    _company_unique = models.UniqueIndex("(company_id, provider)")

    @api.model
    def _count(self, company, provider, find_cause):
        """Count a refused request, and wake the watch when it makes a run.

        :param find_cause: function that returns the cause and the address called
        """
        now = fields.Datetime.now()
        row = self._find(company, provider)
        is_run = row.hits >= RUN
        if row.hits >= MOST or (is_run and now - row.last_at < PAUSE):
            return
        cause, base = find_cause()
        values = {"company": company.id, "provider": provider, "cause": cause}
        query = SQL(COUNT, base=base or None, now=now, **values)
        [[hits]] = self.env.execute_query(query)
        self.invalidate_model()
        if not company.sms_has_refusals:
            self._mark(company, True)
        if hits == RUN:
            self.env["ir.cron"]._wake_sms("ir_cron_sms_outbox_watch")

    @api.model
    def _forget(self, company, provider, is_text=False):
        """Delete a carrier's refusals: one of its requests was signed correctly.

        Only a text shows that texts come to the right address.
        """
        found = self._find(company, provider)
        if found.cause in OF_TEXTS and not is_text:
            return
        found.unlink()
        if not self.search_count([("company_id", "=", company.id)], limit=1):
            self._mark(company, False)

    @api.model
    def _mark(self, company, has_refusals):
        """Flag whether a company has refusals; in SQL, as no cache depends on it."""
        update_all(company, sms_has_refusals=has_refusals)
        company.invalidate_recordset(["sms_has_refusals"], flush=False)

    @api.model
    def _find(self, company, provider):
        domain = [("company_id", "=", company.id), ("provider", "=", provider)]
        return self.search(domain, limit=1)

    @api.model
    def _get_run(self, company):
        """Return the row of a company's current run of refusals, or an empty recordset.

        Of several carriers, the one with the newest refusal. Requests of a carrier that
        the company no longer uses do not matter.
        """
        carriers = ("provider", "in", company._get_sms_carriers())
        domain = [("company_id", "=", company.id), carriers, ("hits", ">=", RUN)]
        return self.search(domain, order="last_at desc", limit=1)
