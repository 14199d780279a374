# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which files are taken as the scan of a signed form, by what is in them.

The name of a file says nothing: what counts is what the bytes are. Odoo's own guess is
asked first; it does not know every kind that scanners and phones make.
"""

import re

#: Largest scan, in bytes. A page in colour at 300 dpi is about 1 MB.
MAX_BYTES = 15 * 1024 * 1024

#: What is taken, by content type, and how such a file is named.
EXTENSIONS = {
    "application/pdf": ".pdf",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/tiff": ".tiff",
    "image/heic": ".heic",
}

#: How the kinds begin that Odoo's guess does not know on every machine.
SIGNATURES = (
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"II\*\x00|MM\x00\*"), "image/tiff"),
    (re.compile(rb".{4}ftyp(heic|heix|heim|heis|hevc|mif1|msf1)", re.S), "image/heic"),
)

#: What a guess says that did not recognise anything.
UNKNOWN = (None, "", "application/octet-stream")

# Why a file is refused.
EMPTY, TOO_LARGE, WRONG_KIND = "empty", "too_large", "wrong_kind"


def get_kind(data, guess):
    """Return the content type of a file.

    :param bytes data: the file
    :param str guess: what Odoo takes it for
    :return: a key of :data:`EXTENSIONS`, or None for what is not taken
    """
    if guess in ("image/heif", "image/heic-sequence", "image/heif-sequence"):
        guess = "image/heic"
    if guess not in UNKNOWN:
        return guess if guess in EXTENSIONS else None
    return next((kind for start, kind in SIGNATURES if start.match(data)), None)


def find_fault(data, guess):
    """Return why a file is no scan, or None.

    :param bytes data: the file
    :param str guess: what Odoo takes it for
    """
    if not data:
        return EMPTY
    if len(data) > MAX_BYTES:
        return TOO_LARGE
    return None if get_kind(data, guess) else WRONG_KIND


def get_file_name(name, kind):
    """Return the name under which a scan is kept: no path, the right ending.

    :param str name: as the browser sent it, may be empty
    :param str kind: a key of :data:`EXTENSIONS`
    """
    stem = re.split(r"[\\/]", name or "")[-1].strip().lstrip(".")
    stem = re.sub(r"[\x00-\x1f]", "", stem)[-100:]
    known = (".pdf", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".heic", ".heif")
    if stem.lower().endswith(known):
        stem = stem.rpartition(".")[0]
    return f"{stem or 'scan'}{EXTENSIONS[kind]}"
