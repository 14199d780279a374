# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Types of pictures, files and scans, by their bytes.

What the sender or the carrier says of a file's type is a claim. Signatures: the file
formats' own specifications; what carriers take and bring:
https://www.twilio.com/docs/messaging/guides/accepted-mime-types
"""

import ipaddress
import re

#: Bytes of one picture or file. Carriers bring at most 5 MB.
RECEIVE_LIMIT = 10 * 1024 * 1024
#: Bytes of all that goes with one text, and of each that is no picture.
SEND_LIMIT = 5 * 1024 * 1024
SEND_FILE_LIMIT = 500 * 1024

#: Type: the ending of its name.
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

#: First bytes of a type.
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
#: Brands of the ISO base media format (ISO/IEC 14496-12), behind ``ftyp``.
_BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc"), "image/heic"),
    **dict.fromkeys((b"mif1", b"msf1"), "image/heic"),
    b"M4A ": "audio/mp4",
    b"qt  ": "video/quicktime",
}
#: Addresses that lead to one of IPv4 (RFC 6052).
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
#: Nothing else of IPv6 is routed (RFC 4291, section 2.4; IANA's registry of it).
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
#: Taken for public by ``is_global``, now or in some version of Python: relays
#: of 6to4 (RFC 7526), Teredo (RFC 4380), documentation (RFC 9637), protocols
#: (RFC 6890).
_NOT_PUBLIC = tuple(
    map(
        ipaddress.ip_network,
        ("192.88.99.0/24", "192.0.0.0/24", "2001::/32", "2001:db8::/32", "3fff::/20"),
    )
)


def find_type(data):
    """Return the type of a file by its first bytes, None for what is not on the list.

    :return: a key of :data:`EXTENSIONS`
    """
    if data[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(bytes(data[8:12]))
    if data[4:8] == b"ftyp":
        brand = bytes(data[8:12])
        default = "video/3gpp" if brand[:3] == b"3gp" else "video/mp4"
        return _BRANDS.get(brand, default)
    return next((kind for begin, kind in _BEGINNINGS if data.startswith(begin)), None)


def is_public(address):
    """Tell if an IP address is one of the public internet.

    Not the own machine, a private or link-local network, one that is reserved, or one
    of these in the clothes of IPv6.
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
    """Return the IPv4 address to which one of IPv6 leads, None for none.

    Written in full (RFC 4291), through 6to4 (RFC 3056) or a NAT64 (RFC 6052).
    """
    if parsed in _NAT64:
        return ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
    return parsed.ipv4_mapped or parsed.sixtofour


# === Scans of signed forms ===

#: Largest scan, in bytes. A page in colour at 300 dpi is about 1 MB.
MAX_SCAN_BYTES = 15 * 1024 * 1024
#: Types that are taken.
SCANS = ("application/pdf", "image/png", "image/jpeg", "image/tiff", "image/heic")

# Why a file is refused.
EMPTY, TOO_LARGE, WRONG_KIND = "empty", "too_large", "wrong_kind"


def find_scan_fault(data):
    """Return why a file is no scan, or None."""
    if not data:
        return EMPTY
    if len(data) > MAX_SCAN_BYTES:
        return TOO_LARGE
    return None if find_type(data) in SCANS else WRONG_KIND


def get_scan_name(name, kind):
    """Return the name under which a scan is kept: no path, the right ending.

    :param str name: as the browser sent it, may be empty
    :param str kind: of :data:`SCANS`
    """
    stem = re.split(r"[\\/]", name or "")[-1].strip().lstrip(".")
    stem = re.sub(r"[\x00-\x1f]", "", stem)[-100:]
    known = (".pdf", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".heic", ".heif")
    if stem.lower().endswith(known):
        stem = stem.rpartition(".")[0]
    return f"{stem or 'scan'}.{EXTENSIONS[kind]}"
