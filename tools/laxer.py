# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Tells if a rule or a purpose lets something pass that was held or blocked before."""

from datetime import date
from typing import NamedTuple

from .quiet_hours import INFORMATIONAL, URGENT


class Terms(NamedTuple):
    """When, how often and by which providers the texts of a purpose may leave.

    :param str quiet_class: one of ``quiet_hours.QUIET_CLASSES``
    :param int max_per_day: texts to a number in 24 hours; 0: any
    :param bool is_helpdesk: they leave by no provider that cannot bring a STOP back
    """

    quiet_class: str
    max_per_day: int
    is_helpdesk: bool


def are_terms_laxer(before, after):
    """Tell if a purpose lets something pass that it did not before.

    Of the classes, offers keep the hours and limits of the law, informational texts
    those of the house, and neither lie within the other: an offer may reach somebody on
    a Saturday, when the house is closed, and an informational text in Kentucky at
    eight, two hours before an offer. What is urgent keeps none, but for broadcasts that
    are no emergency, which keep the house's. So only a change from urgent to
    informational lets nothing pass.

    :param Terms before: as it was
    :param Terms after: as it is to be
    """
    classes = (before.quiet_class, after.quiet_class)
    opens_hours = classes[0] != classes[1] and classes != (URGENT, INFORMATIONAL)
    loses_way_back = before.is_helpdesk and not after.is_helpdesk
    allows_more = _allows_more(before.max_per_day, after.max_per_day)
    return opens_hours or loses_way_back or allows_more


def is_laxer(before, after):
    """Tell if a rule lets something pass that it did not before.

    :param Rule before: as it was
    :param Rule after: as it is to be; None: taken away
    """
    if after is None or _get_scope(before) != _get_scope(after):
        return True
    starts_later = (after.effective_from or date.min) > (
        before.effective_from or date.min
    )
    ends_earlier = (after.effective_to or date.max) < (before.effective_to or date.max)
    opens_holidays = before.is_closed_on_holidays and not after.is_closed_on_holidays
    allows_more = _allows_more(before.max_per_day, after.max_per_day)
    is_wider = any(
        not _is_within(getattr(after, day), getattr(before, day))
        for day in ("weekdays", "saturday", "sunday")
    )
    return starts_later or ends_earlier or opens_holidays or allows_more or is_wider


def _allows_more(before, after):
    """Tell if a limit of texts is higher than one before, or gone (0)."""
    return bool(before) and not 0 < after <= before


def _get_scope(rule):
    """Return whom and what a rule is about."""
    return rule.quiet_class, rule.country, rule.state


def _is_within(inner, outer):
    """Tell if a window lies in another."""
    is_empty = inner[0] >= inner[1]
    return is_empty or (outer[0] <= inner[0] and inner[1] <= outer[1])
