# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64
import hashlib
import io
import json
import random
import sys
from datetime import timedelta
from unittest import skipUnless
from unittest.mock import patch

from lxml import html

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tools import mute_logger
from odoo.tools.pdf import OdooPdfFileReader, OdooPdfFileWriter, PdfFileWriter

from ...models.ledger.sms_consent_event import METHOD_SELECTION
from ...models.privacy.sms_evidence_packet import CERTIFICATE
from ...report import ir_actions_report
from ...tools import consent
from ..common import phone_number
from .common import PacketCase

HOSTILE = (
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\u202eecnedive\u202c",
    "שלום 😀 'quoted' \"double\" & <b>bold</b>",
    "{{ object.company_id.sms_twilio_auth_token }}",
    "]]>&lt;</td></table><h1>Certificate</h1>",
)


class DeprecationError(Exception):
    """The exception of PyPDF2 3, by the same name."""


def gone(*_args, **_options):
    """Raise what PyPDF2 3 raises for a removed name."""
    raise DeprecationError("it is deprecated and was removed in PyPDF2 3.0.0.")


class TestPacket(PacketCase):
    """One packet contains everything, and proves itself."""

    def setUp(self):
        super().setUp()
        wording = self.env["sms.wording"]._get_published(
            self.company, self.purposes("ticket"), "en_US"
        )
        self.record_consent(phone_number(3), name="Somebody Else")
        self.record_consent(
            wordings=wording,
            wording=wording._render(self.company),
            name="Dana",
            files=[("form.pdf", b"%PDF signed")],
        )
        self.record_consent(phone_number(3), name="Somebody Else")
        self.tell_story()
        self.facts = self.gather()
        self.folder = self.make_packet(self.facts)

    def test_the_script_verifies_it(self):
        status, words = self.verify(self.folder)
        sealed = len(self.facts["events"])
        end = self.facts["events"][-1]["hash"]
        expected = f"intact: {sealed} links, end {end}\nseals not checked: no key given"
        self.assertEqual((status, words), (0, expected))

    def test_a_noted_hash_is_looked_for(self):
        noted = self.facts["events"][0]["hash"]
        self.assertEqual(self.verify(self.folder, noted)[0], 0)
        self.assertIn("that was noted", self.verify(self.folder, "0" * 64)[1])

    def test_a_change_is_found_and_located(self):
        link = self.facts["events"][0]["sequence"]
        path = self.folder / "evidence.json"
        original = path.read_text("utf-8")
        for old, new, expected in (
            ('"event": "granted"', '"event": "revoked"', f"link {link} is not what"),
            ("I agree that", "I agree thaT", f"(link {link}) is missing or not"),
            ('"name": "Dana"', '"name": "Dane"', f"(link {link}) is missing or not"),
            (f'"sequence": {link},', f'"sequence": {link + 1},', f"link {link + 1} "),
            ("Your ticket is open", "Your ticket is shut", "file evidence.json"),
        ):
            with self.subTest(new):
                self.assertIn(old, original)
                path.write_text(original.replace(old, new, 1), "utf-8")
                status, words = self.verify(self.folder)
                self.assertEqual(status, 1)
                self.assertIn("BROKEN", words)
                self.assertIn(expected, words)
        path.write_text(original, "utf-8")
        self.assertEqual(self.verify(self.folder)[0], 0)

    def test_a_changed_wording_is_found_though_the_sums_are_made_anew(self):
        path = self.folder / "evidence.json"
        data = json.loads(path.read_text("utf-8"))
        data["wordings"][0]["body"] += " "
        path.write_text(json.dumps(data), "utf-8")
        (self.folder / "SHA256SUMS").unlink()
        digest = data["wordings"][0]["digest"]
        self.assertIn(f"BROKEN: wording {digest}", self.verify(self.folder)[1])

    def test_a_changed_or_lost_file_is_found(self):
        [scan] = (self.folder / "scans").rglob("*.pdf")
        scan.write_bytes(b"%PDF forged")
        self.assertIn(
            f"file {scan.relative_to(self.folder)}", self.verify(self.folder)[1]
        )
        scan.write_bytes(b"%PDF signed")
        (self.folder / "messages.csv").unlink()
        self.assertIn("file messages.csv", self.verify(self.folder)[1])

    def test_evidence_that_is_missing_is_not_taken_for_erased(self):
        path = self.folder / "evidence.json"
        data = json.loads(path.read_text("utf-8"))
        data["events"][0]["evidence"] = None
        path.write_text(json.dumps(data), "utf-8")
        self.assertIn("the evidence of event", self.verify(self.folder)[1])

    def test_the_tables_say_what_the_json_says(self):
        events = self.read_table(self.folder, "events.csv")
        self.assertEqual(
            [int(row["event_id"]) for row in events],
            [event["content"]["event_id"] for event in self.facts["events"]],
        )
        messages = self.read_table(self.folder, "messages.csv")
        self.assertEqual(
            [row["body"] for row in messages],
            [message["body"] for message in self.facts["messages"]],
        )
        [opt_out] = self.read_table(self.folder, "opt-outs.csv")
        self.assertTrue(opt_out["confirmed_at_utc"])

    def test_nobody_else_is_in_it(self):
        for path in self.folder.rglob("*"):
            if path.is_file():
                self.assertNotIn(b"Somebody", path.read_bytes(), path)

    def test_who_was_erased_still_verifies(self):
        events = self.env["sms.consent.event"].search([("number", "=", self.number)])
        events.evidence_id._erase()
        folder = self.make_packet()
        self.assertEqual(self.verify(folder)[0], 0)
        self.assertNotIn("Dana", (folder / "events.csv").read_text("utf-8"))
        for row in self.read_table(folder, "events.csv"):
            self.assertTrue(row["erased_at_utc"])
            self.assertFalse(row["person"])


