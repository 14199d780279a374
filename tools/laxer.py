# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Tells if a changed rule of quiet hours lets something pass that it held before."""

from datetime import date


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
    allows_more = before.max_per_day and not 0 < after.max_per_day <= before.max_per_day
    is_wider = any(
        not _is_within(getattr(after, day), getattr(before, day))
        for day in ("weekdays", "saturday", "sunday")
    )
    return bool(
        starts_later or ends_earlier or opens_holidays or allows_more or is_wider
    )


def _get_scope(rule):
    """Return whom and what a rule is about."""
    return rule.quiet_class, rule.country, rule.state


def _is_within(inner, outer):
    """Tell if a window lies in another."""
    is_empty = inner[0] >= inner[1]
    return is_empty or (outer[0] <= inner[0] and inner[1] <= outer[1])
