# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What automations would have done with what has happened: the past, played again.

Pure rules over what Odoo has kept: when records came to be, how their stage and user
were changed, when their customers texted and were answered.
"""

from bisect import bisect_right
from datetime import datetime
from typing import NamedTuple

from . import automation


class Change(NamedTuple):
    """One kept change: when (UTC), and what stood before; None: not changed."""

    at: datetime
    old_stage_id: int | None = None
    old_user_id: int | None = None


class Event(NamedTuple):
    """What happened to one record, and how it stood then (ids, 0: none)."""

    at: datetime
    happened: frozenset
    stage_id: int
    user_id: int


def read_history(created_at, changes, stage_id, user_id, closed_ids):
    """Return what happened to a record, oldest first, from how it stands at the end.

    :param datetime created_at: when it came to be; None: before the time in question
    :param list changes: of :class:`Change`
    :param stage_id: its stage at the end; ``user_id`` likewise
    :param closed_ids: the stages in which a record is closed
    :rtype: list[Event]
    """
    events = []
    after = (stage_id, user_id)
    for change in sorted(changes, key=lambda change: change.at, reverse=True):
        before = (
            after[0] if change.old_stage_id is None else change.old_stage_id,
            after[1] if change.old_user_id is None else change.old_user_id,
        )
        happened = automation.compare(
            (before[0], before[0] in closed_ids, before[1]),
            (after[0], after[0] in closed_ids, after[1]),
        )
        events.append(Event(change.at, happened, *after))
        after = before
    if created_at:
        state = (after[0], after[0] in closed_ids, after[1])
        events.append(Event(created_at, automation.compare(None, state), *after))
    return events[::-1]


def read_texts(times, events, stage_id, user_id):
    """Return the customer's texts as events, with how the record stood then.

    :param list times: when they came (UTC)
    :param list events: what else happened, oldest first
    :param stage_id: the record's stage if nothing happened; ``user_id`` likewise
    :rtype: list[Event]
    """
    moments = [event.at for event in events]
    found = []
    for at in times:
        index = bisect_right(moments, at) - 1
        state = events[index][2:] if index >= 0 else (stage_id, user_id)
        found.append(Event(at, frozenset({automation.WROTE}), *state))
    return found


def find_waits(texts, answers):
    """Return from when to when a customer waited for an answer.

    :param list texts: when they texted (UTC), in order
    :param list answers: when one of us answered
    :return: pairs; the second is None while they wait
    """
    waits, until = [], None
    for at in texts:
        if waits and (until is None or at <= until):
            continue
        until = next((answer for answer in sorted(answers) if answer > at), None)
        waits.append((at, until))
    return waits


def holds(event, rule, events, waits):
    """Tell if what a delayed rule is about still held when its time had come.

    What happened again started the rule's time over, and is an event of its own.

    :param Event event: what set it off
    :param list events: all of the record
    :param list waits: see :func:`find_waits`
    :rtype: bool
    """
    due = event.at + rule.delay
    between = [other for other in events if event.at < other.at <= due]
    if rule.trigger == automation.STAGE:
        return all(other.stage_id == event.stage_id for other in between)
    if rule.trigger == automation.ASSIGNED:
        return all(other.user_id == event.user_id for other in between)
    if rule.trigger == automation.WROTE:
        is_waiting = any(
            since <= event.at and (until is None or until > due)
            for since, until in waits
        )
        again = any(automation.WROTE in other.happened for other in between)
        return is_waiting and not again
    turned = {automation.CLOSED, automation.REOPENED}
    return not any(turned & other.happened for other in between)


def plan(events, waits, rules, facts, now):
    """Return which rules would have texted about one record, and when.

    :param list events: what happened to it, oldest first
    :param list waits: see :func:`find_waits`
    :param rules: the automations in their order, those whose conditions hold
    :param automation.Facts facts: what their filters look at
    :param datetime now: what would be due later is left out
    :return: list of ``(datetime, automation.Rule)``
    """
    found = []
    for event in events:
        then = facts._replace(stage_id=event.stage_id)
        fitting = [
            rule
            for rule in rules
            if rule.trigger in event.happened and automation.fits(rule, then)
        ]
        served = automation.get_served(event.happened, facts)
        found += [
            (event.at + rule.delay, rule)
            for rule in automation.choose(fitting, served)
            if not rule.delay or holds(event, rule, events, waits)
        ]
    for rule in rules:
        if rule.trigger == automation.NO_ANSWER and automation.fits(rule, facts):
            found += [
                (since + rule.lead, rule)
                for since, until in waits
                if until is None or until > since + rule.lead
            ]
    return sorted(
        ((at, rule) for at, rule in found if at <= now), key=lambda pair: pair[0]
    )
