# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Recognize opt-outs in a person's own words.

47 CFR 64.1200(a)(10): any reasonable way of saying no counts, not only the words that
carriers know. A text ends consent only if it names words that say so (:mod:`leaving`,
:mod:`slips`) and the rating that was learned from texts agrees (:mod:`phrase_model`).
One of the two alone is doubtful: a person reads the text. Everything else is
conversation. ``README.md`` in this folder explains how well it works, and how to teach
it further ways to say no.
"""

import re
from typing import NamedTuple

from .answers import YES
from .automatic import is_automatic
from .clauses import COURTESIES, MAX_LENGTH, read_clauses
from .leaving import Words, find_words
from .phrase_model import get_model, read_tokens
from .replies import is_reaction
from .slips import find_slip, is_copy, is_copy_of, is_law, is_own_word, names_stop
from .texts import fold

#: Classes that end consent.
OPT_OUT, WRONG_NUMBER = ENDING = ("opt_out", "wrong_number")
DOUBTFUL, CONVERSATION = "doubtful", "conversation"
CLASSES = (*ENDING, DOUBTFUL, CONVERSATION)
#: The likelihood of ending consent from which the rating agrees with plain words.
AGREES = 0.4
#: The likelihood of ending consent only in part from which a person reads it.
PARTIAL = 0.4
#: The likelihood of being more than conversation from which a person reads a text:
#: without words that end consent, and with them.
MAYBE, MAYBE_NAMED = 0.35, 0.1
#: A text with more words is about more than opting out: at most doubtful.
MAX_SURE_WORDS = 60
#: Characters of a clause that says who is not there, and nothing else.
MAX_NAMING = 40
#: Number of words given as the reason of a rating, and of words that are tried for it.
NAMED, TRIED = 3, 40

#: Signs that alone may mean no.
_SIGNS = re.compile("[\\W_]*[🛑✋🚫⛔][\\W_]*")
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
#: A question, unless it is a cry: "Stop texting me?!"
_QUESTION = re.compile(r"[^!]*\?[^!]*")
#: A word as names are written.
_CAPITALIZED = re.compile(r"\b[^\W\d_a-z][^\W\d_A-Z]+")
_WORD = re.compile(r"\w+")
#: With nothing but these a text may mean what we wrote: "Wrong day", "This is wrong".
_ONLY_WRONG = re.compile(
    r"(?:\b(?:wrong|equivocad[oa]|mauvaise?|falsche?r?|day|date|time|hour|place|office|one"
    r"|again|appointment|visit|dia|fecha|hora|cita|lugar|jour|heure|rdv|tag|zeit|uhrzeit"
    r"|termin|ort|i|its?|this|that|the|is|was|not|my|have|sorry)\b[^\w#]*)+"
)


class Known(NamedTuple):
    """What is known of a conversation.

    :ivar str last_text: our last text to the number
    :ivar names: words of the names that our texts to the number have used
    :ivar str lang: code of the person's language, or empty
    """

    last_text: str = ""
    names: frozenset = frozenset()
    lang: str = ""


def find_names(names, texts):
    """Return the words of people's names that texts to them have used.

    :param names: the people's names
    :param texts: our texts to them
    :return: frozenset of words in small letters, without accents
    """
    used, known = (_WORD.findall(fold(" ".join(it))) for it in (texts, names))
    return frozenset(used) & frozenset(known)


class Verdict(NamedTuple):
    """What a text means.

    :ivar str kind: one of :data:`CLASSES`
    :ivar str reason: the words that say so, small and without accents; pieces that do
        not follow each other have "…" between them
    """

    kind: str
    reason: str = ""


def classify(text):
    """Return the class of a text of which nothing else is known.

    :param str text: as it was received, may be empty
    :return: one of :data:`CLASSES`
    """
    return judge(text).kind


#: Of a number that we have not texted.
NOTHING_KNOWN = Known()


def judge(text, known=NOTHING_KNOWN):
    """Return the :class:`Verdict` on a text.

    :param str text: as it was received, may be empty
    :param Known known: what is known of the conversation
    """
    text = _QUOTED_LINES.sub("", text or "")
    if is_reaction(text):
        return Verdict(CONVERSATION)
    if _SIGNS.fullmatch(text[:MAX_LENGTH]):
        return Verdict(DOUBTFUL, text.strip())
    tokens = read_tokens(text[:MAX_LENGTH])
    if not any(token.isalpha() for token in tokens):
        return Verdict(CONVERSATION)
    said = [_drop(COURTESIES, clause) for clause in read_clauses(text)]
    rest = [_drop(YES, words) for words in said]
    if any(said) and not any(rest):
        return Verdict(CONVERSATION)
    whole = " ".join(word for words in said for word in words)
    return _judge_word(whole, text, known) or _judge_words(text, tokens, known)


def _judge_word(whole, text, known):
    """Return the verdict on a text that is one of the law's words, or copies a footer.

    :param str whole: the words of the text without courtesies
    """
    sure = Verdict(OPT_OUT, whole)
    if len(text) > MAX_LENGTH:
        return None
    if is_law(whole) or is_copy(whole) or is_copy_of(text, known.last_text):
        return sure
    lang = known.lang[:2]
    if is_own_word(text, lang):
        return Verdict(CONVERSATION)
    slip = find_slip(whole, lang)
    if not slip:
        return None
    was_named = slip.word and names_stop(known.last_text)
    return sure if slip.is_sure or was_named else Verdict(DOUBTFUL, whole)


def _judge_words(text, tokens, known):
    """Return the verdict on a text in the person's own words."""
    shares, found = get_model().rate(tokens), _find_words(text, known)
    if not found:
        return _judge_without_words(text, shares)
    likely = _rate_end(shares)
    if not found.is_law:
        likely = max(likely, _rate_end(get_model().rate(read_tokens(found.clause))))
    # Our texts have used the name: a stranger says so, however it is said.
    is_said = found.is_plain and (found.words.has_name or likely >= AGREES)
    if is_said and _can_be_sure(text, tokens) and shares[DOUBTFUL] < PARTIAL:
        kind = WRONG_NUMBER if found.words.is_stranger else OPT_OUT
        return Verdict(kind, found.words.said)
    if is_said or found.is_weighty or 1 - shares[CONVERSATION] >= MAYBE_NAMED:
        return Verdict(DOUBTFUL, found.words.said)
    return Verdict(CONVERSATION)


