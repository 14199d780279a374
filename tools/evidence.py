# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Formats of evidence: JSON, tables, safe text, and packets of files.

``sms.evidence`` gathers their contents; ``docs/evidence.md`` describes the formats to
those who read them.
"""

import hashlib
import io
import json
import re
import secrets
import tempfile
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

#: Format name and version of the JSON; see ``docs/evidence.md``.
FORMAT = "helpdesk_mgmt_sms.evidence/3"
#: Format of the file with the whole chain.
CHAIN_FORMAT = "helpdesk_mgmt_sms.chain/2"
#: Format of the file that seals a packet.
SEAL_FORMAT = "helpdesk_mgmt_sms.seal/1"

# Which links of the chain a file contains.
PERSON = "person"  # those of one person's numbers, with gaps between them
PERIOD = "period"  # all links of a period

# Result of checking an event's seal.
HOLDS, CHANGED, UNSEALED = "holds", "changed", "unsealed"

#: Columns of the tables: name in the CSV, and path of the value in the JSON's row.
EVENT_COLUMNS = (
    ("link", "sequence"),
    ("event_id", "content.event_id"),
    ("happened_at_utc", "content.happened_at"),
    ("recorded_at_utc", "content.recorded_at"),
    ("number", "evidence.number"),
    ("number_hash", "content.number_hash"),
    ("person", "evidence.name"),
    ("event", "content.event"),
    ("purpose", "content.purpose"),
    ("method", "content.method"),
    ("entered_by", "shown.user"),
    ("wording_version", "shown.wording_version"),
    ("wording_digest", "content.wording_digest"),
    ("wording_as_shown", "evidence.wording"),
    ("in_their_words", "evidence.note"),
    ("address", "evidence.address"),
    ("device", "evidence.device"),
    ("page", "evidence.page"),
    ("witness", "evidence.witness"),
    ("message_ref", "evidence.message_ref"),
    ("evidence_digest", "content.evidence_digest"),
    ("erased_at_utc", "erased_at"),
    ("hash", "hash"),
    ("seal", "seal"),
    ("sandbox", "sandbox"),
    ("undid_opt_out", "effect.undone.event_id"),
    ("did_not_count_for_opt_out", "effect.obstacle.event_id"),
)


def make_columns(*names):
    """Return columns by their names; the suffix ``_utc`` is in the header only."""
    return tuple((name, name.removesuffix("_utc")) for name in names)


MESSAGE_COLUMNS = make_columns(
    *["id", "made_at_utc", "handed_over_at_utc", "number", "purpose", "body", "state"],
    *["reason", "decision", "decision_reason", "decided_at_utc", "exemption"],
    *["consent_event_id", "segments", "encoding", "carrier", "carrier_id"],
    *["carrier_code", "erased_at_utc"],
)
RECEIVED_COLUMNS = make_columns(
    *["id", "received_at_utc", "number", "to_number", "body", "kind"],
    *["answered_by_carrier", "carrier", "carrier_id"],
)
OPT_OUT_COLUMNS = make_columns(
    *["event_ids", "number", "purposes", "method", "said_at_utc", "recorded_at_utc"],
    *["confirmed_at_utc", "seconds", "message_id"],
)
REASSIGNED_COLUMNS = make_columns(
    *["id", "number", "number_hash", "date", "asked_at_utc", "asked_by", "query_file"],
    *["query_sha256", "answer", "answered_at_utc", "answered_by", "answer_file"],
    "answer_sha256",
)


def make_reference(today):
    """Return the name of a new certificate, such as ``EV-20261125-9F3A61C07B``."""
    return f"EV-{today:%Y%m%d}-{secrets.token_hex(5).upper()}"


def plain(value):
    """Return a database value for JSON: times in ISO 8601 (UTC), empty ones as None."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date):
        return value.isoformat()
    return value or None


