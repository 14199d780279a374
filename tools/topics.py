# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Tell by its words whether a ticket is about a known incident."""

import re

from .texts import fold

#: Characters of a text that are read.
_LIMIT = 5000
#: Letters that an ending may have: "down" matches "downs" but not "download".
_ENDING = 2
#: Shorter words of an incident's name mean nothing by themselves.
_SHORTEST = 4
#: Nor do these, in English, French, German and Spanish.
_EMPTY = frozenset(
    [
        *("with", "from", "this", "that", "what", "have", "there", "since", "into"),
        *("over", "some", "none", "avec", "dans", "pour", "sans", "tout", "plus"),
        *("nous", "vous", "kein", "keine", "keinen", "eine", "einen", "oder"),
        *("nicht", "beim", "unser", "para", "como", "desde", "este", "esta", "todo"),
    ]
)


def _read_words(text):
    """Return the words of a text in lower case without accents, with single spaces."""
    return " ".join(re.findall(r"\w+", fold(text[:_LIMIT])))


def split(words):
    """Return the entries of a list that is separated by commas."""
    return [entry for it in (words or "").split(",") if (entry := " ".join(it.split()))]


def mentions(text, words):
    """Tell if a text contains one of the words, also with an ending such as a plural's.

    :param str words: separated by commas; an entry may consist of several words
    """
    entries = filter(None, map(_read_words, split(words)))
    pattern = "|".join(map(re.escape, entries))
    ending = rf"\b(?:{pattern})\w{{,{_ENDING}}}\b"
    return bool(text and pattern and re.search(ending, _read_words(text)))


def suggest(name, left_out=(), usual=""):
    """Suggest words that recognize texts about an incident, separated by commas.

    :param str name: what has failed
    :param left_out: texts whose words mean nothing here, such as names of areas
    :param str usual: words that such texts often contain, separated by commas
    """
    known = set(" ".join(map(_read_words, left_out)).split()) | _EMPTY
    found = [
        word
        for word in re.findall(r"\w+", name or "")
        if len(word) >= _SHORTEST and _read_words(word) not in known
    ]
    return ", ".join(dict.fromkeys([*(it.lower() for it in found), *split(usual)]))
