# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import hashlib
import io
import json
import zipfile
from datetime import date, datetime

from odoo.tests import BaseCase, tagged

from ...tools import evidence, tabular
from ...tools.evidence import Packet


@tagged("post_install", "-at_install")
class TestWriting(BaseCase):
    """How evidence is written down."""

    def test_a_certificates_name_is_its_day_and_nobody_guesses_it(self):
        found = {evidence.make_reference(date(2026, 11, 5)) for _number in range(20)}
        self.assertEqual(len(found), 20)
        for reference in found:
            self.assertRegex(reference, r"\AEV-20261105-[0-9A-F]{10}\Z")

    def test_times_are_utc_and_nothing_is_null(self):
        for value, expected in (
            (datetime(2026, 11, 25, 10, 18), "2026-11-25T10:18:00Z"),
            (date(2026, 11, 25), "2026-11-25"),
            (False, None),
            ("", None),
            ("x", "x"),
            (7, 7),
        ):
            with self.subTest(value=value):
                self.assertEqual(evidence.plain(value), expected)
        moment = datetime(2026, 11, 25, 10, 18)
        self.assertEqual(evidence.parse_time(evidence.plain(moment)), moment)
        self.assertIsNone(evidence.parse_time(None))

    def test_lists_are_written_row_by_row(self):
        """A function is called when all before it is written."""
        seen = []

        def iter_rows():
            for row in ({"a": "é"}, {"a": '"<b>"'}):
                seen.append(row["a"])
                yield row

        stream = io.StringIO()
        evidence.write_json(
            stream,
            {"n": 1, "rows": iter_rows(), "none": iter(()), "count": lambda: len(seen)},
        )
        self.assertEqual(
            json.loads(stream.getvalue()),
            {"n": 1, "rows": [{"a": "é"}, {"a": '"<b>"'}], "none": [], "count": 2},
        )

    def test_cells_end_where_evidence_was_erased(self):
        columns = (("a", "x.y"), ("b", "z"), ("c", "x.list"))
        row = {"x": {"y": "1", "list": [3, 4]}, "z": None}
        self.assertEqual(evidence.get_cells(row, columns), ["1", "", "3 4"])
        self.assertEqual(evidence.get_cells({"x": None, "z": 0}, columns), ["", 0, ""])

    def test_spans_ranges_and_letters(self):
        for seconds, expected in (
            (0, [(0, "s")]),
            (4, [(4, "s")]),
            (60, [(1, "min")]),
            (3665, [(1, "h"), (1, "min")]),
            (90061, [(1, "d"), (1, "h")]),
        ):
            with self.subTest(seconds=seconds):
                self.assertEqual(evidence.split_seconds(seconds), expected)
        self.assertEqual(evidence.say_ranges([1, 2, 3, 7, None, 9, 10]), "1–3, 7, 9–10")
        self.assertEqual(evidence.say_ranges([None]), "")
        letters = [evidence.say_letter(index) for index in (0, 25, 26, 27, 52)]
        self.assertEqual(letters, ["A", "Z", "AA", "AB", "BA"])

    def test_what_would_change_the_document_is_made_visible(self):
        for text, expected in (
            ("STOP\u202ePOTS", "STOP\ufffdPOTS"),
            ("\u2066x\u2069", "\ufffdx\ufffd"),
            ("a\x00b\x1b[31m", "a\ufffdb\ufffd[31m"),
            ("line\nnext\ttab", "line\nnext\ttab"),
            ("שלום 😀 é", "שלום 😀 é"),
            (None, ""),
        ):
            with self.subTest(text=text):
                self.assertEqual(evidence.printable(text), expected)

    def test_a_scan_stays_in_its_folder(self):
        for name in ("../../etc/passwd", "..", "a/b\\c", "\x00", "C:\\x.pdf"):
            path = evidence.file_path(7, name, "0123456789abcdef")
            with self.subTest(name=name):
                self.assertRegex(path, r"^scans/7/01234567-[^/\\:]+$")


@tagged("post_install", "-at_install")
class TestPacket(BaseCase):
    """A ZIP that names the digest of each of its files."""

    def test_files_and_their_digests(self):
        with Packet(lambda digest: {"sums": digest}) as files:
            files.add("scans/1/a.pdf", b"scan")
            files.add("scans/1/a.pdf", b"scan")
            with files.open_table("t.csv") as table:
                rows = [["h"], ["=cmd|' /C calc'!A0"], ["+1"], ["é"]]
                tabular.write_csv(table, rows)
            data = files.pack()
        archive = zipfile.ZipFile(io.BytesIO(data))
        self.assertEqual(
            sorted(archive.namelist()),
            ["SEAL", "SHA256SUMS", "scans/1/a.pdf", "t.csv"],
        )
        self.assertEqual(
            json.loads(archive.read("SEAL")),
            {"sums": hashlib.sha256(archive.read("SHA256SUMS")).hexdigest()},
        )
        table = archive.read("t.csv").decode("utf-8-sig")
        self.assertEqual(table.splitlines(), ["h", "'=cmd|' /C calc'!A0", "'+1", "é"])
        sums = dict(
            reversed(line.split("  "))
            for line in archive.read("SHA256SUMS").decode().splitlines()
        )
        self.assertEqual(sums["scans/1/a.pdf"], hashlib.sha256(b"scan").hexdigest())