def parse_time(text):
    """Return a time of the JSON as a naive datetime (UTC), None for none."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ") if text else None


def write_json(stream, values):
    """Write a mapping as JSON, with each row of a list on its own line.

    :param dict values: JSON values; iterators are written row by row, without loading
        them as a whole; a function is called when its turn comes
    """
    separator = "{"
    for name, value in values.items():
        value = value() if callable(value) else value
        stream.write(f"{separator}\n{dump(name)}: ")
        separator = ","
        if not isinstance(value, Iterator | list):
            stream.write(dump(value))
            continue
        start = "["
        for row in value:
            stream.write(f"{start}\n {dump(row)}")
            start = ","
        stream.write("[]" if start == "[" else "\n]")
    stream.write("\n}\n")


def sha256(data):
    """Return the SHA-256 (hex) of bytes."""
    return hashlib.sha256(data).hexdigest()


def dump(value):
    """Return a JSON value as text."""
    return json.dumps(value, ensure_ascii=False)


def get_cells(row, columns):
    """Return the cells of a JSON row.

    :param columns: pairs of a header and a dotted path
    """
    return [_get_cell(row, path.split(".")) for _header, path in columns]


def _get_cell(value, path):
    """Return the text at a path, empty if a part is missing (erased evidence)."""
    for name in path:
        value = (value or {}).get(name)
    if isinstance(value, list):
        return " ".join(map(str, value))
    return "" if value is None else value


def printable(text):
    """Replace control characters and marks of writing direction.

    The latter could make words of the document itself read differently.
    """
    return re.sub(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff]",
        "\ufffd",
        text or "",
    )


def file_path(evidence_id, name, digest):
    """Return the path of a scan in the packet; no file name can lead out of its folder.

    :param str digest: SHA-256 (hex) of its content, so that no two files collide
    """
    safe = re.sub(r'[\\/:*?"<>|\x00-\x1f]', "_", name).strip(". ")[-100:]
    return f"scans/{evidence_id}/{digest[:8]}-{safe or 'scan'}"


def split_seconds(seconds):
    """Return the two largest units of a duration, e.g. ``[(1, "h"), (4, "min")]``."""
    span = timedelta(seconds=seconds)
    minutes, rest = divmod(span.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(span.days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")]
    return [part for part in parts if part[0]][:2] or [(0, "s")]


def say_ranges(numbers):
    """Return ascending numbers as ranges, e.g. ``3–5, 9``; empty ones are left out."""
    ranges = []
    for number in filter(None, numbers):
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in ranges)


def say_letter(index):
    """Return the letter of an index from 0: A to Z, then AA."""
    letter = chr(ord("A") + index % 26)
    return letter if index < 26 else say_letter(index // 26 - 1) + letter


SUMS = "SHA256SUMS"
#: Name of the file that seals ``SHA256SUMS``, and thereby every file.
SEAL = "SEAL"


class Packet:
    """Collect files in a temporary folder and pack them as a ZIP; a context manager.

    ``SHA256SUMS`` is in the format that ``sha256sum -c`` reads.

    :param make_seal: function from the digest of ``SHA256SUMS`` to the values of
        ``SEAL``, which requires the ledger's key
    """

    def __init__(self, make_seal):
        self._make_seal = make_seal

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="sms-evidence-")
        self._names = []
        return self

    def __exit__(self, *exc_info):
        self._folder.cleanup()

    def open(self, name, encoding="utf-8"):
        """Open a new text file of the packet."""
        return self._make(name).open("w", encoding=encoding, newline="")

    def open_table(self, name):
        """Open a new text file for CSV, in an encoding that spreadsheets recognize."""
        return self.open(name, "utf-8-sig")

    def add(self, name, data):
        """Add a file of bytes."""
        self._make(name).write_bytes(data)

    def digest(self, name):
        """Return the SHA-256 (hex) of a file that has been written."""
        with Path(self._folder.name, name).open("rb") as stream:
            return hashlib.file_digest(stream, hashlib.sha256).hexdigest()

    def pack(self):
        """Return the ZIP as bytes."""
        target = io.BytesIO()
        sums = "".join(f"{self.digest(name)}  {name}\n" for name in self._names)
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in self._names:
                archive.write(Path(self._folder.name, name), name)
            archive.writestr(SUMS, sums)
            values = self._make_seal(sha256(sums.encode()))
            archive.writestr(SEAL, json.dumps(values, indent=1) + "\n")
        return target.getvalue()

    def _make(self, name):
        path = Path(self._folder.name, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if name not in self._names:  # one scan may prove several events
            self._names.append(name)
        return path
