# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The rules of ``tools.phrases``: one table a language, and what all share."""

from . import de, en, es, fr
from .grammar import (
    ALL,
    ALONE,
    ANYWHERE,
    BEGINNING,
    LIKELY,
    MAYBE,
    NOTHING,
    SURE,
    WHOLE,
    compile_patterns,
)

LANGUAGES = (en.LANGUAGE, es.LANGUAGE, fr.LANGUAGE, de.LANGUAGE)

#: Polite words say nothing about the matter, in whichever language; they are left out.
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
    "porfa|porfavor|xfa",
    "por favor|fa",
    "gracias|hola|buenas|buenos|saludos dias|tardes|noches?",
    "muchas gracias",
    "senor|senora|disculpe|perdon|disculpa|ya|inmediatamente",
    "merci|svp|stp|bonjour|bonsoir|salut|cordialement|desole|pardon beaucoup?",
    "s il vous|te plait",
    "monsieur|madame|immediatement|maintenant",
    "tout de suite",
    "bitte|danke|hallo|servus|moin|sofort|jetzt|endlich schon|schoen|sehr?",
    "vielen dank",
    "guten tag|morgen|abend",
    "mit freundlichen grussen|gruessen",
    "mfg|lg|entschuldigung",
    "tut mir leid",
)

#: A request may begin behind them.
CONJUNCTIONS = {"and", "so", "then", "y", "e", "et", "und", "also", "entonces", "donc"}

#: Two words that are compared as one.
JOINED = {
    ("do", "not"): "dont",
    ("does", "not"): "doesnt",
    ("did", "not"): "didnt",
    ("is", "not"): "isnt",
    ("will", "not"): "wont",
    ("can", "not"): "cannot",
    ("dont", "ever"): "dont",
    ("off", "of"): "off",
    ("any", "more"): "anymore",
    ("i", "m"): "im",
    ("i", "am"): "im",
    ("you", "re"): "youre",
    ("you", "have"): "youve",
    ("you", "got"): "youve",
    ("youve", "got"): "youve",
    ("text", "messages"): "messages",
    ("text", "message"): "message",
    ("sms", "messages"): "messages",
    ("opt", "out"): "optout",
    ("stop", "all"): "stopall",
}

#: Slips of the thumb that are no other word. "stoop", "step", "shop", "sop" are.
SPELLINGS = {
    **dict.fromkeys(
        ("stpo", "sotp", "tsop", "sttop", "stopp", "stp0", "st0p", "ztop", "stope"),
        "stop",
    ),
    **dict.fromkeys(("txt", "tex", "texte", "txting", "texing"), "text"),
    **dict.fromkeys(("txts", "txs"), "texts"),
    **dict.fromkeys(("msg", "mesage", "messge", "mssg"), "message"),
    **dict.fromkeys(("msgs", "mesages", "messges"), "messages"),
    **dict.fromkeys(("unsub", "unsucribe", "unsubcribe", "unsuscribe"), "unsubscribe"),
    **dict.fromkeys(("cant", "cannt"), "cannot"),
    "dnt": "dont",
    "donot": "dont",
    "u": "you",
    "ur": "your",
    "nr": "number",
    "num": "number",
    "cancle": "cancel",
    "cancell": "cancel",
    "remve": "remove",
    "areter": "arreter",
    "arretter": "arreter",
    "arette": "arrete",
    "aretez": "arretez",
    "arettez": "arretez",
    "arrettez": "arretez",
}

#: Long words are known by all but one letter.
MIN_FUZZY_LENGTH = 9
FUZZY = (
    "unsubscribe",
    "desabonner",
    "desabonnez",
    "desinscrire",
    "desinscription",
    "desabonnement",
    "abbestellen",
    "equivocado",
)

#: ... unless they are words of their own.
SPELLED_RIGHT = {
    "unsubscribed",
    "unsubscribes",
    "unsubscriber",
    "equivocada",
    "desabonne",
    "desabonnes",
    "desabonnee",
    "abbestellt",
}
