# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How often a number may be asked to confirm what somebody typed on a page, and until
when it may answer.

Whoever types a stranger's number must not be able to have them texted again and again:
a number that does not answer is left in peace, each time for longer.
"""

from datetime import timedelta

#: How long the question to confirm joining may be answered.
QUESTION_LIFE = timedelta(days=7)
#: Nobody is asked twice in this time, whatever they have said.
PAUSE = timedelta(days=1)
#: So long after the first question that was not answered; twice as long after the
#: second, and so on.
SILENCE = timedelta(days=90)
#: More is for ever.
MOST_DOUBLINGS = 5


def get_next(newest, unanswered):
    """Return from when on a number may be asked again.

    :param datetime newest: when it was last asked, in whatever way (UTC); or None
    :param list unanswered: when pages have asked since its owner last answered (UTC)
    :return: UTC, or None for a number that may be asked now
    :rtype: datetime
    """
    limits = [newest + PAUSE] if newest else []
    if unanswered:
        doublings = min(len(unanswered) - 1, MOST_DOUBLINGS)
        limits.append(max(unanswered) + SILENCE * 2**doublings)
    return max(limits, default=None)


def may_ask(newest, unanswered, now):
    """Tell if a number may be asked now; arguments as for :func:`get_next`."""
    start = get_next(newest, unanswered)
    return start is None or now >= start
