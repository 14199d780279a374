# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What to do about a message that the carrier did not take or did not deliver."""

from dataclasses import dataclass

#: What a fault asks for: try again, end the message, end the number, stop the sender.
AGAIN, END, NUMBER, SENDER = ACTIONS = ("again", "end", "number", "sender")

#: Pauses are longer by up to this share, so that messages do not come back together.
JITTER = 0.5


@dataclass(frozen=True)
class Policy:
    """The manager's rule for one fault.

    :param first_pause: seconds before the second attempt; each next one is doubled
    :param max_pause: seconds, never longer
    :param max_attempts: attempts in all
    :param deadline: seconds from the first attempt after which it is not tried again
    :param number_after: messages in a row that meet it, after which the number is not
        texted any more; 0: never
    :param use_backup: what a carrier has not taken for it, another one is asked to take
    """

    fault: str
    action: str
    first_pause: int = 0
    max_pause: int = 0
    max_attempts: int = 1
    deadline: int = 0
    number_after: int = 0
    id: int = 0
    use_backup: bool = False


def next_pause(policy, attempts, seconds_since_first, random_share):
    """Return after how many seconds to try again, or None if not at all.

    :param Policy policy: the rule
    :param int attempts: attempts so far, at least 1
    :param float seconds_since_first: how long ago the first attempt was
    :param float random_share: 0 to 1, for the jitter
    """
    if policy.action != AGAIN or attempts >= policy.max_attempts:
        return None
    pause = pause_after(policy, attempts, random_share)
    if seconds_since_first + pause > policy.deadline:
        return None
    return pause


def pause_after(policy, attempts, random_share):
    """Return the pause after so many attempts: doubled each time, capped, jittered.

    :rtype: float
    """
    # No more doublings than reach any cap: 2 ** 1000 is no number of seconds.
    doubled = policy.first_pause * 2 ** min(max(attempts - 1, 0), 30)
    return min(doubled, policy.max_pause) * (1 + JITTER * random_share)
