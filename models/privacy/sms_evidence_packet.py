# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64
import io
import textwrap
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools import chain, consent, evidence
from ...tools.tabular import write_csv

#: Rows read at once.
BATCH_SIZE = 2000
#: Fields of messages and received texts that have another name in the documents.
RENAMED_MESSAGE_FIELDS = {
    "made_at": "create_date",
    "handed_over_at": "sent_at",
    "purpose": "purpose_id",
    "state": "shown_state",
    "reason": "shown_reason",
    "decision": "gate_verdict",
    "decision_reason": "gate_reason",
    "decided_at": "gate_checked_at",
    "segments": "segment_count",
    "carrier": "provider",
}
RENAMED_RECEIVED_FIELDS = {
    "answered_by_carrier": "opt_out_type",
    "carrier": "provider",
    "carrier_id": "provider_sid",
}
CERTIFICATE = "helpdesk_mgmt_sms.sms_certificate_report"
PAGE = "helpdesk_mgmt_sms.sms_certificate_page"
DOCUMENT = "evidence.json"
#: Columns of questions to the Reassigned Numbers Database and their answers.
REASSIGNED_FIELDS = tuple(path for _name, path in evidence.REASSIGNED_COLUMNS[1:])
#: The script that verifies a packet without Odoo; included in the packet.
SCRIPT = Path(__file__).resolve().parents[2] / "bin" / "verify-ledger.py"
#: Lists of a document that are also written as tables: file name and columns.
TABLES = {
    "events": ("events.csv", evidence.EVENT_COLUMNS),
    "opt_outs": ("opt-outs.csv", evidence.OPT_OUT_COLUMNS),
    "messages": ("messages.csv", evidence.MESSAGE_COLUMNS),
    "received": ("received.csv", evidence.RECEIVED_COLUMNS),
    "reassigned": ("reassigned.csv", evidence.REASSIGNED_COLUMNS),
}


