# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from functools import partial

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools import consent
from ..core.batch_jobs import work_off_safely
from ..core.bulk_insert import as_arrays

READ_REVIEW = """
    SELECT 'review', company_id, number, NULL, NULL, NULL, NULL, NULL
      FROM sms_consent_review
     WHERE state = 'open' AND company_id = ANY(%(company_ids)s)
       AND number = ANY(%(numbers)s)
"""
READ_TYPED = """
    SELECT 'typed', NULL, number, NULL, NULL, partner_id, NULL, NULL
      FROM sms_number_claim
     WHERE number = ANY(%(numbers)s)
       AND typed_at IS NOT NULL AND confirmed_at IS NULL
"""
READ_TEXT = """
    SELECT 'text', text.*
      FROM unnest(%(numbers)s) AS wanted (number),
           LATERAL (
               SELECT DISTINCT ON (company_id)
                      company_id, number, NULL::int, NULL, id, received_at, NULL
                 FROM sms_inbound
                WHERE kind = 'conversation' AND number = wanted.number
                  AND company_id = ANY(%(company_ids)s)
                  AND received_at >= %(since)s
             ORDER BY company_id, received_at DESC, id DESC
               OFFSET 0
           ) AS text
"""

#: Answers that are processed between two commits.
BATCH_SIZE = 500


class SmsConsentEvent(models.Model):
    """Accepts a contact's number as proven when a user records a consent for it."""

    _inherit = "sms.consent.event"

    @api.model
    def _after_record(self, number, event, facts):
        """Vouch for a contact's number if a user has heard or read their opt-in."""
        result = super()._after_record(number, event, facts)
        if event == consent.GRANTED and not self.env.user.share:
            record = self.env.get(facts.get("res_model"))
            partners = self.env["res.partner"]
            if record is not None and "partner_id" in record:
                partners = record.browse(facts.get("res_id")).sudo().partner_id
            elif record is not None and record._name == partners._name:
                partners = partners.browse(facts.get("res_id"))
            if partners:
                self.env["sms.number.claim"].sudo()._vouch(partners, [number])
        return result


class SmsConsent(models.Model):
    """Adds texts, reviews and claims to what is known of a number."""

    _inherit = "sms.consent"

    @api.model
    def _flush_known(self):
        self.env["sms.consent.review"].flush_model(["company_id", "number", "state"])
        self.env["sms.number.claim"].flush_model()
        self.env["sms.inbound"].flush_model()
        return super()._flush_known()

    @api.model
    def _find_heard(self, pairs):
        self.env["sms.inbound"].flush_model(["company_id", "number"])
        query = """
            SELECT wanted.company_id, wanted.number
              FROM unnest(%s) AS wanted (company_id, number)
             WHERE EXISTS (SELECT FROM sms_inbound
                            WHERE company_id = wanted.company_id
                              AND number = wanted.number)
        """
        rows = self.env.execute_query(SQL(query, as_arrays(pairs, "int4", "varchar")))
        return super()._find_heard(pairs) | set(rows)

    @api.model
    def _get_known_sources(self):
        return [*super()._get_known_sources(), READ_REVIEW, READ_TYPED, READ_TEXT]

    @api.model
    def _after_answers(self, change):
        result = super()._after_answers(change)
        if gone := change.get_numbers(consent.EXPIRED, methods=consent.HANDED_OVER):
            self.env["sms.number.claim"].sudo()._hand_over(gone)
        return result


class SmsConsentExpiry(models.AbstractModel):
    """Expires questions without an answer, and consents that have grown old.

    A question that nobody answered was no consent (CTIA Messaging Principles, 5.1.2),
    and an old consent may be that of the number's former holder (47 CFR 64.1200(m) on
    reassigned numbers), so a company can let it expire when it was neither given again
    nor verified (``sms.consent.verified_at``).
    """

    _name = "sms.consent.expiry"
    _description = "Expiry of Text Message Consent"

    def _run(self):
        """Record what has expired, in batches (a cron)."""
        self._expire(
            Domain("state", "=", consent.PENDING)
            & Domain("since", "<", fields.Datetime.now() - consent.QUESTION_LIFE),
            self.env._("The question to confirm joining was not answered."),
        )
        # Archived ones too: evidence is kept while the consent holds.
        companies_sudo = self.env["res.company"]._get_sms_all()
        for company in companies_sudo.filtered("sms_consent_months"):
            months, limit = company.sms_consent_months, self._get_limit(company)
            old = Domain("verified_at", "=", False) | Domain("verified_at", "<", limit)
            old &= Domain("state", "=", consent.OPTED_IN) & Domain("since", "<", limit)
            note = self.env._("Not given again for %s months.", months)
            self._expire(old & Domain("company_id", "=", company.id), note)

    def _get_limit(self, company):
        """Return from when on a company's consents count, None without a limit."""
        months = company.sms_consent_months
        return fields.Datetime.now() - relativedelta(months=months) if months else None

    def _expire(self, domain, note):
        """Record an expiry for the answers of a domain, which then leaves them out."""
        # A number that was erased cannot be texted any more anyway.
        domain &= Domain("purpose_id", "!=", False) & Domain("number", "!=", False)
        ids = self.env["sms.consent"].sudo().search(domain, order="id").ids
        while ids:
            batch, ids = ids[:BATCH_SIZE], ids[BATCH_SIZE:]
            some = domain & Domain("id", "in", batch)
            work_off_safely(self, partial(self._expire_some, some, note))
            if not self.env["ir.cron"]._commit_progress(len(batch), remaining=len(ids)):
                break

    def _expire_some(self, domain, note):
        answers_sudo = self.env["sms.consent"].sudo().search(domain)
        by_number = answers_sudo.grouped(lambda it: (it.company_id, it.number))
        for (company, number), answers in by_number.items():
            purposes, state = answers.purpose_id, answers[0].state
            self.env["sms.consent.event"]._record(
                company, number, consent.EXPIRED, "time", purposes, note=note
            )
            # Anybody can have a number asked, so a question says nothing of it.
            if state != consent.PENDING:
                self.env["sms.number.claim"].sudo()._reopen([number])
