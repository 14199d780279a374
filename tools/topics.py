# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a ticket is about, by its words: whether it is about a known incident."""

import re
import unicodedata

#: So much of a text is looked at.
_LIMIT = 5000
#: Letters of an ending: "down" is in "downs" and not in "download".
_ENDING = 2
#: Words of a name that are shorter say nothing by themselves.
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


def _fold(text):
    """Return a text in small letters without accents, words apart by one space."""
    plain = unicodedata.normalize("NFKD", text[:_LIMIT])
    kept = "".join(char for char in plain if not unicodedata.combining(char))
    return " ".join(re.findall(r"\w+", kept.casefold()))


def split(words):
    """Return the single entries of a list of words that is separated by commas."""
    return [entry for it in (words or "").split(",") if (entry := " ".join(it.split()))]


def mentions(text, words):
    """Tell if a text has one of some words, be it with an ending, as of a plural.

    :param str words: separated by commas; an entry may be of several words
    """
    entries = filter(None, map(_fold, split(words)))
    pattern = "|".join(map(re.escape, entries))
    ending = rf"\b(?:{pattern})\w{{,{_ENDING}}}\b"
    return bool(text and pattern and re.search(ending, _fold(text)))


def suggest(name, left_out=(), usual=""):
    """Return the words by which texts about an incident are known.

    :param str name: what has failed
    :param left_out: texts whose words tell nothing, such as the names of the areas
    :param str usual: words that such texts often have, separated by commas
    """
    known = set(" ".join(map(_fold, left_out)).split()) | _EMPTY
    found = [
        word
        for word in re.findall(r"\w+", name or "")
        if len(word) >= _SHORTEST and _fold(word) not in known
    ]
    entries = dict.fromkeys([*(it.lower() for it in found), *split(usual)])
    return ", ".join(entries)
