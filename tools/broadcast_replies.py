# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What people answer to a text that went to many: whom to answer first."""

import re

from .replies import is_thanks
from .texts import fold

#: In the order in which they are shown.
QUESTION, OTHER, OPT_OUT, THANKS = KINDS = ("question", "remark", "stop", "thanks")
#: How an incoming text that ends consent is called (``sms.inbound.kind``).
STOP = "stop"
#: So much of a text is looked at.
_LIMIT = 1600
_SIGNS = frozenset("?¿？")
#: Words before the first that counts, folded.
_GREETINGS = frozenset(
    [
        *("hi", "hello", "hey", "ok", "okay", "and", "so", "but", "please", "hola"),
        *("buenos", "buenas", "dias", "tardes", "y", "por", "favor", "bonjour"),
        *("salut", "et", "hallo", "guten", "morgen", "tag", "abend", "und"),
    ]
)
#: Words with which a question begins, folded: English, Spanish, French, German.
_FIRST = frozenset(
    [
        *("what", "whats", "when", "where", "who", "why", "how", "which", "is", "are"),
        *("do", "does", "did", "can", "could", "will", "would", "should", "any"),
        *("que", "cuando", "donde", "quien", "como", "cual", "cuanto", "hay", "puedo"),
        *("quand", "qui", "pourquoi", "comment", "combien", "quel", "quelle", "est"),
        *("was", "wann", "wo", "wer", "warum", "wieso", "wie", "welche", "wird"),
        *("ist", "kann", "gibt"),
    ]
)
#: They begin so, and ask nothing.
_PLAIN = frozenset(("will do", "any time", "no problem"))


def is_question(text):
    """Tell if a text asks something, by its sign or by its first word."""
    text = (text or "")[:_LIMIT]
    if _SIGNS.intersection(text):
        return True
    words = re.findall(r"\w+", fold(text))
    while words and words[0] in _GREETINGS:
        words.pop(0)
    return bool(words) and words[0] in _FIRST and " ".join(words[:2]) not in _PLAIN


def classify(kind, text):
    """Return which of :data:`KINDS` an answer is.

    :param str kind: what the router took it for
    """
    if kind == STOP:
        return OPT_OUT
    if is_question(text):
        return QUESTION
    return THANKS if is_thanks(text) else OTHER
