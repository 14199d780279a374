# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a manager should look at again before a template is used.

Rules of thumb over the words of one message, as its reader would get it: nothing here
forbids anything. Sources: the rules of the house (short, one thing, a next step, no
slang), the CTIA Messaging Principles (5.3: no shared link shorteners, the sender named,
how to stop), 47 CFR 64.1200(f)(13) (an offer makes a message telemarketing).
"""

import re
from typing import NamedTuple

from .segments import GSM7_BASIC, GSM7_EXTENSION

# What can be wrong.
TOO_LONG, NO_NEXT_STEP, ALL_CAPS, SLANG, NO_SENDER, SHORTENER, PROMOTION = (
    "too_long",
    "no_next_step",
    "all_caps",
    "slang",
    "no_sender",
    "shortener",
    "promotion",
)
NO_OPT_OUT, UNICODE = ("no_opt_out", "unicode")
CODES = (
    TOO_LONG,
    NO_NEXT_STEP,
    ALL_CAPS,
    SLANG,
    NO_SENDER,
    SHORTENER,
    PROMOTION,
    NO_OPT_OUT,
    UNICODE,
)

#: Segments of a text that is still short.
GOOD_SEGMENTS = 2

#: Words in capitals that are no shouting: to be texted, or names of things.
QUIET_CAPITALS = frozenset(
    [
        "STOP",
        "HELP",
        "START",
        "UNSTOP",
        "YES",
        "INFO",
        "STATUS",
        "ALTO",
        "BASTA",
        "ARRET",
        "STOPP",
        "HILFE",
        "AYUDA",
        "AIDE",
        "URGENT",
        "ASAP",
        "HTTP",
        "HTTPS",
    ]
)
_CAPITALS = re.compile(r"\b[A-ZÀ-ÖØ-Þ]{4,}\b")

_SLANG = re.compile(
    r"\b(?:u|ur|r u|pls|plz|thx|tnx|btw|lol|omg|imo|idk|tbh|gr8|l8r|b4|2day|2moro|tmrw"
    r"|tomo|4u|cu|cya|gonna|wanna|gotta|kinda|hey guys|yo|asap pls|msg|txt|w/o|w/"
    r"|rn|brb|nvm|np|xoxo|wtf|xq|tqm|slt|bjr|mdr|stp|svp|lg|vlt|bg)(?!\w)",
    re.IGNORECASE,
)
#: Written out in a form of law that every phone knows; no slang there.
_FEES = re.compile(r"\bmsg\s*(?:&|and)\s*data\b|\bmsgs?/", re.IGNORECASE)

SHORTENERS = re.compile(
    r"(?:(?<=://)|(?<![\w./-]))(?:bit\.ly|bitly\.com|tinyurl\.com|goo\.gl|t\.co|ow\.ly|is\.gd|v\.gd|buff\.ly"
    r"|rebrand\.ly|cutt\.ly|rb\.gy|shorturl\.at|tiny\.cc|t\.ly|bl\.ink|lnkd\.in|s\.id"
    r"|soo\.gd|clck\.ru|adf\.ly|bit\.do)(?![\w-]|\.\w)",
    re.IGNORECASE,
)

PROMOTION_PATTERN = re.compile(
    r"\d+\s?% (?:off|discount|de descuento|de réduction|rabatt)"
    r"|\b(?:discounts?|coupons?|vouchers?|promo(?:tion)?s?|special offers?"
    r"|limited[- ]time|buy now|shop now"
    r"|order now|on sale|best deals?|free trial|upgrade today|exclusive deals?"
    r"|descuentos?|rebajas?|cupón|cupones|oferta especial|compre ahora|soldes|remises?"
    r"|code promo|offre spéciale|achetez|rabatt(?:e|aktion)?|gutschein(?:e|code)?"
    r"|sonderangebote?|jetzt kaufen)\b",
    re.IGNORECASE,
)

#: What tells a reader what comes next, or what to do.
_NEXT_STEP = re.compile(
    r"https?://|\b(?:reply|answer|call|text|write|click|open|visit|confirm|contact"
    r"|choose|tell us|let us know|we'll|we will|we are going to|you will|wait for"
    r"|no action|nothing to do|please|all hands"
    r"|responda|conteste|llame|escriba|confirme|visite|por favor|le avisaremos|vamos a"
    r"|répondez|appelez|écrivez|confirmez|veuillez|merci de|nous vous|s'il vous plaît"
    r"|antworten|rufen|schreiben|bestätigen|bitte|wir werden|wir melden|kontaktieren)\b"
    r"|\+?\d[\d ().-]{7,}\d",
    re.IGNORECASE,
)
_STOP = re.compile(r"\b(?:STOP|ALTO|ARRET|STOPP)\b")


class Wording(NamedTuple):
    """One message as its reader would get it.

    :param str text: merged, without the footer
    :param str footer: what is added to it, may be empty
    :param Segments segments: of both together
    :param names: of the company, the team: who may be meant as the sender
    :param bool is_promotional: its purpose is an offer's
    :param bool is_internal: it goes to colleagues
    """

    text: str
    footer: str
    segments: object
    names: tuple = ()
    is_promotional: bool = False
    is_internal: bool = False


class Advice(NamedTuple):
    """One thing to look at: a code of :data:`CODES`, and the words that it is about."""

    code: str
    detail: str = ""


def advise(wording):
    """Return what should be looked at in a message, in a fixed order.

    :param Wording wording: the message
    :rtype: list[Advice]
    """
    text = wording.text
    found = []
    if wording.segments.count > GOOD_SEGMENTS:
        found.append(Advice(TOO_LONG, str(wording.segments.count)))
    if not _NEXT_STEP.search(text):
        found.append(Advice(NO_NEXT_STEP))
    if shouted := _find_capitals(text, wording.names):
        found.append(Advice(ALL_CAPS, shouted))
    if slang := _SLANG.search(_FEES.sub("", text)):
        found.append(Advice(SLANG, slang[0]))
    if not wording.is_internal and not _has_name(text, wording.names):
        found.append(Advice(NO_SENDER))
    if shortener := SHORTENERS.search(text):
        found.append(Advice(SHORTENER, shortener[0]))
    offer = not wording.is_promotional and PROMOTION_PATTERN.search(text)
    if offer:
        found.append(Advice(PROMOTION, offer[0]))
    if not wording.is_internal and not _STOP.search(f"{text}\n{wording.footer}"):
        found.append(Advice(NO_OPT_OUT))
    if rare := find_rare(f"{text}{wording.footer}"):
        found.append(Advice(UNICODE, " ".join(rare)))
    return found


def find_rare(text):
    """Return the characters that make a text Unicode, each once, at most five."""
    rare = (char for char in text if char not in GSM7_BASIC | GSM7_EXTENSION)
    return list(dict.fromkeys(rare))[:5]


def _find_capitals(text, names):
    """Return two or more words in a message that are shouted, or an empty text."""
    own = {word for name in names for word in re.findall(r"\w+", name or "")}
    words = [
        word
        for word in _CAPITALS.findall(text)
        if word not in QUIET_CAPITALS and word not in own
    ]
    return " ".join(words[:3]) if len(words) > 1 else ""


def _has_name(text, names):
    """Tell if one of the names stands in a message."""
    return any(name and name.casefold() in text.casefold() for name in names)
