# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Replies by number or word: to the rating's question, and to a team alert.

Only what is plainly a reply counts: "3 printers are still broken" is none. What is
none is conversation, which a person reads.
"""

import re
import unicodedata
from datetime import timedelta
from itertools import count
from typing import NamedTuple

from . import answers
from .clauses import COURTESIES, read_clauses
from .grammar import measure
from .keywords import NO, YES

#: The reply of who is not helped yet.
NOT_SOLVED = 0

#: The figure, alone or as people put it; then, behind a sign, whatever they add.
_FIGURE = re.compile(
    rf"(?:(?P<figure>[0-5])|(?P<word>{'|'.join(answers.FIGURES)}))"
    rf"(?:\s*(?:{answers.UNITS})(?!\w))?"
    r"(?:\s*(?:[.,;:!)\-–—\n]+(?!\d)"
    r"|(?=THANK|THX|TY\b|GRACIAS|MERCI|DANKE)"
    # Behind a word it is praise: "Ein super Service".
    r"|(?(figure)(?=GREAT|GOOD|PERFECT|SUPER)|(?!)))(?P<rest>.*))?",
    re.DOTALL,
)
_THANKS = re.compile(rf"(?:(?:{answers.THANKS})(?:\W+|\Z))+")
#: So much of a text is looked at.
_LIMIT = 1600


class Reply(NamedTuple):
    """A reply: 1 to 5, or :data:`NOT_SOLVED`, and what else the person says."""

    value: int
    words: str


def read_rating(text, is_no=False):
    """Return the reply that a text is, or None if it is none.

    :param bool is_no: it is one of the words for no that the company knows
    """
    said = unicodedata.normalize("NFKC", (text or "")[:_LIMIT]).strip()
    if is_no or _is_not_solved(said):
        return Reply(NOT_SOLVED, said)
    found = _FIGURE.fullmatch(flatten(_strip(said)))
    if not found:
        return None
    word = found["word"]
    value = answers.FIGURES[word] if word else int(found["figure"])
    words = _strip(said)[found.start("rest") :].strip() if found["rest"] else ""
    return Reply(value, said if value == NOT_SOLVED else words)


def is_thanks(text):
    """Tell if a text merely thanks, so that nobody need do anything about it."""
    bare = flatten(_strip(unicodedata.normalize("NFKC", (text or "")[:_LIMIT])))
    return len(bare) < 80 and bool(_THANKS.fullmatch(bare))


def flatten(text):
    """Return a text in capitals without accents, as long as it was."""
    return "".join(unicodedata.normalize("NFD", it)[0].upper()[0] for it in text)


def _is_not_solved(said):
    """Tell if a text says in its first clause that a ticket is not solved."""
    clauses = read_clauses(said[:_ANSWER_LIMIT])
    return bool(clauses) and len(clauses[0]) == measure(answers.NOT_SOLVED, clauses[0])


def _strip(text):
    kept = re.sub(r"\A[^\w]+", "", text)
    return re.sub(r"[^\w!.)]+\Z", "", kept)


# === Yes and no, in more than one word ===

#: Who says more than this does not merely answer.
_ANSWER_LIMIT = 160
_QUESTION_MARKS = frozenset("?¿？")
#: How one laughs or sighs in Spanish. In German it is a yes.
LAUGHTER = re.compile(r"\b(?:ja|jo)+j?\b[\s,.!]*", re.I)
_PLAIN = {
    YES: (answers.YES, answers.AGREEING),
    NO: (answers.NO, answers.REFUSING),
}


def read_answer(text):
    """Return ``keywords.YES`` or ``NO`` if a text says that and nothing else."""
    clauses = _read_short(text)
    for answer, (heads, tails) in _PLAIN.items():
        if _consists_of(clauses, heads, tails):
            return answer
    return None


def agrees(text):
    """Tell if a text agrees to what was just proposed: "ok", "passt", "ça marche".

    For an appointment, which can be moved again; a consent needs a plain yes.
    """
    heads = (*answers.YES, *answers.WEAK_YES)
    return _consists_of(_read_short(text), heads, answers.AGREEING)


def _read_short(text):
    """Return the clauses of a text that may merely answer, none of any other."""
    if not text or len(text) > _ANSWER_LIMIT or _QUESTION_MARKS.intersection(text):
        return []
    return read_clauses(text)


def _consists_of(clauses, heads, tails):
    """Tell if words are courtesies, ``tails`` and at least one of ``heads``."""
    is_said = False
    for clause in clauses:
        start = 0
        while start < len(clause):
            length = measure(heads, clause, start)
            is_said |= bool(length)
            length = length or measure(tails, clause, start)
            length = length or measure(COURTESIES, clause, start)
            if not length:
                return False
            start += length
    return is_said


# === Codes that answer a team alert ===
#
# Each alert has a block of ten figures of its own, of which the last says what is
# wanted: 4, 6 and 8 of the first, 14, 16 and 18 of the second. So several that are open
# are told apart, and nobody must learn other figures.

ACKNOWLEDGE, RESOLVE, ESCALATE = ACTIONS = ("acknowledge", "resolve", "escalate")

DIGITS = {ACKNOWLEDGE: 4, RESOLVE: 6, ESCALATE: 8}

#: So long after its alert a code means nothing else: answers come late.
KEPT = timedelta(hours=72)

_ACTION_OF = {
    word: action for action, words in answers.ALERT_WORDS.items() for word in words
}
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
    return next(block for block in count() if block not in taken)


def read_code(text):
    """Return the answer that a text is, or None if it is none.

    Only what is plainly an answer counts: "4 printers are broken" is none.
    """
    said = " ".join(flatten((text or "")[:_CODE_LIMIT]).replace("’", "'").split())
    said = said.rstrip(" .!")  # the French put a blank before "!"
    if said in _ACTION_OF:
        return Answer(None, _ACTION_OF[said])
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
        or (rest[0] == " " and (is_thanks(bare) or bare in _ACTION_OF))
    )
