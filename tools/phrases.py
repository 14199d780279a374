# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Opt-outs in a person's own words.

47 CFR 64.1200(a)(10): any reasonable way of saying no counts, not only the words that
carriers know. What is said plainly is an opt-out at once; what a person has to read is
doubtful; everything else is conversation. How texts are read, how to teach another one,
and how well it is measured to work: ``README.md`` beside this file.
"""

import re

from .clauses import COURTESIES, MAX_LENGTH, read_clauses
from .grammar import measure
from .keywords import MANDATORY_WORDS, STOP, squeeze
from .phrase_model import get_model, read_tokens

OPT_OUT, WRONG_NUMBER, DOUBTFUL, CONVERSATION = CLASSES = (
    "opt_out",
    "wrong_number",
    "doubtful",
    "conversation",
)
#: What ends consent.
ENDING = (OPT_OUT, WRONG_NUMBER)
#: From which likelihood of ending consent a text does so at once, and from which
#: likelihood of being more than conversation a person reads it.
SURE, MAYBE = 0.75, 0.35
#: In a doubtful text one clause is enough to end consent ("Quit texting me, call the
#: office"): if it is that likely to, has as many words, and the text is less likely
#: than that to mean a part only.
PLAIN, PLAIN_WORDS, PARTIAL = 0.95, 3, 0.3
#: A text with more words is about more than leaving: at most doubtful.
MAX_SURE_WORDS = 60
#: One with fewer letters is a slip of the thumb.
MIN_SURE_LETTERS = 3
#: Words that are named as the reason, and those that are tried for it.
NAMED, TRIED = 3, 40

#: Words of others, between quotation marks or behind "she says:".
_REPORTED = re.compile(
    r"\b(?:says?|said|writes?|wrote|asks?|replied|dice|dijo|escribe|escribió|pide|puso"
    r"|dit|écrit|demande|répond|sagt|sagte|meldet|schreibt|schrieb|meint|antwortet)\s*:",
    re.I,
)
_QUOTED = re.compile(
    r"“[^”]*”|„[^“”]*[“”]|«[^»]*»|\"[^\"]*\"|‘[^’]*’|(?<!\w)'[^']+'(?!\w)"
)
#: A clause with the sign that ends it.
_CLAUSE = re.compile(r"[^,.;:!?\n]+[,.;:!?\n]*")
_STOP_WORDS = frozenset(map(squeeze, MANDATORY_WORDS[STOP]))


def classify(text):
    """Return the class of a text, as it came."""
    text = text or ""
    tokens = read_tokens(text[:MAX_LENGTH])
    if not any(token.isalpha() for token in tokens):
        return CONVERSATION
    said = [_drop_courtesies(clause) for clause in read_clauses(text)]
    said = [squeeze("".join(words)) for words in said if words]
    kind = OPT_OUT if "".join(said) in _STOP_WORDS else _rate(text, tokens)
    is_doubtful = kind in ENDING and not _can_be_sure(text, tokens)
    is_doubtful |= kind == CONVERSATION and not _STOP_WORDS.isdisjoint(said)
    return DOUBTFUL if is_doubtful else kind


def _rate(text, tokens):
    """Return the class of a text, by what the model has learned."""
    shares = get_model().rate(tokens)
    if kind := _find_end(shares, SURE):
        return kind
    if 1 - shares[CONVERSATION] < MAYBE:
        return CONVERSATION
    # Who wants something ended and something else to go on is asked.
    is_whole = shares[DOUBTFUL] < PARTIAL and _can_be_sure(text, tokens)
    clauses = map(read_tokens, _CLAUSE.findall(text)) if is_whole else ()
    kinds = (_rate_clause(clause) for clause in clauses)
    return next(filter(None, kinds), DOUBTFUL)


def _rate_clause(clause):
    """Return how some words end consent, whatever else is said; None if they do not."""
    if len(clause) < PLAIN_WORDS or "?" in clause:
        return None
    return _find_end(get_model().rate(clause), PLAIN)


def _find_end(shares, likely):
    """Return how consent ends, None if that is not so likely."""
    is_end = sum(shares[kind] for kind in ENDING) >= likely
    return max(ENDING, key=shares.get) if is_end else None


def _can_be_sure(text, tokens):
    """Tell if a text is neither too long nor a syllable, and the person's own words."""
    is_short = len(text) <= MAX_LENGTH and len(tokens) <= MAX_SURE_WORDS
    is_word = sum(map(len, tokens)) >= MIN_SURE_LETTERS
    return is_short and is_word and not _quotes(text)


def _drop_courtesies(clause):
    """Return the words of a clause that are not merely polite."""
    kept, at = [], 0
    while at < len(clause):
        length = measure(COURTESIES, clause, at)
        kept += [] if length else [clause[at]]
        at += length or 1
    return kept


def _quotes(text):
    """Tell if a text tells the words of somebody: more than courtesies around them."""
    if _REPORTED.search(text):
        return True
    around, count = _QUOTED.subn(" , ", text)
    clauses = read_clauses(around) if count else []
    return any(measure(COURTESIES, clause) < len(clause) for clause in clauses)


def explain(text):
    """Return the words without which a text would be most of a conversation."""
    model, tokens = get_model(), read_tokens((text or "")[:MAX_LENGTH])
    # Of a long text the part that is least of a conversation.
    parts = [tokens[at : at + TRIED] for at in range(0, len(tokens), TRIED)]
    tokens = min(parts, key=lambda it: model.rate(it)[CONVERSATION], default=())
    weights = [
        (model.rate(tokens[:at] + tokens[at + 1 :])[CONVERSATION], at)
        for at, token in enumerate(tokens)
        if token.isalpha()
    ]
    heaviest = sorted(weights, reverse=True)[:NAMED]
    return " … ".join(tokens[at] for at in sorted(at for _weight, at in heaviest))
