# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Replies by number or word: to the rating's question, and to a team alert.

Only what is plainly a reply counts: "3 printers are still broken" is none. What is
none is conversation, which a person reads.
"""

import re
import unicodedata
from datetime import timedelta
from typing import NamedTuple

#: The reply of who is not helped yet.
NOT_SOLVED = 0

_WORDS = {"ONE": 1, "TWO": 2, "THREE": 3, "FOUR": 4, "FIVE": 5}

#: The figure, alone or as people put it; then, behind a sign, whatever they add.
_FIGURE = re.compile(
    r"(?:(?P<figure>[0-5])|(?P<word>ONE|TWO|THREE|FOUR|FIVE))"
    r"(?:\s*(?:/\s*5|OUT OF 5|OF 5|STARS?|POINTS?)(?!\w))?"
    r"(?:\s*(?:[.,;:!)\-–—\n]+(?!\d)|(?=THANK|THX|TY\b|GREAT|GOOD|PERFECT))(?P<rest>.*))?",
    re.DOTALL,
)
_NO = re.compile(
    r"(?:NO|NOPE|NEIN|NON|(?:IT IS |IT'S |IS |STILL )?NOT (?:SOLVED|FIXED|RESOLVED|"
    r"WORKING|DONE|YET)(?: YET)?|UNSOLVED|UNRESOLVED|STILL BROKEN)"
    r"(?:\s*[.,;:!\-–—\n].*)?",
    re.DOTALL,
)
#: Nothing but thanks, in the languages in which the house reads an opt-out.
_THANKS = re.compile(
    r"(?:(?:OK(?:AY)?|GREAT|PERFECT|SUPER|YES|MANY|VERY GOOD|ALL GOOD|SOLVED|"
    r"IT WORKS(?: NOW)?|FIXED|THANKS?(?: YOU| U)?|THX|TY|CHEERS|SO MUCH|A LOT|"
    r"VERY MUCH|AGAIN|BYE|GRACIAS|MUCHAS|MERCI|BEAUCOUP|DANKE|VIELEN DANK)"
    r"(?:\W+|\Z))+"
)
#: So much of a text is looked at.
_LIMIT = 1600


class Reply(NamedTuple):
    """A reply: 1 to 5, or :data:`NOT_SOLVED`, and what else the person says."""

    value: int
    words: str


def read_rating(text):
    """Return the reply that a text is, or None if it is none."""
    said = unicodedata.normalize("NFKC", (text or "")[:_LIMIT]).strip()
    bare = _strip(said).upper()
    if _NO.fullmatch(bare):
        return Reply(NOT_SOLVED, said)
    found = _FIGURE.fullmatch(bare)
    if not found:
        return None
    value = _WORDS.get(found["word"]) or int(found["figure"] or 0)
    start = found.start("rest")
    words = _strip(said)[start:].strip() if start >= 0 else ""
    return Reply(value, said if value == NOT_SOLVED else words)


def is_thanks(text):
    """Tell if a text merely thanks, so that nobody need do anything about it."""
    bare = _strip(unicodedata.normalize("NFKC", (text or "")[:_LIMIT])).upper()
    return len(bare) < 80 and bool(_THANKS.fullmatch(bare))


def _strip(text):
    kept = re.sub(r"\A[^\w]+", "", text)
    return re.sub(r"[^\w!.)]+\Z", "", kept)


# === Codes that answer a team alert ===
#
# Each alert has a block of ten figures of its own, of which the last says what is
# wanted: 4, 6 and 8 of the first, 14, 16 and 18 of the second. So several that are open
# are told apart, and nobody must learn other figures.

ACKNOWLEDGE, RESOLVE, ESCALATE = ACTIONS = ("acknowledge", "resolve", "escalate")

DIGITS = {ACKNOWLEDGE: 4, RESOLVE: 6, ESCALATE: 8}

#: So long after its alert a code means nothing else: answers come late.
KEPT = timedelta(hours=72)

_CODE_WORDS = {
    ACKNOWLEDGE: (
        "ACK",
        "ACKNOWLEDGE",
        "ACKNOWLEDGED",
        "ON IT",
        "I'M ON IT",
        "IM ON IT",
        "ON MY WAY",
        "OMW",
        "TAKE",
        "TAKEN",
        "GOT IT",
    ),
    RESOLVE: ("RESOLVE", "RESOLVED", "DONE", "FIXED", "SOLVED"),
    ESCALATE: ("ESCALATE", "ESCALATED", "PASS ON"),
}
_ACTION_OF = {word: action for action, words in _CODE_WORDS.items() for word in words}
_CODE = re.compile(r"(?:(?P<word>[A-Z' ]+?)\s+)?#?(?P<code>\d{1,6})(?P<rest>.*)", re.S)
#: Behind a sign people add whatever they like, but not another figure.
_SIGN = re.compile(r"\s*[.,;:!)\-–—]+(?!\s*\d).*", re.S)
#: So much of a text is looked at.
_CODE_LIMIT = 300


class Answer(NamedTuple):
    """A reply: its code as it stands there (None: words alone), and its action.

    ``action`` is None where the code means none, or another than the words beside it.
    """

    code: int | None
    action: str | None


def get_codes(block):
    """Return the codes of an alert's block (from 0) by what they do."""
    return {action: str(10 * block + digit) for action, digit in DIGITS.items()}


def get_block(code):
    """Return the block of a code."""
    return code // 10


def find_free(taken):
    """Return the lowest block that is free, so that codes stay short."""
    taken = set(taken)
    return next(block for block in range(len(taken) + 1) if block not in taken)


def read_code(text):
    """Return the answer that a text is, or None if it is none.

    Only what is plainly an answer counts: "4 printers are broken" is none.
    """
    said = " ".join((text or "")[:_CODE_LIMIT].upper().replace("’", "'").split())
    word = said.rstrip(".!")
    if word in _ACTION_OF:
        return Answer(None, _ACTION_OF[word])
    found = _CODE.fullmatch(said)
    if not found or not _is_addition(found["rest"]):
        return None
    spoken = found["word"]
    if spoken and spoken not in _ACTION_OF:
        return None
    code = int(found["code"])
    actions = {digit: action for action, digit in DIGITS.items()}
    action = actions.get(code % 10)
    if spoken and _ACTION_OF[spoken] != action:
        action = None
    return Answer(code, action)


def _is_addition(rest):
    """Tell if what follows a code merely adds to it: a sign, thanks, our own words."""
    bare = rest.strip()
    return bool(
        not bare
        or _SIGN.fullmatch(rest)
        or (rest[0] == " " and (is_thanks(bare) or bare.rstrip(".!") in _ACTION_OF))
    )
