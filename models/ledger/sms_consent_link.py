# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging

from psycopg2.errors import SerializationFailure, UniqueViolation

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools import chain
from ..core.bulk_insert import insert_many
from .sms_consent_key import ConsentKeyError

_logger = logging.getLogger(__name__)
#: Events that are sealed in one transaction.
BATCH_SIZE = 5000
#: Ids that the sealer looks back for events that were committed out of order. The daily
#: check finds those of a transaction that took longer than that many events.
LOOK_BACK = 50_000
#: First key of the advisory locks; the second one is the company.
SEALER_LOCK = 1_937_009_003


class SmsConsentLink(models.Model):
    """One link of a company's chain: seals one event, and follows the link before it.

    Anybody can compute its hash; only a holder of the ledger's key can make its seal. A
    link without an event takes over the chain from before there were seals
    (``statement``). One worker at a time adds links, after the events are committed: so
    no STOP waits for another, the numbers have no gap, and the chain cannot fork.
    """

    _name = "sms.consent.link"
    _description = "Link of the Consent Ledger"
    _inherit = "sms.ledger.row"
    _order = "company_id, sequence desc"
    _rec_name = "sequence"
    _log_access = False

    sequence = fields.Integer("No.", required=True)
    event_id = fields.Many2one("sms.consent.event", ondelete="restrict")
    previous_hash = fields.Char(required=True)
    hash = fields.Char(required=True)
    seal = fields.Char(help="Keyed. Empty only before the ledger had seals.")
    content_version = fields.Integer(
        help="Which fields of the event it hashes. 0: the first ones."
    )
    statement = fields.Json(help="What a link without an event says.")

    _sequence_unique = models.UniqueIndex("(company_id, sequence)")
    _event_unique = models.UniqueIndex("(event_id)")

    @api.model
    def _run_sealer(self):
        """Seal new events, company by company, and commit each batch (cron).

        Without the ledger's key events wait: each verification counts the unsealed.
        """
        try:
            self.env["sms.consent.key"]._get()
        except ConsentKeyError as error:
            _logger.error("The consent ledger is not sealed: %s", error)
            return
        for company in self._get_unsealed_companies():
            while sealed := self._seal(company):
                if not self.env["ir.cron"]._commit_progress(sealed):
                    return

    @api.model
    def _get_unsealed_companies(self):
        """Return the companies that have recent events without a link."""
        self.env["sms.consent.event"].flush_model()
        query = """
            SELECT DISTINCT event.company_id
              FROM sms_consent_event event
         LEFT JOIN sms_consent_link link ON link.event_id = event.id
             WHERE link.id IS NULL
               AND event.id > (SELECT COALESCE(max(event_id), 0) - %s
                                 FROM sms_consent_link)
        """
        rows = self.env.execute_query(SQL(query, LOOK_BACK))
        return self.env["res.company"].browse(row[0] for row in rows)

    @api.model
    def _seal(self, company, look_back=LOOK_BACK):
        """Append links for a company's oldest events that have none; return how many.

        :param int look_back: how many ids before the newest link to look at, None: all
        """
        [[is_mine]] = self.env.execute_query(
            SQL("SELECT pg_try_advisory_xact_lock(%s, %s)", SEALER_LOCK, company.id)
        )
        if not is_mine:
            return 0
        key = self.env["sms.consent.key"]._get()
        last, previous = self._get_head(company)
        event_ids = self._get_unsealed(company, look_back, BATCH_SIZE)
        contents = self.env["sms.consent.event"]._read_content(event_ids)
        rows = []
        for sequence, event_id in enumerate(event_ids, last + 1):
            own_hash = chain.link_hash(previous, sequence, contents[event_id])
            row = {
                "company_id": company.id,
                "content_version": chain.CURRENT_VERSION,
                "sequence": sequence,
                "event_id": event_id,
                "previous_hash": previous,
                "hash": own_hash,
                "seal": chain.link_seal(key, company.id, sequence, own_hash),
            }
            rows.append(row)
            previous = own_hash
        hashes = {content["number_hash"] for content in contents.values()}
        return self._append(company, rows, hashes)

    @api.model
    def _append(self, company, rows, hashes):
        """Write links; return how many: 0 if another worker was faster."""
        if not rows:
            return 0
        try:
            with self.env.cr.savepoint(flush=False):
                insert_many(self, rows)
                self.env["sms.consent"]._settle_overlaps(company.id, list(hashes))
        except (UniqueViolation, SerializationFailure):
            # The other worker's links came between our first read and our lock.
            _logger.info("Another worker has sealed the consent ledger meanwhile")
            return 0
        self.invalidate_model()
        self.env["sms.consent.event"].invalidate_model(["link_ids", "sequence"])
        return len(rows)

    @api.model
    def _get_head(self, company):
        """Return number and hash of the last link, or 0 and the genesis hash."""
        query = """
            SELECT sequence, hash FROM sms_consent_link
             WHERE company_id = %s ORDER BY sequence DESC LIMIT 1
        """
        rows = self.env.execute_query(SQL(query, company.id))
        return rows[0] if rows else (0, chain.GENESIS)

    @api.model
    def _get_unsealed(self, company, look_back=None, limit=None):
        """Return the ids of a company's events that have no link, oldest first.

        :param int look_back: as for :meth:`_seal`
        """
        self.env["sms.consent.event"].flush_model()
        query = """
            SELECT event.id
              FROM sms_consent_event event
         LEFT JOIN sms_consent_link link ON link.event_id = event.id
             WHERE event.company_id = %s AND link.id IS NULL
               AND event.id > COALESCE(
                   (SELECT max(event_id) - %s FROM sms_consent_link), 0)
          ORDER BY event.id LIMIT %s
        """
        rows = self.env.execute_query(SQL(query, company.id, look_back, limit))
        return [row[0] for row in rows]
