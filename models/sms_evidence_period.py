# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import Counter

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools import consent, evidence
from .sms_evidence_messages import BATCH_SIZE


class Tally:
    """What is counted while the rows of a period pass."""

    def __init__(self):
        self.counts = Counter()
        self.seals = Counter()
        self.wording_digests = set()

    def count(self, name, rows):
        """Yield rows, and count them under a name."""
        for row in rows:
            self.counts[name] += 1
            yield row


class SmsEvidence(models.AbstractModel):
    """All that happened in a company in a stretch of time, for an audit.

    Read in batches from one snapshot of the database and written to disk as it comes,
    so that memory does not grow with the period.
    """

    _inherit = "sms.evidence"

    @api.model
    def _make_period(self, company, start, end):
        """Return the packet about a period.

        Events count by when they were recorded, messages by when they were made. The
        links are all those between the first and the last event: none can be left out
        unseen.

        :param company: ``res.company``, one
        :param datetime start: UTC, included
        :param datetime end: UTC, not included
        :return: the reference, the ZIP as bytes, and a ``Counter`` of its rows
        :raises AccessError: as :meth:`_check_rights`
        """
        self._check_rights(company)
        tally = Tally()
        with evidence.Packet(self._make_seal) as files:
            document = self._get_period_document(company, start, end, files, tally)
            self._write_document(files, document)
            self._add_help(files, document["reference"])
            return document["reference"], files.pack(), tally.counts

    @api.model
    def _get_period_document(self, company, start, end, files, tally):
        """Return the document of a period, of which nothing has been read yet.

        :param Packet files: gets the scans as their events pass
        :param Tally tally: counts what passes
        """
        span = (company, start, end)
        events = self._iter_events(span, files, tally)
        messages = self._get_period_domain("record_company_id", "create_date", *span)
        received = self._get_period_domain("company_id", "received_at", *span)
        return {
            **self._get_head(company, evidence.PERIOD),
            "period": {"from": evidence.plain(start), "to": evidence.plain(end)},
            "events": tally.count("events", events),
            "statements": self._read_statements(company),
            "opt_outs": self._iter_period_opt_outs(*span),
            "messages": tally.count("messages", self._iter_messages(messages)),
            "received": self._iter_received(received),
            # What follows is due when the events have passed.
            "wordings": lambda: self._read_wordings(tally.wording_digests),
            "chain": lambda: self._get_chain(company, tally.seals),
        }

    @api.model
    def _iter_events(self, span, files, tally):
        """Yield the events of a period, and keep their scans."""
        for batch in self._iter_period_events(*span):
            for event in batch:
                tally.seals[event["seal"]] += 1
                tally.wording_digests.add(event["content"]["wording_digest"])
                yield event
            self._add_scans(files, batch)

    @api.model
    def _get_period_domain(self, company_field, date_field, company, start, end):
        """Return the domain of a company's rows of a period."""
        return Domain(company_field, "=", company.id) & Domain(
            [(date_field, ">=", start), (date_field, "<", end)]
        )

    @api.model
    def _iter_period_events(self, company, start, end):
        """Yield batches of the events of a period, in the order of the chain.

        Those between two of the period belong to it, though a slow transaction may
        have recorded one a moment before; what has no seal yet comes last.
        """
        first, last = self._get_period_links(company, start, end)
        while first <= last:
            rows = self.env.execute_query(
                SQL(
                    """
                    SELECT event_id FROM sms_consent_link
                     WHERE company_id = %s AND sequence >= %s AND sequence < %s
                       AND sequence <= %s AND event_id IS NOT NULL
                    """,
                    company.id,
                    first,
                    first + BATCH_SIZE,
                    last,
                )
            )
            yield self._read_events([row[0] for row in rows])
            first += BATCH_SIZE
        unsealed = self.env["sms.consent.event"].search(
            self._get_period_domain("company_id", "recorded_at", company, start, end)
            & Domain("id", "in", self.env["sms.consent.link"]._get_unsealed(company))
        )
        if unsealed:
            yield self._read_events(unsealed.ids)

    @api.model
    def _get_period_links(self, company, start, end):
        """Return the first and the last link number of a period; (1, 0) for none."""
        self.env["sms.consent.event"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT min(link.sequence), max(link.sequence)
                  FROM sms_consent_event event
                  JOIN sms_consent_link link ON link.event_id = event.id
                 WHERE event.company_id = %s
                   AND event.recorded_at >= %s AND event.recorded_at < %s
                """,
                company.id,
                start,
                end,
            )
        )
        return rows[0] if rows[0][0] else (1, 0)

    @api.model
    def _iter_period_opt_outs(self, company, start, end):
        """Yield the opt-outs of a period, with the times of their confirmations."""
        domain = self._get_period_domain(
            "company_id", "recorded_at", company, start, end
        ) & Domain("event", "=", consent.REVOKED)
        last_id = 0
        while event_ids := (
            self.env["sms.consent.event"]
            .search(domain & Domain("id", ">", last_id), limit=BATCH_SIZE, order="id")
            .ids
        ):
            yield from self._read_opt_outs(self._read_events(event_ids))
            last_id = event_ids[-1]
            self.env["sms.consent.event"].invalidate_model()
