# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Opt-outs in a person's own words.

Clause by clause, without case and accents, and spelled as the tables of rules are.
"""

import re
import unicodedata
from typing import NamedTuple

from . import phrase_rules as rules
from .keywords import unmix
from .phrase_rules import sense
from .texts import fold

#: Characters that are read: the longest text that a carrier takes. A longer one can
#: come from elsewhere; what stands behind is never sure, so it need not be read.
MAX_LENGTH = 1600

#: Ends a clause. An ellipsis, a bracket or an emoji ends a thought as a full stop does.
_CLAUSE_END = re.compile(r"[^\w\s'’`´#/&+-]+|\n+|\s[-–—]+\s")
_WORD = re.compile(r"\w+|(?<!\S)\+(?!\S)")
#: A comma that stands for grammar ("hören Sie auf, mir zu schreiben") ends no clause.
_INNER_COMMA = re.compile(
    r",(?=\s*(?:mir|mich|uns|dass|daß|wenn (?:sie|ihr|du)|que|d['’]|de)\b)", re.I
)
_QUESTION = re.compile(r"\?[^\w!]*\Z")
#: Words of others, between quotation marks or behind "she says:".
_REPORTED = re.compile(
    r"\b(?:says?|said|writes?|wrote|asks?|replied|dice|dijo|escribe|escribió|pide|puso"
    r"|dit|écrit|demande|répond|sagt|sagte|meldet|schreibt|schrieb|meint|antwortet)\s*:",
    re.I,
)
_QUOTED = re.compile(
    r"“[^”]*”|„[^“”]*[“”]|«[^»]*»|\"[^\"]*\"|‘[^’]*’|(?<!\w)'[^']+'(?!\w)"
)
_ELISION = re.compile(r"(?<![^\W\d_])([^\W\d_]|qu)['’`´]", re.IGNORECASE)
_APOSTROPHE = re.compile(r"['’`´]")


class Word(NamedTuple):
    """A word as it is compared, and if it was written like a name."""

    text: str
    is_name: bool


def read_clauses(text):
    """Return the clauses of a text, each a list of :class:`Word`."""
    text = unmix(unicodedata.normalize("NFKC", text)[:MAX_LENGTH])
    text = re.sub(r"#(?!\d)|\bn[°º]", " number ", text)
    text = rules.GLUED.sub(r"\1 \2", _INNER_COMMA.sub(" ", text))
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


# === Classes ===
#
# 47 CFR 64.1200(a)(10): any reasonable way of saying no counts, not only the words that
# carriers know. What is said plainly is an opt-out at once; what a person has to read
# is doubtful; everything else is conversation. How the rules are read, how to add one
# and how good they are measured to be: ``README.md`` beside this file. The rules
# themselves are tables, one a language, in ``phrase_rules``.

OPT_OUT, WRONG_NUMBER, DOUBTFUL, CONVERSATION = CLASSES = (
    "opt_out",
    "wrong_number",
    "doubtful",
    "conversation",
)
#: What ends consent.
ENDING = (OPT_OUT, WRONG_NUMBER)

#: A text with more words is about more than leaving: at most doubtful.
MAX_SURE_WORDS = 25

#: Words that may follow a plain phrase in its clause ("… on this phone thank god").
MAX_REST = 6


class Finding(NamedTuple):
    """A text's class and the rule that gives it: its language and reason."""

    kind: str
    language: str = ""
    reason: str = ""


NOTHING = Finding(CONVERSATION)


def classify(text):
    """Return the strongest finding of all languages on a text as it came."""
    text = text or ""
    clauses = read_clauses(text[:MAX_LENGTH])
    count = sum(map(len, clauses))
    can_be_sure = len(text) <= MAX_LENGTH and count <= MAX_SURE_WORDS
    findings = [
        _classify_in(language, clauses, can_be_sure) for language in rules.LANGUAGES
    ]
    finding = min(findings, key=_strength)
    if finding.kind in ENDING and (_quotes(text) or _wonders(text, clauses)):
        return finding._replace(kind=DOUBTFUL)
    return finding


def _wonders(text, clauses):
    """Tell if a text ends with a question that does not ask us to do something."""
    if not clauses or not _QUESTION.search(text):
        return False
    words = {word.text for clause in clauses for word in clause}
    is_request = any(
        sense.CAN in language.senses.get(word, ())
        for language in rules.LANGUAGES
        for word in words
    )
    return not is_request and len(words) > 1


def _quotes(text):
    """Tell if a text tells the words of somebody: more than courtesies around them."""
    if _REPORTED.search(text):
        return True
    around, count = _QUOTED.subn(" , ", text)
    return bool(count) and any(
        measure(rules.COURTESIES, clause) < len(clause)
        for clause in read_clauses(around)
    )


def _strength(finding):
    """Return the weight of a finding: the lower, the more.

    A stranger's number ends the consent as an opt-out does, and more is known of it.
    """
    order = (WRONG_NUMBER, OPT_OUT, DOUBTFUL, CONVERSATION)
    return order.index(finding.kind)


