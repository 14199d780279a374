# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Reading the reply to "Reply 1 to 5, or NO if it is not solved".

Only what is plainly a reply counts: "3 printers are still broken" is none. What is
none is conversation, which a person reads.
"""

import re
import unicodedata
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
    """Return the reply that a text is, or None if it is none.

    :param str text: as it came
    :rtype: Reply | None
    """
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
    """Return a text without the signs and pictures around it."""
    kept = re.sub(r"\A[^\w]+", "", text)
    return re.sub(r"[^\w!.)]+\Z", "", kept)
