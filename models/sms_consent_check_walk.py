# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import hmac
import logging

from odoo import api, models
from odoo.tools import SQL

from ..tools import chain
from .sms_consent_check import ENTRY_FORGED, EVIDENCE_FOREIGN, NAMED, NOT_ERASED
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
        breaks = self._walk(company, verifier)
        findings = [(found.reason, self._say_break(found, it)) for found, it in breaks]
        findings += self._find_others(company, key)
        found, event_id = breaks[0] if breaks else (None, 0)
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
        """Check link after link, to the end or to where the chain does not hold.

        :return: list of pairs of a :class:`tools.chain.Break` and the id of its event
            or 0: where the chain breaks, then events and evidence that do not hold, of
            which not more than :data:`NAMED` are looked for
        """
        broken = []
        while rows := self._read_links(company, verifier.sequence):
            event_ids = [row[1] for row in rows if row[1]]
            entries = self.env["sms.consent.event"]._read_entries(event_ids)
            for row in rows:
                content, entry_seal = entries.get(row[1], (None, None))
                link = self._make_link(row, content)
                if found := verifier.check(link):
                    return [(found, row[1] or 0), *broken[:NAMED]]
                if content and not self._is_entered(verifier.key, content, entry_seal):
                    broken.append((chain.Break(link.sequence, ENTRY_FORGED), row[1]))
            if len(broken) < NAMED:
                broken += self._find_broken_evidence(rows, verifier.key)
        if found := verifier.finish():
            broken.insert(0, (found, 0))
        return broken[:NAMED]

    @api.model
    def _find_broken_evidence(self, rows, key):
        """Return whose evidence does not hold, as :meth:`_walk` does.

        :param rows: of :meth:`_read_links`
        :param str key: the ledger's secret
        """
        sequences = {row[1]: row[0] for row in rows if row[1]}
        return [
            (chain.Break(sequences[event_id], reason), event_id)
            for event_id, reason in self._find_changed_evidence(sequences, key)
        ]

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
    def _is_entered(key, content, entry_seal):
        """Tell if the ledger has entered an event, by the seal that it got then."""
        return hmac.compare_digest(chain.entry_seal(key, content), entry_seal or "")

    @api.model
    def _find_changed_evidence(self, event_ids, key):
        """Yield the events whose evidence is not what was recorded.

        :param str key: the ledger's secret
        :return: pairs of an event's id and the reason
        """
        columns = SQL(", ").join(
            SQL("evidence.%s", SQL.identifier(name)) for name in PERSONAL_FIELDS
        )
        rows = self.env.execute_query(
            SQL(
                """
                SELECT event.id, evidence.id,
                       evidence.company_id IS DISTINCT FROM event.company_id,
                       event.number_hash, event.evidence_digest, evidence.erased_at,
                       evidence.erased_by_id, evidence.erasure_seal, %s
                  FROM sms_consent_event event
             LEFT JOIN sms_consent_evidence evidence ON evidence.id = event.evidence_id
                 WHERE event.id = ANY(%s)
              ORDER BY event.id
                """,
                columns,
                list(event_ids),
            )
        )
        for event_id, evidence_id, is_foreign, *rest in rows:
            reason = self._judge_evidence(
                key, evidence_id, is_foreign, rest[:2], rest[2:5], *rest[5:]
            )
            if reason:
                yield event_id, reason

    @api.model
    def _judge_evidence(self, key, evidence_id, is_foreign, sealed, erased, *values):
        """Return why evidence is not that of its event, or None.

        :param sealed: number's hash and evidence's digest in the event
        :param erased: when it was erased, by whom, and the seal of that
        :param values: of :data:`PERSONAL_FIELDS`, as the database has them
        """
        number_hash, digest = sealed
        erased_at, erased_by_id, erasure_seal = erased
        evidence = self.env["sms.consent.evidence"]
        if not evidence_id:
            return chain.EVIDENCE_CHANGED
        if is_foreign:
            return EVIDENCE_FOREIGN
        if erased_at:
            seal = evidence._seal_erasure(key, evidence_id, erased_at, erased_by_id)
            is_ours = hmac.compare_digest(seal, erasure_seal or "")
            return None if is_ours else NOT_ERASED
        content = evidence._read_content(values)
        if chain.number_hash(key, content["number"] or "") != number_hash:
            return EVIDENCE_FOREIGN
        if chain.digest(content) != digest:
            return chain.EVIDENCE_CHANGED
        has_files = content["file_digests"]
        if has_files and not evidence.browse(evidence_id)._files_hold():
            return chain.EVIDENCE_CHANGED
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