class TestReturns(PacketCase):
    """Who restored a number, and whose consent did not count."""

    def test_the_script_follows_the_same_rule(self):
        """Random histories, with all methods of consent and opt-out."""
        chance = random.Random(18)
        ways = [method for method, _label in METHOD_SELECTION]
        start = fields.Datetime.now() - timedelta(days=30)
        for _life in range(6):
            for _saying in range(8):
                method = chance.choice(ways)
                subject = chance.choice(("ticket", "alert", None))
                events = consent.EVENTS if subject else consent.FOR_ALL_EVENTS
                self.record_consent(
                    None,
                    *([subject] if subject else []),
                    event=chance.choice(events),
                    method=method,
                    happened_at=start + timedelta(days=chance.randrange(9)),
                )
            folder = self.make_packet()
            self.assertEqual(self.verify(folder)[0], 0, self.verify(folder)[1])

    def test_the_table_and_the_data_name_them(self):
        stop = self.record_consent(event="revoked", method="keyword")
        spoken = self.record_consent(method="phone")
        back = self.record_consent(method="keyword")
        folder = self.make_packet()
        rows = {
            int(row["event_id"]): (
                row["undid_opt_out"],
                row["did_not_count_for_opt_out"],
            )
            for row in self.read_table(folder, "events.csv")
        }
        self.assertEqual(rows[spoken.id], ("", str(stop.id)))
        self.assertEqual(rows[back.id], (str(stop.id), ""))


class TestHostile(PacketCase):
    """Whatever strangers have written stays text in each of the files."""

    def setUp(self):
        super().setUp()
        for words in HOSTILE:
            self.record_consent(
                name=words,
                note=words,
                wording=words,
                device=words,
                page=words,
                witness=words,
                files=[(f"{words[:20]}.pdf".replace("/", "_"), b"%PDF")],
            )
            self.receive(words)
        self.facts = self.gather()

    def test_the_page_shows_it_as_text(self):
        page = self.source._make_page(self.facts, "0" * 64).decode()
        for tag in ("<script", "<b>bold", "<h1>Certificate</h1>", "\u202e"):
            self.assertNotIn(tag, page)
        self.assertIn("&lt;script&gt;alert(1)&lt;/script&gt;", page)
        self.assertIn("{{ object.company_id.sms_twilio_auth_token }}", page)
        self.assertIn("שלום 😀", page)

    def test_no_cell_is_a_formula(self):
        folder = self.make_packet(self.facts)
        for name in ("events.csv", "messages.csv", "received.csv", "opt-outs.csv"):
            for row in self.read_table(folder, name):
                for cell in row.values():
                    self.assertNotRegex(cell, r"^[=+\-@\t\r]", name)
        self.assertEqual(self.verify(folder)[0], 0)

    def test_the_json_has_it_as_it_was(self):
        folder = self.make_packet(self.facts)
        data = json.loads((folder / "evidence.json").read_text("utf-8"))
        self.assertEqual([text["body"] for text in data["received"]], list(HOSTILE))
        notes = [event["evidence"]["note"] for event in data["events"]]
        self.assertLessEqual(set(HOSTILE), set(notes))


