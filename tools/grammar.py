# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Patterns of words that recognize answers and courtesies.

A pattern is a sequence of words: ``yes|yeah i do?``. ``|`` separates alternatives for
one position, ``?`` makes a position optional. Matching tracks a set of positions and
never backtracks: it is linear in the length of the text.

Words are written in lower case, with or without accents, which are ignored. An umlaut
also matches its spelling with an e: "möchte" matches "mochte" and "moechte".
"""

from .texts import fold

#: Umlauts as they are written without an umlaut key.
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


class Pattern:
    """A compiled pattern."""

    def __init__(self, source):
        self._places = [self._read(place) for place in source.split()]

    @staticmethod
    def _read(place):
        """Return ``(words, is optional)`` of one position."""
        words = place.removesuffix("?").split("|")
        words += [word.translate(_UMLAUTS) for word in words]
        return frozenset(map(fold, words)), place.endswith("?")

    def ends(self, words, start):
        """Return the possible end positions of a match that begins at ``start``."""
        positions = {start}
        for choices, is_optional in self._places:
            reached = set(positions) if is_optional else set()
            reached.update(
                position + 1
                for position in positions
                if position < len(words) and words[position] in choices
            )
            if not reached:
                return reached
            positions = reached
        return positions - {start}


def compile_patterns(*sources):
    """Return compiled patterns."""
    return tuple(map(Pattern, sources))


def measure(patterns, words, start=0):
    """Return how many words the longest matching pattern takes, 0 without a match."""
    ends = [end for pattern in patterns for end in pattern.ends(words, start)]
    return max(ends, default=start) - start
