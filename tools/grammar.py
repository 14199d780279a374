# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Patterns of words that recognize answers and courtesies.

A pattern is a sequence of words: ``yes|yeah i do?``. ``|`` separates alternatives for
one position, ``?`` makes a position optional. Matching tracks a set of positions and
never backtracks: it is linear in the length of the text.

Words are written in lower case, with or without accents, which are ignored. An umlaut
also matches its spelling with an e: "möchte" matches "mochte" and "moechte".
"""

import re
from collections import defaultdict
from functools import partial

from .texts import fold

#: Most words that "..." stands for.
GAP = 3
#: The position that "..." stands for.
_ANY = (frozenset(), True)
_NAME = re.compile(r"<(\w+)>")
#: Umlauts as they are written without an umlaut key.
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


class Pattern:
    """A compiled pattern."""

    def __init__(self, source):
        self._places = [
            _ANY if place == "..." else self._read(place) for place in source.split()
        ]

    @property
    def heads(self):
        """Return the words of which a match begins with one."""
        found = set()
        for choices, is_optional in self._places:
            found |= choices
            if not is_optional:
                break
        return found

    @staticmethod
    def _read(place):
        """Return ``(words, is optional)`` of one position."""
        words = place.removesuffix("?").split("|")
        words += [word.translate(_UMLAUTS) for word in words]
        return frozenset(map(fold, words)), place.endswith("?")

    def find_end(self, words, start):
        """Return the last position to which a match that begins at ``start`` extends.

        ``start`` itself if there is no match.
        """
        positions, count = {start}, len(words)
        for place in self._places:
            choices, is_optional = place
            if place is _ANY:
                last = min(max(positions) + GAP, count)
                positions |= {
                    it + more
                    for it in positions
                    for more in range(1, GAP + 1)
                    if it + more <= last
                }
                continue
            reached = {
                it + 1 for it in positions if it < count and words[it] in choices
            }
            positions = positions | reached if is_optional else reached
            if not positions:
                return start
        return max(positions)


class Patterns:
    """Compiled patterns, found by the word that a match begins with."""

    def __init__(self, patterns):
        self._patterns, self._by_head = tuple(patterns), defaultdict(list)
        for pattern in self._patterns:
            for word in pattern.heads:
                self._by_head[word].append(pattern)

    def __add__(self, others):
        return Patterns((*self._patterns, *others._patterns))

    def __contains__(self, word):
        """Tell if a match may begin with a word."""
        return word in self._by_head

    def measure(self, words, start=0):
        """Return how many words the longest match takes, 0 without a match."""
        if start >= len(words):
            return 0
        found = self._by_head.get(words[start], ())
        ends = (pattern.find_end(words, start) for pattern in found)
        return max(ends, default=start) - start


def compile_patterns(*sources, words=None):
    """Return compiled :class:`Patterns`.

    :param dict words: what ``<name>`` stands for in the patterns, by name
    """
    named = partial(_NAME.sub, lambda match: words[match[1]])
    return Patterns(Pattern(named(source)) for source in sources)
