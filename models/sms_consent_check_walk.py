# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import hmac
import logging

from odoo import api, models
from odoo.tools import SQL

from ..tools import chain
from .sms_consent_check import ENTRY_FORGED, EVIDENCE_FOREIGN, NOT_ERASED
from .sms_consent_evidence import PERSONAL_FIELDS

_logger = logging.getLogger(__name__)

#: Links that are read at once.
BATCH_SIZE = 2000


class SmsConsentCheck(models.Model):
    """Walks a ledger from its first link to its last, event and evidence included.

    All of it is read from one snapshot of the database (Odoo's transactions are
    repeatable reads), so what is recorded meanwhile is not mistaken for a change.
    """

    _inherit = "sms.consent.check"

    @api.model
    def _verify(self, company):
        """Verify all of a company's ledger: its chain, and what follows from it.

        :param company: ``res.company``
        :return: the new check
        :raises ConsentKeyError: when the key is not the ledger's
        """
        key = self.env["sms.consent.key"]._get()
        while self.env["sms.consent.link"]._seal(company, look_back=None):
            continue
        verifier = chain.Verifier(self._get_seen_heads(company), key, company.id)
        found, event_id = self._walk(company, verifier)
        findings = self._find_others(company, key)
        if found:
            findings.insert(0, (found.reason, self._say_break(found, event_id)))
        check = self._enter(
            company,
            key,
            {
                "state": "broken" if findings else "intact",
                "link_count": verifier.sequence,
                "head_hash": verifier.hash,
                "broken_sequence": found.sequence if found else 0,
                "broken_reason": findings[0][0] if findings else False,
                "broken_event_id": event_id,
                "findings": "\n".join(sentence for _reason, sentence in findings),
                "remarks": "\n".join(self._get_remarks(verifier)),
            },
        )
        _logger.log(
            logging.CRITICAL if findings else logging.INFO,
            "Consent ledger of company %s: %s, link %s, hash %s",
            company.id,
            ", ".join(reason for reason, _sentence in findings) or "intact",
            found.sequence if found else verifier.sequence,
            verifier.hash,
        )
        return check

    @api.model
    def _walk(self, company, verifier):
        """Check link after link; return the first break and its event, or nothing."""
        while rows := self._read_links(company, verifier.sequence):
            event_ids = [row[1] for row in rows if row[1]]
            entries = self.env["sms.consent.event"]._read_entries(event_ids)
            for row in rows:
                content, entry_seal = entries.get(row[1], (None, None))
                link = self._make_link(row, content)
                found = verifier.check(link)
                if not found and not self._is_entered(verifier.key, link, entry_seal):
                    found = chain.Break(link.sequence, ENTRY_FORGED)
                if found:
                    return found, row[1] or 0
            if found := self._find_changed_evidence(event_ids, verifier.key):
                event_id, reason = found
                sequence = next(row[0] for row in rows if row[1] == event_id)
                return chain.Break(sequence, reason), event_id
        return verifier.finish(), 0

    @api.model
    def _read_links(self, company, after, limit=BATCH_SIZE):
        """Return the next links after number ``after``, without the ORM's cache.

        :param int limit: how many at most
        :return: rows of sequence, event id, hash before, own hash, seal, version of
            the content, and what the link itself says
        """
        return self.env.execute_query(
            SQL(
                """
                SELECT sequence, event_id, previous_hash, hash, seal, content_version,
                       statement
                  FROM sms_consent_link
                 WHERE company_id = %s AND sequence > %s
              ORDER BY sequence LIMIT %s
                """,
                company.id,
                after,
                limit,
            )
        )

    @api.model
    def _make_link(self, row, content):
        """Return a link as the verifier takes it.

        :param row: of :meth:`_read_links`
        :param dict content: what the chain seals of its event, or None
        """
        sequence, _event_id, previous, own_hash, seal, version, statement = row
        if version and version not in chain.CONTENT_VERSIONS:
            content = None
        sealed = content and chain.content_of(content, version)
        return chain.Link(sequence, previous, own_hash, sealed, seal, statement)

    @staticmethod
    def _is_entered(key, link, entry_seal):
        """Tell if the ledger has entered an event, by the seal that it got then."""
        if link.statement is not None:
            return True
        content = {"sandbox": False, **link.content}
        return hmac.compare_digest(chain.entry_seal(key, content), entry_seal or "")

    @api.model
    def _find_changed_evidence(self, event_ids, key):
        """Return the first event whose evidence is not what was recorded, if any.

        :param str key: the ledger's secret
        :return: the event's id and the reason, or None
        """
        columns = SQL(", ").join(
            SQL("evidence.%s", SQL.identifier(name)) for name in PERSONAL_FIELDS
        )
        rows = self.env.execute_query(
            SQL(
                """
                SELECT event.id, event.evidence_digest, event.number_hash, evidence.id,
                       evidence.company_id IS DISTINCT FROM event.company_id,
                       evidence.erased_at, evidence.erased_by_id,
                       evidence.erasure_seal, %s
                  FROM sms_consent_event event
             LEFT JOIN sms_consent_evidence evidence ON evidence.id = event.evidence_id
                 WHERE event.id = ANY(%s)
              ORDER BY event.id
                """,
                columns,
                list(event_ids),
            )
        )
        with_files = set()
        evidence = self.env["sms.consent.evidence"]
        for event_id, digest, number_hash, evidence_id, is_foreign, *rest in rows:
            erased_at, erased_by_id, erasure_seal, *values = rest
            if not evidence_id:
                return event_id, chain.EVIDENCE_CHANGED
            if is_foreign:
                return event_id, EVIDENCE_FOREIGN
            if erased_at:
                seal = evidence._seal_erasure(key, evidence_id, erased_at, erased_by_id)
                if not hmac.compare_digest(seal, erasure_seal or ""):
                    return event_id, NOT_ERASED
                continue
            content = evidence._read_content(values)
            if chain.number_hash(key, content["number"] or "") != number_hash:
                return event_id, EVIDENCE_FOREIGN
            if chain.digest(content) != digest:
                return event_id, chain.EVIDENCE_CHANGED
            if content["file_digests"]:
                with_files.add((event_id, evidence_id))
        return self._find_changed_files(with_files)

    @api.model
    def _find_changed_files(self, pairs):
        """Return the first event whose scans are not those that were recorded."""
        for event_id, evidence_id in sorted(pairs):
            if not self.env["sms.consent.evidence"].browse(evidence_id)._files_hold():
                return event_id, chain.EVIDENCE_CHANGED
        return None

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
