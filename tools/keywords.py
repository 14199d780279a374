# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Keywords in texts (STOP, HELP, START, ...), in whatever letters they are written.

A phone's keyboard, a joke or a trick may write "stоp" with a letter of another
alphabet. A reader sees "stop", and a reasonable person's reading counts (47 CFR
64.1200(a)(10)). A few pairs suffice: those of Unicode's list of confusables
(https://www.unicode.org/reports/tr39/) that are letters of alphabets in daily use.
"""

import re
import unicodedata
from functools import lru_cache, partial

from .texts import plain_digits

#: Letters on the left look like the Latin ones at the same position on the right.
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
#: Styled alphabets that NFKC does not normalize: white letters in black circles and
#: squares, and the regional indicators that form flags.
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
#: Digits that stand for letters.
_DIGITS = str.maketrans("0135", "OIES")
_nfkc = partial(unicodedata.normalize, "NFKC")
_WORD = re.compile(r"\w+")
_LATIN_LETTER = re.compile("[A-Za-z]")
_ACCENTS = re.compile("([A-ZΑ-Ω])[\u0300-\u036f]+")


def drop_invisible(text):
    """Return a text without invisible characters, and with styled letters as plain."""
    if text.isascii():
        return text
    text = text.translate(_STYLED)
    return "".join(char for char in text if unicodedata.category(char) != "Cf")


def unmix(text):
    """Return a text with words of mixed alphabets in Latin letters.

    A word made only of look-alikes counts as Latin if the text has Latin letters too:
    else it may be a word of its own language.
    """
    text = drop_invisible(text)
    if text.isascii() or not _LATIN_LETTER.search(text):
        return text
    return _WORD.sub(_to_latin, text)


def _to_latin(match):
    latin = match[0].translate(_LATIN)
    is_latin = all("LATIN" in unicodedata.name(it, it) for it in latin if it.isalpha())
    return latin if is_latin else match[0]


def get_skeleton(text):
    """Return the Latin capitals, without accents, that a text looks like.

    For comparing a single word with a few others: "ЅТОР", "ꜱᴛᴏᴘ", "ST0P".
    """
    text = drop_invisible(_nfkc(text)).translate(_LATIN)
    letters = unicodedata.normalize("NFKD", text.upper())
    letters = "".join(it for it in letters if not unicodedata.combining(it))
    return letters.translate(_DIGITS)


# === Commands ===
#
# Carriers match a single word only; case, punctuation and spaces do not matter
# (CTIA Messaging Principles and Best Practices, section 5.1.3). The words themselves
# are data (model ``sms.keyword``): the mandatory ones can be added to, never removed.

#: Actions in the order in which they are tried: opting out comes first.
ACTIONS = (
    *("stop", "help", "start", "yes", "no", "join"),
    *("status", "answer", "ticket", "mute", "unmute", "other"),
)
STOP, HELP, START, YES, NO, JOIN, STATUS, ANSWER, TICKET, MUTE, UNMUTE, OTHER = ACTIONS
#: Actions that serve a customer, for which managers may add words.
SERVICES = (STATUS, ANSWER, TICKET, MUTE, UNMUTE, OTHER)

#: Actions that end or restore consent.
URGENT = (STOP, START)

#: 47 CFR 64.1200(a)(10): these replies revoke consent by themselves. With Twilio's own
#: stop words (STOPALL, OPTOUT) they apply in every company, whatever else it adds.
MANDATORY_WORDS = {
    STOP: ("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE")
    + ("OPTOUT", "OPT OUT"),
    HELP: ("HELP", "INFO"),
    START: ("START", "UNSTOP"),
    # The answer to the double opt-in question. A carrier also reads it as START.
    YES: ("YES",),
}

#: STOP in other alphabets, as :func:`get_skeleton` returns it: "стоп" and "στοπ",
#: partly or not at all in Latin letters.
STOP_OF_OTHERS = ("CTOП", "CTOP", "STOП", "ΣTOΠ", "ΣTOP", "STOΠ")

#: Carriers' names of commands that they have already answered (``OptOutType``).
CARRIER_ACTIONS = {"STOP": STOP, "HELP": HELP, "START": START}


def normalize(text):
    """Return a text in the form in which keywords are compared.

    Compatibility forms are folded (full-width letters, ligatures), digits and
    look-alikes among Latin letters become Latin, invisible characters are removed,
    letters become upper case, and everything that is neither letter, mark nor digit
    becomes a space.

    :param str text: any text, also empty, huge or with control characters
    :return: upper-case words, single spaces between them
    """
    kept = []
    # Lower-case letters have other look-alikes than capitals.
    text = _nfkc(unmix(plain_digits(_nfkc(text or "")))).upper()
    for char in _nfkc(unmix(text)):
        # Combining marks are parts of letters in many scripts. Those that an emoji
        # leaves behind are variation selectors, or marks without a letter.
        is_mark = unicodedata.category(char).startswith("M")
        is_mark = is_mark and not "\ufe00" <= char <= "\ufe0f"
        is_kept = char.isalnum() or (is_mark and kept and kept[-1] != " ")
        kept.append(char if is_kept else " ")
    return " ".join("".join(kept).split())


def squeeze(text):
    """Return ``text`` normalized, without spaces and Latin and Greek accents.

    ``S.T.O.P.`` is ``STOP``, ``Arrêt`` is ``ARRET``: phones and people leave both out.
    """
    letters = unicodedata.normalize("NFD", normalize(text).replace(" ", ""))
    return unicodedata.normalize("NFC", _ACCENTS.sub(r"\1", letters))


def is_in_capitals(word):
    """Tell if a word is written as keywords are offered; some scripts have no case."""
    return word == word.upper() and any(map(str.isalpha, word))


#: Cached, since each keyword is compared with many texts.
_squeeze_word = lru_cache(maxsize=1024)(squeeze)


def names(text, words):
    """Tell if a text names one of some words in capitals, as they are to be texted."""
    shown = filter(is_in_capitals, _WORD.findall(text))
    return not {*map(_squeeze_word, words)}.isdisjoint(map(squeeze, shown))


def is_mandatory(action, word):
    """Tell if a word is one that the law or the carriers prescribe for an action."""
    return squeeze(word) in map(_squeeze_word, MANDATORY_WORDS.get(action, ()))


def find_action(text, words, carrier_action=""):
    """Return the command that a text consists of.

    :param words: ``{action: collection of normalized words}`` of the company
    :param str carrier_action: the command that the carrier has already answered
        (``STOP``, ``HELP``, ``START``) or empty; it overrides the text, since it also
        covers words that only the carrier's account knows. But what carriers take for
        START may be a YES to our question, or one of our joining words
    :return: ``(action, word)``, the word as ``words`` spells it, or ``(None, text)``
        with the normalized text if it is not a command
    """
    if known := CARRIER_ACTIONS.get((carrier_action or "").strip().upper()):
        own = find_action(text, words) if known == START else (known, "")
        return own if own[0] in (YES, JOIN) else (known, normalize(text))
    text = text or ""
    normalized = normalize(text)
    squeezed = squeeze(normalized)
    for action in ACTIONS:
        for word in (*words.get(action, ()), *MANDATORY_WORDS.get(action, ())):
            if _squeeze_word(word) == squeezed:
                return action, word
    # Only now: a company's word in another alphabet comes before its look-alikes.
    seen = squeeze(get_skeleton(text))
    for action, words_of_law in MANDATORY_WORDS.items():
        for word in words_of_law:
            if _squeeze_word(word) == seen:
                return action, word
    if seen in STOP_OF_OTHERS and not text.isascii():
        return STOP, "STOP"
    return None, normalized
