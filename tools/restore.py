# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a START gives back.

It takes back what was said by text, and the carrier's own block, which a START lifts
at the carrier too. An opt-out that was said in another way (to an agent, on the
preference page, in a letter) was not made by a word that the phone can undo: it needs
a new consent. Nothing more comes back than was once granted.
"""

from typing import NamedTuple

from .consent import CONFIRMED, EXPIRED, GRANTED, RESTORED, REVOKED

#: Ways of saying no that a START takes back.
BY_TEXT = frozenset(("keyword", "carrier"))

#: The key of what is about all purposes at once.
ALL = False


class Said(NamedTuple):
    """One event of the ledger: about which purpose (or ``ALL``), what, how, when."""

    purpose_id: int
    event: str
    method: str
    happened_at: object


class _Standing:
    """What stands for one purpose: the noes since the last yes."""

    def __init__(self):
        self.methods = set()
        self.stopped_at = None
        self.has_agreed = False

    def take(self, said):
        """Go one event further."""
        if said.event == REVOKED:
            self.methods.add(said.method)
            self.stopped_at = max(filter(None, (self.stopped_at, said.happened_at)))
        elif said.event == EXPIRED:
            self.has_agreed = False
        elif said.event == RESTORED or (
            said.event in (GRANTED, CONFIRMED)
            and (not self.stopped_at or said.happened_at >= self.stopped_at)
        ):
            self.methods, self.stopped_at, self.has_agreed = set(), None, True

    @property
    def is_by_text(self):
        """Tell if all that stands was said by text."""
        return bool(self.methods) and self.methods <= BY_TEXT


def find_restorable(history):
    """Return what a START takes back.

    While a stop for everything stands that was said in another way, it takes back
    nothing: a purpose that came back would overrule it.

    :param history: the number's events, oldest first, as :class:`Said`
    :return: set of purpose ids, and ``ALL`` for the stop of everything
    """
    standing = {ALL: _Standing()}
    for said in history:
        standing.setdefault(said.purpose_id, _Standing()).take(said)
    of_all = standing.pop(ALL)
    if of_all.methods and not of_all.is_by_text:
        return set()
    found = {
        purpose_id
        for purpose_id, state in standing.items()
        if state.is_by_text and state.has_agreed
    }
    return found | ({ALL} if of_all.methods else set())
