# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Letters that look like Latin ones: what a person sees, and not what a machine does.

A phone's keyboard, a joke or a trick writes "stоp" with a letter of another alphabet.
A reader sees "stop", and a reasonable person's reading counts (47 CFR 64.1200(a)(10)).
A few pairs are enough for that: those of Unicode's list of confusables
(https://www.unicode.org/reports/tr39/) that are letters of alphabets in daily use.
"""

import re
import unicodedata

#: What stands on the left looks like what stands below it on the right.
_PAIRS = (
    # Cyrillic
    ("АВЕЅІЈКМНОРСТУХаеѕіјорсухԁһԛԝӏҮү", "ABESIJKMHOPCTYXaesijopcyxdhqwlYy"),
    ("вкмнт", "bkmht"),
    # Greek
    ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧανιορυχϲτκηεω", "ABEZHIKMNOPTYXaviopuxctknew"),
    # Armenian
    ("ՏՕՍօոսհցյ", "SOUonuhgj"),
    # Cherokee
    ("ᎪᏴᏟᎠᎬᎻᎫᏞᎷᏢᏚᎢᏙᏔᏃ", "ABCDEHJLMPSTVWZ"),
    # Latin letters of phonetics: small capitals, and others
    ("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢɑɡıȷ", "ABCDEFGHIJKLMNOPRSTUVWYZagij"),
)
#: Styled alphabets that Unicode's compatibility forms leave out: white letters in black
#: circles and squares, and those of which flags are made.
_STYLED = {
    first + index: chr(ord("A") + index)
    for first in (0x1F150, 0x1F170, 0x1F1E6)
    for index in range(26)
}
_LATIN = {
    ord(other): latin
    for others, latins in _PAIRS
    for other, latin in zip(others, latins, strict=True)
}
#: Digits that stand for letters, within a word.
_DIGITS = str.maketrans("0135", "OIES")
_WORD = re.compile(r"\w+")
_LATIN_LETTER = re.compile("[A-Za-z]")


def drop_invisible(text):
    """Return a text without what nobody sees: joiners, marks of direction.

    :param str text: any text
    """
    if text.isascii():
        return text
    text = text.translate(_STYLED)
    return "".join(char for char in text if unicodedata.category(char) != "Cf")


def unmix(text):
    """Return a text with words of mixed alphabets in Latin letters.

    A word that consists of look-alikes alone is taken for a Latin one where there are
    Latin letters around it: else it may be a word of its own language.

    :param str text: any text
    """
    text = drop_invisible(text)
    if text.isascii() or not _LATIN_LETTER.search(text):
        return text
    return _WORD.sub(lambda word: _to_latin(word[0]), text)


def _to_latin(word):
    """Return a word in Latin letters if all of it looks like them, else as it is."""
    latin = word.translate(_LATIN)
    return latin if _is_latin(latin) else word


def _is_latin(word):
    """Tell if all letters of a word are Latin, with or without accents."""
    return all(
        char.isascii() or not char.isalpha() or "LATIN" in unicodedata.name(char, "")
        for char in word
    )


def get_skeleton(text):
    """Return what a text looks like: Latin capitals without accents or strokes.

    For a single word that is compared with a few others: "ЅТОР", "ꜱᴛᴏᴘ", "ST0P".

    :param str text: any text
    """
    text = drop_invisible(unicodedata.normalize("NFKC", text)).translate(_LATIN)
    letters = unicodedata.normalize("NFKD", text.upper())
    letters = "".join(it for it in letters if not unicodedata.combining(it))
    return letters.translate(_DIGITS) if _LATIN_LETTER.search(letters) else letters
