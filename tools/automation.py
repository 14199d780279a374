# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which automation answers to what has happened, and whom of several is heard.

Pure rules over plain values. What happens (:data:`TRIGGERS`), for which records
(:class:`Rule`'s filters), to whom (:data:`AUDIENCES`) and when (``delay``, ``pause``)
are separate, so that records of another kind can have automations of their own.
"""

from datetime import timedelta
from typing import NamedTuple

# What happens.
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
#: Those that a clock finds, and not a change of the record.
TIMED = (NO_ANSWER, SLA)

# To whom.
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
    """What the filters look at in one record: ids (0: none), and a priority.

    :param bool asks_rating: its customer is asked how it went when it is closed
    """

    company_id: int = 0
    team_id: int = 0
    stage_id: int = 0
    category_id: int = 0
    priority: str = ""
    asks_rating: bool = False


class Rule(NamedTuple):
    """One automation, as it is kept in memory.

    :param int automation_id: 0 for the text of a stage, which has none
    :param str trigger: one of :data:`TRIGGERS`
    :param int company_id: 0 for all companies; the sets of ids are empty for any
    :param str priority: at least this one; empty for any
    :param list domain: more conditions, of Odoo
    :param str audience: one of :data:`AUDIENCES`
    :param str purpose_code: empty: what the rules of purposes say
    :param bool is_urgent: leaves before others
    :param timedelta delay: zero: at once
    :param timedelta lead: of a timed trigger: after (or before) which time
    :param timedelta pause: one of :data:`PAUSES`' values
    :param int shared_id: the automation of all companies whose place it takes, or 0
    :param frozenset replaced_in: ids of companies that have another in its place
    """

    automation_id: int
    trigger: str
    template_id: int
    audience: str = CUSTOMER
    company_id: int = 0
    team_ids: frozenset = frozenset()
    stage_ids: frozenset = frozenset()
    category_ids: frozenset = frozenset()
    priority: str = ""
    domain: tuple = ()
    purpose_code: str = ""
    is_urgent: bool = False
    delay: timedelta = timedelta()
    lead: timedelta = timedelta()
    pause: timedelta | None = PAUSES["day"]
    shared_id: int = 0
    replaced_in: frozenset = frozenset()


def compare(before, after):
    """Return what a change of a record means.

    :param before: ``(stage id, is closed, user id)``; None: it is new
    :param after: the same, now
    :return: triggers
    :rtype: frozenset
    """
    stage_id, is_closed, user_id = after
    if before is None:
        found = [CREATED, STAGE]
        found += [CLOSED] if is_closed else []
        found += [ASSIGNED] if user_id else []
        return frozenset(found)
    found = []
    if stage_id != before[0]:
        found.append(STAGE)
        if is_closed != before[1]:
            found.append(CLOSED if is_closed else REOPENED)
    if user_id and user_id != before[2]:
        found.append(ASSIGNED)
    return frozenset(found)


def is_of_company(rule, company_id):
    """Tell if a rule holds in a company: its own, or shared and none in its place.

    :param Rule rule: the automation
    :param int company_id: the company's id
    """
    return rule.company_id in (0, company_id) and company_id not in rule.replaced_in


def fits(rule, facts):
    """Tell if a rule is about a record, its domain aside.

    :param Rule rule: the automation
    :param Facts facts: the record
    :rtype: bool
    """
    return (
        is_of_company(rule, facts.company_id)
        and (not rule.team_ids or facts.team_id in rule.team_ids)
        and (not rule.stage_ids or facts.stage_id in rule.stage_ids)
        and (not rule.category_ids or facts.category_id in rule.category_ids)
        and (not rule.priority or facts.priority >= rule.priority)
    )


def get_served(happened, facts):
    """Return who is told of a change in another way.

    Who is asked how it went learns by that question that the ticket is closed.

    :param happened: triggers
    :param Facts facts: the record
    :return: some of :data:`AUDIENCES`
    """
    is_asked = CLOSED in happened and CREATED not in happened and facts.asks_rating
    return {CUSTOMER} if is_asked else set()


def choose(rules, served=()):
    """Return the rules that are heard of those that fit one change, in their order.

    One change is one text: for each audience the first that texts at once. Those that
    wait are all heard, since they are looked at again when their time has come.

    :param rules: iterable of :class:`Rule`
    :param served: the audiences that have their text already
    :rtype: list[Rule]
    """
    heard, served = [], set(served)
    for rule in rules:
        if not rule.delay and rule.audience in served:
            continue
        if not rule.delay:
            served.add(rule.audience)
        heard.append(rule)
    return heard


def may_text(rule, last, now):
    """Tell if a rule may text a record again.

    :param datetime last: when its text last went to that person, or None
    :param datetime now: both in UTC
    :rtype: bool
    """
    if last is None or rule.pause is None:
        return True
    return rule.pause != timedelta.max and now - last >= rule.pause
