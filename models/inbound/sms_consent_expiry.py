# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.fields import Domain

from ...tools import consent

#: Answers that are processed between two commits.
BATCH_SIZE = 500


class SmsConsentExpiry(models.AbstractModel):
    """Expires questions without an answer, and consents that have grown old.

    A question that nobody answered was no consent (CTIA Messaging Principles, 5.1.2),
    and an old consent may be that of the number's former holder (47 CFR 64.1200(m) on
    reassigned numbers), so a company can let it expire when it was neither given again
    nor verified (``sms.consent.verified_at``).
    """

    _name = "sms.consent.expiry"
    _description = "Expiry of Text Message Consent"

    @api.model
    def _run(self):
        """Record what has expired, in batches (a cron)."""
        self._expire(
            Domain("state", "=", consent.PENDING)
            & Domain("since", "<", fields.Datetime.now() - consent.QUESTION_LIFE),
            self.env._("The question to confirm joining was not answered."),
        )
        companies_sudo = self.env["res.company"].sudo()
        for company in companies_sudo.search([("sms_consent_months", ">", 0)]):
            months, limit = company.sms_consent_months, self._get_limit(company)
            self._expire(
                Domain("company_id", "=", company.id)
                & Domain("state", "=", consent.OPTED_IN)
                & Domain("since", "<", limit)
                & (
                    Domain("verified_at", "=", False)
                    | Domain("verified_at", "<", limit)
                ),
                self.env._("Not given again for %s months.", months),
            )

    @api.model
    def _get_limit(self, company):
        """Return from when on a company's consents count, None without a limit."""
        months = company.sms_consent_months
        return fields.Datetime.now() - relativedelta(months=months) if months else None

    @api.model
    def _expire(self, domain, note):
        """Record an expiry for the answers of a domain, which then leaves them out."""
        # A number that was erased cannot be texted any more anyway.
        domain &= Domain("purpose_id", "!=", False) & Domain("number", "!=", False)
        answers_sudo = self.env["sms.consent"].sudo()
        while batch := answers_sudo.search(domain, limit=BATCH_SIZE, order="id"):
            done = len(batch)
            grouped = defaultdict(self.env["sms.purpose"].browse)
            for answer in batch:
                grouped[answer.company_id, answer.number] |= answer.purpose_id
            for (company, number), purposes in grouped.items():
                self.env["sms.consent.event"]._record(
                    company, number, consent.EXPIRED, "time", purposes, note=note
                )
            left = answers_sudo.search_count(domain)
            if not self.env["ir.cron"]._commit_progress(done, remaining=left):
                break
