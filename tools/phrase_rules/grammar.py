# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The grammar of the rules for phrases.

A pattern is a row of words: ``stop|quit {texting} me again?``. ``|`` parts words of
which one must stand there, a word in braces names a group of the language's ``words``,
``?`` makes a place optional, ``_`` is any word, ``@`` a word written like a name.
Matching keeps a set of positions and never goes back: linear in the text.

Words may be written with their accents; they are compared without. An umlaut stands
also for its spelling with an e: "möchte" for "mochte" and "moechte".
"""

from collections import defaultdict
from typing import NamedTuple

from ..texts import fold

#: Levels at which a rule is sure, and a clause is found sure. ``WHOLE`` is sure when
#: the text says nothing else. ``LIKELY`` is doubtful; ``MAYBE`` is doubtful unless the
#: clause is about a thing that a helpdesk mends.
NOTHING, MAYBE, LIKELY, WHOLE, SURE = range(5)

#: Places of a pattern: it is the whole clause, with nothing before it but
#: courtesies; or also with a lead-in ("can you"); it begins the clause, and nothing but
#: the language's ``tails`` follow; it begins the clause; it is in it.
ALONE, ALL, CLOSED, BEGINNING, ANYWHERE = (
    *("alone", "all", "closed"),
    *("beginning", "anywhere"),
)


#: Umlauts as they are written where a keyboard has none.
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


def read_words(text):
    """Return the set of the words of a list that is written as a text."""
    words = text.lower().split()
    return frozenset(map(fold, (*words, *(it.translate(_UMLAUTS) for it in words))))


#: Written like names, or standing where a name could, and none: "I'm not Admin".
NO_NAMES = read_words(
    """
    admin administrator administrador administrateur it edv sure ok available
    ready able done here there seguro listo aqui sur pret dispo sicher da fertig
    zuhause windows outlook teams office excel user usuario utilisateur benutzer
    chef urgent owner tech support expert sms ticket pc
    """
)


class Pattern:
    """A compiled pattern."""

    def __init__(self, source, words=None):
        self.source = source
        self.places = [self._read(place, words or {}) for place in source.split()]
        self._needed = [
            choices
            for choices, is_optional in self.places
            if not is_optional and choices.isdisjoint("_@")
        ]
        #: Words of which one must be there; empty if any will do.
        self.key = min(self._needed, key=len, default=frozenset())

    @staticmethod
    def _read(place, words):
        """Return ``(words, is optional)`` of one place."""
        is_optional = place.endswith("?")
        choices = set()
        for choice in place.removesuffix("?").split("|"):
            if choice.startswith("{"):
                choices |= read_words(words[choice.strip("{}")])
            else:
                choices |= read_words(choice)
        return frozenset(choices), is_optional

    def may_match(self, texts):
        """Tell if a set of words has one of each place that is not optional."""
        return not any(choices.isdisjoint(texts) for choices in self._needed)

    def ends(self, words, start):
        """Return the positions behind this pattern if it begins at ``start``."""
        positions = {start}
        for choices, is_optional in self.places:
            reached = set(positions) if is_optional else set()
            for position in positions:
                if position < len(words) and _fits(choices, words[position]):
                    reached.add(position + 1)
            if not reached:
                return reached
            positions = reached
        return positions - {start}


def _fits(choices, word):
    if word.text in choices or "_" in choices:
        return True
    return "@" in choices and word.is_name and word.text not in NO_NAMES


class Indexed(tuple):
    """Patterns, or rules, that are found by a word that each must have."""

    def __init__(self, items):
        self._numbers = defaultdict(list)
        for number, item in enumerate(items):
            for word in getattr(item, "pattern", item).key or ("",):
                self._numbers[word].append(number)

    def choose(self, texts):
        """Return those that may match some words, in their order."""
        numbers = {it for word in texts for it in self._numbers.get(word, ())}
        numbers.update(self._numbers.get("", ()))
        found = [self[number] for number in sorted(numbers)]
        return [it for it in found if getattr(it, "pattern", it).may_match(texts)]


class Rule(NamedTuple):
    """One row of a table: the phrase, where it stands, what it means, and why."""

    pattern: Pattern
    place: str
    level: int
    kind: str
    reason: str


class Language(NamedTuple):
    """The table of one language.

    :param lead_ins: words before a request that do not change it
    :param exceptions: a clause with one of them has none of these meanings
    :param qualifiers: a text with one of them says more than no
    :param matters: things that a helpdesk mends
    :param tails: words behind a request that add nothing to it ("to my phone")
    :param links: words behind which a matter is named, unless it is one of ``tails``
    :param senses: what words do in a request (:mod:`.sense`), by word
    """

    code: str
    rules: tuple
    lead_ins: tuple
    exceptions: tuple
    qualifiers: tuple
    matters: frozenset
    tails: frozenset
    links: frozenset
    senses: dict


def compile_patterns(*sources, words=None):
    """Return compiled patterns."""
    return Indexed([Pattern(source, words) for source in sources])


def make_language(
    code, words, table, lead_ins, exceptions, qualifiers, senses, **lists
):
    """Return a language out of its readable table.

    :param table: rows ``((kind, place, level), reason, *patterns)``
    :param dict senses: words by what they do, of which the first counts
    :param lists: ``matters``, ``tails`` and ``links``, each written as a text
    """
    return Language(
        code,
        Indexed(
            [
                Rule(Pattern(source, words), place, level, kind, reason)
                for (kind, place, level), reason, *sources in table
                for source in sources
            ]
        ),
        compile_patterns(*lead_ins, words=words),
        compile_patterns(*exceptions, words=words),
        compile_patterns(*qualifiers, words=words),
        *(read_words(lists.get(it, "")) for it in ("matters", "tails", "links")),
        {
            word: frozenset(kinds.split("+"))
            for kinds, known in reversed(senses.items())
            for word in read_words(known.format(**words))
        },
    )
