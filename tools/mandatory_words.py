# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What texts must say, and what the confirmation of an opt-out must not.

Sources: CTIA Messaging Principles and Best Practices, 5.1.2 to 5.1.4 (the sender, STOP
and HELP are named); 47 CFR 64.1200(a)(12) (the one text that confirms an opt-out holds
no marketing or promotion); 64.1200(b)(1) and CPCE art. L34-5 (who sends is named).
"""

import re

from . import advice, keywords, phrases, texts

#: A confirmation that is longer than two segments does more than confirm.
MAX_CONFIRMATION = 306

#: Words that lead back, or out, or to help: all that a confirmation may ask to text.
_CONFIRMATION_WORDS = frozenset(
    word for words in keywords.MANDATORY_WORDS.values() for word in words
)
_CAPITALS = re.compile(r"(?<!\w)[^\W\d_]{2,}(?!\w)")
_ADDRESS = re.compile(
    r"https?:|www\.|\b[\w-]+\.(?:com|net|org|io|co|us|fr|de|es|eu)\b", re.IGNORECASE
)
_PRICE = re.compile(
    r"[$€£¥%]|\b\d+(?:[.,]\d+)?\s?(?:usd|eur|dollars?|euros?|pesos)\b", re.IGNORECASE
)
#: Beside those of ``advice``: what no confirmation has a use for.
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

    They stand in capitals, as what is to be texted. Words of other languages count as
    far as they work: those that the company knows, and for STOP those that are taken
    for an opt-out by themselves.

    :param str text: the footer, in one language
    :param stop_words: the company's words to opt out
    :param help_words: the company's words to get help
    :return: of ``("STOP", "HELP")``
    :rtype: tuple
    """
    shown = {
        keywords.squeeze(word) for word in _CAPITALS.findall(text) if word.isupper()
    }
    stops = _squeeze_all(keywords.MANDATORY_WORDS[keywords.STOP], stop_words)
    helps = _squeeze_all(keywords.MANDATORY_WORDS[keywords.HELP], help_words)
    missing = []
    if not (shown & stops or any(map(_is_opt_out, shown - helps))):
        missing.append("STOP")
    if not shown & helps:
        missing.append("HELP")
    return tuple(missing)


def find_promotion(text):
    """Return what makes the confirmation of an opt-out more than one; empty if nothing.

    Source: 47 CFR 64.1200(a)(12).

    :param str text: the confirmation, in one language
    :return: the words that are not allowed, or ``"…"`` where it is too long
    :rtype: str
    """
    for pattern in (_ADDRESS, _PRICE, _OFFER, advice.PROMOTION_PATTERN):
        if match := pattern.search(text):
            return match[0]
    for word in _ASKS_FOR.findall(text):
        if word.isupper() and keywords.squeeze(word) not in _CONFIRMATION_WORDS:
            return word
    return "…" if len(text) > MAX_CONFIRMATION else ""


def names_contact(text):
    """Tell if an answer names somebody to ask: by its placeholder, or in full.

    :param str text: the source of an answer
    """
    digits = sum(char.isdigit() for char in text)
    return "{contact}" in text or "@" in text or digits >= 7


def names_sender(text, name):
    """Tell if a text names who sends it.

    :param str text: a message, its footer included
    :param str name: the company's
    """
    squeezed = " ".join(name.casefold().split())
    return bool(squeezed) and squeezed in " ".join(text.casefold().split())


def sign(body, footer, name):
    """Return the footer of a text that must say who sends.

    What the text says already is not said twice.

    :param str body: the text, may be empty
    :param str footer: how to stop and get help, may be empty
    :param str name: the company's
    """
    body, footer = body or "", (footer or "").strip()
    if names_sender(f"{body}\n{footer}", name):
        return footer
    if not footer or texts.add_footer(body, footer) == body:
        return name
    return f"{name}: {footer}"


def _squeeze_all(*collections):
    """Return words as they are compared."""
    return {keywords.squeeze(word) for words in collections for word in words}


def _is_opt_out(word):
    """Tell if a word that is texted alone ends everything."""
    return phrases.classify(word).kind == phrases.OPT_OUT
