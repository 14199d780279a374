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
    """Formats of evidence."""

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
        self.assertIn('"é"', stream.getvalue())  # as people read it

    def test_cells_end_where_evidence_was_erased(self):
        columns = (("a", "x.y"), ("b", "z"), ("c", "x.list"))
        row = {"x": {"y": "1", "list": [3, 4]}, "z": None}
        self.assertEqual(evidence.get_cells(row, columns), ["1", "", "3 4"])
        self.assertEqual(evidence.get_cells({"x": None, "z": 0}, columns), ["", 0, ""])

    def test_a_header_says_that_a_time_is_in_utc(self):
        columns = evidence.make_columns("id", "made_at_utc")
        self.assertEqual([header for header, _path in columns], ["id", "made_at_utc"])
        cells = evidence.get_cells(
            {"id": 7, "made_at": "2026-11-25T10:18:00Z"}, columns
        )
        self.assertEqual(cells, [7, "2026-11-25T10:18:00Z"])

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
        for name, expected in (
            ("X-ray of May.pdf", "X-ray of May.pdf"),
            ("../../etc/passwd", "_.._etc_passwd"),
            ("a/b\\c", "a_b_c"),
            ("\x00", "_"),
            ("C:\\x.pdf ", "C__x.pdf"),
            (". .", "scan"),
            ("", "scan"),
            # The extension says what kind of file it is.
            ("x" * 200 + ".pdf", "x" * 96 + ".pdf"),
        ):
            path = evidence.file_path(7, name, "0123456789abcdef")
            with self.subTest(name=name):
                self.assertEqual(path, f"scans/7/01234567-{expected}")


@tagged("post_install", "-at_install")
class TestPacket(BaseCase):
    """A ZIP that names the digest of each of its files."""

    def test_files_and_their_digests(self):
        with Packet(lambda digest: {"sums": digest}) as files:
            files.add("scans/1/a.pdf", b"scan" * 1000)
            files.add("scans/1/a.pdf", b"scan" * 1000)
            with files.open_table("t.csv") as table:
                rows = [["h"], ["=cmd|' /C calc'!A0"], ["+1"], ["é"]]
                tabular.write_csv(table, rows)
            with files.open("d.json") as document:
                document.write('"é"')
            data = files.pack()
        self.assertLess(len(data), 2000)  # it is compressed
        archive = zipfile.ZipFile(io.BytesIO(data))
        self.assertEqual(
            sorted(archive.namelist()),
            ["SEAL", "SHA256SUMS", "d.json", "scans/1/a.pdf", "t.csv"],
        )
        # One value per line, for human readers.
        digest = hashlib.sha256(archive.read("SHA256SUMS")).hexdigest()
        self.assertEqual(
            archive.read("SEAL"), f'{{\n "sums": "{digest}"\n}}\n'.encode()
        )
        # A spreadsheet recognizes the encoding by the byte order mark.
        table = archive.read("t.csv").decode()
        lines = ["\ufeffh", "'=cmd|' /C calc'!A0", "'+1", "é"]
        self.assertEqual(table.splitlines(), lines)
        self.assertEqual(archive.read("d.json").decode(), '"é"')
        sums = dict(
            reversed(line.split("  "))
            for line in archive.read("SHA256SUMS").decode().splitlines()
        )
        names = ["scans/1/a.pdf", "t.csv", "d.json"]
        digests = {it: hashlib.sha256(archive.read(it)).hexdigest() for it in names}
        self.assertEqual(sums, digests)
        self.assertEqual(archive.read("scans/1/a.pdf"), b"scan" * 1000)
