# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Requests in any order of words, as long as each word is known.

The tables name phrases; people have more of them. A clause all of whose words are in
the language's ``senses`` is about nothing else than our texts: a printer or a Tuesday
is no word of these lists. Then it is enough that it denies or ends, and what.
"""

#: What a word does in a request; a list's name may join two by ``+``. ``LONE`` denies
#: only in some places (French "plus"), ``STOP_OF`` ends only with another word (Spanish
#: "dejar de", German "hören auf"), ``REFUSE`` is said of oneself, ``NEED`` is a wish
#: with "more" alone, ``OFF`` leads to where one is taken off. One can ``SEND`` other
#: things, and ``WRITE`` texts alone; a ``THING`` may be any. "filler" adds nothing.
SUBJECT, YOU, ME, MY, TO_ME, OFF = ("subject", "you", "me", "my", "to_me", "off")
CAN, WANT, NEED, NEGATION = ("can", "want", "need", "negation")
LONE, MORE, STOP, STOP_OF, REFUSE = ("lone", "more", "stop", "stop_of", "refuse")
CANCEL, ERASE, WRITE, SEND, GET = ("cancel", "erase", "write", "send", "get")
TEXT, THING, LIST, NUMBER = ("text", "thing", "list", "number")
PHONE, PLAN = ("phone", "plan")
#: Words of ``STOP_OF``: the next one, or any.
_OF, _OFF = frozenset(("de", "d", "of")), frozenset(("auf", "uf"))


def asks_to_stop(senses, words):
    """Tell if some words ask for no more texts.

    :param dict senses: sets of what words do, by word
    """
    kinds = [senses.get(word) for word in words]
    if len(kinds) < 2 or None in kinds:
        return False
    known = frozenset().union(*kinds)
    denies = NEGATION in known or _denies_alone(kinds)
    ends = bool(known & {STOP, REFUSE}) or _stops_of(kinds, words)
    if denies and (ends or STOP_OF in known):
        return False  # "do not stop": the tables know a few more
    first = kinds[1] if MY in kinds[0] else kinds[0]
    is_of_phone = bool(first & {NUMBER, PHONE})
    is_statement = is_of_phone or YOU in kinds[0] or SUBJECT in known
    if is_statement and not known & {WANT, NEED, CAN, REFUSE}:
        return False  # "we send no more texts"
    if denies:
        return _denies_texts(kinds, known)
    if ends:
        return TEXT in known or bool(known & {SEND, WRITE} and known & {ME, TO_ME})
    if PLAN in known:
        return TEXT in known and bool(known & {CANCEL, ERASE})
    return _takes_me_off(kinds, known)


def _stops_of(kinds, words):
    return any(
        STOP_OF in kind
        and (not _OF.isdisjoint(words[at + 1 : at + 2]) or not _OFF.isdisjoint(words))
        for at, kind in enumerate(kinds)
    )


def _denies_alone(kinds):
    """Tell if a ``LONE`` word denies: first, after a wish, or after "m'write"."""
    return any(
        LONE in kind
        and (
            at == 0
            or WANT in kinds[at - 1]
            or (at > 1 and ME in kinds[at - 2] and kinds[at - 1] & {SEND, WRITE})
        )
        for at, kind in enumerate(kinds)
    )


def _denies_texts(kinds, known):
    is_to_me, is_more = bool(known & {ME, TO_ME}), bool(known & {MORE, LONE})
    if ERASE in known or (THING in known and TEXT not in known):
        return False
    if CAN in known and not (is_to_me and is_more and _can_deny(kinds)):
        return False
    if WANT in known or (NEED in known and is_more):
        is_mine = GET in known or is_to_me or not known & {SEND, WRITE}
        return is_mine and bool(known & {TEXT, WRITE} or (is_more and GET in known))
    if known & {GET, NEED}:
        return False  # "I get no more texts"
    if WRITE in known or (SEND in known and TEXT in known):
        return is_to_me or is_more or {WRITE, TEXT} <= known
    return is_more and (TEXT in known or (SEND in known and is_to_me))


def _can_deny(kinds):
    """Tell "can you not text me any more" from "you cannot text me any more"."""
    can, negation = _find(kinds, CAN), _find(kinds, NEGATION)
    return negation is not None and can < negation and YOU not in kinds[0]


def _takes_me_off(kinds, known):
    if ERASE not in known:
        return False
    off, place = _find(kinds, OFF), _find(kinds, LIST)
    is_off = off is not None and place is not None and off < place
    return (is_off and ME in known) or {MY, NUMBER} <= known


def _find(kinds, wanted):
    return next((at for at, kind in enumerate(kinds) if wanted in kind), None)
