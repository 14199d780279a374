# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A ZIP that is written file by file, and names the digest of each of its files."""

import hashlib
import json
import tempfile
import zipfile
from pathlib import Path

from .tabular import write_csv

SUMS = "SHA256SUMS"
#: Names the seal of ``SHA256SUMS``, and so of every file.
SEAL = "SEAL"
_BLOCK = 1 << 20


class Packet:
    """Files in a temporary folder that become a ZIP; used as a context manager.

    They are written one beside the other and never held in memory. ``SHA256SUMS`` is
    in the form that ``sha256sum -c`` reads.

    :param make_seal: function from the digest of ``SHA256SUMS`` to the values of
        ``SEAL``, which only who holds the key can make
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
        """Return a new text file of the packet, to be closed by the caller.

        :param str name: its path in the packet
        """
        return self._make(name).open("w", encoding=encoding, newline="")

    def open_table(self, name):
        """Return a new text file for a CSV that every spreadsheet opens."""
        return self.open(name, "utf-8-sig")

    def add(self, name, data):
        """Add a file.

        :param bytes data: its content
        """
        self._make(name).write_bytes(data)

    def add_table(self, name, rows):
        """Add a CSV; the cells are made harmless for spreadsheets.

        :param rows: iterable of lists of cells, the headers first
        """
        with self.open_table(name) as stream:
            write_csv(stream, rows)

    def digest(self, name):
        """Return the SHA-256 (hex) of a file that has been written."""
        return _digest(Path(self._folder.name, name))

    def pack(self):
        """Return the ZIP as bytes."""
        target = Path(self._folder.name, "packet.zip")
        sums = "".join(f"{self.digest(name)}  {name}\n" for name in self._names)
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in self._names:
                archive.write(Path(self._folder.name, name), name)
            archive.writestr(SUMS, sums)
            values = self._make_seal(hashlib.sha256(sums.encode()).hexdigest())
            archive.writestr(SEAL, json.dumps(values, indent=1) + "\n")
        return target.read_bytes()

    def _make(self, name):
        path = Path(self._folder.name, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if name not in self._names:  # a scan that proves several events
            self._names.append(name)
        return path


def _digest(path):
    """Return the SHA-256 (hex) of a file, block by block."""
    found = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            found.update(block)
    return found.hexdigest()
