# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Checks of the base address of our web pages, and counting of their visitors."""

import hashlib
import ipaddress
from urllib.parse import urlsplit

from .links import is_page

VERDICTS = ("fine", "no_address", "private", "not_https", "underscore")
FINE, NO_ADDRESS, PRIVATE, NOT_HTTPS, UNDERSCORE = VERDICTS

#: Context key: Odoo guesses its base address from the request of a login.
IS_GUESS = "sms_base_url_is_guess"

#: Domain names that are valid only in a local network (RFC 2606, RFC 6762, RFC 8375).
PRIVATE_NAMES = ("localhost", "local", "internal", "lan", "home.arpa", "test")


def normalize_address(url):
    """Return a typed base address without its final slash, None if it is invalid."""
    url = (url or "").strip().rstrip("/")
    if not is_page(url):
        return None
    parts = urlsplit(url)
    return None if parts.query or parts.fragment else url


def judge_address(url):
    """Return one of :data:`VERDICTS` on a base address.

    Plain HTTP works, but anybody on the way can read it.
    """
    if not is_page(url):
        return NO_ADDRESS
    parts = urlsplit(url)
    host = parts.hostname.rstrip(".")
    if _is_private(host):
        return PRIVATE
    if "_" in host:
        return UNDERSCORE
    return FINE if parts.scheme == "https" else NOT_HTTPS


def _is_private(host):
    """Tell if a host can only be reached from a local network."""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:  # a name
        last = any(host == it or host.endswith(f".{it}") for it in PRIVATE_NAMES)
        return last or "." not in host


# === Visitors ===

#: Counters per scope: at most this many rows, however many visitors come. The chance
#: that two visitors share one is one in this number.
BUCKETS = 65_536


def visitor(address):
    """Return the network that counts as one visitor: an IPv6 subscriber has a /64.

    :return: the network, or the address as it is when it cannot be read
    """
    address = address or ""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 6 and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    prefix = 64 if parsed.version == 6 else 32
    return str(ipaddress.ip_interface((parsed, prefix)).network)


def bucket(key):
    """Return the index of the counter for a key, such as a visitor or a number."""
    digest = hashlib.sha256(key.encode(errors="replace")).digest()
    return int.from_bytes(digest[:4]) % BUCKETS
