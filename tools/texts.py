# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Small work on the words of a message: the footer, placeholders, unsafe bytes."""

import math
import re
import unicodedata

from markupsafe import Markup, escape

_ADDRESS = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:)]")
_BLANK = re.compile(r"\{([^{}]*)\}")
#: Underlined: who cannot see its color finds it in a paragraph all the same.
_LINK = Markup(
    '<a href="%s" target="_blank" rel="noopener noreferrer" '
    'class="text-decoration-underline">%s</a>'
)


#: Deeper JSON comes from no carrier: Telnyx's own has five levels.
JSON_LEVELS = 50


def clean(text):
    """Return ``text`` without what PostgreSQL refuses: NUL, and half characters.

    JSON can bring half of an emoji, which a carrier has cut between two segments.
    """
    return (text or "").replace("\x00", "").encode(errors="replace").decode()


def clip(text, limit):
    """Return the first ``limit`` characters of what a stranger has sent, cleaned."""
    return clean(text)[:limit]


def clean_json(value, levels=JSON_LEVELS):
    """Return JSON that a stranger has sent as PostgreSQL takes it.

    Texts are cleaned, and numbers that are none (``NaN``, ``1e999``) are nothing. So is
    what lies below so many levels: nobody means it.
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

    :param int limit: characters at most, with the sign for what is left out
    """
    # Of a huge text only the beginning is looked at.
    line = " ".join((text or "")[: 4 * limit].split())
    if len(line) <= limit:
        return line
    cut = line[: limit - len(sign)]
    head, _blank, _tail = cut.rpartition(" ")
    return f"{(head if len(head) > limit // 2 else cut).rstrip()}{sign}"


def mask_number(number):
    """Return the last two digits of a number (E.164), such as ``•••• 42``."""
    return f"•••• {number[-2:]}"


def link(text):
    """Return ``text`` as HTML in which the addresses of pages can be followed."""
    text = text or ""
    parts, end = [], 0
    for match in _ADDRESS.finditer(text):
        anchor = _LINK % (match[0], match[0])
        parts += [escape(text[end : match.start()]), anchor]
        end = match.end()
    return Markup("").join([*parts, escape(text[end:])])


def plain_spaces(text):
    """Return ``text`` with ordinary spaces for the narrow and unbreakable ones.

    Those are not in GSM-7, so that one of them, as in Unicode's own ``1:30 PM``, makes
    a text cost two or three times as much.
    """
    return re.sub("[\u00a0\u2000-\u200a\u202f]", " ", text or "")


def add_footer(body, footer):
    """Return ``body`` with ``footer`` on a line of its own, added once.

    A body that already carries the footer's words, in any case and spacing, stays
    as it is: templates may have them, and a retry must not add them again.
    """
    body = body or ""
    if not footer or squeeze(footer) in squeeze(body):
        return body
    return f"{body.rstrip()}\n{footer.strip()}".lstrip("\n")


def find_unknown(text, names):
    """Return the blanks of a text that are none of ``names``, in order, each once."""
    found = (match.strip() for match in _BLANK.findall(text or ""))
    return list(dict.fromkeys(name for name in found if name not in names))


def fill(text, values):
    """Replace ``{name}`` by ``values[name]``; unknown names stay as they are.

    No format specifications, no attributes: a manager's wording cannot reach into
    objects, and a stray brace cannot make an opt-out confirmation fail. What is filled
    in is not read again.
    """
    return _BLANK.sub(
        lambda match: str(values.get(match[1].strip(), match[0])), text or ""
    )


def squeeze(text):
    """Return a text for a comparison by its words: without case and spacing."""
    return " ".join(text.casefold().split())


def fold(text):
    """Return a text for a comparison of words: without case and accents."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(it for it in decomposed if not unicodedata.combining(it))


#: Words, entities and line breaks, such as Odoo makes of a text without links; neither
#: white space nor breaks at its ends, and nothing that an HTML parser would drop.
_PLAIN = re.compile(
    r"(?!\s|<br/>)(?:[^<>&\x00-\x1f\x7f-\xa0\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
    r"|<br/>|&(?:amp|lt|gt|#34|#39);)+(?<!\s)(?<!<br/>)\Z"
)


def tidy_note(html):
    """Return what Odoo's sanitizer makes of a plain note, or None if it is not plain.

    The sanitizer parses and writes HTML, which takes half a millisecond for each note.
    Where there is no tag but the line break there is nothing to make safe.
    """
    if not _PLAIN.match(html):
        return None
    # Of markup that knows itself to be safe, ``replace`` would escape the quotes again.
    html = (
        str(html).replace("<br/>", "<br>").replace("&#34;", '"').replace("&#39;", "'")
    )
    return f"<p>{html}</p>"
