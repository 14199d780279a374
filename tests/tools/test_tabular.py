# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import io
import tracemalloc
import zipfile
from datetime import datetime
from unittest.mock import patch

import openpyxl

from odoo.tests import BaseCase

from ...tools import import_rows, tabular
from ...tools.consent import GRANTED, REVOKED
from ...tools.import_rows import DMY, MDY, YMD, Fault
from .common import make_xlsx

TEXT = "Number,Name\r\n+1 303,Zoë\r\n"
NOW = datetime(2026, 11, 25, 12)


def change_inside(book, old, new):
    """Return a workbook with something else in its parts."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(book)) as before,
        zipfile.ZipFile(stream, "w") as after,
    ):
        for name in before.namelist():
            after.writestr(name, before.read(name).decode().replace(old, new))
    return stream.getvalue()


class TestReading(BaseCase):
    """Tables in any format are read, or refused in plain words."""

    def refuse(self, data, reason, row=0):
        with self.assertRaises(tabular.FileRefused) as caught:
            list(tabular.iter_rows(data))
        self.assertEqual((caught.exception.reason, caught.exception.row), (reason, row))

    def test_every_usual_encoding_is_read(self):
        expected = [(1, ["Number", "Name"]), (2, ["+1 303", "Zoë"])]
        for encoding in (
            *("utf-8", "utf-8-sig", "cp1252", "latin-1"),
            *("utf-16", "utf-16-le", "utf-16-be"),
        ):
            with self.subTest(encoding=encoding):
                self.assertEqual(
                    list(tabular.iter_rows(TEXT.encode(encoding))), expected
                )

    def test_which_byte_comes_first_is_told_in_other_scripts(self):
        for text, encoding in (("Да\nНет", "utf-16-le"), ("一,二", "utf-16-be")):
            with self.subTest(text=text):
                found = tabular.find_encoding(text.encode(encoding))
                self.assertEqual(found, encoding)

    def test_a_stray_zero_in_a_long_text_is_left_out(self):
        rows = list(tabular.iter_rows(b"a\n" * 50_000 + b"\x00b\n"))
        self.assertEqual(rows[-1], (50_001, ["b"]))

    def test_other_encodings_are_refused(self):
        for data in (
            TEXT.encode("utf-32"),
            b"\xff\xfe\x00",
            b"name\n\x81\x8d\x8f\n",
            bytes(range(256)),
            b"GIF89a\x01\x00\x01\x00\x80\x00\x00",
            b"\x89PNG\r\n\x1a\n",
            b"a\n" * 1000 + b"\x00\n",
        ):
            with self.subTest(data=data[:20]):
                self.refuse(data, tabular.ENCODING)

    def test_every_usual_separator_is_read(self):
        for mark in ",;\t|":
            data = f'a{mark}"b{mark}c"\n1{mark}"2\n3"\n'.encode()
            with self.subTest(mark=mark):
                rows = [cells for _number, cells in tabular.iter_rows(data)]
                self.assertEqual(rows, [["a", f"b{mark}c"], ["1", "2\n3"]])

    def test_the_line_breaks_of_a_cell_stay(self):
        rows = list(tabular.iter_rows(b'a\r\n"1\r\n2"\r\n'))
        self.assertEqual(rows, [(1, ["a"]), (2, ["1\r\n2"])])

    def test_a_workbook_is_read_as_people_see_it(self):
        data = make_xlsx(
            [
                ["Number", "When", "Ok", None],
                [13035550100, datetime(2026, 3, 2), True],
                [],
                ["303 555 0101", datetime(2026, 3, 2, 9, 30), 1.5],
            ]
        )
        self.assertEqual(
            list(tabular.iter_rows(data)),
            [
                (1, ["Number", "When", "Ok"]),
                (2, ["13035550100", "2026-03-02", "True"]),
                (4, ["303 555 0101", "2026-03-02 09:30:00", "1.5"]),
            ],
        )

    def test_whole_figures_are_shown_without_a_fraction(self):
        book = make_xlsx([[None, 13035550100, 2.5]])
        book = change_inside(book, "<v>13035550100<", "<v>1.30355501E10<")
        rows = list(tabular.iter_rows(book))
        self.assertEqual(rows, [(1, ["", "13035550100", "2.5"])])

    def test_one_of_several_sheets_is_not_left_out(self):
        book = openpyxl.Workbook()
        book.active.append(["Number"])
        book.create_sheet("Empty")
        hidden = book.create_sheet("Choices")
        hidden.append(["yes"])
        hidden.sheet_state = "hidden"
        stream = io.BytesIO()
        book.save(stream)
        self.assertEqual(list(tabular.iter_rows(stream.getvalue())), [(1, ["Number"])])
        book.create_sheet("Opt-outs").append(["Number"])
        book.save(stream)
        self.refuse(stream.getvalue(), tabular.SEVERAL_SHEETS)

    def test_a_formula_is_read_as_what_it_shows(self):
        book = change_inside(make_xlsx([[7]]), "<v>7<", "<f>3+4</f><v>7<")
        self.assertEqual(list(tabular.iter_rows(book)), [(1, ["7"])])

    def test_other_workbooks_that_one_refers_to_are_not_looked_for(self):
        gone = (
            '<externalReferences><externalReference r:id="rId9" xmlns:r="{}"/>'.format(
                "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
            )
        )
        book = change_inside(
            make_xlsx([[7]]), "</sheets>", f"</sheets>{gone}</externalReferences>"
        )
        self.assertEqual(list(tabular.iter_rows(book)), [(1, ["7"])])

    def test_a_cell_longer_than_pythons_own_limit_is_read_to_be_refused(self):
        self.refuse(b'a,b\n1,"' + b"x" * 200_000 + b'"\n', tabular.CELL_TOO_LONG, 2)

    def test_a_workbook_that_is_broken_inside(self):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("xl/workbook.xml", "<workbook")
        self.refuse(stream.getvalue(), tabular.BROKEN)

    def test_damaged_rows_end_what_is_read(self):
        data, count = tabular.pack_rows([(1, ["a"]), (2, ["b"])])
        self.assertEqual(count, 2)
        rows, _offset = tabular.unpack_rows(data[:-3], 0, 9)
        self.assertEqual(rows, [(1, ["a"])])

    def test_rows_keep_the_number_that_a_spreadsheet_shows(self):
        rows = tabular.iter_rows(b"a,b\n\n,\n1,2\n")
        self.assertEqual([number for number, _cells in rows], [1, 4])

    def test_what_is_no_table(self):
        plain_zip = io.BytesIO()
        with zipfile.ZipFile(plain_zip, "w") as archive:
            archive.writestr("x.txt", "x")
        for data, reason in (
            (b"", tabular.EMPTY),
            (b" \n ", tabular.EMPTY),
            (b"\xd0\xcf\x11\xe0\xa1\xb1", tabular.OLD_EXCEL),
            (b"PK\x03\x04broken", tabular.BROKEN),
            (plain_zip.getvalue(), tabular.BROKEN),
        ):
            with self.subTest(data=data[:9]):
                self.refuse(data, reason)
        cut = make_xlsx([["a"], ["b"]])
        self.refuse(cut[: len(cut) // 2], tabular.BROKEN)

    def test_limits(self):
        self.refuse(b"a" * (tabular.MAX_BYTES + 1), tabular.TOO_LARGE)
        with patch.object(tabular, "MAX_BYTES", 3):
            self.assertEqual(tabular.get_kind(b"a,b"), tabular.CSV)
            self.refuse(b"a,bc", tabular.TOO_LARGE)
        cells = [["a"], ["x" * 10_000], ["x"] * 100]
        rows = tabular.iter_rows("\n".join(map(",".join, cells)).encode())
        self.assertEqual([it for _number, it in rows], cells)
        self.refuse(b"a\n" + b"x" * 10_001, tabular.CELL_TOO_LONG, 2)
        self.refuse(b",".join([b"x"] * 101), tabular.TOO_WIDE, 1)
        with patch.object(tabular, "MAX_ROWS", 2):
            self.assertEqual(len(list(tabular.iter_rows(b"a\n1\n2\n"))), 3)
            self.refuse(b"a\n1\n2\n3\n", tabular.TOO_MANY_ROWS)
        book = make_xlsx([["a"]])
        with zipfile.ZipFile(io.BytesIO(book)) as archive:
            size = sum(it.file_size for it in archive.infolist())
        with patch.object(tabular, "MAX_UNPACKED", size):
            self.assertEqual(tabular.get_kind(book), tabular.XLSX)
        with patch.object(tabular, "MAX_UNPACKED", size - 1):
            self.refuse(book, tabular.TOO_LARGE)

    def test_memory_does_not_grow_with_the_rows(self):
        data = b"number,name\n" + b"+13035550100,Dana\n" * 200_000
        tracemalloc.start()
        count = sum(1 for _row in tabular.iter_rows(data))
        _now, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        self.assertEqual(count, 200_001)
        # To find the encoding the text is decoded once: a few times its size.
        self.assertLess(peak, 4 * len(data))

    def test_no_cell_that_is_written_is_a_formula(self):
        cells = ["=1+1", "+1303", "-2", "@x", "\tx", "\rx", "plain", "é"]
        data = tabular.write_rows([cells])
        self.assertTrue(data.startswith(b"\xef\xbb\xbf"))
        text = data.decode("utf-8-sig")
        for cell in cells[:6]:
            self.assertIn(f"'{cell}", text)
        self.assertIn(",plain,é", text)

    def test_a_corrected_error_file_is_read_as_it_was(self):
        data = tabular.write_rows([["Number", "x"], ["+13035550100", "-"]])
        rows = [cells for _number, cells in tabular.iter_rows(data)]
        self.assertEqual(rows[1], ["+13035550100", "-"])

    def test_packed_rows_come_back(self):
        rows = [(2, ["a", "b\nc"]), (5, ["é", ""]), (9, ['"'])]
        data, count = tabular.pack_rows(rows)
        self.assertEqual(count, 3)
        first, offset = tabular.unpack_rows(data, 0, 2)
        last, end = tabular.unpack_rows(data, offset, 2)
        self.assertEqual((first, last), (rows[:2], rows[2:]))
        self.assertEqual((tabular.unpack_rows(data, end, 2), end), (([], end), end))
        self.assertEqual(end, len(data))


class TestColumns(BaseCase):
    """Columns are recognized by headings of other systems."""

    def test_headers_in_several_spellings(self):
        for headers, expected in (
            (["Phone", "Date", "Method", "Text", "Source"],
             ["number", "happened_at", "how", "wording", "source"]),
            (["PHONE_NUMBER", "opt-in date", "Channel", "Consent text", "Evidence"],
             ["number", "happened_at", "how", "wording", "source"]),
            (["Numéro de téléphone", "Date", "Canal", "Texte", "Preuve", "Nom"],
             ["number", "happened_at", "how", "wording", "source", "name"]),
            (["Telefonnummer", "Datum", "Kanal", "Wortlaut", "Nachweis", "Kunde"],
             ["number", "happened_at", "how", "wording", "source", "name"]),
            (["number", "happened_at", "how", "version", "source", "purposes"],
             ["number", "happened_at", "how", "version", "source", "purposes"]),
            (["Mobile", "Phone", "Colour"], [None, "number", None]),
            ([], []),
        ):  # fmt: skip
            with self.subTest(headers=headers):
                self.assertEqual(import_rows.guess_fields(headers), expected)
        # A field's own name comes before other headings.
        found = import_rows.guess_fields(["Day", "ASKED_DAY"], {"asked_day": "day"})
        self.assertEqual(found, [None, "asked_day"])

    def test_where_a_list_of_people_has_its_numbers(self):
        for cells, expected in (
            (["Name", "Mobile"], (1, 0, True)),
            (["Telefon"], (0, None, True)),
            (["Ann", "(303) 555-0142"], (1, 0, False)),
            (["Ann", "2026-11-25", "303 555 0142"], (2, 0, False)),
            (["+13035550142"], (0, None, False)),
            (["Name", "Town"], (None, None, True)),
            (["12", "2026"], (None, None, True)),
            ([], (None, None, True)),
        ):
            with self.subTest(cells=cells):
                self.assertEqual(import_rows.find_people_columns(cells), expected)

    def test_what_a_list_must_have(self):
        full = ["number", "happened_at", "how", "source"]
        self.assertEqual(import_rows.find_missing([*full, "wording"]), [])
        self.assertEqual(import_rows.find_missing([*full, "version"]), [])
        self.assertEqual(import_rows.find_missing(full), ["wording"])
        self.assertEqual(
            import_rows.find_missing(["name"]),
            ["number", "happened_at", "how", "source", "wording"],
        )


class TestCells(BaseCase):
    """The contents of a row, or its fault."""

    def test_times(self):
        for text, order, expected in (
            ("2026-03-02", YMD, datetime(2026, 3, 2, 7)),
            ("2026-03-02 09:30", MDY, datetime(2026, 3, 2, 16, 30)),
            ("2026-03-02T09:30:15Z", YMD, datetime(2026, 3, 2, 9, 30, 15)),
            ("2026-03-02T09:30:15.123+01:00", YMD, datetime(2026, 3, 2, 8, 30, 15)),
            ("3/2/2026 9:30 -0530", MDY, datetime(2026, 3, 2, 15)),
            ("2026-03-02 09:30 utc", YMD, datetime(2026, 3, 2, 9, 30)),
            ("3/2/2026 1:05 PM", MDY, datetime(2026, 3, 2, 20, 5)),
            ("12/31/2025 12:00 am", MDY, datetime(2025, 12, 31, 7)),
            ("02.03.2026, 09:30", DMY, datetime(2026, 3, 2, 16, 30)),
            ("31/12/2025", DMY, datetime(2025, 12, 31, 7)),
            ("2026-07-02", YMD, datetime(2026, 7, 2, 6)),
        ):
            with self.subTest(text=text):
                self.assertEqual(
                    import_rows.parse_time(text, order, "America/Denver"), expected
                )

    def test_times_that_cannot_be_told(self):
        for text, order in (
            ("3/2/2026", YMD),
            ("31/12/2025", MDY),
            ("12/31/2025", DMY),
            ("3/2/26", MDY),
            ("yesterday", MDY),
            ("2026-02-30", YMD),
            ("2026-03-02 25:00", YMD),
            ("2026-03-02 13:00 PM", YMD),
            ("45993", YMD),
        ):
            with self.subTest(text=text), self.assertRaises(ValueError):
                import_rows.parse_time(text, order, "UTC")

    columns = {
        name: index
        for index, name in enumerate(
            ("number", "happened_at", "how", "wording", "source", "decision")
        )
    }
    row = ["303 555 0100", "2026-03-02", "web", "I agree.", "CRM 1", ""]

    def read_cells(self, order=YMD, **changes):
        cells = list(self.row)
        for name, value in changes.items():
            cells[self.columns[name]] = value
        return import_rows.read_row(cells, self.columns, order, "UTC", NOW)

    def test_a_row(self):
        said = self.read_cells()
        self.assertEqual(
            (said.number, said.event, said.happened_at, said.purposes, said.name),
            ("303 555 0100", GRANTED, datetime(2026, 3, 2), (), ""),
        )
        said = self.read_cells(MDY, happened_at="3/2/2026")
        self.assertEqual(said.happened_at, datetime(2026, 3, 2))

    def test_several_purposes(self):
        columns = {**self.columns, "purposes": 6}
        cells = [*self.row, "Alerts; Surveys,News | , "]
        said = import_rows.read_row(cells, columns, YMD, "UTC", NOW)
        self.assertEqual(said.purposes, ("Alerts", "Surveys", "News"))

    def test_a_clock_that_is_a_little_fast_means_now(self):
        for text, expected in (
            ("2026-11-25 11:59:59", datetime(2026, 11, 25, 11, 59, 59)),
            ("2026-11-25 12:00:01", NOW),
            ("2026-11-25 12:02:00", NOW),
        ):
            with self.subTest(text=text):
                self.assertEqual(
                    self.read_cells(happened_at=text).happened_at, expected
                )

    def test_decisions(self):
        for text, event in (
            *(
                ("yes", GRANTED),
                ("Opted_In", GRANTED),
                ("1", GRANTED),
                ("Oui", GRANTED),
            ),
            *(("NO", REVOKED), ("unsubscribed", REVOKED), ("opted out", REVOKED)),
        ):
            with self.subTest(text=text):
                self.assertEqual(self.read_cells(decision=text).event, event)

    def test_a_yes_to_a_heading_is_what_the_heading_asks(self):
        for heading, event in (
            *(("Opt-Out", REVOKED), ("Has opted out of SMS?", REVOKED)),
            *(("Do not text", REVOKED), ("Customer unsubscribed", REVOKED)),
            *(("Désinscrit", REVOKED), ("Einwilligung widerrufen", REVOKED)),
            *(("Do not SMS", REVOKED), ("No SMS", REVOKED), ("Keine SMS", REVOKED)),
            *(("No consent", REVOKED), ("Not opted in", REVOKED)),
            *(("Opt-in", GRANTED), ("Opt-in / opt-out", GRANTED)),
            *(("Agreed or opted out", GRANTED), ("", GRANTED)),
        ):
            cells = [*self.row[:-1], "yes"]
            said = import_rows.read_row(
                cells, self.columns, YMD, "UTC", NOW, heading=heading
            )
            with self.subTest(heading=heading):
                self.assertEqual(said.event, event)

    def test_what_a_cell_of_an_opt_out_says(self):
        for text, expected in (
            *(("", False), ("-", False), ("n/a", False), ("no", False), ("0", False)),
            *(("opted in", False), ("https://x.example/stop", False)),
            *(("yes", True), ("✓", True), ("x", True), ("unsubscribed", True)),
            *(("2026-04-01", True), ("by phone", True)),
        ):
            with self.subTest(text=text):
                found = import_rows.denies(GRANTED, text, "Opt-out")
                self.assertIs(found, expected)

    def test_what_a_cell_of_an_opt_in_says(self):
        for heading, text, expected in (
            *(("SMS opt-in", "no", True), ("Accepts SMS Marketing", "FALSE", True)),
            *(("SMS consent", "NEVER_SUBSCRIBED", True), ("Opted in?", "0", True)),
            *(("Consent status", "not given", True), ("Opt-in", "declined", True)),
            *(("SMS opt-in", "yes", False), ("Opt-in IP", "192.0.2.7", False)),
            *(("Consent form", "", False), ("Opt-in / opt-out", "opted out", True)),
            *(("Consent", "Withdrawn", True), ("Consent", "revoked 2026-04-01", True)),
            *(("Einwilligung", "nicht erteilt", True), ("Opt-in", "rejected", True)),
            *(("Consentement", "refusé", True), ("Einwilligung", "erteilt", False)),
        ):
            with self.subTest(heading=heading, text=text):
                self.assertTrue(import_rows.get_meaning(heading))
                found = import_rows.denies(GRANTED, text, heading)
                self.assertIs(found, expected)
        others = ("Email opt-in", "Customer since", "Options", "Mobile no. (SMS)")
        for heading in (*others, "Contents"):
            self.assertIsNone(import_rows.get_meaning(heading), heading)

    def test_a_cell_against_an_opt_out(self):
        for heading, text, expected in (
            *(("Opt-out", "no", True), ("Opted out of SMS", "FALSE", True)),
            *(("Opt-in", "yes", True), ("SMS consent", "SUBSCRIBED", True)),
            *(("Opt-out", "yes", False), ("Opt-out", "", False)),
            *(("Opt-in", "no", False), ("Opt-out date", "2026-04-01", False)),
        ):
            with self.subTest(heading=heading, text=text):
                found = import_rows.denies(REVOKED, text, heading)
                self.assertIs(found, expected)

    def test_a_box_that_was_not_ticked_is_no_consent(self):
        for heading in ("Opt-in", "SMS consent", "Accepts SMS Marketing"):
            with self.subTest(heading=heading), self.assertRaises(Fault) as caught:
                import_rows.read_row(
                    self.row, self.columns, YMD, "UTC", NOW, heading=heading
                )
            self.assertEqual(caught.exception.reason, "bad_decision")

    def test_an_opt_out_needs_no_proof(self):
        said = self.read_cells(decision="no", wording="", how="", source="")
        self.assertEqual(said.event, REVOKED)

    def test_an_opt_out_is_never_in_the_future(self):
        said = self.read_cells(decision="no", happened_at="2062-11-25")
        self.assertEqual(said.happened_at, NOW)

    def test_an_opt_out_at_no_possible_time_counts_from_now_on(self):
        """As exports write it if they know none."""
        for text in ("0001-01-01 00:00:00", "1900-01-01", "1970-01-01"):
            said = self.read_cells(decision="no", happened_at=text)
            self.assertEqual(said.happened_at, NOW, text)

    def test_what_is_missing_or_wrong(self):
        for reason, detail, changes in (
            ("no_number", "", {"number": ""}),
            ("no_time", "", {"happened_at": ""}),
            ("bad_time", "soon", {"happened_at": "soon"}),
            ("future", "2026-11-25 12:02:01", {"happened_at": "2026-11-25 12:02:01"}),
            ("no_how", "", {"how": ""}),
            ("no_words", "", {"wording": ""}),
            ("no_source", "", {"source": ""}),
            ("bad_decision", "perhaps", {"decision": "perhaps"}),
        ):
            with self.subTest(reason=reason), self.assertRaises(Fault) as caught:
                self.read_cells(**changes)
            fault = caught.exception
            self.assertEqual((fault.reason, fault.detail), (reason, detail))

    def test_a_short_row_lacks_its_last_cells(self):
        with self.assertRaises(Fault) as caught:
            import_rows.read_row(["303"], self.columns, YMD, "UTC", NOW)
        self.assertEqual(caught.exception.reason, "no_time")


class TestGivenElsewhere(BaseCase):
    """When and how consent was given elsewhere, in other systems' spelling."""

    def test_moments_of_other_systems(self):
        for text, expected in (
            ("2026-11-25T10:18:00Z", datetime(2026, 11, 25, 10, 18)),
            ("2026-11-25 10:18:00.5", datetime(2026, 11, 25, 10, 18)),
            ("2026-11-25 10:18:00+01:00", datetime(2026, 11, 25, 9, 18)),
            ("2026-11-25T23:18-05:00", datetime(2026, 11, 26, 4, 18)),
        ):
            with self.subTest(text=text):
                self.assertEqual(import_rows.parse_instant(text), expected)
        for text in (
            *("2026-11-25", "25.11.2026 10:18", "soon", "", None, 20261125),
            *("0001-01-01 00:00+01:00", "9999-12-31 23:59-01:00"),  # no year of ours
        ):
            with self.subTest(text=text), self.assertRaises(ValueError):
                import_rows.parse_instant(text)

    def test_ways(self):
        for text, expected in (
            ("web", "web"),
            (" Web  Form ", "web"),
            ("IN_PERSON", "in_person"),
            ("in person", "in_person"),
            ("Phone_call", "phone"),
            ("téléphone", "phone"),
            ("E-Mail", "written"),
            ("carrier pigeon", None),
            ("", None),
            (None, None),
        ):
            with self.subTest(text=text):
                self.assertEqual(import_rows.read_way(text), expected)

    def test_what_the_evidence_says_of_it(self):
        for given, expected in (
            (("web", "CRM", "Lot 7"), "How it was given: web\nEvidence: CRM\nLot 7"),
            (("web", "", None), "How it was given: web"),
            ((None, "CRM"), "Evidence: CRM"),
            (("", ""), ""),
        ):
            with self.subTest(given=given):
                self.assertEqual(import_rows.make_note(*given), expected)
