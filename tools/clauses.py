# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Split a text into clauses: words without case and accents, typing slips corrected."""

import re
import unicodedata

from .grammar import compile_patterns
from .keywords import unmix
from .texts import fold

#: Characters that are read: the longest text that a carrier accepts. Other sources can
#: bring longer ones.
MAX_LENGTH = 1600

#: Ends a clause: an ellipsis, a bracket or an emoji does so like a full stop.
_CLAUSE_END = re.compile(r"[^\w\s'’`´#/&+-]+|\n+|\s[-–—]+\s")
_WORD = re.compile(r"\w+|(?<!\S)\+(?!\S)")
_ELISION = re.compile(r"(?<![^\W\d_])([^\W\d_]|qu)['’`´]", re.IGNORECASE)
_APOSTROPHE = re.compile(r"['’`´]")
_REPEATED = re.compile(r"(.)\1\1+")

#: Polite words without meaning for the matter, in all languages; they are left out.
COURTESIES = compile_patterns(
    "please|pls|plz|plse|pleas|kindly|just",
    "thanks|thx|ty|tks|cheers|regards",
    "thank you|u so? very? much?",
    "thanks so|a? much|lot",
    "hi|hello|hey|hiya|dear there|all|team|guys|folks|everyone?",
    "good morning|afternoon|evening|day",
    "sorry|ok|okay|sir|madam|maam|dude|buddy|bro|man|mate|lol",
    "now|already|immediately|asap",
    "right|at now|once",
    "fucking|damn|bloody|freaking|goddamn",
    "sent from my iphone|phone|android|mobile",
    "porfa|porfavor|xfa|porfis|porfi|pfv|porfabor|favorcito",
    "por|x favor|fa|favorcito",
    "muy amable|amables",
    "buen día",
    "un|cordial saludo",
    "de antemano",
    "señores|señorita|sr|sra|srs|amigo|amigos|atentamente|atte|tío|tía|wey|güey|"
    "hombre|coño|carajo|hostia|che|boludo|pana|parce|compadre",
    "gracias|hola|buenas|buenos|saludos dias|tardes|noches?",
    "muchas|muchísimas|mil gracias",
    "senor|senora|disculpe|perdon|disculpa|ya|inmediatamente",
    "merci|svp|stp|bonjour|bonsoir|salut|cordialement|desole|pardon beaucoup?",
    "s il vous|te plait",
    "monsieur|madame|immediatement|maintenant",
    "tout de suite",
    "donc|allô|allo|coucou|bjr|slt|bsr|cdlt|bises",
    "bonne journée|soirée|nuit",
    "bitte|danke|hallo|servus|moin|sofort|jetzt|endlich schon|schoen|sehr?",
    "vielen dank",
    "guten tag|morgen|abend",
    "mit freundlichen grussen|gruessen",
    "mfg|lg|entschuldigung",
    "tut mir leid",
    "gefälligst|unverzüglich|umgehend|grüezi|hoi|salü|ciao|tschüss|pfiat|griass|vg",
    "grüß|grüss gott|dich|euch",
    "viele|liebe|beste|schöne|freundliche grüße|grüsse|gruß|gruss",
    "schönen|schöne tag|abend|woche noch?",
    "sehr geehrte damen|herren und|herren? damen|herren?",
    "liebes|liebe team|leute|alle",
)

#: Two words that are compared as one.
_JOINED = {
    ("do", "not"): "dont",
    ("does", "not"): "doesnt",
    ("is", "not"): "isnt",
    ("will", "not"): "wont",
}
_SPELLINGS = {"dnt": "dont", "donot": "dont", "u": "you", "ur": "your"}
_SPELLINGS |= {"qiero": "quiero", "kiero": "quiero", "quero": "quiero"}


def read_clauses(text):
    """Return the clauses of a text, each a list of words."""
    text = unmix(unicodedata.normalize("NFKC", text)[:MAX_LENGTH])
    text = _APOSTROPHE.sub("", _ELISION.sub(r"\1 ", text))
    clauses = [_read_words(part) for part in _CLAUSE_END.split(text)]
    return [clause for clause in clauses if clause]


def _read_words(clause):
    """Return the words of a clause, in one spelling, without repetitions."""
    words = []
    for written in _WORD.findall(clause):
        word = _REPEATED.sub(r"\1", fold(written))
        word = _SPELLINGS.get(word, word)
        joined = _JOINED.get((words[-1], word)) if words else None
        if joined:
            words[-1] = joined
        elif not words or words[-1] != word:
            words.append(word)
    return words
