# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The codes by which a team alert is answered: "Reply 4 to acknowledge, 6 to ...".

Each alert has a block of ten figures of its own, in which the last figure says what is
wanted: 4, 6 and 8 of the first, 14, 16 and 18 of the second. So several that are open
are told apart, and nobody must learn other figures.
"""

import re
from datetime import timedelta
from typing import NamedTuple

from .replies import is_thanks

ACKNOWLEDGE, RESOLVE, ESCALATE = ACTIONS = ("acknowledge", "resolve", "escalate")

DIGITS = {ACKNOWLEDGE: 4, RESOLVE: 6, ESCALATE: 8}

#: So long after its alert a code means nothing else: answers come late.
KEPT = timedelta(hours=72)

_WORDS = {
    ACKNOWLEDGE: (
        "ACK",
        "ACKNOWLEDGE",
        "ACKNOWLEDGED",
        "ON IT",
        "I'M ON IT",
        "IM ON IT",
        "ON MY WAY",
        "OMW",
        "TAKE",
        "TAKEN",
        "GOT IT",
    ),
    RESOLVE: ("RESOLVE", "RESOLVED", "DONE", "FIXED", "SOLVED"),
    ESCALATE: ("ESCALATE", "ESCALATED", "PASS ON"),
}
_ACTION_OF = {word: action for action, words in _WORDS.items() for word in words}
_CODE = re.compile(r"(?:(?P<word>[A-Z' ]+?)\s+)?#?(?P<code>\d{1,6})(?P<rest>.*)", re.S)
#: Behind a sign people add whatever they like, but not another figure.
_SIGN = re.compile(r"\s*[.,;:!)\-–—]+(?!\s*\d).*", re.S)
#: So much of a text is looked at.
_LIMIT = 300


class Answer(NamedTuple):
    """What a text says: a code as it stands there (None: words alone), an action.

    ``action`` is None where the code means none, or another than the words beside it.
    """

    code: int | None
    action: str | None


def get_codes(block):
    """Return the codes of an alert by what they do.

    :param int block: the alert's, from 0
    :rtype: dict[str, str]
    """
    return {action: str(10 * block + digit) for action, digit in DIGITS.items()}


def get_block(code):
    """Return the block of which a code is."""
    return code // 10


def find_free(taken):
    """Return the lowest block that is free, so that codes stay short.

    :param taken: blocks that are in use
    """
    taken = set(taken)
    return next(block for block in range(len(taken) + 1) if block not in taken)


def read(text):
    """Return the answer that a text is, or None if it is none.

    Only what is plainly an answer counts: "4 printers are broken" is none.

    :param str text: as it came
    :rtype: Answer | None
    """
    said = " ".join((text or "")[:_LIMIT].upper().replace("’", "'").split())
    word = said.rstrip(".!")
    if word in _ACTION_OF:
        return Answer(None, _ACTION_OF[word])
    found = _CODE.fullmatch(said)
    if not found or not _is_addition(found["rest"]):
        return None
    spoken = found["word"]
    if spoken and spoken not in _ACTION_OF:
        return None
    code = int(found["code"])
    actions = {digit: action for action, digit in DIGITS.items()}
    action = actions.get(code % 10)
    if spoken and _ACTION_OF[spoken] != action:
        action = None
    return Answer(code, action)


def _is_addition(rest):
    """Tell if what follows a code merely adds to it: a sign, thanks, our own words."""
    bare = rest.strip()
    return bool(
        not bare
        or _SIGN.fullmatch(rest)
        or (rest[0] == " " and (is_thanks(bare) or bare.rstrip(".!") in _ACTION_OF))
    )
