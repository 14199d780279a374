# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict
from datetime import datetime
from functools import partial

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools import at_rest, consent, geography
from ...tools.purpose_rules import find_years_to_keep
from ..core.encrypted_field import decrypt
from ..ledger.sms_consent_evidence import WORDS


class SmsConsentEvidence(models.Model):
    """Keeps evidence as long as it is needed, and logs its readers."""

    _name = "sms.consent.evidence"
    _inherit = ["sms.consent.evidence", "sms.looked.up"]
    _telling = frozenset((*WORDS, "number", "display_name", "attachment_ids"))
    _remembered = Domain("erased_at", "=", False)

    @api.model
    def _get_personal_domain(self, company, numbers):
        known = Domain("company_id", "=", company.id) & self._remembered
        return known & self._get_number_domain(company, numbers)

    @api.model
    def _get_number_domain(self, company, numbers):
        """Return the domain of evidence by keyed hash, as numbers may be encrypted."""
        hashes = list(self.env["sms.consent.key"]._hash(numbers).values())
        domain = [("company_id", "=", company.id), ("number_hash", "in", hashes)]
        events = self.env["sms.consent.event"].search_fetch(domain, ["evidence_id"])
        return Domain("id", "in", events.evidence_id.ids)

    @api.model
    def _find_named(self, name):
        """Return the numbers of evidence under a name.

        Encrypted names are decrypted one by one, about 50,000 per second.
        """
        query = """
            SELECT name, number FROM sms_consent_evidence
             WHERE name ILIKE %s OR name LIKE %s
        """
        read = partial(decrypt, self.env)
        rows = self.env.execute_query(SQL(query, name, f"{at_rest.ENCRYPTED}%"))
        return [
            read(number)
            for known, number in rows
            if not known.startswith(at_rest.ENCRYPTED)
            or read(known).casefold() == name.casefold()
        ]

    def _describe_personal(self):
        return [
            (len(self), self.env._("Pieces of evidence of what was said")),
            (len(self.attachment_ids), self.env._("Scans")),
        ]

    def _forget(self):
        self._erase()

    @api.model
    def _get_overdue_domain(self, company, limits):
        """Return the domain of evidence that is no longer needed.

        Evidence of an opt-out is kept for the years set for opt-outs, other evidence
        for those of a consent, counted from the number's last event and the last text
        sent under it. It is kept while the person may be texted, is being asked, or is
        under review, and as long as required in the number's country
        (``sms.consent.law``).
        """
        reviewed = self.env["sms.consent.review"]._get_open_numbers(company)
        domain = Domain("company_id", "=", company.id) & self._remembered
        domain &= ~self._get_number_domain(company, reviewed)
        domain &= self._get_older_domain(company, limits["consent"], limits["opt_out"])
        kept = self._find_kept_by_law(company, domain, limits)
        return domain & Domain("id", "not in", kept.ids)

    @api.model
    def _get_older_domain(self, company, yes_limit, no_limit):
        limits = (yes_limit, no_limit)
        return Domain.custom(to_sql=partial(self._get_overdue_sql, company, *limits))

    @api.model
    def _find_kept_by_law(self, company, overdue, limits):
        """Return overdue evidence that the law of the number's country still keeps.

        By default companies keep proof as long as any law requires, so nothing is read.
        Numbers may be encrypted, so their country is determined in Python.

        :param Domain overdue: evidence overdue by the company's own times
        """
        kept, now = self.browse(), fields.Datetime.now()
        countries = defaultdict(set)
        laws = self.env["sms.consent.law"]._get_rules()
        for country, years in find_years_to_keep(laws, now.date()).items():
            limit = now - relativedelta(years=years)
            if limits["consent"] and limit < limits["consent"]:
                countries[limit].add(country)
        for limit, codes in countries.items():
            old = self._get_older_domain(company, limit, datetime.max)
            for evidence in self.search(overdue & ~old):
                places = geography.read_number(evidence.number).regions
                if codes & {country for country, _state in places}:
                    kept |= evidence
        return kept

    @api.model
    def _get_overdue_sql(self, company, yes_limit, no_limit, _model, alias, _query):
        condition = """
            EXISTS (
                SELECT 1 FROM sms_consent_event own
                 WHERE own.evidence_id = %(evidence)s
                   AND NOT EXISTS (
                       SELECT 1 FROM sms_consent answer
                        WHERE answer.company_id = %(company)s
                          AND answer.number_hash = own.number_hash
                          AND answer.state = ANY(%(standing)s))
                   AND NOT EXISTS (
                       SELECT 1 FROM sms_consent_event other
                        WHERE other.company_id = %(company)s
                          AND other.number_hash = own.number_hash
                          AND (other.happened_at >= %(limit)s
                               OR other.recorded_at >= %(limit)s))
                   AND NOT EXISTS (
                       SELECT 1 FROM sms_consent_event other
                         JOIN sms_sms text ON text.consent_event_id = other.id
                        WHERE other.company_id = %(company)s
                          AND other.number_hash = own.number_hash
                          AND COALESCE(text.sent_at, text.create_date) >= %(limit)s))
        """
        limit = "CASE WHEN own.event = %s THEN %s::timestamp ELSE %s::timestamp END"
        limits = (it or "-infinity" for it in (no_limit, yes_limit))
        return SQL(
            condition,
            evidence=SQL.identifier(alias, "id"),
            company=company.id,
            standing=[consent.OPTED_IN, consent.PENDING],
            limit=SQL(limit, consent.REVOKED, *limits),
        )
