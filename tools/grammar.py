# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The grammar of patterns, by which answers and courtesies are read.

A pattern is a row of words: ``yes|yeah i do?``. ``|`` parts words of which one must
stand there, ``?`` makes a place optional. Matching keeps a set of positions and never
goes back: linear in the text.

Words are written small, and may have their accents; they are compared without. An
umlaut stands also for its spelling with an e: "möchte" for "mochte" and "moechte".
"""

from .texts import fold

#: Umlauts as they are written where a keyboard has none.
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


class Pattern:
    """A compiled pattern."""

    def __init__(self, source):
        self._places = [self._read(place) for place in source.split()]

    @staticmethod
    def _read(place):
        """Return ``(words, is optional)`` of one place."""
        words = place.removesuffix("?").split("|")
        words += [word.translate(_UMLAUTS) for word in words]
        return frozenset(map(fold, words)), place.endswith("?")

    def ends(self, words, start):
        """Return the positions behind this pattern if it begins at ``start``."""
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
    """Return how many words the longest of some patterns takes, 0 for none."""
    ends = [end for pattern in patterns for end in pattern.ends(words, start)]
    return max(ends, default=start) - start
