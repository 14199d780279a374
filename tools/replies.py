# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Parse replies by number or word: to the rating question, and to a team alert.

Only a plain reply counts: "3 printers are still broken" is none. Anything else is
conversation, which a person reads.
"""

import re
import unicodedata
from datetime import timedelta
from itertools import count
from typing import NamedTuple

from . import answers
from .clauses import COURTESIES, read_clauses
from .keywords import NO, YES, drop_invisible
from .texts import plain_digits

#: The reply of a customer whose ticket is not solved.
NOT_SOLVED = 0

#: The rating, as a digit or a word; then, after punctuation, anything else.
_FIGURE = re.compile(
    rf"(?:(?P<figure>[0-5])|(?P<word>{'|'.join(answers.FIGURES)}))"
    rf"(?:\s*(?:{answers.UNITS})(?!\w))?"
    r"(?:\s*(?:[.,;:!)\-–—\n]+(?!\d)"
    r"|(?=THANK|THX|TY\b|GRACIAS|MERCI|DANKE)"
    # Only after a digit: after a word it is praise, "Ein super Service".
    r"|(?(figure)(?=GREAT|GOOD|PERFECT|SUPER)|(?!)))(?P<rest>.*))?",
    re.DOTALL,
)
_THANKS = re.compile(rf"\W*(?:(?:{answers.THANKS})(?:\W+|\Z))+")
#: A list of matters: "1. Printer 2. Mouse".
_LIST = re.compile(r"1[.)].*\b2[.)]", re.DOTALL)
_OTHER = r"\w!-~¿？؟👎€£"
_AROUND = re.compile(rf"\A(?:[^{_OTHER}]|[\"#'(*.\[])+|(?:[^{_OTHER}]|[\"'*,;:\]-])+\Z")
#: A reaction that quotes a text, as phones send it: "Liked “We are done”", "👍 to “…”".
_QUOTE = r"\s[\"“«„].*[\"”»“]"
_REACTION = re.compile(
    r"\W*(?:(?:REACTED\W+)?[^\x00-\x7f\w]\W*TO|LIKED|LOVED|EMPHASI[SZ]ED|LAUGHED AT"
    r"|DISLIKED|QUESTIONED|REMOVED AN? .{1,20} FROM|A AIME|A ADORE|A RI DE|LE GUSTO"
    rf"|LE ENCANTO|SE RIO DE|GEFALLT|LACHT UBER){_QUOTE}\W*",
    re.DOTALL,
)
_DISLIKED = re.compile(r"\W*(?:DIS|EMPH|QUES|REMO)|[^“«„\"]*[👎😠😡😢😭😞😕🤔❓❔]")
#: Alone these complain: it is broken again.
_AGAIN = re.compile(r"(?:(?:AGAIN|WIEDER|JETZT)(?:\W+|\Z))+")
#: Characters of a text that are read.
_LIMIT = 1600


class Reply(NamedTuple):
    """A rating: 1 to 5, or :data:`NOT_SOLVED`, and what else the person says."""

    value: int
    words: str


def read_rating(text, is_no=False):
    """Return the rating that a text gives, or None.

    :param bool is_no: the text is one of the company's keywords for no
    """
    said = unicodedata.normalize("NFKC", (text or "")[:_LIMIT]).strip()
    if is_no or _is_not_solved(said):
        return Reply(NOT_SOLVED, said)
    bare = strip_signs(said)
    found = _FIGURE.fullmatch(flatten(bare))
    if not found or _LIST.match(bare):
        return None
    word = found["word"]
    value = answers.FIGURES[word] if word else int(found["figure"])
    words = bare[found.start("rest") :].strip() if found["rest"] else ""
    return Reply(value, said if value == NOT_SOLVED else words)


def is_thanks(text):
    """Tell if a text only says thanks, or likes a text, and so needs no action."""
    said = unicodedata.normalize("NFKC", (text or "")[:_LIMIT])
    bare = flatten(said).strip()
    if _REACTION.fullmatch(bare):
        return not _DISLIKED.match(bare)
    is_short = len(bare) < 80 and QUESTION_MARKS.isdisjoint(said)
    return is_short and bool(_THANKS.fullmatch(bare)) and not _AGAIN.fullmatch(bare)


def is_reaction(text):
    """Tell if a text is a phone's report of a reaction, which quotes a text of ours."""
    said = unicodedata.normalize("NFKC", (text or "")[:_LIMIT])
    return bool(_REACTION.fullmatch(flatten(said)))


def are_courtesies(text):
    """Tell if a text has nothing but polite words: "please", "thanks"."""
    return is_thanks(text) or _consists_of(_read_short(text), COURTESIES, COURTESIES)


