# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Automations: which of them answers to an event, and a dry run over the past.

Pure rules over plain values, so that records of another kind than tickets can have
automations of their own.
"""

from bisect import bisect_right
from datetime import datetime, timedelta
from typing import NamedTuple

CREATED, ASSIGNED, STAGE, CLOSED, REOPENED, WROTE, NO_ANSWER, SLA = TRIGGERS = (
    "created",
    "assigned",
    "stage",
    "closed",
    "reopened",
    "wrote",
    "no_answer",
    "sla",
)
#: A stage that a new ticket is in: its text is what confirms the ticket.
FIRST_STAGE = "first_stage"
#: Those that a clock finds, and not a change of the record.
TIMED = (NO_ANSWER, SLA)

CUSTOMER, FOLLOWERS, ASSIGNEE, TEAM, ON_CALL = AUDIENCES = (
    "customer",
    "followers",
    "assignee",
    "team",
    "on_call",
)
#: Those who work here: what they get is internal.
STAFF = (ASSIGNEE, TEAM, ON_CALL)

#: How often at most, for one record: the pause after which it may text again. None: at
#: each occasion; the longest: once.
PAUSES = {
    "each": None,
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "once": timedelta.max,
}


class Facts(NamedTuple):
    """One record as the filters see it, by ids (0: none)."""

    company_id: int = 0
    team_id: int = 0
    stage_id: int = 0
    category_id: int = 0
    priority: str = ""
    asks_rating: bool = False  # of its customer, when it is closed


class Rule(NamedTuple):
    """One automation, as it is kept in memory. What is empty, or 0, means any."""

    automation_id: int  # 0: the text of a stage
    trigger: str
    template_id: int
    audience: str = CUSTOMER
    company_id: int = 0
    team_ids: frozenset = frozenset()
    stage_ids: frozenset = frozenset()
    category_ids: frozenset = frozenset()
    priority: str = ""  # at least
    domain: tuple = ()
    purpose_code: str = ""  # empty: what the rules of purposes say
    is_urgent: bool = False
    delay: timedelta = timedelta()
    lead: timedelta = timedelta()  # of a timed trigger: after (or before) which time
    pause: timedelta | None = PAUSES["day"]
    shared_id: int = 0  # the automation of all companies whose place it takes
    replaced_in: frozenset = frozenset()  # companies that have another in its place


def compare(before, after):
    """Return the triggers that a change of a record sets off.

    :param before: ``(stage id, is closed, user id)``; None: it is new
    :param after: the same, now
    """
    found = {CREATED} if before is None else set()
    old_stage_id, was_closed, old_user_id = before or (None, False, None)
    stage_id, is_closed, user_id = after
    if stage_id != old_stage_id or before is None:
        found.add(STAGE)
        if is_closed != was_closed:
            found.add(CLOSED if is_closed else REOPENED)
    if user_id and user_id != old_user_id:
        found.add(ASSIGNED)
    return frozenset(found)


def is_of_company(rule, company_id):
    """Tell if a rule holds in a company: its own, or shared and none in its place."""
    return rule.company_id in (0, company_id) and company_id not in rule.replaced_in


def fits(rule, facts):
    """Tell if a rule is about a record, its domain aside."""
    return (
        is_of_company(rule, facts.company_id)
        and (not rule.team_ids or facts.team_id in rule.team_ids)
        and (not rule.stage_ids or facts.stage_id in rule.stage_ids)
        and (not rule.category_ids or facts.category_id in rule.category_ids)
        and (not rule.priority or facts.priority >= rule.priority)
    )


def get_served(happened, facts):
    """Return which of :data:`AUDIENCES` learn of a change in another way.

    Who is asked how it went learns by that question that the ticket is closed.
    """
    is_asked = CLOSED in happened and CREATED not in happened and facts.asks_rating
    return {CUSTOMER} if is_asked else set()


def choose(rules, served=()):
    """Return the rules that are heard of those that fit one change, in their order.

    One change is one text: for each audience the first that texts at once. Those that
    wait are all heard, since they are looked at again when their time has come.

    :param rules: iterable of :class:`Rule`
    """
    heard, served = [], set(served)
    for rule in rules:
        if rule.delay:
            heard.append(rule)
        elif rule.audience not in served:
            heard.append(rule)
            served.add(rule.audience)
    return heard


def may_text(rule, last, now):
    """Tell if a rule may text a person again, whom it last texted at ``last``."""
    if last is None or rule.pause is None:
        return True
    return rule.pause != timedelta.max and now - last >= rule.pause


# Replay: what Odoo has kept of stages, users, texts and answers.


class Change(NamedTuple):
    """One kept change: when (UTC), and what stood before; None: not changed."""

    at: datetime
    old_stage_id: int | None = None
    old_user_id: int | None = None


class Event(NamedTuple):
    """An event of one record, and how the record stood then (ids, 0: none)."""

    at: datetime
    happened: frozenset
    stage_id: int
    user_id: int


def read_history(created_at, changes, stage_id, user_id, closed_ids):
    """Return what happened to a record, oldest first, from how it stands at the end.

    :param datetime created_at: None: before the time in question
    :param list changes: of :class:`Change`
    :param stage_id, user_id: of the record at the end
    """

    def describe(stage_id, user_id):
        return stage_id, stage_id in closed_ids, user_id

    events = []
    after = (stage_id, user_id)
    for change in sorted(changes, key=lambda change: change.at, reverse=True):
        before = (
            after[0] if change.old_stage_id is None else change.old_stage_id,
            after[1] if change.old_user_id is None else change.old_user_id,
        )
        happened = compare(describe(*before), describe(*after))
        events.append(Event(change.at, happened, *after))
        after = before
    if created_at:
        happened = compare(None, describe(*after))
        events.append(Event(created_at, happened, *after))
    return events[::-1]


def read_texts(times, events, stage_id, user_id):
    """Return the customer's texts as events, with how the record stood then.

    :param list times: when they came (UTC)
    :param list events: what else happened, oldest first
    :param stage_id, user_id: of the record if nothing happened
    """
    moments = [event.at for event in events]
    found = []
    for at in times:
        index = bisect_right(moments, at) - 1
        state = events[index][2:] if index >= 0 else (stage_id, user_id)
        found.append(Event(at, frozenset({WROTE}), *state))
    return found


def find_waits(texts, answers):
    """Return from when to when a customer waited; the end is None while they do.

    Who answered in the second in which a text came had not read it.

    :param list texts: when they texted (UTC), in order
    :param list answers: when one of us answered
    """
    waits, until = [], None
    for at in texts:
        if waits and (until is None or at < until):
            continue
        until = next((answer for answer in sorted(answers) if answer > at), None)
        waits.append((at, until))
    return waits


def holds(event, rule, events, waits):
    """Tell if what a delayed rule is about still held when its time had come.

    What happened again started the rule's time over, and is an event of its own.

    :param Event event: what set it off
    :param list waits: see :func:`find_waits`
    """
    due = event.at + rule.delay
    between = [other for other in events if event.at < other.at <= due]
    if rule.trigger == STAGE:
        return all(other.stage_id == event.stage_id for other in between)
    if rule.trigger == ASSIGNED:
        is_closed = any(CLOSED in other.happened for other in between)
        is_theirs = all(other.user_id == event.user_id for other in between)
        return is_theirs and not is_closed
    if rule.trigger == WROTE:
        is_waiting = any(
            since <= event.at and (until is None or until > due)
            for since, until in waits
        )
        again = any(WROTE in other.happened for other in between)
        return is_waiting and not again
    return not any({CLOSED, REOPENED} & other.happened for other in between)


def plan_replay(events, waits, rules, facts, now):
    """Return which rules would have texted about one record, and when.

    :param list events: what happened to it, oldest first
    :param list waits: see :func:`find_waits`
    :param rules: the automations in their order, those whose conditions hold
    :param datetime now: what would be due later is left out
    :return: list of ``(datetime, Rule)``
    """
    found = []
    for event in events:
        then = facts._replace(stage_id=event.stage_id)
        fitting = [
            it for it in rules if it.trigger in event.happened and fits(it, then)
        ]
        served = get_served(event.happened, facts)
        found += [
            (event.at + rule.delay, rule)
            for rule in choose(fitting, served)
            if not rule.delay or holds(event, rule, events, waits)
        ]
    for rule in rules:
        if rule.trigger == NO_ANSWER and fits(rule, facts):
            found += [
                (since + rule.lead, rule)
                for since, until in waits
                if until is None or until > since + rule.lead
            ]
    return sorted((it for it in found if it[0] <= now), key=lambda pair: pair[0])
