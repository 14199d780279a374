# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a START gives back.

It takes back what was said by text, and the carrier's own block, which a START lifts
at the carrier too. An opt-out that was said in another way (to an agent, on the
preference page, in a letter) was not made by a word that the phone can undo: it needs
a new consent. Nothing more comes back than was once granted.
"""

from collections import defaultdict

from .consent import EXPIRED, REVOKED, Standing, find_obstacle, take

#: Ways of saying no that a START takes back.
BY_TEXT = frozenset(("keyword", "carrier"))

#: The key of what is about all purposes at once.
ALL = False


def find_restorable(history):
    """Return what a START takes back.

    While a stop for everything stands that was said in another way, it takes back
    nothing: a purpose that came back would overrule it.

    :param history: the number's events, oldest first: pairs of a purpose's id (or
        ``ALL``) and a :class:`consent.Said`
    :return: set of purpose ids, and ``ALL`` for the stop of everything
    """
    ways, agreed = _read_ways(history)
    of_all = ways.pop(ALL, set())
    if of_all - BY_TEXT:
        return set()
    found = {
        purpose_id
        for purpose_id, methods in ways.items()
        if methods and methods <= BY_TEXT and purpose_id in agreed
    }
    return found | ({ALL} if of_all else set())


def _read_ways(history):
    """Return in which ways each purpose was stopped since its last yes that counts.

    :return: ``{purpose id or ALL: methods}``, and the purposes that were agreed to
    """
    standings, ways, agreed = defaultdict(Standing), defaultdict(set), set()
    for purpose_id, said in history:
        of_all = standings[ALL] if purpose_id else None
        if find_obstacle(said, standings[purpose_id], of_all):
            continue
        standings[purpose_id] = take(said, standings[purpose_id], of_all)
        if said.event == REVOKED:
            ways[purpose_id].add(said.method)
        elif said.event == EXPIRED:
            agreed.discard(purpose_id)
        elif said.is_yes:
            ways[purpose_id] = set()
            agreed.add(purpose_id)
    return ways, agreed
