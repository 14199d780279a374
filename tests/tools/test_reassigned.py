# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import date

import phonenumbers

from odoo.tests import BaseCase, tagged

from ...tools import import_rows, reassigned
from ...tools.geography import TERRITORIES
from ...tools.import_rows import Fault, guess_fields
from ...tools.phone import read_kind
from ...tools.reassigned import NO, NO_DATA, YES, Reply, read_reply, write_query

COLUMNS = {"number": 0, "asked_day": 1, "answer": 2, "company_code": 3}
DAY = date(2024, 2, 29)


@tagged("post_install", "-at_install")
class TestQuery(BaseCase):
    """Queries to the Reassigned Numbers Database."""

    def test_the_file(self):
        rows = [("+13035550100", DAY), ("+17875550101", date(2021, 1, 27))]
        self.assertEqual(
            write_query(rows, "ACME1"),
            b"TN,Date,CompanyID\r\n3035550100,2024-02-29,ACME1\r\n"
            b"7875550101,2021-01-27,ACME1\r\n",
        )
        self.assertEqual(
            write_query(rows[:1], has_header=False), b"3035550100,2024-02-29\r\n"
        )

    def test_the_area_codes_are_those_of_the_united_states(self):
        """The library, which is kept up to date, knows the same ones."""
        found = {
            str(code)
            for code in range(200, 1000)
            if read_kind(f"+1{code}2345678") == ("US", "mobile")
        }
        examples = map(phonenumbers.example_number, TERRITORIES)
        found |= {str(it.national_number)[:3] for it in examples}
        self.assertEqual(set(reassigned.AREA_CODES), found)


@tagged("post_install", "-at_install")
class TestReply(BaseCase):
    """Answers of the Reassigned Numbers Database."""

    def test_the_headers(self):
        for headers in (
            ("TN", "Date", "Disconnected", "CompanyID"),
            ("tn", "dateProvided", "disconnected", "companyId"),
            ("Phone Number", "Consent Date", "Response", "Company ID"),
        ):
            with self.subTest(headers=headers):
                found = guess_fields(headers, reassigned.HEADERS)
                self.assertEqual(found, list(COLUMNS))

    def test_the_spellings(self):
        for cells, expected in (
            (["3035550100", "2024-02-29", "no"], (DAY, NO)),
            (["13035550100", "02/29/2024", "NO_DATA"], (DAY, NO_DATA)),
            (["+1 (303) 555-0100", "", "No Data"], (None, NO_DATA)),
            (["303.555.0100", "2024-02-29", " Yes "], (DAY, YES)),
        ):
            with self.subTest(cells=cells):
                found = read_reply(cells, COLUMNS, import_rows.MDY)
                self.assertEqual(found, Reply("+13035550100", *expected, ""))
        # Without the optional columns.
        found = read_reply(["3035550100", "no"], {"number": 0, "answer": 1}, "")
        self.assertEqual(found, Reply("+13035550100", None, NO, ""))

    def test_what_cannot_be_read(self):
        for cells, reason, detail in (
            ([], "no_number", ""),
            (["+447911123456", "2024-02-29", "no"], "bad_number", "+447911123456"),
            (["555-0100", "2024-02-29", "no"], "bad_number", "555-0100"),
            (["303-555-0100 x1", "2024-02-29", "no"], "extension", "303-555-0100 x1"),
            (["3035550100", "2024-02-30", "no"], "bad_time", "2024-02-30"),
            (["3035550100", "yesterday", "no"], "bad_time", "yesterday"),
            (["3035550100", "2024-02-29", "maybe"], "bad_answer", "maybe"),
            (["3035550100", "2024-02-29"], "bad_answer", ""),
        ):
            with self.subTest(cells=cells), self.assertRaises(Fault) as caught:
                read_reply(cells, COLUMNS, import_rows.YMD)
            self.assertEqual(caught.exception.reason, reason)
            self.assertEqual(caught.exception.detail, detail)

    def test_what_is_news(self):
        for answer, earlier, expected in (
            (NO, [], True),
            (NO, [NO], False),
            (YES, [NO], True),
            (NO, [YES], False),
            (NO, [NO_DATA], True),
            (NO_DATA, [NO], False),
            (YES, [YES, NO], False),
        ):
            with self.subTest(answer=answer, earlier=earlier):
                self.assertIs(reassigned.is_news(answer, earlier), expected)

    def test_which_consents_it_is_about(self):
        before, day, after = date(2024, 2, 28), DAY, date(2024, 3, 1)
        for answer, given, known, expected in (
            (YES, day, day, True),
            (YES, before, after, True),
            (YES, after, after, False),
            (NO, day, day, True),
            (NO, after, after, True),
            (NO, before, before, False),
            (NO, before, after, True),
            (NO_DATA, day, day, False),
        ):
            with self.subTest(answer=answer, given=given, known=known):
                found = reassigned.concerns(answer, day, given, known)
                self.assertIs(found, expected)