class TestCertificate(PacketCase):
    """The PDF, and the web page where no PDF can be made."""

    def setUp(self):
        super().setUp()
        self.record_consent(name="Dana", wording="I agree to everything.")
        self.tell_story()
        self.facts = self.gather()

    def make_page(self, facts=None):
        """Return the certificate as a web page."""
        return self.source._make_page(facts or self.facts, "d" * 64).decode()

    def test_what_stands_in_it(self):
        page = self.make_page()
        for words in (
            self.facts["reference"],
            self.number,
            "d" * 64,
            "may be sent text messages about",
            "I agree to everything.",
            "Confirmed by reply",
            "Your ticket is open",
            "Opted out: only the person can undo it",
            "sent after",
            self.facts["events"][0]["hash"],
            "verify-ledger.py",
            self.compliance_officer.name,
        ):
            with self.subTest(words):
                self.assertIn(words, page)

    def test_it_says_that_more_is_in_the_data(self):
        with patch(
            "odoo.addons.helpdesk_mgmt_sms.report.sms_certificate.PRINTED_ROWS", 2
        ):
            page = " ".join(self.make_page().split())
        self.assertNotIn("Your ticket is open", page)
        sections = page.split("<h2>")
        for name, title in (
            ("opt_outs", "3. Opt-outs"),
            ("messages", "4. Messages"),
            ("received", "5. Texts received"),
            ("reassigned", "6. Whether"),
            ("events", "7. The links"),
        ):
            [section] = [it for it in sections if it.startswith(title)]
            count = len(self.facts[name])
            shown = f"The last 2 of {count}; the rest is in the data."
            with self.subTest(name, count=count):
                self.assertIs(shown in section, count > 2)

    def test_it_says_when_it_was_erased(self):
        """And not why: most evidence is erased by its age, at nobody's request."""
        self.env["sms.consent.event"].search(
            [("number", "=", self.number)]
        ).evidence_id._erase()
        page = " ".join(self.make_page(self.gather()).split())
        self.assertIn('<div class="muted"> (personal data erased on', page)
        self.assertNotIn("on request", page)
        self.assertNotIn("Dana", page)

    def test_it_says_so_when_the_ledger_was_changed(self):
        event = self.env["sms.consent.event"].search([], limit=1)
        self.tamper(
            "sms_consent_event",
            "UPDATE sms_consent_event SET method = 'paper' WHERE id = %s",
            [event.id],
        )
        self.assertIn("changed from outside", self.make_page(self.gather()))

    def test_it_is_in_the_readers_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        facts = self.gather()
        french = self.source.with_context(lang="fr_FR")
        page = french._make_page(facts, "d" * 64).decode()
        self.assertIn('lang="fr-FR"', page)

    def test_nobody_prints_what_they_have_made_up(self):
        """The report's URL accepts data from the browser."""
        report = self.env["ir.actions.report"].with_user(self.compliance_officer)
        with self.assertRaises(AccessError):
            report._render_qweb_html(
                CERTIFICATE, None, data={"facts": dict(self.facts), "digest": "x"}
            )

    def make_blank_pdf(self, *_args, **_options):
        """Return a blank PDF in place of wkhtmltopdf's."""
        stream = io.BytesIO()
        writer = OdooPdfFileWriter()
        writer.add_blank_page(595, 842)
        writer.write(stream)
        return stream.getvalue()

    def break_pdf(self, how):
        """Make PDFs fail for one of the reasons of real servers."""
        reports = type(self.env["ir.actions.report"])
        state = "install" if how == "no program" else "ok"
        patches = [
            patch.object(reports, "get_wkhtmltopdf_state", lambda self: state),
            patch.object(reports, "_run_wkhtmltopdf", self.make_blank_pdf),
            patch.object(ir_actions_report, "load_weasyprint", lambda: None),
        ]
        if how == "no library":
            patches.append(patch.dict(sys.modules, {"odoo.tools.pdf": None}))
        if how == "another version":
            patches.append(patch.object(PdfFileWriter, "cloneReaderDocumentRoot", gone))
        for it in patches:
            it.start()
            self.addCleanup(it.stop)

    def read_data(self, page):
        """Return the JSON that is embedded in a certificate's web page."""
        [href] = html.fromstring(page.decode()).xpath("//a[@download]/@href")
        return base64.b64decode(href.partition("base64,")[2])

    def assertCertificateIsPage(self, how, reason):
        """Check that certificate and packet contain a web page instead, and say why."""
        self.break_pdf(how)
        source = self.source.with_context(force_report_rendering=True)
        with mute_logger(ir_actions_report.__name__):
            ending, page = source._make_certificate(self.facts)
            folder = self.unpack(source._make_packet(self.facts))
        self.assertEqual(ending, "html")
        for shown in (page, (folder / "certificate.html").read_bytes()):
            self.assertIn(reason, shown.decode())
            self.assertIn("Dana", shown.decode())
            data = self.read_data(shown)
            self.assertEqual(json.loads(data)["reference"], self.facts["reference"])
            self.assertIn(hashlib.sha256(data).hexdigest(), shown.decode())
        self.assertEqual(data, (folder / "evidence.json").read_bytes())
        self.assertFalse((folder / "certificate.pdf").exists())
        self.assertEqual(self.verify(folder)[0], 0)

    def test_without_a_program_that_makes_pdfs_it_is_a_web_page(self):
        self.assertCertificateIsPage("no program", "neither wkhtmltopdf nor WeasyPrint")

    def test_without_a_pdf_library_it_is_a_web_page(self):
        self.assertCertificateIsPage("no library", "odoo.tools.pdf")

    def test_with_another_version_of_the_library_it_is_a_web_page(self):
        """PyPDF2 3 still has the old names, but each of them raises."""
        self.assertCertificateIsPage("another version", "was removed in PyPDF2 3.0.0")

    def test_what_the_officer_downloads_is_called_what_it_is(self):
        self.break_pdf("no program")
        wizards = self.env["sms.evidence.wizard"].with_user(self.compliance_officer)
        wizard = wizards.with_context(force_report_rendering=True).create(
            {"numbers": self.number}
        )
        self.assertFalse(wizard.has_pdf)
        action = wizard.action_make()
        file = self.env["ir.attachment"].browse(int(action["url"].split("/")[3][:-14]))
        self.assertRegex(file.name, r"\.html$")
        self.assertIn("Dana", file.raw.decode())
        [export] = self.env["sms.evidence.export"].search([])
        self.assertEqual(export.file_name, file.name)

    @skipUnless(ir_actions_report.load_weasyprint(), "WeasyPrint is not installed")
    def test_the_pdf_carries_the_data_that_it_names(self):
        """Uses WeasyPrint, which needs no server for the style sheet."""
        reports = type(self.env["ir.actions.report"])
        source = self.source.with_context(force_report_rendering=True)
        with patch.object(reports, "get_wkhtmltopdf_state", lambda self: "install"):
            ending, data = source._make_certificate(self.facts)
        self.assertEqual(ending, "pdf")
        self.assertTrue(data.startswith(b"%PDF"))
        reader = OdooPdfFileReader(io.BytesIO(data), strict=False)
        [(name, document)] = reader.getAttachments()
        self.assertEqual(name, "evidence.json")
        self.assertEqual(json.loads(document)["reference"], self.facts["reference"])
        text = "".join(page.extract_text() for page in reader.pages)
        self.assertIn(self.facts["reference"], text)

    def test_where_wkhtmltopdf_is_installed_it_makes_the_pdf(self):
        """wkhtmltopdf is replaced, because it needs a server for the style sheet."""
        asked = []

        def run(reports, bodies, **_options):
            asked.extend(bodies)
            return self.make_blank_pdf()

        reports = type(self.env["ir.actions.report"])
        source = self.source.with_context(force_report_rendering=True)
        with (
            patch.object(reports, "get_wkhtmltopdf_state", lambda self: "ok"),
            patch.object(reports, "_run_wkhtmltopdf", run),
        ):
            ending, data = source._make_certificate(self.facts)
        [body] = asked
        self.assertIn(self.facts["reference"], str(body))
        self.assertEqual(ending, "pdf")
        self.assertTrue(data.startswith(b"%PDF"))

    @skipUnless(ir_actions_report.load_weasyprint(), "WeasyPrint is not installed")
    def test_the_pdf_fetches_nothing(self):
        fetch = self.env["ir.actions.report"]._fetch_for_sms_pdf
        for url in (
            "http://169.254.169.254/latest/meta-data",
            "file:///etc/passwd",
            "https://certificate.invalid/web/image/1",
            "https://certificate.invalid/web/static/../../../../../etc/passwd",
            "https://certificate.invalid/helpdesk_mgmt_sms/static/../models/message/sms_sms.py",
            "https://certificate.invalid.example.com/web/static/img/logo.png",
        ):
            with self.subTest(url), self.assertRaises(ValueError):
                fetch(url)
