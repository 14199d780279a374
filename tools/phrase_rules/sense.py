# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Requests in any order of words, as long as each word is known.

The tables name phrases; people have more of them. A clause all of whose words are in
the language's ``senses`` is about nothing else than our texts: a printer or a Tuesday
is no word of these lists. Then it is enough that it denies or ends, and what.
"""

#: What a word does in a request; a list's name may join two by ``+``. ``LONE`` denies
#: only in some places (French "plus"), ``STOP_OF`` ends only what "of" follows (Spanish
#: "dejar de"), ``REFUSE`` is said of oneself, ``OFF`` leads to where one is taken off,
#: a ``NOTICE`` may come from any device. Others ("filler") add nothing.
SUBJECT, YOU, ME, MY, TO_ME, OFF = ("subject", "you", "me", "my", "to_me", "off")
CAN, WANT, NEGATION, LONE, MORE = ("can", "want", "negation", "lone", "more")
STOP, STOP_OF, REFUSE, CANCEL = ("stop", "stop_of", "refuse", "cancel")
ERASE, SEND, GET, TEXT, NOTICE = ("erase", "send", "get", "text", "notice")
LIST, NUMBER, PHONE, PLAN = ("list", "number", "phone", "plan")
#: Words behind ``STOP_OF``.
_OF = frozenset(("de", "d", "of"))


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
    if is_statement and not known & {WANT, CAN, REFUSE}:
        return False  # "we send no more texts"
    if denies:
        return _denies_texts(kinds, known)
    if ends:
        is_ours = TEXT in known or SEND in known and bool(known & {ME, TO_ME})
        return is_ours or PLAN in known
    if CANCEL in known:
        return PLAN in known and TEXT in known
    return _takes_me_off(kinds, known)


def _stops_of(kinds, words):
    return any(
        STOP_OF in kind and words[at + 1 : at + 2] and words[at + 1] in _OF
        for at, kind in enumerate(kinds)
    )


def _denies_alone(kinds):
    """Tell if a ``LONE`` word denies: first, after a wish, or after "m'write"."""
    return any(
        LONE in kind
        and (
            at == 0
            or WANT in kinds[at - 1]
            or (at > 1 and ME in kinds[at - 2] and SEND in kinds[at - 1])
        )
        for at, kind in enumerate(kinds)
    )


def _denies_texts(kinds, known):
    if ERASE in known or not known & {TEXT, SEND, GET}:
        return False
    if NOTICE in known and TEXT not in known:
        return False
    is_to_me, is_more = bool(known & {ME, TO_ME}), bool(known & {MORE, LONE})
    if CAN in known:
        # "Can you not text me any more", and not "you cannot text me".
        can, negation = (_find(kinds, it) for it in (CAN, NEGATION))
        is_request = negation is not None and can < negation and YOU not in kinds[0]
        if not (is_request and is_to_me and is_more):
            return False
    if WANT in known:
        return GET in known or is_to_me or SEND not in known
    if GET in known:
        return False  # "I get no more texts"
    return (SEND in known and (is_to_me or is_more)) or (TEXT in known and is_more)


def _takes_me_off(kinds, known):
    if ERASE not in known:
        return False
    off, place = _find(kinds, OFF), _find(kinds, LIST)
    is_off = off is not None and place is not None and off < place
    return (is_off and ME in known) or {MY, NUMBER} <= known


def _find(kinds, wanted):
    return next((at for at, kind in enumerate(kinds) if wanted in kind), None)
