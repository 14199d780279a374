# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""From a text to the words by which ``tools.phrases`` reads it.

Clause by clause, without case and accents, and spelled as the tables of rules are.
"""

import re
import unicodedata
from typing import NamedTuple

from . import phrase_rules as rules
from .lookalikes import unmix

#: Characters that are read: the longest text that a carrier takes. A longer one can
#: come from elsewhere; what stands behind is never sure, so it need not be read.
MAX_LENGTH = 1600

#: Ends a clause. An ellipsis, a bracket or an emoji ends a thought as a full stop does.
_CLAUSE_END = re.compile(r"[^\w\s'’`´#/&+-]+|\n+|\s[-–—]+\s")
_WORD = re.compile(r"\w+")
_ELISION = re.compile(r"(?<![^\W\d_])([^\W\d_]|qu)['’`´]", re.IGNORECASE)
_APOSTROPHE = re.compile(r"['’`´]")


class Word(NamedTuple):
    """A word as it is compared, and if it was written like a name."""

    text: str
    is_name: bool


def fold(text):
    """Return ``text`` in the form in which words are compared: no case, no accents."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def read_clauses(text):
    """Return the clauses of a text, each a list of :class:`Word`."""
    text = unmix(unicodedata.normalize("NFKC", text)[:MAX_LENGTH])
    text = re.sub(r"#(?!\d)|\bn[°º]", " number ", text)
    text = _ELISION.sub(r"\1 ", text)
    text = _APOSTROPHE.sub("", text)
    shouts = text.isupper()
    clauses = [_read_words(part, shouts) for part in _CLAUSE_END.split(text)]
    clauses = [clause for clause in clauses if clause]
    letters = [word.text for clause in clauses for word in clause]
    if len(letters) > 2 and all(len(letter) == 1 for letter in letters):
        return [[Word(_respell("".join(letters)), False)]]
    return clauses


def _read_words(clause, shouts):
    """Return the words of a clause, spelled right, repetitions left out."""
    words = []
    for written in _WORD.findall(clause):
        is_name = written[:1].isupper() and not shouts
        word = Word(_respell(fold(written)), is_name)
        joined = rules.JOINED.get((words[-1].text, word.text)) if words else None
        if joined:
            words[-1] = Word(joined, False)
        elif not words or words[-1].text != word.text:
            words.append(word)
    return words


def _respell(word):
    """Return a word as the tables spell it: "stpo" and "stoooop" are "stop"."""
    word = re.sub(r"(.)\1\1+", r"\1", word)
    if word in rules.SPELLINGS:
        return rules.SPELLINGS[word]
    is_known = word in rules.SPELLED_RIGHT or word in rules.FUZZY
    if len(word) < rules.MIN_FUZZY_LENGTH or is_known:
        return word
    return next((known for known in rules.FUZZY if _is_near(word, known)), word)


def _is_near(word, known):
    """Tell if a word is another with one letter missing, added, changed or swapped."""
    if word == known:
        return True
    if abs(len(word) - len(known)) > 1:
        return False
    start = next(
        (i for i, (a, b) in enumerate(zip(word, known, strict=False)) if a != b),
        min(len(word), len(known)),
    )
    left, right = word[start:], known[start:]
    swapped = left[1::-1] == right[:2] and left[2:] == right[2:]
    return left[1:] == right[1:] or left[1:] == right or left == right[1:] or swapped
