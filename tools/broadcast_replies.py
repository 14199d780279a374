# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Kinds of replies to a broadcast, to show those first that need an answer."""

import re

from .replies import QUESTION_MARKS, is_thanks
from .texts import fold

#: In the order of display.
QUESTION, OTHER, OPT_OUT, THANKS = KINDS = ("question", "remark", "stop", "thanks")
#: The value of ``sms.inbound.kind`` for an opt-out.
STOP = "stop"
#: Characters of a text that are read.
_LIMIT = 1600
#: Words that are skipped at the beginning, folded.
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
#: Phrases that begin like a question and are none.
_PLAIN = frozenset(("will do", "any time", "no problem"))


def is_question(text):
    """Tell if a text is a question, by a question mark or its first word."""
    text = (text or "")[:_LIMIT]
    if QUESTION_MARKS.intersection(text):
        return True
    words = re.findall(r"\w+", fold(text))
    while words and words[0] in _GREETINGS:
        words.pop(0)
    return bool(words) and words[0] in _FIRST and " ".join(words[:2]) not in _PLAIN


def classify(kind, text):
    """Return which of :data:`KINDS` a reply is.

    :param str kind: ``sms.inbound.kind``, as the router set it
    """
    if kind == STOP:
        return OPT_OUT
    if is_question(text):
        return QUESTION
    return THANKS if is_thanks(text) else OTHER
