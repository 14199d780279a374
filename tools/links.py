# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which links in a text may become short, counted ones."""

import re
from urllib.parse import parse_qsl, urlsplit

#: A link in a plain text; what is filled in for each person ({customer}) ends it.
LINK = re.compile(r"https?://[\w@:%.+&~#=/-]+(?:\?[^\s{}]+)?(?![{}?\w@:%.+&~#=/-])")
#: What these lead to is one person's, on whatever domain.
PERSONAL_PATHS = re.compile(r"^/(sms|my|rate|mail)/")
#: So is what has one of these in the name of a parameter: a counted link is stored
#: where every employee reads it.
SECRET_NAMES = re.compile(
    r"token|secret|passw|pwd|auth|session|signature|(^|_)(key|code|sig|otp|pin|hash)$",
    re.IGNORECASE,
)


def is_page(url):
    """Tell if an address is that of a page on the web, and nothing that a browser runs.

    Browsers skip blanks and control characters, so none may be in it.

    :param str url: as somebody has typed it
    """
    if re.search(r"[\s\x00-\x20\x7f\\\"<>`]", url or ""):
        return False
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return False
    has_host = parts.hostname and not parts.username
    return bool(parts.scheme in ("http", "https") and has_host)


def is_personal(url):
    """Tell if a link is one person's own, or opens something by a secret in it.

    :param str url: the whole link
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return True
    if parts.username or parts.password or PERSONAL_PATHS.match(parts.path):
        return True
    names = parse_qsl(f"{parts.query}&{parts.fragment}", keep_blank_values=True)
    return any(SECRET_NAMES.search(name) for name, _value in names)


def find(text):
    """Return the links in a text that may be counted, each once, in their order.

    :param str text: the words
    :rtype: list
    """
    found = (link.rstrip(".,;:") for link in LINK.findall(text or ""))
    return [link for link in dict.fromkeys(found) if not is_personal(link)]


def replace(text, short):
    """Return a text with some of its links replaced, and no part of a longer one.

    :param dict short: what takes a link's place, by the link
    """
    return LINK.sub(lambda it: _replace_one(it[0], short), text or "")


def _replace_one(link, short):
    bare = link.rstrip(".,;:")
    return short.get(bare, bare) + link[len(bare) :]
