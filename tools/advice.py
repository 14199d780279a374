# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Advice on the wording of templates, and what the law requires or forbids in texts.

Advice comes from rules of thumb, applied to one message as its reader would get it; it
forbids nothing. Sources: our own style rules (short, one thing, a next step, no slang),
the CTIA Messaging Principles (5.3: no shared link shorteners, the sender named, how to
stop), 47 CFR 64.1200(f)(13) (an offer makes a message telemarketing).
"""

import re
from typing import NamedTuple

from . import keywords, phrases, texts
from .segments import GSM7_BASIC, GSM7_EXTENSION

# Codes of advice.
TOO_LONG, NO_NEXT_STEP, ALL_CAPS = "too_long", "no_next_step", "all_caps"
SLANG, NO_SENDER, SHORTENER = "slang", "no_sender", "shortener"
PROMOTION, NO_OPT_OUT, UNICODE = "promotion", "no_opt_out", "unicode"

#: Texts with up to this many segments count as short.
GOOD_SEGMENTS = 2

#: Words in capitals, except keywords that people text and common abbreviations.
_CAPITALS = re.compile(
    r"\b(?!(?:STOP|HELP|START|UNSTOP|YES|INFO|STATUS|ALTO|BASTA|ARRET|STOPP|HILFE|AYUDA"
    r"|AIDE|NEIN|BAJA|ALTA|ABMELDEN|ANMELDEN|URGENT|ASAP|HTTP|HTTPS)\b)[A-ZÀ-ÖØ-Þ]{4,}\b"
)

_SLANG = re.compile(
    r"\b(?:u|ur|r u|pls|plz|thx|tnx|btw|lol|omg|imo|idk|tbh|gr8|l8r|b4|2day|2moro|tmrw"
    r"|tomo|4u|cu|cya|gonna|wanna|gotta|kinda|hey guys|yo|asap pls|txt|w/o|w/"
    # In mandatory phrases ("msg & data rates", "4 msg/month") it is not slang.
    r"|msg(?!/|\s*(?:&|and)\s*data\b)"
    r"|rn|brb|nvm|np|xoxo|wtf|xq|tqm|slt|bjr|mdr|stp|svp|lg|vlt|bg)(?!\w)",
    re.IGNORECASE,
)

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

#: Wording that tells a reader what happens next, or what to do.
_NEXT_STEP = re.compile(
    r"https?://|\b(?:reply|answer|call|text|write|click|open|visit|confirm|contact"
    r"|choose|tell us|let us know|we'll|we will|we are going to|you will|wait for"
    r"|no action|nothing to do|please|all hands|reminder|is on the way"
    r"|responda|conteste|llame|escriba|confirme|visite|por favor|le avisaremos|vamos a"
    r"|répondez|appelez|écrivez|confirmez|veuillez|merci de|nous vous|s'il vous plaît"
    r"|antworten|rufen|schreiben|bestätigen|bitte|wir werden|wir melden|kontaktieren)\b"
    r"|\+?\d[\d ().-]{7,}\d",
    re.IGNORECASE,
)
_STOP = re.compile(r"\b(?:STOP|ALTO|ARRET|STOPP)\b")


class Wording(NamedTuple):
    """One message as its reader would get it.

    :param str text: with its placeholders filled in, without the footer
    :param str footer: appended to the text, may be empty
    :param Segments segments: of text and footer together
    :param names: names that identify the sender, such as the company's and the team's
    :param bool is_promotional: its purpose is a promotional one
    :param bool is_internal: it goes to colleagues
    """

    text: str
    footer: str
    segments: object
    names: tuple = ()
    is_promotional: bool = False
    is_internal: bool = False


class Advice(NamedTuple):
    """One piece of advice: its code, and the words that it refers to."""

    code: str
    detail: str = ""


def advise(wording):
    """Return the advice on a message, in a fixed order."""
    text = wording.text
    found = []
    if wording.segments.count > GOOD_SEGMENTS:
        found.append(Advice(TOO_LONG, str(wording.segments.count)))
    # A text that ends with a colon is a beginning that somebody completes.
    is_whole = not text.rstrip().endswith(":")
    if is_whole and not _NEXT_STEP.search(text):
        found.append(Advice(NO_NEXT_STEP))
    if shouted := _find_capitals(text, wording.names):
        found.append(Advice(ALL_CAPS, shouted))
    if slang := _SLANG.search(text):
        found.append(Advice(SLANG, slang[0]))
    whole = f"{text}\n{wording.footer}"
    is_named = any(names_sender(whole, name) for name in wording.names)
    if not (wording.is_internal or is_named):
        found.append(Advice(NO_SENDER))
    if shortener := SHORTENERS.search(text):
        found.append(Advice(SHORTENER, shortener[0]))
    if not wording.is_promotional and (offer := PROMOTION_PATTERN.search(text)):
        found.append(Advice(PROMOTION, offer[0]))
    if not wording.is_internal and not _STOP.search(whole):
        found.append(Advice(NO_OPT_OUT))
    if rare := find_rare(f"{text}{wording.footer}"):
        found.append(Advice(UNICODE, " ".join(rare)))
    return found


def find_rare(text):
    """Return the characters that force Unicode on a text, each once, at most five."""
    rare = (char for char in text if char not in GSM7_BASIC | GSM7_EXTENSION)
    return list(dict.fromkeys(rare))[:5]


def _find_capitals(text, names):
    own = {word for name in names for word in re.findall(r"\w+", name)}
    words = [word for word in _CAPITALS.findall(text) if word not in own]
    return " ".join(words[:3]) if len(words) > 1 else ""


# Footers, and confirmations of an opt-out.
#
# Sources: CTIA Messaging Principles and Best Practices, 5.1.2 to 5.1.4 (the sender,
# STOP and HELP are named); 47 CFR 64.1200(a)(12) (the one text that confirms an opt-out
# contains no marketing or promotion); 64.1200(b)(1) and CPCE art. L34-5 (the sender is
# named).

#: Characters in two GSM-7 segments; a longer confirmation does more than confirm.
MAX_CONFIRMATION = 306

#: Keywords that opt out, opt in again or get help: a confirmation may name no others.
_CONFIRMATION_WORDS = frozenset(
    word
    for action in (keywords.STOP, keywords.HELP, keywords.START)
    for word in keywords.MANDATORY_WORDS[action]
)
_CAPITAL_WORDS = re.compile(r"(?<!\w)[^\W\d_]{2,}(?!\w)")
_ADDRESS = re.compile(
    r"https?:|www\.|\b[\w-]+\.(?:com|net|org|io|co|us|fr|de|es|eu)\b", re.IGNORECASE
)
_PRICE = re.compile(
    r"[$€£¥%]|\b\d+(?:[.,]\d+)?\s?(?:usd|eur|dollars?|euros?|pesos)\b", re.IGNORECASE
)
#: In addition to ``PROMOTION_PATTERN``: words that no confirmation needs.
_OFFER = re.compile(
    r"\b(?:offers?|sales?|savings?|save|free|buy|deals?|bargains?|gifts?|prizes?|win"
    r"|rewards?|points|discount(?:s|ed)?|shop|order now|visit us|hurry|last chance"
    r"|miss(?:ing)? out|upgrade|premium"
    r"|ofertas?|gratis|compra|compre|ahorr[ae]|regalos?|premios?|gan[ae]|promoción"
    r"|offres?|gratuite?s?|achat|économisez|cadeaux?|gagnez|promotions?|bon plan"
    r"|angebote?|kostenlos|gratis|kaufen|sparen|geschenke?|gewinnen|aktion"
    r"|schnäppchen)\b",
    re.IGNORECASE,
)
#: "Reply X", in four languages, with or without quotation marks.
_ASKS_FOR = re.compile(
    r"\b(?:reply|text|send|répondez|envoyez|responda|responde|envíe|envía"
    r"|antworten sie(?: mit)?|senden sie|antworte mit|sende)\s+"
    r"(?:with\s+|con\s+|par\s+)?[\"'“«„]?\s?(\w+)",
    re.IGNORECASE,
)


def find_missing(text, stop_words=(), help_words=()):
    """Return which of STOP and HELP a footer does not name.

    Only words in capitals count, as keywords to text are written. Words of other
    languages count if they work: those that the company knows, and for STOP those that
    are classified as an opt-out when texted alone.

    :param str text: the footer, in one language
    :return: tuple of the missing ones, in the order ``("STOP", "HELP")``
    """
    shown = _squeeze_all(filter(keywords.is_in_capitals, _CAPITAL_WORDS.findall(text)))
    stops = _squeeze_all(stop_words)
    helps = _squeeze_all(keywords.MANDATORY_WORDS[keywords.HELP], help_words)
    named = {
        "STOP": shown & stops
        or any(phrases.classify(it) == phrases.OPT_OUT for it in shown - helps),
        "HELP": shown & helps,
    }
    return tuple(word for word, found in named.items() if not found)


def _squeeze_all(*collections):
    return {keywords.squeeze(word) for words in collections for word in words}


def find_promotion(text):
    """Return what is not allowed in an opt-out confirmation; empty if nothing.

    :param str text: the confirmation, in one language
    :return: the words that are not allowed, or ``"…"`` if it is too long
    """
    for pattern in (_ADDRESS, _PRICE, _OFFER, PROMOTION_PATTERN):
        if match := pattern.search(text):
            return match[0]
    for word in _ASKS_FOR.findall(text):
        if word.isupper() and keywords.squeeze(word) not in _CONFIRMATION_WORDS:
            return word
    return "…" if len(text) > MAX_CONFIRMATION else ""


def names_contact(text):
    """Tell if an answer names a contact: by placeholder, e-mail address or phone."""
    digits = sum(char.isdigit() for char in text)
    return "{contact}" in text or "@" in text or digits >= 7


def names_sender(text, name):
    """Tell if a text, its footer included, contains a name of its sender."""
    squeezed = texts.squeeze(name)
    return bool(squeezed) and squeezed in texts.squeeze(text)


def sign(body, footer, name, address="", lang=""):
    """Return the footer of a text that must name its sender.

    A name or address that the text already contains is not repeated.

    :param str body: the text, may be empty
    :param str footer: how to stop and get help, may be empty
    :param str address: the sender's, where it is required too
    :param str lang: language code of the footer; French puts a space before ":"
    """
    body, footer = body or "", (footer or "").strip()
    whole = f"{body}\n{footer}"
    unsaid = [it for it in (name, address) if it and not names_sender(whole, it)]
    if not unsaid:
        return footer
    signature = ", ".join(unsaid)
    if not footer or texts.add_footer(body, footer) == body:
        return signature
    colon = " :" if lang.startswith("fr") else ":"
    return f"{signature}{colon} {footer}"


# Calls to action.
#
# Source: CTIA Messaging Principles and Best Practices, section 5.1.1 (calls to action):
# the program, the message frequency, the rates, how to stop, how to get help, the
# privacy policy and the terms.

#: Element: pattern of wordings that have it, in English, Spanish, French and German.
#: Only of STOP and HELP the case matters, since people are to text them.
WORDING_ELEMENTS = {
    "program": r"(?i)\{company\}|\{program\}",
    "frequency": r"(?i)frequen|frecuencia|fréquence|häufigkeit|\bmsgs?/|varies"
    r"|one message|messages? (a|per) |per (day|week|month)|al mes|par mois|pro monat",
    "rates": r"(?i)\b(rates?|tarifas?|frais|tarifs?|kosten|gebühren)\b",
    "STOP": r"\bSTOP\b",
    "HELP": r"\bHELP\b",
    "privacy policy": r"(?i)\{privacy\}",
    "terms": r"(?i)\{terms\}",
}


def missing_elements(body):
    """Return the required elements of a call to action that a wording lacks.

    :param str body: the wording with its placeholders ({company}, {privacy}, {terms})
    :return: keys of :data:`WORDING_ELEMENTS`, in their order
    """
    return [
        element
        for element, pattern in WORDING_ELEMENTS.items()
        if not re.search(pattern, body or "")
    ]
