# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Recognize opt-outs in a person's own words.

47 CFR 64.1200(a)(10): any reasonable way of saying no counts, not only the words that
carriers know. A plain request is an opt-out at once; a text that a person has to read
is doubtful; everything else is conversation. ``README.md`` in this folder explains how
texts are read, how to teach further ones, and how well it works.
"""

import re

from .answers import YES
from .clauses import COURTESIES, MAX_LENGTH, read_clauses
from .grammar import measure
from .keywords import MANDATORY_WORDS, STOP, squeeze
from .phrase_model import get_model, read_tokens
from .replies import is_reaction
from .texts import fold

#: Classes that end consent.
OPT_OUT, WRONG_NUMBER = ENDING = ("opt_out", "wrong_number")
DOUBTFUL, CONVERSATION = "doubtful", "conversation"
CLASSES = (*ENDING, DOUBTFUL, CONVERSATION)
#: The likelihood of ending consent from which a text does so at once, and the
#: likelihood of being more than conversation from which a person reads it.
SURE, MAYBE = 0.75, 0.35
#: In a doubtful text one clause is enough to end consent ("Quit texting me, call the
#: office"): if it is at least this likely to, has at least this many words, and the
#: whole text is less likely than this to be doubtful.
PLAIN, PLAIN_WORDS, PARTIAL = 0.95, 3, 0.3
#: A text with more words is about more than opting out: at most doubtful.
MAX_SURE_WORDS = 60
#: A text with fewer letters is a typing slip: at most doubtful.
MIN_SURE_LETTERS = 3
#: Number of words given as the reason, and of words that are tried for it.
NAMED, TRIED = 3, 40

#: Quoted words of others, after "she says:" or, below, between quotation marks.
_REPORTED = re.compile(
    r"\b(?:says?|said|writes?|wrote|asks?|replied|dice|dijo|escribe|escribió|pide|puso"
    r"|dit|écrit|demande|répond|sagt|sagte|meldet|schreibt|schrieb|meint|antwortet)\s*:",
    re.I,
)
_QUOTED = re.compile(
    r"“[^”]*”|„[^“”]*[“”]|«[^»]*»|\"[^\"]*\"|‘[^’]*’|(?<!\w)'[^']+'(?!\w)"
)
#: Lines of ours that a reply quotes: they tell how to STOP.
_QUOTED_LINES = re.compile(r"^[^\S\n]*>.*$", re.M)
#: A clause with the punctuation that ends it.
_CLAUSE = re.compile(r"[^,.;:!?\n]+[,.;:!?\n]*")
_STOP_WORDS = frozenset(map(squeeze, MANDATORY_WORDS[STOP]))
#: With nothing but these a text may mean what we wrote: "Wrong day", "This is wrong".
_ONLY_WRONG = re.compile(
    r"(?:\b(?:wrong|equivocad[oa]|mauvaise?|falsche?r?|day|date|time|hour|place|office|one"
    r"|again|appointment|visit|dia|fecha|hora|cita|lugar|jour|heure|rdv|tag|zeit|uhrzeit"
    r"|termin|ort|i|its?|this|that|the|is|was|not|my|have|sorry)\b[^\w#]*)+"
)


def classify(text):
    """Return the class of a text.

    :param str text: as it was received, may be empty
    :return: one of :data:`CLASSES`
    """
    text = _QUOTED_LINES.sub("", text or "")
    tokens = read_tokens(text[:MAX_LENGTH])
    if not any(token.isalpha() for token in tokens) or is_reaction(text):
        return CONVERSATION
    said = [_drop(COURTESIES, clause) for clause in read_clauses(text)]
    rest = [_drop(YES, words) for words in said]
    if any(said) and not any(rest):
        return CONVERSATION
    whole = _join(word for words in said for word in words)
    kind = OPT_OUT if whole in _STOP_WORDS else _rate(text, tokens)
    is_doubtful = kind in ENDING and not _can_be_sure(text, tokens)
    is_doubtful |= kind == WRONG_NUMBER and bool(_ONLY_WRONG.fullmatch(fold(text)))
    is_doubtful |= kind == CONVERSATION and not _STOP_WORDS.isdisjoint(map(_join, rest))
    return DOUBTFUL if is_doubtful else kind


def _rate(text, tokens):
    """Return the class of a text by the model's rating."""
    shares = get_model().rate(tokens)
    if kind := _find_end(shares, SURE):
        return kind
    if 1 - shares[CONVERSATION] < MAYBE:
        return CONVERSATION
    # A text that may end only a part of the messages is left to a person.
    is_whole = shares[DOUBTFUL] < PARTIAL and _can_be_sure(text, tokens)
    clauses = map(read_tokens, _CLAUSE.findall(text)) if is_whole else ()
    kinds = (_rate_clause(clause) for clause in clauses)
    return next(filter(None, kinds), DOUBTFUL)


def _rate_clause(clause):
    """Return the class of :data:`ENDING` of a clause alone, None if it is neither."""
    if len(clause) < PLAIN_WORDS or "?" in clause:
        return None
    return _find_end(get_model().rate(clause), PLAIN)


def _find_end(shares, likely):
    """Return the likelier of :data:`ENDING`, None if their sum is below ``likely``."""
    is_end = sum(shares[kind] for kind in ENDING) >= likely
    return max(ENDING, key=shares.get) if is_end else None


def _can_be_sure(text, tokens):
    """Tell if a text is neither too long nor too short, and quotes nobody."""
    is_short = len(text) <= MAX_LENGTH and len(tokens) <= MAX_SURE_WORDS
    is_word = sum(map(len, tokens)) >= MIN_SURE_LETTERS
    return is_short and is_word and not _quotes(text)


def _join(words):
    return squeeze("".join(words))


def _drop(patterns, clause):
    """Return the words of a clause without those that a pattern matches."""
    kept, at = [], 0
    while at < len(clause):
        length = measure(patterns, clause, at)
        kept += [] if length else [clause[at]]
        at += length or 1
    return kept


def _quotes(text):
    """Tell if a text quotes somebody, with more than courtesies around the quote."""
    if _REPORTED.search(text):
        return True
    around, count = _QUOTED.subn(" , ", text)
    clauses = read_clauses(around) if count else []
    return any(measure(COURTESIES, clause) < len(clause) for clause in clauses)


def explain(text):
    """Return the words without which a text would most look like conversation."""
    model, tokens = get_model(), read_tokens((text or "")[:MAX_LENGTH])
    # Of a long text, the part that least looks like conversation.
    parts = [tokens[at : at + TRIED] for at in range(0, len(tokens), TRIED)]
    tokens = min(parts, key=lambda it: model.rate(it)[CONVERSATION], default=())
    weights = [
        (model.rate(tokens[:at] + tokens[at + 1 :])[CONVERSATION], at)
        for at, token in enumerate(tokens)
        if token.isalpha()
    ]
    heaviest = sorted(weights, reverse=True)[:NAMED]
    return " … ".join(tokens[at] for at in sorted(at for _weight, at in heaviest))
