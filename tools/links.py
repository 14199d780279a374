# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Links in texts: click tracking, secret keys of pages, and short signed tokens."""

import hmac
import re
import string
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

#: A link in a plain text; one that contains a placeholder ({customer}) is no match.
LINK = re.compile(
    r"https?://[\w@:%.+&~#=/-]+(?:\?[^\s{}]+(?!\S)|(?![{}?\w@:%.+&~#=/-]))"
)
#: Paths of personal pages, on any domain.
PERSONAL_PATHS = re.compile(r"^/(sms|my|rate|mail)/")
#: Names of parameters that make a link personal too: tracked links are stored where
#: every employee can read them.
SECRET_NAMES = re.compile(
    r"token|secret|passw|pwd|auth|session|signature|(^|_)(key|code|sig|otp|pin|hash)$",
    re.IGNORECASE,
)


def is_page(url):
    """Tell if a typed address is that of a web page, not something a browser executes.

    Browsers skip blanks and control characters, so it may contain none.
    """
    if not url or re.search(r"[\s\x00-\x20\x7f\\\"<>`]", url):
        return False
    try:
        parts = urlsplit(url)
        # Reading an invalid port raises ValueError.
        has_host = parts.hostname and parts.port != 0 and not parts.username
    except ValueError:
        return False
    return bool(parts.scheme in ("http", "https") and has_host)


def is_personal(url):
    """Tell if a link is personal, or contains a secret that grants access."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return True
    if parts.username or parts.password or PERSONAL_PATHS.match(parts.path):
        return True
    names = parse_qsl(f"{parts.query}&{parts.fragment}", keep_blank_values=True)
    return any(SECRET_NAMES.search(name) for name, _value in names)


def find_links(text):
    """Return the links in a text that may be tracked, each once, in order."""
    found = (link.rstrip(".,;:") for link in LINK.findall(text or ""))
    return [link for link in dict.fromkeys(found) if not is_personal(link)]


def replace_links(text, short):
    """Replace links in a text, but never a part of a longer one.

    :param dict short: replacements, by link
    """

    def replace(match):
        """Replace a link, and keep the punctuation after it."""
        bare = match[0].rstrip(".,;:")
        return short.get(bare, bare) + match[0][len(bare) :]

    return LINK.sub(replace, text or "")


# === Keys of customers' own pages ===
#
# Whoever opens such a page acts for the customer. So texts are stored and shown with a
# mask in place of the key, and only the carrier gets the key. The mask is as long as
# the key and in GSM-7, so that the number of segments is the same.

SHORT_PATH = "/sms/p/"
PAGE_PATH = "/sms/preferences/"
#: Of 62 letters and digits: 95 bits, which nobody can guess.
KEY_LENGTH = 16
MASK = "_" * KEY_LENGTH

_KEY = re.compile(
    rf"({re.escape(SHORT_PATH)})[A-Za-z0-9]{{{KEY_LENGTH}}}(?![A-Za-z0-9])"
    rf"|({re.escape(PAGE_PATH)})[\w=-]{{20,}}"
)
#: A whole masked address. Only a bracket or a quote may precede it: else the key would
#: become part of an address that somebody else has chosen.
_MASKED = re.compile(
    rf"(?<!\S)([(\[<\"'“«]?)https?://\S*?{re.escape(SHORT_PATH + MASK)}(?!\w)"
)


def hide_keys(text):
    """Return a text with the keys and tokens of customers' pages masked."""
    if not text or "/sms/p" not in text:
        return text
    return _KEY.sub(lambda match: (match[1] or match[2]) + MASK, text)


def is_masked(text):
    """Tell if a text contains a masked address, which its recipient gets in full."""
    return bool(text and _MASKED.search(text))


def reveal_key(text, url):
    """Return a text as its recipient gets it.

    The whole address is replaced, including its host: the key leads to our own page,
    whatever somebody has written around the mask.

    :param str url: the recipient's own page, with its key
    """
    return _MASKED.sub(lambda match: match[1] + url, text)


# === Signed tokens in addresses ===

# A record's id, the last day on which the token is valid, and a signature.
#
# As short as possible, and only letters and digits: every character takes space in a
# text, and none of these forces Unicode. Nothing is stored for it.
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
    """The parts of a token, genuine or not."""

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
    """Return the number that :func:`encode` encoded."""
    number = 0
    for letter in text:
        number = number * len(LETTERS) + LETTERS.index(letter)
    return number


def make_token(record_id, day, digest):
    """Return the token of a record.

    :param int day: the last day of its validity, as days since 1970
    :param str digest: HMAC over both and more, in hexadecimal digits
    """
    signature = encode(int(digest[:HEX_DIGITS], 16), SIGNATURE_LENGTH)
    return encode(day, DAY_LENGTH) + signature + encode(record_id)


def read_token(token):
    """Return the parts of a token from a request, or None if it is malformed."""
    fixed = DAY_LENGTH + SIGNATURE_LENGTH
    if len(token) > MAX_LENGTH or not set(token).issubset(LETTERS):
        return None
    record_id = decode(token[fixed:])
    if encode(record_id) != token[fixed:] or not 0 < record_id < 2**31:
        return None
    return Parts(record_id, decode(token[:DAY_LENGTH]), token[DAY_LENGTH:fixed])


def is_genuine(parts, digest):
    """Tell in constant time if the signature of a token matches a digest.

    :param str digest: HMAC in hexadecimal digits, recomputed
    """
    wanted = encode(int(digest[:HEX_DIGITS], 16), SIGNATURE_LENGTH)
    return hmac.compare_digest(parts.signature, wanted)
