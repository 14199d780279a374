# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Detect the types of pictures, files and scans by their bytes.

The type that the sender or the carrier declares is only a claim. Signatures: the file
formats' own specifications; types that carriers accept and deliver:
https://www.twilio.com/docs/messaging/guides/accepted-mime-types
"""

import ipaddress
import re

#: Largest received picture or file, in bytes. Carriers deliver at most 5 MB.
RECEIVE_LIMIT = 10 * 1024 * 1024
#: Most bytes of all media of one text, and of each file that is not a picture.
SEND_LIMIT = 5 * 1024 * 1024
SEND_FILE_LIMIT = 500 * 1024

#: Type: the extension of its file name.
EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/heic": "heic",
    "image/bmp": "bmp",
    "image/tiff": "tiff",
    "application/pdf": "pdf",
    "audio/amr": "amr",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
    "audio/ogg": "ogg",
    "audio/wav": "wav",
    "video/3gpp": "3gp",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "text/vcard": "vcf",
}
#: Types that may be sent: every phone can show them.
SENDABLE = ("image/jpeg", "image/png", "image/gif", "application/pdf")

#: First bytes of files, and their types.
_BEGINNINGS = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"%PDF-", "application/pdf"),
    (b"#!AMR", "audio/amr"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"BEGIN:VCARD", "text/vcard"),
)
#: Brands of the ISO base media format (ISO/IEC 14496-12), after ``ftyp``.
_BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc"), "image/heic"),
    **dict.fromkeys((b"mif1", b"msf1"), "image/heic"),
    b"M4A ": "audio/mp4",
    b"qt  ": "video/quicktime",
}
#: IPv6 addresses that lead to an IPv4 address (RFC 6052).
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
#: The only routed IPv6 addresses (RFC 4291, section 2.4, and IANA's registry).
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
#: Networks that ``is_global`` takes for public in at least one version of Python: 6to4
#: relays (RFC 7526), Teredo (RFC 4380), documentation (RFC 9637), protocols (RFC 6890).
_NOT_PUBLIC = tuple(
    map(
        ipaddress.ip_network,
        ("192.88.99.0/24", "192.0.0.0/24", "2001::/32", "2001:db8::/32", "3fff::/20"),
    )
)


def find_type(data):
    """Return the type of a file by its first bytes.

    :return: a key of :data:`EXTENSIONS`, None for any other type
    """
    if data[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(bytes(data[8:12]))
    if data[4:8] == b"ftyp":
        brand = bytes(data[8:12])
        default = "video/3gpp" if brand[:3] == b"3gp" else "video/mp4"
        return _BRANDS.get(brand, default)
    return next((kind for begin, kind in _BEGINNINGS if data.startswith(begin)), None)


def is_public(address):
    """Tell if an IP address is in the public internet.

    Not if it is loopback, private, link-local or reserved, or an IPv6 form of such an
    IPv4 address.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if parsed.version == 6:
        if parsed.scope_id:
            return False
        inner = _find_inner(parsed)
        if inner is not None:
            return is_public(str(inner))
        if parsed not in _GLOBAL_UNICAST:
            return False
    if any(parsed in network for network in _NOT_PUBLIC):
        return False
    return parsed.is_global and not (parsed.is_multicast or parsed.is_reserved)


def _find_inner(parsed):
    """Return the IPv4 address to which an IPv6 address leads, or None.

    IPv4-mapped (RFC 4291), through 6to4 (RFC 3056) or a NAT64 (RFC 6052).
    """
    if parsed in _NAT64:
        return ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
    return parsed.ipv4_mapped or parsed.sixtofour


# === Scans of signed forms ===

#: Largest scan, in bytes. A page in color at 300 dpi is about 1 MB.
MAX_SCAN_BYTES = 15 * 1024 * 1024
#: Types of scans that are accepted.
SCANS = ("application/pdf", "image/png", "image/jpeg", "image/tiff", "image/heic")

# Why a file is refused.
EMPTY, TOO_LARGE, WRONG_KIND = "empty", "too_large", "wrong_kind"


def find_scan_fault(data):
    """Return why a file is refused as a scan, or None."""
    if not data:
        return EMPTY
    if len(data) > MAX_SCAN_BYTES:
        return TOO_LARGE
    return None if find_type(data) in SCANS else WRONG_KIND


def get_scan_name(name, kind):
    """Return the name under which a scan is stored: no path, the right extension.

    :param str name: as the browser sent it, may be empty
    :param str kind: of :data:`SCANS`
    """
    stem = re.split(r"[\\/]", name or "")[-1].strip().lstrip(".")
    stem = re.sub(r"[\x00-\x1f]", "", stem)[-100:]
    known = (".pdf", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".heic", ".heif")
    if stem.lower().endswith(known):
        stem = stem.rpartition(".")[0]
    return f"{stem or 'scan'}.{EXTENSIONS[kind]}"
