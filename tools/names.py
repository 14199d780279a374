# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Sanitize names and titles that people have typed, for use in automatic texts.

Whoever opens a ticket chooses the name in "Hi …, your ticket": without this they could
make us text a link, or a whole message, in our name. A phone turns whatever looks like
an address into a link, so addresses are removed, even when disguised with full-width
letters, dots of other scripts or zero-width characters.
"""

import re
import unicodedata

from .segments import FLAG_LETTERS, JOINER, joins_character

#: Most characters of a name, and of a title, in an automatic text.
NAME_LIMIT = 40
TITLE_LIMIT = 60

#: Names that need no change: a shortcut for texts to thousands of people.
_PLAIN = re.compile(r"[A-Za-z]+(?:[ '-][A-Za-z]+)*")
#: A longer text is read up to this many times its limit.
_LOOKED_AT = 16
#: Letters and marks that are displayed as nothing.
_INVISIBLE = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
)
#: Join or separate letters in certain scripts, where they belong to the spelling.
_LETTER_JOINERS = frozenset("\u200c\u200d")
_JOINED_SCRIPTS = re.compile("[\u0600-\u08ff\u0900-\u0dff]")
#: Characters that a phone or a resolver takes for those of an address, in addition to
#: Unicode's compatible ones (UTS 46, the dots of IDNA).
_LOOKALIKES = str.maketrans(
    {
        **dict.fromkeys("\u3002\uff0e\uff61\u2024\u2027\ufe52", "."),
        **dict.fromkeys("\u2236\uff1a\ufe55\ua789", ":"),
        **dict.fromkeys("\u2215\u2044\uff0f\u29f8", "/"),
        "\uff20": "@",
        "\ufe6b": "@",
    }
)
_TOP_LEVEL = r"(?:[^\W\d_]{2,}|xn--[\w-]+)"
_DOMAIN = rf"(?:[\w-]+\.)+{_TOP_LEVEL}(?![\w-])"
_REST = r"(?:\.?[:/?#]\S*)?"
_ADDRESS = re.compile(
    rf"[a-z][a-z0-9+.-]*:/+\S*|(?:mailto|tel|sms|smsto|data|javascript):\S+"
    rf"|www\.\S+|[^\s@]+@{_DOMAIN}{_REST}|{_DOMAIN}{_REST}"
    r"|(?:\d{1,3}\.){3}\d{1,3}(?:[:/]\S*)?",
    re.IGNORECASE,
)
#: "J.Smith", "St.John": a name without its blank, and with no path after it.
_INITIALS = re.compile(r"(?:[^\W\d_a-z][^\W\d_A-Z]{0,3}\.)+[^\W\d_a-z][^\W\d_A-Z]{3,}")
_EMPTY_BRACKETS = re.compile(r"\(\s*\)|\[\s*\]|<\s*>|\"\s*\"|“\s*”|«\s*»")
#: A word is cut if the whole words before it fill at most half of the limit.
_WORD_SHARE = 2


def tidy_name(text):
    """Return a name on one line, without addresses, cut to :data:`NAME_LIMIT`.

    :return: empty if nothing is left
    """
    if text and len(text) <= NAME_LIMIT and _PLAIN.fullmatch(text):
        return text
    return _cut(_drop_addresses(_flatten(text, NAME_LIMIT)), NAME_LIMIT)


def tidy_title(text):
    """Return a title on one line, without addresses; dots mark what is cut off."""
    return _cut(_drop_addresses(_flatten(text, TITLE_LIMIT)), TITLE_LIMIT, sign="...")


#: "Hi , your ticket", "Thanks, . Could you": a greeting whose name is missing.
#: French has a blank before some punctuation anyway.
_OPEN_GREETING = re.compile(
    r"\A(\s*[¡¿]?[^\W\d_]+(?: [^\W\d_]+){0,2})(?:,? +(?=[,.])| (?= ?[:;!?]))"
)


def close_greeting(text):
    """Close the gap of a missing name in a text's greeting: "Hi, your ticket"."""
    return _OPEN_GREETING.sub(r"\1", text)


def _flatten(text, limit):
    """Return the beginning of a text on one line, without invisible characters."""
    text = unicodedata.normalize("NFC", (text or "")[: _LOOKED_AT * limit])
    kept = []
    for index, char in enumerate(text):
        category = unicodedata.category(char)
        if char.isspace() or category == "Cc":
            kept.append(" ")
        elif char in _LETTER_JOINERS:
            around = text[max(index - 1, 0) : index], text[index + 1 : index + 2]
            if _belongs(char, *around):
                kept.append(char)
        elif category[0] != "C" and char not in _INVISIBLE:
            is_variant = "\ufe00" <= char <= "\ufe0f"
            if not is_variant or (kept and not kept[-1].isascii()):
                kept.append(char)
    return " ".join("".join(kept).split())


def _belongs(joiner, before, after):
    if _JOINED_SCRIPTS.match(before) and _JOINED_SCRIPTS.match(after):
        return True
    is_emoji = after and unicodedata.category(after) == "So"
    return joiner == JOINER and bool(before and not before.isascii() and is_emoji)


def _drop_addresses(line):
    """Return a line without anything that a phone would turn into a link."""
    seen = "".join(map(_look, line))
    parts, end = [], 0
    for match in _ADDRESS.finditer(seen):
        parts.append(line[end : match.start()])
        if _INITIALS.fullmatch(match[0]):
            parts.append(match[0].replace(".", ". "))
        end = match.end()
    parts.append(line[end:])
    line = _EMPTY_BRACKETS.sub(" ", "".join(parts))
    line = " ".join(line.split())
    # The parts around an address can form another one: "evil.www.x.y com".
    return line if len(parts) == 1 else _drop_rest(line)


def _drop_rest(line):
    while True:
        match = _ADDRESS.search("".join(map(_look, line)))
        if not match:
            return line.strip(" .,;:-/")
        line = " ".join(f"{line[: match.start()]} {line[match.end() :]}".split())


def _look(char):
    """Return a character as a phone reads it in an address, always a single one."""
    looked = unicodedata.normalize("NFKC", char)
    looked = looked if len(looked) == 1 else char
    return looked.translate(_LOOKALIKES)


def _cut(line, limit, sign=""):
    """Return the beginning of a line: whole words if enough fit, else characters.

    :param str sign: marks what is cut off
    """
    if len(line) <= limit:
        return line
    end = limit - len(sign)
    while end > 0 and _is_inside(line, end):
        end -= 1
    head, _blank, _tail = line[: end + 1].rpartition(" ")
    if _WORD_SHARE * len(head) <= limit:
        head = line[:end]
    return f"{head.rstrip(' ,;:-')}{sign}" if head else ""


def _is_inside(line, index):
    if line[index] in FLAG_LETTERS:
        letters = 0
        while index > letters and line[index - 1 - letters] in FLAG_LETTERS:
            letters += 1
        return letters % 2 == 1
    return joins_character(line[index - 1], line[index])
