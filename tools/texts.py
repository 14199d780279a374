# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Helpers for the text of messages: footer, placeholders, unsafe characters."""

import hmac
import math
import re
import unicodedata

from markupsafe import Markup, escape

_ADDRESS = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:)]")
_BLANK = re.compile(r"\{([^{}]*)\}")
#: Underlined, so that people who cannot see its color find it in a paragraph too.
_LINK = Markup(
    '<a href="%s" target="_blank" rel="noopener noreferrer" '
    'class="text-decoration-underline">%s</a>'
)


#: No carrier sends deeper JSON: Telnyx's own has five levels.
JSON_LEVELS = 50


def clean(text):
    """Return ``text`` without NUL and lone surrogates, which PostgreSQL refuses.

    JSON can contain half of an emoji, if a carrier has split it between two segments.
    """
    return (text or "").replace("\x00", "").encode(errors="replace").decode()


def clip(text, limit):
    """Return the first ``limit`` characters of an untrusted text, cleaned."""
    return clean(text)[:limit]


def clean_json(value, levels=JSON_LEVELS):
    """Return untrusted JSON in a form that PostgreSQL accepts.

    Texts are cleaned; non-finite numbers (``NaN``, ``1e999``) and anything nested
    deeper than ``levels`` become None.
    """
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if not isinstance(value, dict | list):
        return value
    if not levels:
        return None
    if isinstance(value, list):
        return [clean_json(one, levels - 1) for one in value]
    return {clean(key): clean_json(one, levels - 1) for key, one in value.items()}


def shorten(text, limit=60, sign="…"):
    """Return the beginning of a text on one line, cut between words.

    :param int limit: most characters, including ``sign``
    :param str sign: marks that something was cut off
    """
    # Only the beginning of a huge text is read.
    line = " ".join((text or "")[: 4 * limit].split())
    if len(line) <= limit:
        return line
    cut = line[: limit - len(sign)]
    head, _blank, _tail = cut.rpartition(" ")
    return f"{(head if len(head) > limit // 2 else cut).rstrip()}{sign}"


def mask_number(number):
    """Return a number (E.164) masked but for its last two digits: ``•••• 42``."""
    return f"•••• {number[-2:]}"


def link(text):
    """Return ``text`` as HTML with its web addresses as links."""
    text = text or ""
    parts, end = [], 0
    for match in _ADDRESS.finditer(text):
        parts += [escape(text[end : match.start()]), _LINK % (match[0], match[0])]
        end = match.end()
    return Markup("").join([*parts, escape(text[end:])])


def plain_digits(text):
    """Return ``text`` with the digits of all scripts, as "١" and "１", as 0 to 9."""
    if text.isascii():
        return text
    return "".join(str(int(it)) if it.isdecimal() else it for it in text)


def plain_spaces(text):
    """Return ``text`` with ordinary spaces for narrow and non-breaking ones.

    Those are not in GSM-7: a single one, as in Unicode's format ``1:30 PM``, makes a
    text cost two or three times as much.
    """
    return re.sub("[\u00a0\u2000-\u200a\u202f]", " ", text or "")


def add_footer(body, footer):
    """Return ``body`` with ``footer`` on a line of its own, added once.

    A body that already contains the footer, in any case and spacing, is unchanged:
    templates may contain it, and a retry must not add it again.
    """
    body = body or ""
    if not footer or squeeze(footer) in squeeze(body):
        return body
    return f"{body.rstrip()}\n{footer.strip()}".lstrip("\n")


def is_same(given, expected):
    """Compare in constant time; what is given may be empty, or any text.

    As bytes: the library refuses to compare texts that are not ASCII.
    """
    given = (given or "").encode(errors="replace")
    return hmac.compare_digest(given, expected.encode())


def by_word(table):
    """Return words or codes with what each means.

    :param dict table: by meaning, the words that have it, separated by blanks
    """
    return {word: it for it, words in table.items() for word in words.split()}


def find_unknown(text, names):
    """Return a text's placeholders that are not in ``names``, in order, each once."""
    found = (match.strip() for match in _BLANK.findall(text or ""))
    return list(dict.fromkeys(name for name in found if name not in names))


def fill(text, values):
    """Replace ``{name}`` by ``values[name]``; unknown names stay as they are.

    No format specifications, no attributes: a manager's wording cannot access objects,
    and a stray brace cannot make an opt-out confirmation fail. Placeholders in the
    values are not replaced.
    """
    return _BLANK.sub(lambda it: str(values.get(it[1].strip(), it[0])), text or "")


def squeeze(text):
    """Return a text for comparison without regard to case and spacing."""
    return " ".join(text.casefold().split())


def fold(text):
    """Return a text for comparison without regard to case and accents."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(it for it in decomposed if not unicodedata.combining(it))


#: Words, entities and line breaks, as Odoo converts a text without links; no white
#: space or breaks at its ends, and nothing that an HTML parser would drop.
_PLAIN = re.compile(
    r"(?!\s|<br/>)(?:[^<>&\x00-\x1f\x7f-\xa0\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
    r"|<br/>|&(?:amp|lt|gt|#34|#39);)+(?<!\s)(?<!<br/>)\Z"
)


def tidy_note(html):
    """Return a plain note as Odoo's sanitizer would, or None if it is not plain.

    The sanitizer parses and serializes HTML, which takes half a millisecond per note.
    A note whose only tags are line breaks needs no sanitizing.
    """
    if not _PLAIN.match(html):
        return None
    # ``Markup.replace`` would escape the quotes again.
    html = (
        str(html).replace("<br/>", "<br>").replace("&#34;", '"').replace("&#39;", "'")
    )
    return f"<p>{html}</p>"
