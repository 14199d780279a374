# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Our vocabulary for calls: the words spoken, and the keys."""

from dataclasses import dataclass

#: Keys of a call.
TAKE, PASS = KEYS = ("1", "2")
#: Seconds that a phone rings; most voicemails answer later.
RING_SECONDS = 25
#: How often a question is asked if no key or a wrong one is pressed.
ROUNDS = 2


@dataclass(frozen=True)
class Spoken:
    """Words spoken to the person who answered.

    :param str lang: Odoo's code of their language, may be empty
    :param bool asks: wait for a key; otherwise the call ends after the words
    """

    words: str
    lang: str = ""
    asks: bool = False
