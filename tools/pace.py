# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How fast a sender may send: a slot of time for each segment.

A sender's slots follow each other at its rate; a message takes as many as it has
segments. A carrier that says "too fast" halves the rate, and every
:data:`RECOVERY` seconds without it double the rate again, up to what was set.
"""

#: Seconds ahead for which slots are given out. What is urgent waits no longer.
HORIZON = 1.0
#: Seconds in which a slowed sender doubles its rate again.
RECOVERY = 30.0
#: Seconds after it was slowed in which "too fast" does not slow a sender further.
REACTION = 2.0
#: The slowest that a sender becomes, as a share of its rate.
SLOWEST = 1 / 16
#: Segments a second from which a sender without a limit is slowed down.
UNLIMITED = 100.0


def current_rate(rate, slowed_to=1.0, seconds_since=0.0):
    """Return at what rate a sender may send now.

    :param float rate: segments a second that were set; 0: no limit
    :param float slowed_to: the share of it that was left when it was last slowed
    :param float seconds_since: how long ago that was
    :return: segments a second; 0: no limit
    """
    share = slowed_to * 2 ** (max(seconds_since, 0.0) / RECOVERY)
    if share >= 1:
        return rate
    return (rate or UNLIMITED) * share


def slower(rate, slowed_to, seconds_since):
    """Return the share of its rate that a sender is left with after "too fast".

    :rtype: float
    """
    share = min(slowed_to * 2 ** (max(seconds_since, 0.0) / RECOVERY), 1.0)
    return max(share / 2, SLOWEST)


def capacity(rate, seconds_booked):
    """Return how many segments may be given a slot now.

    :param float rate: segments a second; 0: no limit
    :param float seconds_booked: how far ahead slots are given out already
    :return: a whole number, None without a limit
    """
    if not rate:
        return None
    if seconds_booked >= HORIZON:
        return 0
    # A slow sender's next slot may be further away than the horizon: one is allowed.
    return max(int((HORIZON - max(seconds_booked, 0.0)) * rate), 1)
