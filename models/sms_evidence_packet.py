# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import io
from pathlib import Path

from odoo import api, models
from odoo.tools.pdf import OdooPdfFileReader, OdooPdfFileWriter

from ..tools import chain, evidence
from ..tools.tabular import write_csv

CERTIFICATE = "helpdesk_mgmt_sms.sms_certificate_report"
DOCUMENT = "evidence.json"
#: The script that verifies a packet without Odoo; it goes into the packet.
SCRIPT = Path(__file__).resolve().parents[1] / "bin" / "verify-ledger.py"

#: Lists of a document that also become tables: file name and columns.
TABLES = {
    "events": ("events.csv", evidence.EVENT_COLUMNS),
    "opt_outs": ("opt-outs.csv", evidence.OPT_OUT_COLUMNS),
    "messages": ("messages.csv", evidence.MESSAGE_COLUMNS),
    "received": ("received.csv", evidence.RECEIVED_COLUMNS),
}


class Facts(dict):
    """What :meth:`SmsEvidence._gather` returned: nothing that a browser has sent."""


class SmsEvidence(models.AbstractModel):
    """The files: a certificate for people, a packet for machines and for experts."""

    _inherit = "sms.evidence"

    @api.model
    def _make_certificate(self, facts):
        """Return the certificate, with its JSON inside.

        :param dict facts: as :meth:`_gather` returns them
        :return: PDF as bytes
        :raises UserError: when nothing here can make a PDF
        """
        document = self._dump(facts)
        values = {"facts": Facts(facts), "digest": evidence.sha256(document)}
        reports = self.env["ir.actions.report"]
        data, kind = reports._render_qweb_pdf(CERTIFICATE, data=values)
        return self._attach(data, document) if kind == "pdf" else data

    @api.model
    def _attach(self, pdf, document):
        """Return a PDF that carries the JSON whose digest it names."""
        writer = OdooPdfFileWriter()
        writer.cloneReaderDocumentRoot(OdooPdfFileReader(io.BytesIO(pdf), strict=False))
        writer.addAttachment(DOCUMENT, document, subtype="application/json")
        target = io.BytesIO()
        writer.write(target)
        return target.getvalue()

    @api.model
    def _make_packet(self, facts):
        """Return the packet about some numbers.

        Where nothing can make a PDF the certificate in it is a page for the browser.

        :param dict facts: as :meth:`_gather` returns them
        :return: ZIP as bytes
        """
        with evidence.Packet(self._make_seal) as files:
            self._write_document(files, facts)
            reports = self.env["ir.actions.report"]
            if reports._can_render_sms_pdf():
                files.add("certificate.pdf", self._make_certificate(facts))
            else:
                page = self._make_page(facts, files.digest(DOCUMENT))
                files.add("certificate.html", page)
            self._add_scans(files, facts["events"])
            self._add_help(files, facts["reference"])
            return files.pack()

    @api.model
    def _make_seal(self, digest):
        """Return what shows that a packet is as it was made: nothing was left out.

        :param str digest: SHA-256 (hex) of the list of its files' digests
        """
        key = self.env["sms.consent.key"]._get()
        return {
            "format": evidence.SEAL_FORMAT,
            "key": chain.fingerprint(key),
            "sums": digest,
            "seal": chain.seal(key, chain.PACKET, {"sums": digest}),
        }

    @api.model
    def _make_page(self, facts, digest):
        """Return the certificate as a web page that needs nothing but itself."""
        report_model = self.env["report.helpdesk_mgmt_sms.sms_certificate"]
        values = report_model._get_report_values(
            None, {"facts": Facts(facts), "digest": digest}
        )
        page = self.env["ir.qweb"]._render(
            "helpdesk_mgmt_sms.sms_certificate_page", values
        )
        return str(page).encode()

    @api.model
    def _dump(self, facts):
        """Return facts as they stand in the packet."""
        stream = io.StringIO()
        evidence.write_json(stream, facts)
        return stream.getvalue().encode()

    @api.model
    def _write_document(self, files, document):
        """Write a document as JSON, and its lists as tables, in one pass.

        :param Packet files: the packet
        :param dict document: JSON values, lists may be iterators
        """
        streams = []
        try:
            values = dict(document)
            for name, (file_name, columns) in TABLES.items():
                if name in values:
                    stream = files.open_table(file_name)
                    streams.append(stream)
                    values[name] = _copy_rows(values[name], columns, stream)
            with files.open(DOCUMENT) as stream:
                evidence.write_json(stream, values)
        finally:
            for stream in streams:
                stream.close()

    @api.model
    def _add_scans(self, files, events):
        """Add the scans that prove some events, one after the other."""
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

    @api.model
    def _add_help(self, files, reference):
        """Add what is needed to verify the packet: the steps, and the script."""
        if SCRIPT.is_file():  # a package of the addon may leave it out
            files.add("verify-ledger.py", SCRIPT.read_bytes())
        files.add("README.txt", self._get_help(reference).encode())

    @api.model
    def _get_help(self, reference):
        """Return how to read and verify a packet."""
        title = self.env._("Evidence of consent to text messages, %s", reference)
        cells = [
            self.env._("Times are in UTC. Cells that a spreadsheet would take for a"),
            self.env._("formula begin with an apostrophe."),
        ]
        parts = [[title], self._describe_files(), cells, self._describe_steps()]
        return "\n\n".join("\n".join(part) for part in parts) + "\n"

    @api.model
    def _describe_files(self):
        """Return a line for each file of a packet."""
        descriptions = {
            DOCUMENT: self.env._("everything that is recorded; all else follows"),
            "certificate.pdf": self.env._("for people to read, of a person (or .html)"),
            "events.csv": self.env._("what was said, when, how, in which words"),
            "opt-outs.csv": self.env._("each opt-out, and when it was confirmed"),
            "messages.csv": self.env._("each text that was sent or blocked, and why"),
            "received.csv": self.env._("each text that came in"),
            "scans/": self.env._("the signed forms"),
            "SHA256SUMS": self.env._("the digest of each file"),
            "SEAL": self.env._("the keyed seal of these digests"),
        }
        return [f"{name:<18}{words}" for name, words in descriptions.items()]

    @api.model
    def _describe_steps(self):
        """Return how a packet is verified, and what that shows."""
        return [
            self.env._("To verify it you need Python 3 and nothing else:"),
            "",
            f"    python3 -I {SCRIPT.name} {DOCUMENT}",
            "",
            self.env._(
                "It computes the hash of each event anew from its content and the"
            ),
            self.env._(
                "hash before it, and the digests of the evidence, the wordings, the"
            ),
            self.env._(
                "scans and all files. It names the first thing that does not hold."
            ),
            self.env._(
                "Whoever holds the company's whole chain (Verification > Export the"
            ),
            self.env._("chain) finds the same hashes under the same numbers in it."),
            self.env._(
                "Messages are records of the outbox: they are not in the chain."
            ),
            self.env._("The format is described in docs/evidence.md of the addon."),
        ]


def _copy_rows(rows, columns, stream):
    """Yield rows, and write each into a table as it passes."""
    write_csv(stream, [[header for header, _path in columns]])
    for row in rows:
        write_csv(stream, [evidence.get_cells(row, columns)])
        yield row
