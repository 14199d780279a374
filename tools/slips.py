# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The law's words as people type them: with a slip, or copied from a footer.

Of real opt-outs a third are such a word alone, and half are a copy of the footer as the
person has read it: "Stop2End", "Replystop", "Quit to end". A slip is a neighbouring
key, a letter doubled, left out, or swapped with the next one.
"""

import re
from difflib import SequenceMatcher
from functools import cache
from itertools import combinations
from typing import NamedTuple

from .keywords import MANDATORY_WORDS, STOP, is_in_capitals, squeeze

#: Words that end consent by themselves, by language: those of the law in every one.
_OF_LAW = tuple(dict.fromkeys(map(squeeze, MANDATORY_WORDS[STOP])))
STOP_WORDS = {
    "en": _OF_LAW,
    "es": ("BAJA", "ALTO", "DESUSCRIBIR"),
    "fr": ("ARRET", "ARRETER", "DESABONNER", "DESINSCRIRE"),
    "de": ("STOPP", "ABMELDEN", "ABBESTELLEN", "AUSTRAGEN"),
}
#: Letters of a word that is recognized with a slip: shorter ones have too many.
MIN_LETTERS = 4
#: The rows of keyboards, each half a key further to the right than the one above.
_QWERTY = ("1234567890", "QWERTYUIOP", "ASDFGHJKL", "ZXCVBNM")
_KEYBOARDS = {
    "en": _QWERTY,
    "es": _QWERTY,
    "fr": ("1234567890", "AZERTYUIOP", "QSDFGHJKLM", "WXCVBN"),
    "de": ("1234567890", "QWERTZUIOP", "ASDFGHJKL", "YXCVBNM"),
}
#: Slips that are words of their own: a slip only in another language.
_OWN_WORDS = {
    "en": frozenset(["TOP", "ATOP", "EVOKE", "ALT"]),
    "es": frozenset(
        [
            "TOP",
            "AJA",
            "ALTA",
            "BAIA",
            "BAKA",
            "BAMA",
            "BANA",
            "BATA",
            "NAJA",
            "HAJA",
            "ALO",
            "ALGO",
            "APTO",
            "ATO",
            "LATO",
        ]
    ),
    "fr": frozenset(["TOP", "STP", "QUI"]),
    "de": frozenset(["TOP", "TOPP", "ALT", "ANMELDEN", "AUSFRAGEN"]),
}
#: Slips that are also words: put to a person, unless our last text named the word.
_ALSO_WORDS = frozenset(["SOP", "BAA", "ARRE", "SUIT", "QUIZ", "ARRETE", "REVOIE"])
#: Always put to a person: words that phones suggest for one of the law's, and others
#: that alone may mean no.
_MAYBE_WORDS = frozenset(
    [
        "QUITE",
        "STOPS",
        "STOPPED",
        "STOPPING",
        "STY",
        "ENDS",
        "CANCELED",
        "CANCELLED",
        "REMOVE",
        "REMOVED",
        "DELETE",
        "ERASE",
        "EXIT",
        "LEAVE",
        "BLOCK",
        "BLOCKED",
        "SPAM",
        "NOMORE",
        "ENOUGH",
        "DNC",
        "ARRETEZ",
        "BASTA",
        "GENUG",
        "GOAWAY",
        "GETLOST",
        "FUCKOFF",
        "FUCKYOU",
        "GOTOHELL",
        "SCAM",
        "REPORTED",
        "DONOTCALL",
        "DONTCALL",
    ]
)

#: What stands around such a word in a footer, by what it is.
_LEADING = (
    "REPLY|REPLIES|RESPOND|ANSWER|TEXT|TXT|SEND|TYPE|SMS|RESPONDE|RESPONDA|ENVIA|ENVIE|"
)
_LEADING += (
    "REPONDEZ|REPONDRE|ENVOYEZ|ENVOYER|REPNDEZ|ANTWORTEN|ANTWORT|SENDEN|MIT|AVEC|CON"
)
_LINKING = "TO|TOO|TWO|FOR|AND|OR|PARA|POUR|POR|UM|FUR|FUER|ZUM|ZUR|ZU|O|OU|ODER|2|4|3"
_LEAVING = (
    "OPTOUT|UNSUB|LEAVE|EXIT|REMOVE|OUT|FIN|BEENDEN|SALIR|CANCELAR|TEXTS|MSGS|MESSAGES"
)


class Slip(NamedTuple):
    """A text that is probably one of the law's words.

    :ivar str word: that word, empty if it is another one that may mean the same
    :ivar bool is_sure: it is no other word
    """

    word: str
    is_sure: bool


def is_law(text):
    """Tell if a text is one of the law's words, or the like in another language."""
    return squeeze(text) in _get_stop_words()


