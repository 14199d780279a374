# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Automations: which of them an event triggers, and a replay of past events.

Pure rules over plain values, so that they also serve records other than tickets.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

CREATED, ASSIGNED, STAGE, CLOSED = "created", "assigned", "stage", "closed"
REOPENED, WROTE = "reopened", "wrote"
#: Triggers set off by time, not by a change of the record.
NO_ANSWER, SLA = TIMED = ("no_answer", "sla")
TRIGGERS = (CREATED, ASSIGNED, STAGE, CLOSED, REOPENED, WROTE, *TIMED)
#: The stage that a new ticket is in: its text confirms the ticket.
FIRST_STAGE = "first_stage"

# Audiences.
CUSTOMER, FOLLOWERS = "customer", "followers"
#: Those who work here: texts to them are internal.
ASSIGNEE, TEAM, ON_CALL = STAFF = ("assignee", "team", "on_call")

#: The pause after which an automation may text again about one record. None: each time
#: that it is triggered; ``timedelta.max``: once only.
PAUSES = {
    "each": None,
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "once": timedelta.max,
}


class Facts(NamedTuple):
    """One record's values for the filters, as ids (0: none)."""

    company_id: int = 0
    team_id: int = 0
    stage_id: int = 0
    category_id: int = 0
    priority: str = ""
    asks_rating: bool = False  # its customer is asked for a rating when it is closed


class Rule(NamedTuple):
    """One automation, as it is cached. Empty or 0 means any."""

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
    purpose_code: str = ""  # empty: by the purpose rules
    is_urgent: bool = False
    delay: timedelta = timedelta()
    lead: timedelta = timedelta()  # of a timed trigger: how long after or before
    pause: timedelta | None = PAUSES["day"]
    shared_id: int = 0  # the automation of all companies that it replaces
    replaced_in: frozenset = frozenset()  # companies that have replaced it


def compare(before, after):
    """Return the triggers that a change of a record sets off.

    :param before: ``(stage id, is closed, user id)``, None for a new record
    :param after: the same after the change
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
    """Tell if a rule applies in a company: its own, or a shared one not replaced."""
    return rule.company_id in (0, company_id) and company_id not in rule.replaced_in


def fits(rule, facts):
    """Tell if a rule matches a record; its domain is not checked."""
    return (
        is_of_company(rule, facts.company_id)
        and (not rule.team_ids or facts.team_id in rule.team_ids)
        and (not rule.stage_ids or facts.stage_id in rule.stage_ids)
        and (not rule.category_ids or facts.category_id in rule.category_ids)
        and (not rule.priority or facts.priority >= rule.priority)
    )


def get_served(happened, facts):
    """Return which of :data:`AUDIENCES` learn of a change by another text.

    Customers who are asked for a rating learn by that that their ticket is closed.
    """
    is_asked = CLOSED in happened and CREATED not in happened and facts.asks_rating
    return {CUSTOMER} if is_asked else set()


def choose(rules, served=()):
    """Return the rules to run, of those that match one change, in order.

    Of the rules that text at once only the first for each audience runs, so that one
    change is one text. Delayed rules all run: they are checked again when they are due.

    :param rules: iterable of :class:`Rule`
    :param served: audiences that get no immediate text
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
    """Tell if a rule may text a person again whom it last texted at ``last``."""
    if last is None or rule.pause is None:
        return True
    return rule.pause != timedelta.max and now - last >= rule.pause


# Replay, from Odoo's tracking of stages and users, and from texts and answers.


class Change(NamedTuple):
    """One tracked change: when (UTC), and the old values; None if unchanged.

    Or a text from the customer, which changes neither.
    """

    at: datetime
    old_stage_id: int | None = None
    old_user_id: int | None = None
    is_text: bool = False


class Event(NamedTuple):
    """An event of one record, and the record's state after it (ids, 0: none)."""

    at: datetime
    happened: frozenset
    stage_id: int
    user_id: int


def read_history(created_at, changes, stage_id, user_id, closed_ids, texts=()):
    """Return the events of a record, oldest first, reconstructed from its final state.

    :param datetime created_at: UTC, None if before the period in question
    :param list changes: of :class:`Change`
    :param stage_id, user_id: of the record at the end
    :param closed_ids: ids of the stages that close a record
    :param texts: when the customer texted (UTC)
    """

    def describe(stage_id, user_id):
        return stage_id, stage_id in closed_ids, user_id

    events = []
    after = (stage_id, user_id)
    changes = [*changes, *(Change(at, is_text=True) for at in texts)]
    # A text in the same second as a change came after it.
    changes.sort(key=lambda change: (change.at, change.is_text), reverse=True)
    for change in changes:
        before = (
            after[0] if change.old_stage_id is None else change.old_stage_id,
            after[1] if change.old_user_id is None else change.old_user_id,
        )
        happened = compare(describe(*before), describe(*after))
        if change.is_text:
            happened = frozenset({WROTE})
        events.append(Event(change.at, happened, *after))
        after = before
    if created_at:
        happened = compare(None, describe(*after))
        events.append(Event(created_at, happened, *after))
    return sorted(reversed(events), key=lambda event: event.at)


def find_waits(texts, answers):
    """Return when a customer waited, as ``(start, end)``; end None: still waiting.

    An answer in the same second as a text does not count: its author had not read it.

    :param list texts: when the customer texted (UTC), in order
    :param list answers: when somebody answered (UTC)
    """
    waits, until = [], None
    for at in texts:
        if waits and (until is None or at < until):
            continue
        until = next((answer for answer in sorted(answers) if answer > at), None)
        waits.append((at, until))
    return waits


def holds(event, rule, events, waits):
    """Tell if a delayed rule's condition still held when the rule was due.

    If the trigger recurred, the delay started over with that event.

    :param Event event: the event that triggered the rule
    :param list events: all events of the record
    :param list waits: see :func:`find_waits`
    """
    due = event.at + rule.delay
    between = [other for other in events if event.at < other.at <= due]
    if rule.trigger == STAGE:
        return all(other.stage_id == event.stage_id for other in between)
    if rule.trigger == ASSIGNED:
        is_theirs = all(other.user_id == event.user_id for other in between)
        return is_theirs and not any(CLOSED in it.happened for it in between)
    if rule.trigger == WROTE:
        is_waiting = any(
            since <= event.at and (until is None or until > due)
            for since, until in waits
        )
        return is_waiting and not any(WROTE in it.happened for it in between)
    return not any({CLOSED, REOPENED} & other.happened for other in between)


def plan_replay(events, waits, rules, facts, now):
    """Return which rules would have texted about one record, and when.

    :param list events: the record's events, oldest first
    :param list waits: see :func:`find_waits`
    :param rules: the automations whose domain matches the record, in order
    :param datetime now: texts due later are left out (UTC)
    :return: list of ``(datetime, Rule)``
    """
    found = []
    for event in events:
        then = facts._replace(stage_id=event.stage_id)
        fitting = [
            it for it in rules if it.trigger in event.happened and fits(it, then)
        ]
        found += [
            (event.at + rule.delay, rule)
            for rule in choose(fitting, get_served(event.happened, facts))
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
