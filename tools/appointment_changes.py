# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a customer is told when appointments have changed: one text, of the whole.

A calendar changes a series by throwing it away and making it anew. So what counts is
not what was done, but what a person knew before and what holds now; both are compared
once, when the transaction is about to end.
"""

from collections import defaultdict
from datetime import datetime
from typing import NamedTuple

BOOKED, MOVED, CALLED_OFF = NOTICES = ("booked", "moved", "called_off")


class Change(NamedTuple):
    """One occurrence for one person: what they know, and what holds.

    :param str key: tells the appointment, or the series that it is of
    :param int partner_id: who is to be told
    :param datetime known: the start that they have been told (UTC), None for nothing
    :param datetime start: the start that holds (UTC), None: it is called off
    :param object subject: whatever the caller keeps of it
    """

    key: str
    partner_id: int
    known: datetime | None
    start: datetime | None
    subject: object = None


class Notice(NamedTuple):
    """What one person is told of one appointment or one series.

    :param str kind: one of :data:`NOTICES`
    :param Change first: the earliest occurrence that it is about
    :param datetime start: when that is (UTC); of what is called off, when it was
    :param datetime known: when they thought that it was (UTC), None if booked
    :param int count: occurrences that are concerned
    """

    kind: str
    first: Change
    start: datetime
    known: datetime | None
    count: int


def find_notices(changes):
    """Return what is to be told: one notice for a person and an appointment or series.

    :param changes: iterable of :class:`Change`
    :rtype: list[Notice]
    """
    groups = defaultdict(list)
    for change in changes:
        groups[change.partner_id, change.key].append(change)
    found = (_find_notice(group) for group in groups.values())
    return [notice for notice in found if notice]


def _find_notice(group):
    """Return what a group of changes comes to, or None if to nothing."""
    known = sorted(change.known for change in group if change.known)
    holding = sorted(
        (change for change in group if change.start), key=lambda it: it.start
    )
    same = set(known) & {change.start for change in holding}
    before = [start for start in known if start not in same]
    after = [change for change in holding if change.start not in same]
    count = max(len(before), len(after))
    if after and before:
        return Notice(MOVED, after[0], after[0].start, before[0], count)
    if after:
        return Notice(BOOKED, after[0], after[0].start, None, count)
    if before:
        first = next(change for change in group if change.known == before[0])
        return Notice(CALLED_OFF, first, before[0], before[0], count)
    return None


def merge(pending_kind, pending_known, notice):
    """Return what becomes of a notice that has not left, when a newer one has come.

    :param str pending_kind: one of :data:`NOTICES`
    :param datetime pending_known: what the person knew before it (UTC), or None
    :param Notice notice: the newer one
    :return: ``(kind, known)`` of the one text that is left, or None: nothing is new
    """
    known = None if pending_kind == BOOKED else pending_known
    if notice.kind == CALLED_OFF:
        return (CALLED_OFF, known) if known else None
    if known is None:
        return BOOKED, None
    return None if known == notice.start else (MOVED, known)


def follows(pending_kind, pending_start, notice):
    """Tell if a newer notice is about what one that has not left says.

    Else both are told: a series is booked, and one occurrence of it has moved.

    :param datetime pending_start: the start that the older one tells (UTC)
    """
    return pending_kind == CALLED_OFF or pending_start == notice.known
