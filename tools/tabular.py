# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Read uploaded tables (CSV, XLSX), and write CSV that is safe to open.

Rows are read one by one, never all at once, and every limit is checked before memory is
allocated. Odoo's own ``base_import`` reads a file as a whole and guesses its encoding
by statistics: too much memory for a large list, and too unreliable for evidence.
"""

import codecs
import csv
import io
import json
import re
import zipfile
from datetime import datetime, time

#: Largest upload, and largest unpacked XLSX, in bytes.
MAX_BYTES = 32 * 1024 * 1024
MAX_UNPACKED = 512 * 1024 * 1024
#: Most rows and columns, and the longest cell in characters.
MAX_ROWS = 500_000
MAX_COLUMNS = 100
MAX_CELL = 10_000

CSV, XLSX = "csv", "xlsx"
DELIMITERS = ",;\t|"

# Why a file is refused.
EMPTY, TOO_LARGE, TOO_MANY_ROWS = "empty", "too_large", "too_many_rows"
TOO_WIDE, CELL_TOO_LONG = "too_wide", "cell_too_long"
OLD_EXCEL, ENCODING, BROKEN = "old_excel", "encoding", "broken"
SEVERAL_SHEETS = "several_sheets"


class FileRefused(Exception):
    """A file that cannot be read: the reason, and the row (0: the file as a whole)."""

    def __init__(self, reason, row=0):
        super().__init__(reason, row)
        self.reason, self.row = reason, row


def get_kind(data):
    """Return the format of an upload by its bytes.

    :return: ``CSV`` or ``XLSX``
    :raises FileRefused: if it is neither, or too large
    """
    if not data.strip():
        raise FileRefused(EMPTY)
    if len(data) > MAX_BYTES:
        raise FileRefused(TOO_LARGE)
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise FileRefused(OLD_EXCEL)
    if not data.startswith(b"PK\x03\x04"):
        return CSV
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = archive.infolist()
    except zipfile.BadZipFile as error:
        raise FileRefused(BROKEN) from error
    if sum(file.file_size for file in files) > MAX_UNPACKED:
        raise FileRefused(TOO_LARGE)
    return XLSX


def find_encoding(data):
    """Return the encoding of a text file: UTF-8, UTF-16 or Windows-1252.

    :raises FileRefused: if it is none of them
    """
    head = data[:2000]
    if data.startswith(codecs.BOM_UTF8):
        candidates = ["utf-8-sig"]
    elif data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        candidates = []  # UTF-32-LE's mark begins with that of UTF-16-LE
    elif data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        candidates = ["utf-16"]
    elif b"\x00" in head:  # no byte order mark: in English every other byte is 0
        is_little = head[1::2].count(0) > head[::2].count(0)
        candidates = ["utf-16-le" if is_little else "utf-16-be"]
    else:
        candidates = ["utf-8", "cp1252"]
    for encoding in candidates:
        if _is_text(data, encoding):
            return encoding
    raise FileRefused(ENCODING)


def _is_text(data, encoding):
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return False
    # Binary data decoded as text soon contains control characters.
    return not re.search("[\x00-\x08\x0e-\x1f\ufffe\uffff]", text[:100_000])


def find_delimiter(line):
    """Return the delimiter of a CSV: the one that splits its first line most."""
    return max(DELIMITERS, key=lambda it: len(next(csv.reader([line], delimiter=it))))


def iter_rows(data):
    """Yield the rows of a table.

    :param bytes data: a CSV or XLSX file
    :return: yields each row's number as a spreadsheet shows it, and its cells as text;
        empty rows are left out
    :raises FileRefused: if it cannot be read, possibly after some rows
    """
    read = {CSV: _iter_csv, XLSX: _iter_xlsx}[get_kind(data)]
    count = 0
    for number, cells in read(data):
        cells = [_clean(cell) for cell in cells]
        while cells and not cells[-1]:
            cells.pop()
        if not cells:
            continue
        if len(cells) > MAX_COLUMNS:
            raise FileRefused(TOO_WIDE, number)
        if any(len(cell) > MAX_CELL for cell in cells):
            raise FileRefused(CELL_TOO_LONG, number)
        count += 1
        if count > MAX_ROWS + 1:  # the headers are a row too
            raise FileRefused(TOO_MANY_ROWS)
        yield number, cells


def _clean(cell):
    cell = cell.replace("\x00", "").strip()
    return cell[1:] if re.match("'[=+\\-@]", cell) else cell


def _iter_csv(data):
    stream = io.TextIOWrapper(io.BytesIO(data), find_encoding(data), newline="")
    first = stream.readline(MAX_CELL * MAX_COLUMNS)
    stream.seek(0)
    yield from enumerate(csv.reader(stream, delimiter=find_delimiter(first)), 1)


def _iter_xlsx(data):
    """Yield the rows of a workbook's only sheet that shows any."""
    import openpyxl  # noqa: PLC0415  # slow to load, and rarely needed

    try:
        book = openpyxl.load_workbook(
            io.BytesIO(data), read_only=True, data_only=True, keep_links=False
        )
        for sheet in book.worksheets:
            sheet.reset_dimensions()  # the size that a file declares may be wrong
        filled = [sheet for sheet in book.worksheets if _shows_values(sheet)]
        if len(filled) != 1:
            raise FileRefused(SEVERAL_SHEETS if filled else EMPTY)
        for number, cells in enumerate(filled[0].iter_rows(values_only=True), 1):
            yield number, [_as_text(value) for value in cells]
    except FileRefused:
        raise
    except Exception as error:  # openpyxl raises anything on a broken file
        raise FileRefused(BROKEN) from error


def _shows_values(sheet):
    rows = sheet.iter_rows(values_only=True) if sheet.sheet_state == "visible" else ()
    return any(value is not None for cells in rows for value in cells)


def _as_text(value):
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        is_day = value.time() == time()
        return value.strftime("%Y-%m-%d" if is_day else "%Y-%m-%d %H:%M:%S")
    return str(value)


def neutralize(cell):
    """Return a cell so that no spreadsheet takes it for a formula (CWE-1236)."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def write_rows(rows, encoding="utf-8-sig"):
    """Return rows as the bytes of a CSV, whose encoding spreadsheets recognize."""
    stream = io.StringIO(newline="")
    write_csv(stream, rows)
    return stream.getvalue().encode(encoding)


def write_csv(stream, rows):
    """Write rows as CSV, row by row.

    :param stream: text stream, opened with ``newline=""``
    :param rows: iterable of lists of cells
    """
    writer = csv.writer(stream)
    writer.writerows([neutralize(str(cell)) for cell in row] for row in rows)


def pack_rows(rows):
    """Serialize numbered rows for :func:`unpack_rows`.

    :param rows: as :func:`iter_rows` yields them
    :return: ``(bytes, number of rows)``
    """
    stream = io.BytesIO()
    count = 0
    for number, cells in rows:
        stream.write(json.dumps([number, *cells]).encode() + b"\n")
        count += 1
    return stream.getvalue(), count


def unpack_rows(data, offset, limit):
    """Return the next packed rows, and the offset of those after them.

    Damaged data end the rows, as the end of the data does.

    :param bytes data: as :func:`pack_rows` returned it
    :param int offset: 0, or the offset that the previous call returned
    :param int limit: most rows to return
    :return: ``(list of (number, cells), offset)``
    """
    stream = io.BytesIO(data)
    stream.seek(offset)
    rows = []
    while len(rows) < limit and (line := stream.readline()):
        try:
            number, *cells = json.loads(line)
        except ValueError:
            break
        rows.append((number, cells))
    return rows, stream.tell()
