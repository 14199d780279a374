# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging

from odoo import api, models
from odoo.tools import SQL

from ..tools import chain
from .sms_consent_evidence import PERSONAL_FIELDS

_logger = logging.getLogger(__name__)

#: Links that are read at once.
BATCH_SIZE = 2000


class SmsConsentCheck(models.Model):
    """Walks a ledger from its first link to its last, event and evidence included."""

    _inherit = "sms.consent.check"

    @api.model
    def _verify(self, company):
        """Walk the company's chain from its first link.

        :param company: ``res.company``
        :return: the new check
        """
        while self.env["sms.consent.link"]._seal(company, look_back=None):
            continue
        verifier = chain.Verifier(self._get_seen_heads(company))
        found, event_id = self._walk(company, verifier)
        check = self.create(
            {
                "company_id": company.id,
                "state": "broken" if found else "intact",
                "link_count": verifier.sequence,
                "head_hash": verifier.hash,
                "unsealed_count": len(
                    self.env["sms.consent.link"]._get_unsealed(company)
                ),
                "broken_sequence": found.sequence if found else 0,
                "broken_reason": found.reason if found else False,
                "broken_event_id": event_id,
            }
        )
        _logger.log(
            logging.CRITICAL if found else logging.INFO,
            "Consent ledger of company %s: %s, link %s, hash %s",
            company.id,
            found.reason if found else "intact",
            found.sequence if found else verifier.sequence,
            verifier.hash,
        )
        return check

    @api.model
    def _walk(self, company, verifier):
        """Check link after link; return the first break and its event, or nothing."""
        while links := self._read_links(company, verifier.sequence):
            event_ids = [link[1] for link in links]
            contents = self.env["sms.consent.event"]._read_content(event_ids)
            for sequence, event_id, previous, own_hash in links:
                found = verifier.check(
                    sequence, previous, own_hash, contents.get(event_id)
                )
                if found:
                    return found, event_id
            if bad_id := self._find_changed_evidence(event_ids):
                sequence = next(link[0] for link in links if link[1] == bad_id)
                return chain.Break(sequence, chain.EVIDENCE_CHANGED), bad_id
        return verifier.finish(), 0

    @api.model
    def _read_links(self, company, after):
        """Return the next links after number ``after``, without the ORM's cache."""
        return self.env.execute_query(
            SQL(
                """
                SELECT sequence, event_id, previous_hash, hash FROM sms_consent_link
                 WHERE company_id = %s AND sequence > %s
              ORDER BY sequence LIMIT %s
                """,
                company.id,
                after,
                BATCH_SIZE,
            )
        )

    @api.model
    def _find_changed_evidence(self, event_ids):
        """Return the first event whose evidence is not what was recorded, if any.

        Erased evidence is gone for good; that it is wholly gone is the trigger's work.
        """
        columns = SQL(", ").join(
            SQL("evidence.%s", SQL.identifier(name)) for name in PERSONAL_FIELDS
        )
        rows = self.env.execute_query(
            SQL(
                """
                SELECT event.id, event.evidence_digest, evidence.id, %s
                  FROM sms_consent_event event
             LEFT JOIN sms_consent_evidence evidence ON evidence.id = event.evidence_id
                 WHERE event.id = ANY(%s) AND evidence.erased_at IS NULL
              ORDER BY event.id
                """,
                columns,
                list(event_ids),
            )
        )
        with_files = set()
        read_content = self.env["sms.consent.evidence"]._read_content
        for event_id, digest, evidence_id, *values in rows:
            content = read_content(values)
            if not evidence_id or chain.digest(content) != digest:
                return event_id
            if content["file_digests"]:
                with_files.add((event_id, evidence_id))
        return self._find_changed_files(with_files)

    @api.model
    def _find_changed_files(self, pairs):
        """Return the first event whose scans are not those that were recorded."""
        for event_id, evidence_id in sorted(pairs):
            if not self.env["sms.consent.evidence"].browse(evidence_id)._files_hold():
                return event_id
        return 0

    @api.model
    def _get_seen_heads(self, company):
        """Return the ends of the chain that earlier checks have seen.

        :return: ``{sequence: hash}``, the newest of each number
        """
        checks = self.search(
            [
                ("company_id", "=", company.id),
                ("state", "=", "intact"),
                ("link_count", ">", 0),
            ],
            order="id",
        )
        return {check.link_count: check.head_hash for check in checks}
