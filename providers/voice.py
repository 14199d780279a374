# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What is said in a call, and which keys mean what, in our words."""

from dataclasses import dataclass

#: Keys of a call.
TAKE, PASS = KEYS = ("1", "2")
#: Seconds that a phone rings: most voicemails take over later.
RING_SECONDS = 25
#: What is asked is said so often, if no key or a wrong one was pressed.
ROUNDS = 2


@dataclass(frozen=True)
class Spoken:
    """Words that are said to the person who has answered.

    :param str lang: Odoo's code of their language, may be empty
    :param bool asks: a key is waited for; else the call ends after the words
    """

    words: str
    lang: str = ""
    asks: bool = False