def _judge_without_words(text, shares):
    """Return the verdict on a text without words that end consent: its rating alone."""
    if is_automatic(text):
        return Verdict(CONVERSATION)
    least = MAYBE_NAMED if names_stop(text) else MAYBE
    if 1 - shares[CONVERSATION] < least:
        return Verdict(CONVERSATION)
    return Verdict(DOUBTFUL, explain(text))


class _Found(NamedTuple):
    """Words that end consent, and the clause that has them.

    :ivar bool is_plain: neither the clause nor the text says otherwise
    :ivar bool is_law: the clause is one of the law's words
    """

    words: Words
    clause: str
    is_plain: bool
    is_law: bool

    @property
    def is_weighty(self):
        """Tell if a person reads the text whatever its rating."""
        return self.is_law or (self.words.has_name and len(self.clause) <= MAX_NAMING)


def _find_words(text, known):
    """Return the :class:`_Found` words of a text that most plainly end consent."""
    found = []
    others = frozenset(map(fold, _CAPITALIZED.findall(text)))
    for part in _CLAUSE.findall(text[:MAX_LENGTH]):
        is_asked = bool(_QUESTION.fullmatch(part))
        for clause in read_clauses(part):
            clause = _drop(COURTESIES, clause)
            bare = _drop(YES, clause)
            if is_law(" ".join(bare)):
                is_plain = not is_asked and bare == clause
                words = Words(" ".join(bare), is_stranger=False, is_plain=is_plain)
                found.append(_Found(words, part, is_plain, is_law=True))
                continue
            clause = [_correct(word) for word in clause]
            words = find_words(clause, known.names)
            is_plain = bool(words and words.is_plain and not is_asked)
            words = words or find_words(clause, others)
            if words:
                found.append(_Found(words, part, is_plain, is_law=False))
    is_wrong = bool(_ONLY_WRONG.fullmatch(fold(text)))
    if is_wrong:
        found = [it._replace(is_plain=False) for it in found]
    return max(found, key=lambda it: (it.is_plain, not it.is_law), default=None)


def _correct(word):
    """Return one of the law's words for a slip of it, else the word."""
    slip = find_slip(word)
    return slip.word.lower() if slip and slip.is_sure else word


def _rate_end(shares):
    """Return how likely a text ends consent, in one way or the other."""
    return sum(shares[kind] for kind in ENDING)


def _can_be_sure(text, tokens):
    """Tell if a text is not too long, and quotes nobody."""
    is_short = len(text) <= MAX_LENGTH and len(tokens) <= MAX_SURE_WORDS
    return is_short and not _quotes(text)


def _drop(patterns, clause):
    """Return the words of a clause without those that a pattern matches."""
    kept, at = [], 0
    while at < len(clause):
        length = patterns.measure(clause, at)
        kept += [] if length else [clause[at]]
        at += length or 1
    return kept


def _quotes(text):
    """Tell if a text quotes somebody, with more than courtesies around the quote."""
    if _REPORTED.search(text):
        return True
    around, count = _QUOTED.subn(" , ", text)
    clauses = read_clauses(around) if count else []
    return any(COURTESIES.measure(clause) < len(clause) for clause in clauses)


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
