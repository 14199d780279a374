# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Who is counted as one visitor, and in which of a bounded number of counters."""

import hashlib
import ipaddress

#: Counters of a scope. So many rows and never more, however many visitors come; that
#: two of them share one by chance is as likely as one in this number.
BUCKETS = 65_536


def visitor(address):
    """Return what an address is counted as: a subscriber of IPv6 has a /64 of them.

    :param str address: an IP address as the server names it
    :return: the network, or the address as it is when it cannot be read
    :rtype: str
    """
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return address or ""
    if parsed.version == 6 and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    prefix = 64 if parsed.version == 6 else 32
    return str(ipaddress.ip_network((parsed, prefix), strict=False))


def bucket(key):
    """Return which counter a key is counted in.

    :param str key: a visitor, a number, anything
    :rtype: int
    """
    digest = hashlib.sha256(key.encode("utf-8", "replace")).digest()
    return int.from_bytes(digest[:4], "big") % BUCKETS