def find_slip(text, lang=""):
    """Return the :class:`Slip` that a text is, or None.

    :param str text: a word
    :param str lang: two letters of the person's language: words of others are no
        reason to leave their slip alone
    """
    written = squeeze(text)
    if written in _MAYBE_WORDS:
        return Slip("", is_sure=False)
    word = _get_slips().get(written)
    langs = [lang] if lang in _OWN_WORDS else _OWN_WORDS
    if not word or any(is_own_word(written, it) for it in langs):
        return None
    return Slip(word, is_sure=written not in _ALSO_WORDS)


def is_own_word(text, lang):
    """Tell if a text that looks like a slip is a word of a language (two letters)."""
    return squeeze(text) in _OWN_WORDS.get(lang, ())


@cache
def _get_slips():
    """Return the words of the law by how they are misspelled."""
    words = _get_stop_words()
    return {
        slip: word
        for lang, own in STOP_WORDS.items()
        for word in dict.fromkeys((*_OF_LAW, *own))
        if len(word) >= MIN_LETTERS
        for slip in _misspell(word, _KEYBOARDS[lang]) - words
    }


def _misspell(word, rows):
    """Return a word with each slip on a keyboard."""
    places = {
        key: (column + row / 2, row)
        for row, keys in enumerate(rows)
        for column, key in enumerate(keys)
    }
    found = set()
    for at, letter in enumerate(word):
        before, after = word[:at], word[at + 1 :]
        column, row = places[letter]
        found |= {
            before + key + after
            for key, (other, line) in places.items()
            if key != letter and abs(line - row) <= 1 and abs(other - column) <= 1
        }
        found |= {before + after, before + letter + letter + after}
        if after:
            found.add(before + after[0] + letter + after[1:])
    return found - {word}


def is_copy(text):
    """Tell if a text is a copy of a footer: how to leave, and nothing else.

    :param str text: its words, without courtesies
    """
    written = squeeze(text)
    return len(written) <= MAX_COPY and bool(_get_footer().fullmatch(written))


#: Letters and digits of a copy of a footer: shorter ones are slips or nothing.
MIN_COPY, MAX_COPY = 6, 60


@cache
def _get_footer():
    """Return the pattern of a footer or a part of one: "REPLY STOP TO END"."""
    own = frozenset().union(*_OWN_WORDS.values())
    slips = sorted((*(_get_slips().keys() - own), *_OF_LAW), key=len, reverse=True)
    slips = "|".join(slips)
    last = "|".join((slips, _LEAVING, *_misspell("END", _QWERTY)))
    law = "|".join(word for words in STOP_WORDS.values() for word in words)
    first = f"(?:{law}|{slips})"
    then = f"(?:(?:{_LINKING})+(?:{law}|{last})|{first})"
    return re.compile(
        # With one of the law's words alone, something shows that it was copied.
        rf"(?:(?:{_LEADING})+(?:{_LINKING})*{first}{then}*|[24]{first}{then}*"
        rf"|{first}{then}+|(?:{_LINKING}){first}{then}+|STOP[24])"
    )


def is_copy_of(text, footer):
    """Tell if a text copies a part of a footer that names one of the law's words.

    The copy may have slips. It must have the word as the footer has it, in capitals.

    :param str footer: our last text, as it was sent
    """
    written = squeeze(text)
    if not MIN_COPY <= len(written) <= MAX_COPY:
        return False
    lines = (line.split() for line in footer.split("\n") if names_stop(line))
    return any(_is_part(written, words) for words in lines)


def names_stop(text):
    """Tell if a text says how to leave: one of the law's words in capitals."""
    return any(map(_is_named, text.split()))


def _is_named(word):
    return is_in_capitals(word) and squeeze(word) in _get_stop_words()


@cache
def _get_stop_words():
    return frozenset(word for words in STOP_WORDS.values() for word in words)


def _is_part(written, words):
    """Tell if some words in a row, with one of the law's, are what was written."""
    named = [at for at, word in enumerate(words) if _is_named(word)]
    for first, last in combinations(range(len(words)), 2):
        part = squeeze("".join(words[first : last + 1]))
        if abs(len(part) - len(written)) <= MAX_OFF and any(
            first <= at <= last for at in named
        ):
            matcher = SequenceMatcher(None, part, written)
            if matcher.quick_ratio() >= ALIKE and matcher.ratio() >= ALIKE:
                return True
    return False


#: How alike a copy and its original are (0 to 1), and how much longer one may be.
ALIKE, MAX_OFF = 0.85, 3