def _classify_in(language, clauses, can_be_sure):
    """Return the finding of one language's table."""
    parts = [_Part(language, clause) for clause in clauses]
    found = [(part, *part.find()) for part in parts if part.words]
    others = [
        part
        for part, level, _rule in found
        if level == rules.NOTHING and not part.is_bare_no()
    ]
    is_qualified = any(_has(language.qualifiers, part.words) for part in others)
    best = None
    for _part, level, rule in found:
        if level == rules.WHOLE:
            level = rules.SURE if not others else rules.LIKELY
        if level == rules.SURE and (is_qualified or not can_be_sure):
            level = rules.LIKELY
        if level == rules.MAYBE and not can_be_sure:
            level = rules.NOTHING
        if level == rules.NOTHING:
            continue
        kind = rule.kind if level == rules.SURE else DOUBTFUL
        finding = Finding(kind, language.code, rule.reason)
        if best is None or _strength(finding) < _strength(best):
            best = finding
    return best or NOTHING


class _Part:
    """One clause, without its courtesies, and the places where a request may begin."""

    def __init__(self, language, clause):
        self.language, self.clause = language, clause
        self.words, self.starts = [], {0}
        courtesies, position = rules.COURTESIES.choose(_get_texts(clause)), 0
        while position < len(clause):
            length = measure(courtesies, clause, position)
            if length:
                self.starts.add(len(self.words))
                position += length
                continue
            self.words.append(clause[position])
            position += 1
            if self.words[-1].text in rules.CONJUNCTIONS:
                self.starts.add(len(self.words))
        self.texts = _get_texts(self.words)
        self._add_starts_after_lead_ins()

    def _add_starts_after_lead_ins(self):
        todo, lead_ins = list(self.starts), self.language.lead_ins.choose(self.texts)
        while todo:
            start = todo.pop()
            for pattern in lead_ins:
                for end in pattern.ends(self.words, start) - self.starts:
                    self.starts.add(end)
                    todo.append(end)

    def is_bare_no(self):
        """Tell if it says no and nothing else: "No, stop texting me"."""
        return len(self.words) == 1 and self.words[0].text in rules.BARE_NO

    def find(self):
        """Return the strongest ``(level, rule)`` of this clause."""
        exceptions = self.language.exceptions
        if _has(exceptions, self.words) or _has(exceptions, self.clause):
            return rules.NOTHING, None
        best = rules.NOTHING, None
        for rule in self.language.rules.choose(self.texts):
            level = self._match(rule)
            if level > best[0]:
                best = level, rule
        if best[0] < rules.SURE and any(map(self._asks_to_stop, self.starts)):
            return rules.SURE, rules.ANY_ORDER
        return best

    def _asks_to_stop(self, start):
        words = [word.text for word in self.words[start:]]
        return sense.asks_to_stop(self.language.senses, words)

    def _match(self, rule):
        """Return the level at which a rule is sure of this clause."""
        length = len(self.words)
        spans = list(self._get_spans(rule))
        if not spans:
            return rules.NOTHING
        about_it = all(self._names_matter(start, end) for start, end in spans)
        if rule.level != rules.SURE:
            is_matter = about_it and rule.level == rules.MAYBE
            return rules.NOTHING if is_matter else rule.level
        if rule.place in (rules.ALONE, rules.ALL):
            # Sure as long as the other clauses say nothing either.
            return rules.WHOLE
        if rule.place == rules.CLOSED and not any(
            self._is_closed(end) for _start, end in spans
        ):
            return rules.NOTHING if about_it else rules.LIKELY
        is_qualified = all(self._is_qualified(start, end) for start, end in spans)
        is_long = length - max(end for _start, end in spans) > MAX_REST
        is_plain = not (about_it or is_qualified or is_long)
        return rules.SURE if is_plain else rules.LIKELY

    def _get_spans(self, rule):
        """Yield where a rule's pattern stands in its place: ``(start, end)``."""
        length = len(self.words)
        starts = {rules.ANYWHERE: range(length), rules.ALONE: {0}}
        for start in starts.get(rule.place, self.starts):
            ends = rule.pattern.ends(self.words, start)
            if rule.place in (rules.ALONE, rules.ALL):
                ends &= {length}
            if ends:
                yield start, max(ends)

    def _is_qualified(self, start, end):
        patterns = self.language.qualifiers
        return _has(patterns, self.words[:start]) or _has(patterns, self.words[end:])

    def _is_closed(self, end):
        """Tell if what follows adds nothing: "to this number", "any more"."""
        known = self.language.tails | self.language.links
        return all(word.text in known for word in self.words[end:])

    def _names_matter(self, start, end):
        matters = self.language.matters
        around = self.words[:start] + self.words[end:]
        return any(word.text in matters for word in around) or self._links(end)

    def _links(self, end):
        """Tell if something is named behind a preposition: "from my bank"."""
        tails, links = self.language.tails, self.language.links
        rest = [word.text for word in self.words[end:]]
        first = next((at for at, word in enumerate(rest) if word in links), len(rest))
        return any(word not in tails and word not in links for word in rest[first:])


def _has(patterns, words):
    """Tell if any of some patterns occurs anywhere."""
    return any(
        pattern.ends(words, start)
        for pattern in patterns.choose(_get_texts(words))
        for start in range(len(words))
    )


def _get_texts(words):
    return frozenset(word.text for word in words)


def measure(patterns, words, start=0):
    """Return how many words the longest of some patterns takes, 0 for none."""
    ends = [end for pattern in patterns for end in pattern.ends(words, start)]
    return max(ends, default=start) - start
