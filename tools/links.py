# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Links in texts: counted ones, secret keys of pages, and short signed addresses."""

import hmac
import re
import string
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

#: A link in a plain text; what is filled in for each person ({customer}) ends it.
LINK = re.compile(r"https?://[\w@:%.+&~#=/-]+(?:\?[^\s{}]+)?(?![{}?\w@:%.+&~#=/-])")
#: Paths to what is one person's, on whatever domain.
PERSONAL_PATHS = re.compile(r"^/(sms|my|rate|mail)/")
#: So is what has one of these in the name of a parameter: a counted link is stored
#: where every employee reads it.
SECRET_NAMES = re.compile(
    r"token|secret|passw|pwd|auth|session|signature|(^|_)(key|code|sig|otp|pin|hash)$",
    re.IGNORECASE,
)


def is_page(url):
    """Tell if a typed address is that of a web page, and nothing that a browser runs.

    Browsers skip blanks and control characters, so none may be in it.
    """
    if not url or re.search(r"[\s\x00-\x20\x7f\\\"<>`]", url):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    has_host = parts.hostname and not parts.username
    return bool(parts.scheme in ("http", "https") and has_host)


def is_personal(url):
    """Tell if a link is one person's own, or opens something by a secret in it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return True
    if parts.username or parts.password or PERSONAL_PATHS.match(parts.path):
        return True
    names = parse_qsl(f"{parts.query}&{parts.fragment}", keep_blank_values=True)
    return any(SECRET_NAMES.search(name) for name, _value in names)


def find_links(text):
    """Return the links in a text that may be counted, each once, in their order."""
    found = (link.rstrip(".,;:") for link in LINK.findall(text or ""))
    return [link for link in dict.fromkeys(found) if not is_personal(link)]


def replace_links(text, short):
    """Return a text with some of its links replaced, and no part of a longer one.

    :param dict short: what takes a link's place, by the link
    """

    def replace(match):
        """Replace a link, and leave the signs behind it."""
        bare = match[0].rstrip(".,;:")
        return short.get(bare, bare) + match[0][len(bare) :]

    return LINK.sub(replace, text or "")


# === Keys of customers' own pages ===
#
# Whoever opens one speaks for the customer. So a text as we store and show it has a
# blank for the key, which the carrier alone is given. The blank takes as much room as
# the key, and is in GSM-7: the segments are the same.

SHORT_PATH = "/sms/p/"
PAGE_PATH = "/sms/preferences/"
#: 62 letters and digits, 95 bits: nobody guesses one.
KEY_LENGTH = 16
MASK = "_" * KEY_LENGTH

_KEY = re.compile(
    rf"({re.escape(SHORT_PATH)})[A-Za-z0-9]{{{KEY_LENGTH}}}(?![A-Za-z0-9])"
    rf"|({re.escape(PAGE_PATH)})[\w=-]{{20,}}"
)
#: A whole masked address. Nothing but a bracket or a quote may stand before it: else
#: the key would become a part of an address that somebody else has chosen.
_MASKED = re.compile(
    rf"(?<!\S)([(\[<\"'“«]?)https?://\S*?{re.escape(SHORT_PATH + MASK)}(?!\w)"
)


def hide_keys(text):
    """Return a text with blanks for the keys and tokens of customers' pages."""
    if not text or "/sms/p" not in text:
        return text
    return _KEY.sub(lambda match: (match[1] or match[2]) + MASK, text)


def is_masked(text):
    """Tell if a text has an address in it that its reader is to get in full."""
    return bool(text and _MASKED.search(text))


def reveal_key(text, url):
    """Return a text as its reader gets it.

    The whole address is replaced, its host too: the key goes to our own page, whatever
    somebody has written around the blank.
    """
    return _MASKED.sub(lambda match: match[1] + url, text)


# === Signed addresses ===

# A record's id, the last day of the address, a signature.
#
# As short as that can be, in letters and digits alone: every character costs room in a
# text, and none of these makes it Unicode. Nothing is stored for it.
#
#     3 characters   the last day (days since 1970)
#     14 characters  the first 80 bits of an HMAC over what the caller names
#     1 or more      the id

LETTERS = string.digits + string.ascii_letters
DAY_LENGTH = 3
SIGNATURE_LENGTH = 14
#: The longest id of PostgreSQL's ``integer`` takes six characters.
MAX_LENGTH = DAY_LENGTH + SIGNATURE_LENGTH + 6
#: Hexadecimal digits of the HMAC that are used: 80 bits.
HEX_DIGITS = 20


class Parts(NamedTuple):
    """The parts of an address, genuine or not."""

    record_id: int
    day: int
    signature: str


def encode(number, length=1):
    """Return a number as at least ``length`` letters and digits."""
    found = ""
    while number:
        number, digit = divmod(number, len(LETTERS))
        found = LETTERS[digit] + found
    return found.rjust(length, LETTERS[0])


def decode(text):
    """Return the number that :func:`encode` has written."""
    number = 0
    for letter in text:
        number = number * len(LETTERS) + LETTERS.index(letter)
    return number


def make_token(record_id, day, digest):
    """Return an address.

    :param int day: the last day, as days since 1970
    :param str digest: HMAC over both and more, in hexadecimal digits
    """
    signature = encode(int(digest[:HEX_DIGITS], 16), SIGNATURE_LENGTH)
    return encode(day, DAY_LENGTH) + signature + encode(record_id)


def read_token(token):
    """Return the parts of a called address, or None when it cannot be one."""
    fixed = DAY_LENGTH + SIGNATURE_LENGTH
    if len(token) > MAX_LENGTH or not set(token).issubset(LETTERS):
        return None
    record_id = decode(token[fixed:])
    if encode(record_id) != token[fixed:] or not 0 < record_id < 2**31:
        return None
    return Parts(record_id, decode(token[:DAY_LENGTH]), token[DAY_LENGTH:fixed])


def is_genuine(parts, digest):
    """Tell in constant time if the signature of an address is that of a digest.

    :param str digest: HMAC in hexadecimal digits, computed anew
    """
    wanted = encode(int(digest[:HEX_DIGITS], 16), SIGNATURE_LENGTH)
    return hmac.compare_digest(parts.signature, wanted)
