# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
from contextlib import contextmanager

from odoo import api, fields, models
from odoo.tools import SQL

from ...providers.sandbox import SandboxProvider
from ...tools import chain
from ..core.bulk_insert import as_arrays
from .sms_consent_event import BY_ITSELF

_logger = logging.getLogger(__name__)
#: Rows that are sealed by one statement.
BATCH_SIZE = 5000


class SmsConsentCarry(models.AbstractModel):
    """Takes over a ledger from before it had seals, once, in the upgrade.

    What is there gets its seals, and a sealed link commits to every link before it, so
    nobody without the key can pass a chain off as an old one later.
    """

    _name = "sms.consent.carry"
    _description = "Carry-over of the Consent Ledger"

    @api.model
    def _carry_all(self):
        """Take over all ledgers that have no seals yet.

        :raises ConsentKeyError: without the key; the upgrade must wait for it
        """
        if not self.env["sms.consent.event"].search_count([], limit=1):
            return
        key = self.env["sms.consent.key"]._get()
        with self._step_aside("sms_consent_event", "sms_consent_evidence"):
            self._mark_tried()
            self._seal_entries(key)
            self._seal_erasures(key)
        companies = self.env["res.company"].with_context(active_test=False).search([])
        for company in companies:
            self._carry_over(company, key)

    @contextmanager
    def _step_aside(self, *tables):
        names = [SQL.identifier(table) for table in tables]
        for name in names:
            self.env.cr.execute(SQL("ALTER TABLE %s DISABLE TRIGGER USER", name))
        yield
        for name in names:
            self.env.cr.execute(SQL("ALTER TABLE %s ENABLE TRIGGER USER", name))

    @api.model
    def _mark_tried(self):
        self.env.cr.execute(
            SQL(
                """
                UPDATE sms_consent_event event SET sandbox = TRUE
                  FROM res_company company
                 WHERE company.id = event.company_id AND event.seal IS NULL
                   AND company.sms_provider = %s AND NOT event.method = ANY(%s)
                """,
                SandboxProvider.code,
                list(BY_ITSELF),
            )
        )
        self.env["sms.consent.event"].invalidate_model()

    @api.model
    def _seal_entries(self, key):
        ledger = self.env["sms.consent.event"]
        last_id = 0
        while rows := self.env.execute_query(
            SQL(
                """
                SELECT id FROM sms_consent_event WHERE seal IS NULL AND id > %s
              ORDER BY id LIMIT %s
                """,
                last_id,
                BATCH_SIZE,
            )
        ):
            contents = ledger._read_content([row[0] for row in rows])
            seals = [(it, chain.entry_seal(key, own)) for it, own in contents.items()]
            self._write_seals("sms_consent_event", "seal", seals)
            last_id = rows[-1][0]
        ledger.invalidate_model()

    @api.model
    def _seal_erasures(self, key):
        evidence = self.env["sms.consent.evidence"]
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id, erased_at, erased_by_id FROM sms_consent_evidence
                 WHERE erased_at IS NOT NULL AND erasure_seal IS NULL
                """
            )
        )
        seals = [(row[0], evidence._seal_erasure(key, *row)) for row in rows]
        self._write_seals("sms_consent_evidence", "erasure_seal", seals)
        evidence.invalidate_model()

    @api.model
    def _write_seals(self, table, column, seals):
        self.env.cr.execute(
            SQL(
                """
                UPDATE %(table)s SET %(column)s = sealed.seal
                  FROM unnest(%(seals)s) AS sealed (id, seal)
                 WHERE %(table)s.id = sealed.id
                """,
                table=SQL.identifier(table),
                column=SQL.identifier(column),
                seals=as_arrays(seals, "int4", "varchar"),
            )
        )

    @api.model
    def _carry_over(self, company, key):
        """Append the link that takes over a company's chain, if it has no seal yet."""
        links = self.env["sms.consent.link"]
        sequence, previous = links._get_head(company)
        is_sealed = [("company_id", "=", company.id), ("seal", "!=", False)]
        if not sequence or links.search_count(is_sealed, limit=1):
            return
        sequence += 1
        statement = chain.carry_over(
            company.id, sequence, previous, key, fields.Datetime.now()
        )
        own_hash = chain.link_hash(previous, sequence, statement)
        links.create(
            {
                "company_id": company.id,
                "sequence": sequence,
                "previous_hash": previous,
                "hash": own_hash,
                "seal": chain.link_seal(key, company.id, sequence, own_hash),
                "statement": statement,
            }
        )
        links.flush_model()
        _logger.info(
            "The consent ledger of company %s was taken over: %s links, end %s",
            company.id,
            sequence - 1,
            previous,
        )