def flatten(text):
    """Return a text in plain capitals and digits, with the same length."""
    text = plain_digits(text)
    return "".join(unicodedata.normalize("NFD", it)[0].upper()[0] for it in text)


def _is_not_solved(said):
    """Tell if the first clause of a text says that the ticket is not solved."""
    clauses = read_clauses(said[:_ANSWER_LIMIT])
    return bool(clauses) and len(clauses[0]) == answers.NOT_SOLVED.measure(clauses[0])


def strip_signs(text):
    """Return a text without brackets, quotes and emoji around it: "(4)", "4️⃣", "4 👍".

    What changes the meaning stays: "4?", "👎 4", "<3", "3 €".
    """
    return _AROUND.sub("", unicodedata.normalize("NFKC", text))


# === Yes and no, in more than one word ===

#: A longer text (in characters) is more than an answer.
_ANSWER_LIMIT = 160
QUESTION_MARKS = frozenset("?¿？؟")
#: Laughter or a sigh in Spanish, but a yes in German.
LAUGHTER = re.compile(r"\b(?:ja|jo)+j?\b[\s,.!]*", re.I)
_PLAIN = {YES: (answers.YES, answers.AGREEING), NO: (answers.NO, answers.REFUSING)}


def read_answer(text):
    """Return ``keywords.YES`` or ``NO`` if a text says only that, else None."""
    clauses = _read_short(text)
    for answer, (heads, tails) in _PLAIN.items():
        if _consists_of(clauses, heads, tails):
            return answer
    return None


def agrees(text):
    """Tell if a text agrees to a proposal: "ok", "passt", "ça marche".

    Enough for an appointment, which can be moved again; consent needs a plain yes.
    """
    heads = answers.YES + answers.WEAK_YES
    return _consists_of(_read_short(text), heads, answers.AGREEING)


def _read_short(text):
    """Return the clauses of a text short enough for an answer; none of a question."""
    if not text or len(text) > _ANSWER_LIMIT or QUESTION_MARKS.intersection(text):
        return []
    return read_clauses(text)


def _consists_of(clauses, heads, tails):
    """Tell if clauses are courtesies, ``tails`` and at least one of ``heads``."""
    is_said = False
    for clause in clauses:
        start = 0
        while start < len(clause):
            length = heads.measure(clause, start)
            is_said |= bool(length)
            length = length or tails.measure(clause, start)
            length = length or COURTESIES.measure(clause, start)
            if not length:
                return False
            start += length
    return is_said


# === Codes that answer a team alert ===
#
# Each alert has its own block of ten numbers, whose last digit is the action: 4, 6 and
# 8 for the first alert, 14, 16 and 18 for the second. So several open alerts can be
# told apart, and the last digits are always the same.

ACKNOWLEDGE, RESOLVE, ESCALATE = ACTIONS = ("acknowledge", "resolve", "escalate")

DIGITS = {ACKNOWLEDGE: 4, RESOLVE: 6, ESCALATE: 8}

#: How long after its alert a code is not reused, since answers may come late.
KEPT = timedelta(hours=72)

_ACTION_OF = {
    word: action
    for action, words in answers.ALERT_WORDS.items()
    for word in words.split("|")
}
_CODE = re.compile(r"(?:(?P<word>[A-Z' ]+?)\s+)?#?(?P<code>\d{1,6})(?P<rest>.*)", re.S)
#: Punctuation may be followed by anything but another number.
_SIGN = re.compile(r"\s*[.,;:!)\-–—]+(?!\s*\d).*", re.S)
#: Characters of a text that are read.
_CODE_LIMIT = 300


class Answer(NamedTuple):
    """A reply to an alert: its code (None if it has only words), and its action.

    ``action`` is None if the code stands for none, or contradicts the words beside it.
    """

    code: int | None
    action: str | None


def get_codes(block):
    """Return the codes of an alert's block (from 0) by action."""
    return {action: str(10 * block + digit) for action, digit in DIGITS.items()}


def get_block(code):
    """Return the block of a code."""
    return code // 10


def find_free(taken):
    """Return the lowest free block, so that codes stay short."""
    taken = set(taken)
    return next(block for block in count() if block not in taken)


def read_code(text):
    """Return the :class:`Answer` that a text gives, or None.

    Only a plain answer counts: "4 printers are broken" is none.
    """
    said = flatten(strip_signs(drop_invisible((text or "")[:_CODE_LIMIT])))
    said = " ".join(said.replace("’", "'").split())
    said = said.rstrip(" .!)")  # French has a blank before "!"
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
    """Tell if the rest after a code only adds to it: punctuation, thanks, an action."""
    bare = rest.strip()
    return bool(
        not bare
        or _SIGN.fullmatch(rest)
        or (rest[0] == " " and (is_thanks(bare) or bare in _ACTION_OF))
    )