class SmsEvidence(models.AbstractModel):
    """Makes certificates and evidence packets, including messages."""

    _inherit = "sms.evidence"

    def _iter_messages(self, domain):
        purposes = self.env["sms.purpose"].with_context(active_test=False).search([])
        codes = {purpose.id: purpose.code for purpose in purposes}
        columns = (evidence.MESSAGE_COLUMNS, RENAMED_MESSAGE_FIELDS)
        for row in self._iter_rows("sms.sms", domain, *columns):
            yield {**row, "purpose": codes.get(row["purpose"])}

    def _iter_received(self, domain):
        columns = (evidence.RECEIVED_COLUMNS, RENAMED_RECEIVED_FIELDS)
        return self._iter_rows("sms.inbound", domain, *columns)

    def _iter_reassigned(self, company, condition):
        """Yield questions to the Reassigned Numbers Database, with their answers.

        One row per answer to a number and date, or per question without an answer.

        :param SQL condition: on ``asked``, ``query``, ``own`` (an answer) and ``reply``
            (its file)
        """
        query = """
            SELECT asked.id, COALESCE(own.id, 0), known.number, asked.number_hash,
                   asked.day, query.made_at, query.user_id, query.file_name,
                   query.file_digest, own.answer, reply.made_at, reply.user_id,
                   reply.file_name, reply.file_digest
              FROM sms_reassigned_row asked
              JOIN sms_reassigned_file query ON query.id = asked.file_id
         LEFT JOIN sms_reassigned_row own ON own.question_id = asked.id
         LEFT JOIN sms_reassigned_file reply ON reply.id = own.file_id
         LEFT JOIN LATERAL (
                   SELECT number FROM sms_consent
                    WHERE company_id = asked.company_id
                      AND number_hash = asked.number_hash LIMIT 1) known ON TRUE
             WHERE asked.company_id = %s AND query.kind = 'query' AND %s
               AND (asked.id, COALESCE(own.id, 0)) > %s
          ORDER BY 1, 2 LIMIT %s
        """
        last, users_sudo = (0, 0), self.env["res.users"].sudo()
        while rows := self.env.execute_query(
            SQL(query, company.id, condition, last, BATCH_SIZE)
        ):
            for asked_id, _own_id, *values in rows:
                row = dict(zip(REASSIGNED_FIELDS, values, strict=True))
                for name in ("asked_by", "answered_by"):
                    row[name] = users_sudo.browse(row[name] or ()).name
                plain = {name: evidence.plain(value) for name, value in row.items()}
                yield {"id": asked_id, **plain}
            last = rows[-1][:2]

    def _iter_rows(self, model_name, domain, columns, renamed):
        """Yield the values of a model's rows by their names in the documents.

        In batches and in sudo, since officers do not see numbers in lists. The caller
        has checked the right to export evidence; the domain restricts the company.
        """
        model_sudo, domain, last_id = self.env[model_name].sudo(), Domain(domain), 0
        names = {path: renamed.get(path, path) for _header, path in columns}
        stored = [it for it in names.values() if model_sudo._fields[it].store]
        while records_sudo := model_sudo.search_fetch(
            domain & Domain("id", ">", last_id), stored, limit=BATCH_SIZE, order="id"
        ):
            for values in records_sudo.read([*names.values()], load=None):
                yield {it: evidence.plain(values[name]) for it, name in names.items()}
            last_id = records_sudo[-1].id
            model_sudo.invalidate_model()

    # === Files: certificate and packet ===

    def _make_certificate(self, facts):
        """Return the certificate, with the JSON document attached.

        A PDF or, if the server cannot make one, a web page that says why.

        :return: the file's extension, and its content as bytes
        """
        stream = io.StringIO()
        evidence.write_json(stream, facts)
        document = stream.getvalue().encode()
        digest = evidence.sha256(document)
        try:
            return "pdf", self._make_pdf(facts, digest, document)
        except UserError as error:
            return "html", self._make_page(facts, digest, str(error), document)

    def _make_pdf(self, facts, digest, document):
        """Return the certificate as a PDF; raise a UserError if the server cannot."""
        reports = self.env["ir.actions.report"]
        values = {"facts": Facts(facts), "digest": digest}
        data, kind = reports._render_qweb_pdf(CERTIFICATE, data=values)
        if kind != "pdf":  # in tests, unless they request a PDF
            return data
        return reports._attach_to_sms_pdf(data, DOCUMENT, document)

    def _make_packet(self, facts):
        """Return the packet about a person's numbers, a ZIP as bytes."""
        with evidence.Packet(self._make_seal) as files:
            self._write_document(files, facts)
            ending, certificate = self._make_certificate(facts)
            files.add(f"certificate.{ending}", certificate)
            self._add_scans(files, facts["events"])
            self._add_help(files, facts["reference"])
            return files.pack()

    def _make_seal(self, digest):
        """Return the seal of a packet, which proves that nothing was left out.

        :param str digest: SHA-256 (hex) of the list of its files' digests
        """
        key = self.env["sms.consent.key"]._get()
        return {
            "format": evidence.SEAL_FORMAT,
            "key": chain.fingerprint(key),
            "sums": digest,
            "seal": chain.seal(key, chain.PACKET, {"sums": digest}),
        }

    def _make_page(self, facts, digest, reason="", document=b""):
        """Return the certificate as a self-contained web page, as bytes.

        :param str reason: why it is not a PDF, shown to the reader
        :param bytes document: the JSON, which can be downloaded from the page
        """
        report = self.env["report.helpdesk_mgmt_sms.sms_certificate"]
        data = {"facts": Facts(facts), "digest": digest}
        values = report._get_report_values(None, data)
        values.update(reason=reason, document=base64.b64encode(document).decode())
        return str(self.env["ir.qweb"]._render(PAGE, values)).encode()

    def _write_document(self, files, document):
        """Write a document as JSON, and its lists (or iterators) as tables."""
        values = dict(document)
        with ExitStack() as streams:
            for name, (file_name, columns) in TABLES.items():
                if name in values:
                    stream = streams.enter_context(files.open_table(file_name))
                    values[name] = _copy_rows(values[name], columns, stream)
            evidence.write_json(streams.enter_context(files.open(DOCUMENT)), values)

    def _add_scans(self, files, events):
        paths = {
            (event["evidence_id"], scan["name"]): scan["path"]
            for event in events
            for scan in event["files"]
        }
        records = self.env["sms.consent.evidence"].browse({key[0] for key in paths})
        for record in records:
            for attachment in record.attachment_ids:
                if path := paths.get((record.id, attachment.name)):
                    files.add(path, attachment.raw or b"")
            record.attachment_ids.invalidate_recordset()

    def _add_help(self, files, reference):
        if SCRIPT.is_file():  # a package of the addon may leave it out
            files.add("verify-ledger.py", SCRIPT.read_bytes())
        title = self.env._("Evidence of consent to text messages, %s", reference)
        cells = self.env._(
            "Times are in UTC. Cells that a spreadsheet would take for a formula begin "
            "with an apostrophe."
        )
        needs = self.env._("To verify it you need Python 3 and nothing else:")
        command = f"    python3 -I {SCRIPT.name} {DOCUMENT}"
        parts = [title, self._describe_files(), _wrap(cells), needs, command]
        text = "\n\n".join([*parts, _wrap(self._describe_steps())]) + "\n"
        files.add("README.txt", text.encode())

    def _describe_files(self):
        descriptions = {
            DOCUMENT: self.env._("everything that is recorded; all else follows"),
            "certificate.pdf": self.env._("for people to read, of a person (or .html)"),
            "events.csv": self.env._("what was said, when, how, in which words"),
            "opt-outs.csv": self.env._("each opt-out, and when it was confirmed"),
            "messages.csv": self.env._("each text that was sent or blocked, and why"),
            "received.csv": self.env._("each text that came in"),
            "reassigned.csv": self.env._("what the reassigned numbers database said"),
            "scans/": self.env._("the signed forms"),
            "SHA256SUMS": self.env._("the digest of each file"),
            "SEAL": self.env._("the keyed seal of these digests"),
        }
        return "\n".join(f"{it:<18}{words}" for it, words in descriptions.items())

    def _describe_steps(self):
        return self.env._(
            "It computes the hash of each event anew from its content and the hash "
            "before it, and the digests of the evidence, the wordings, the scans and "
            "all files. It names the first thing that does not hold. Whoever holds the "
            "company's whole chain (Verification > Export the chain) finds the same "
            "hashes under the same numbers in it. Messages are records of the outbox: "
            "they are not in the chain. The format is described in docs/evidence.md of "
            "the addon."
        )

    # === Audit of a period ===

    def _make_period(self, company, start, end):
        """Return the packet about a period.

        Read in batches from one database snapshot and written to disk at once, so that
        memory does not grow with the period. Events are selected by the time they were
        recorded, messages by the time they were created. All links between the first
        and the last event are included, so that a missing one is detected.

        :param datetime start: UTC, included
        :param datetime end: UTC, excluded
        :return: the reference, the ZIP as bytes, and a ``Counter`` of its rows
        :raises AccessError: see :meth:`_check_rights`
        """
        self._check_rights(company)
        tally = Tally()
        with evidence.Packet(self._make_seal) as files:
            document = self._get_period_document(company, start, end, files, tally)
            self._write_document(files, document)
            self._add_help(files, document["reference"])
            return document["reference"], files.pack(), tally.counts

    def _get_period_document(self, company, start, end, files, tally):
        """Return the document of a period; its lists are iterators."""
        span = (company, start, end)
        events = self._iter_events(span, files, tally)
        messages = self._get_period_domain("record_company_id", "create_date", *span)
        received = self._get_period_domain("company_id", "received_at", *span)
        is_in_period = SQL(
            "(query.made_at >= %(start)s AND query.made_at < %(end)s"
            " OR reply.made_at >= %(start)s AND reply.made_at < %(end)s)",
            start=start,
            end=end,
        )
        return {
            **self._get_head(company, evidence.PERIOD),
            "period": {"from": evidence.plain(start), "to": evidence.plain(end)},
            "events": tally.count("events", events),
            "statements": self._read_statements(company),
            "opt_outs": self._iter_period_opt_outs(*span),
            "messages": tally.count("messages", self._iter_messages(messages)),
            "received": self._iter_received(received),
            "reassigned": self._iter_reassigned(company, is_in_period),
            # Evaluated after the events above have been iterated.
            "wordings": lambda: self._read_wordings(tally.wording_digests),
            "chain": lambda: self._get_chain(company, tally.seals),
        }

    def _iter_events(self, span, files, tally):
        for batch in self._iter_period_events(*span):
            for event in batch:
                tally.seals[event["seal"]] += 1
                tally.wording_digests.add(event["content"]["wording_digest"])
                yield event
            self._add_scans(files, batch)

    def _get_period_domain(self, company_field, date_field, company, start, end):
        period = Domain(date_field, ">=", start) & Domain(date_field, "<", end)
        return period & Domain(company_field, "=", company.id)

    def _iter_period_events(self, company, start, end):
        """Yield batches of the events of a period, in the order of the chain.

        Includes all between two events of the period, even if a slow transaction
        recorded one shortly before it. Unsealed events come last.
        """
        query = """
            SELECT event_id FROM sms_consent_link
             WHERE company_id = %s AND sequence BETWEEN %s AND %s
               AND event_id IS NOT NULL
        """
        first, last = self._get_period_links(company, start, end)
        while first <= last:
            until = min(first + BATCH_SIZE - 1, last)
            rows = self.env.execute_query(SQL(query, company.id, first, until))
            yield self._read_events([event_id for (event_id,) in rows])
            first += BATCH_SIZE
        unsealed = self.env["sms.consent.event"].search(
            self._get_period_domain("company_id", "recorded_at", company, start, end)
            & Domain("id", "in", self.env["sms.consent.link"]._get_unsealed(company))
        )
        if unsealed:
            yield self._read_events(unsealed.ids)

    def _get_period_links(self, company, start, end):
        """Return the first and the last link number of a period; (1, 0) if none."""
        self.env["sms.consent.event"].flush_model()
        query = """
            SELECT min(link.sequence), max(link.sequence)
              FROM sms_consent_event event
              JOIN sms_consent_link link ON link.event_id = event.id
             WHERE event.company_id = %s
               AND event.recorded_at >= %s AND event.recorded_at < %s
        """
        [ends] = self.env.execute_query(SQL(query, company.id, start, end))
        return ends if ends[0] else (1, 0)

    def _iter_period_opt_outs(self, company, start, end):
        events, last_id = self.env["sms.consent.event"], 0
        domain = Domain("event", "=", consent.REVOKED) & self._get_period_domain(
            "company_id", "recorded_at", company, start, end
        )
        while found := events.search(
            domain & Domain("id", ">", last_id), limit=BATCH_SIZE, order="id"
        ):
            yield from self._read_opt_outs(self._read_events(found.ids))
            last_id = found[-1].id
            events.invalidate_model()


def _wrap(text):
    return textwrap.fill(text, 70)


class Facts(dict):
    """The result of :meth:`SmsEvidence._gather`, which no client can forge."""


def _copy_rows(rows, columns, stream):
    write_csv(stream, [[header for header, _path in columns]])
    for row in rows:
        write_csv(stream, [evidence.get_cells(row, columns)])
        yield row


class Tally:
    """Counts the rows of a period while they are iterated."""

    def __init__(self):
        self.counts = Counter()
        self.seals = Counter()
        self.wording_digests = set()

    def count(self, name, rows):
        """Yield the rows, and count them under a name."""
        for row in rows:
            self.counts[name] += 1
            yield row
