# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

#: So many refused requests, and no good one since, are no accident.
RUN = 3
#: No more are counted, and none within :data:`PAUSE` of the last once there is a run:
#: who knows a company's key must not make it write.
MOST, PAUSE = 1000, timedelta(seconds=10)
#: Likely causes of wrong signatures.
ADDRESS, TOKEN, UNSIGNED = ("address", "token", "unsigned")
#: Counts one more.
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
    """Requests at a company's webhooks whose signature was wrong, since the last good.

    One row for each company and carrier, and only for callers that know the company's
    key. That is mostly the carrier: then every STOP is refused. The company says if it
    has any, so that a good request needs no query to know.
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
        """Count a refused request, and wake the watch when it is a run.

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
            watch = self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_outbox_watch")
            watch.sudo()._trigger()

    @api.model
    def _forget(self, company, provider):
        """Forget what was refused of a carrier: a request of it was signed rightly."""
        self._find(company, provider).unlink()
        if not self.search_count([("company_id", "=", company.id)], limit=1):
            self._mark(company, False)

    @api.model
    def _forget_any(self, company, provider):
        """Forget what was refused of a carrier, where anything was."""
        if company.sms_has_refusals:
            self._forget(company, provider)

    @api.model
    def _mark(self, company, has_refusals):
        """Note on a company if it has refusals; in SQL, for no cache depends on it."""
        self.env.cr.execute(
            "UPDATE res_company SET sms_has_refusals = %s WHERE id = %s",
            [has_refusals, company.id],
        )
        company.invalidate_recordset(["sms_has_refusals"], flush=False)

    @api.model
    def _find(self, company, provider):
        domain = [("company_id", "=", company.id), ("provider", "=", provider)]
        return self.search(domain, limit=1)

    @api.model
    def _get_run(self, company):
        """Return the row of a company whose requests are refused now, or an empty set.

        Of several carriers that with the newest refusal. What a carrier sends that is
        none of the company's any more is nobody's trouble.
        """
        domain = [
            ("company_id", "=", company.id),
            ("provider", "in", company._get_sms_carriers()),
            ("hits", ">=", RUN),
        ]
        return self.search(domain, order="last_at desc", limit=1)
