# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the tests of the tools share."""

import io

import openpyxl


def make_xlsx(rows):
    """Return a workbook as bytes."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()
