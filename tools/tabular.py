# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Tables that people upload (CSV, XLSX), and CSV that is safe to open.

Rows are read one after the other, never all at once, and every limit is checked before
the memory is taken. Odoo's own ``base_import`` reads a file as a whole and guesses its
encoding by statistics: too much memory for a large list, and no good for evidence.
"""

import codecs
import csv
import io
import json
import re
import zipfile
from datetime import datetime, time

#: Largest upload, and what an XLSX may unpack to, in bytes.
MAX_BYTES = 32 * 1024 * 1024
MAX_UNPACKED = 512 * 1024 * 1024
#: Most rows and columns, and the longest cell in letters.
MAX_ROWS = 500_000
MAX_COLUMNS = 100
MAX_CELL = 10_000

CSV, XLSX = "csv", "xlsx"
DELIMITERS = ",;\t|"

# Why a file is refused.
EMPTY, TOO_LARGE, TOO_MANY_ROWS = "empty", "too_large", "too_many_rows"
TOO_WIDE, CELL_TOO_LONG = "too_wide", "cell_too_long"
OLD_EXCEL, ENCODING, BROKEN, NO_TABLE = "old_excel", "encoding", "broken", "no_table"


class FileRefused(Exception):
    """A file that cannot be read: why, and in which row (0: as a whole)."""

    def __init__(self, reason, row=0):
        super().__init__(reason, row)
        self.reason, self.row = reason, row


def get_kind(data):
    """Return what an upload is, by its bytes.

    :return: ``CSV`` or ``XLSX``
    :raises FileRefused: for what is neither, or too large
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
    if not any(file.filename == "xl/workbook.xml" for file in files):
        raise FileRefused(NO_TABLE)
    if sum(file.file_size for file in files) > MAX_UNPACKED:
        raise FileRefused(TOO_LARGE)
    return XLSX


def find_encoding(data):
    """Return the encoding of a text: UTF-8, UTF-16, or Windows' Western European.

    :raises FileRefused: for what is none of them
    """
    head = data[:2000]
    if data.startswith(codecs.BOM_UTF8):
        candidates = ["utf-8-sig"]
    elif data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        candidates = []  # one of them begins as UTF-16 does
    elif data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        candidates = ["utf-16"]
    elif b"\x00" in head:  # without a mark: English text has every other byte 0
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
    # Bytes of no text, read as one, show control characters soon.
    return not re.search("[\x00-\x08\x0e-\x1f\ufffe\uffff]", text[:100_000])


def find_delimiter(line):
    """Return what parts the cells of a CSV, by its first line."""
    return max(
        DELIMITERS, key=lambda mark: len(next(csv.reader([line], delimiter=mark)))
    )


def iter_rows(data):
    """Read a table.

    :param bytes data: a CSV or XLSX file
    :return: yields the row's number as a spreadsheet shows it, and its cells as text;
        rows without anything in them are left out
    :raises FileRefused: for what cannot be read, also in the middle of it
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
    encoding = find_encoding(data)
    stream = io.TextIOWrapper(io.BytesIO(data), encoding, newline="")
    first = stream.readline(MAX_CELL * MAX_COLUMNS)
    stream.seek(0)
    yield from enumerate(csv.reader(stream, delimiter=find_delimiter(first)), 1)


def _iter_xlsx(data):
    """Yield the rows of a workbook's first sheet."""
    import openpyxl  # noqa: PLC0415  # slow to load, and rarely needed

    try:
        book = openpyxl.load_workbook(
            io.BytesIO(data), read_only=True, data_only=True, keep_links=False
        )
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # what a file says of its own size may be wrong
        for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
            yield number, [_as_text(value) for value in cells]
    except Exception as error:  # openpyxl raises whatever a broken file makes it raise
        raise FileRefused(BROKEN) from error


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
    """Return a cell that no spreadsheet takes for a formula (CWE-1236)."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def write_rows(rows):
    """Return rows as a CSV that every spreadsheet opens, as bytes."""
    stream = io.StringIO(newline="")
    write_csv(stream, rows)
    return stream.getvalue().encode("utf-8-sig")


def write_csv(stream, rows):
    """Write rows as CSV, row by row.

    :param stream: text stream, opened with ``newline=""``
    :param rows: iterable of lists of cells
    """
    writer = csv.writer(stream)
    writer.writerows([neutralize(str(cell)) for cell in row] for row in rows)


def pack_rows(rows):
    """Return numbered rows in the form in which :func:`unpack_rows` reads them.

    :param rows: as :func:`iter_rows` yields them
    :return: bytes, and how many rows they hold
    """
    stream = io.BytesIO()
    count = 0
    for number, cells in rows:
        stream.write(json.dumps([number, *cells]).encode() + b"\n")
        count += 1
    return stream.getvalue(), count


def unpack_rows(data, offset, limit):
    """Return the next packed rows, and where those after them begin.

    They end where the data are damaged, as they do where there are no more.

    :param bytes data: as :func:`pack_rows` returned it
    :param int offset: 0, or what this function returned before
    :param int limit: how many rows at most
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
