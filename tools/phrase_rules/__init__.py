# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The rules of ``tools.phrases``: one table a language, and what all share."""

import re

from . import de, en, es, fr
from .grammar import (
    ALL,
    ALONE,
    ANYWHERE,
    BEGINNING,
    CLOSED,
    LIKELY,
    MAYBE,
    NOTHING,
    SURE,
    WHOLE,
    Rule,
    compile_patterns,
    read_words,
)

LANGUAGES = (en.LANGUAGE, es.LANGUAGE, fr.LANGUAGE, de.LANGUAGE)

#: What is found by the senses of words, not by a table.
ANY_ORDER = Rule(
    None, ANYWHERE, SURE, "opt_out", "Denies or ends the texts, and says nothing else."
)

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

#: A clause of its own that adds nothing.
BARE_NO = read_words("no non nein nope nee nö nah")

#: A request may begin behind them.
CONJUNCTIONS = read_words("and so then y e et und also entonces donc")

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
    ("sms", "nachrichten"): "nachrichten",
    ("sms", "benachrichtigungen"): "nachrichten",
    ("sms", "benachrichtigung"): "nachricht",
    ("opt", "out"): "optout",
    ("opting", "out"): "optout",
    ("stop", "all"): "stopall",
}

#: Slips of the thumb that are no other word. "stoop", "step", "shop", "sop" are.
_SLIPS = {
    "stop": "stpo sotp tsop sttop stopp stp0 st0p ztop stope",
    "text": "txt tex texte txting texing",
    "texts": "txts txs",
    "message": "msg mesage messge mssg",
    "messages": "msgs mesages messges",
    "unsubscribe": "unsub unsucribe unsubcribe unsuscribe",
    "cannot": "cant cannt",
    "dont": "dnt donot",
    "you": "u",
    "your": "ur",
    "number": "nr num",
    "cancel": "cancle cancell",
    "remove": "remve",
    "que": "q qe ke",
    "quiero": "qiero kiero kero quero",
    "recibir": "resibir recivir resivir",
    "envien": "embien embíen envin",
    "manden": "mandn",
    "nachrichten": "nachichten nachrichen nachrichtn",
    "schicken": "schiken schcken",
    "keine": "kene keien kein3",
    "recevoir": "recevoire resevoir",
    "arreter": "areter arretter",
    "arrete": "arette",
    "arretez": "aretez arettez arrettez",
}
SPELLINGS = {slip: word for word, slips in _SLIPS.items() for slip in slips.split()}

#: Elisions without an apostrophe: "menvoyez", "darreter", "jveux".
GLUED = re.compile(
    r"\b([mnjd]|qu)"
    r"((?:envoy|[eé]cri[rtvs]|arr[eê]t|importun|emb[eê]t|ennuy|veu)\w*)",
    re.IGNORECASE,
)

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
SPELLED_RIGHT = read_words(
    "unsubscribed unsubscribes unsubscriber equivocada desabonne desabonnes "
    "desabonnee abbestellt"
)
