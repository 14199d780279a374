# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What one run of the outbox knows of itself while it lasts."""

import time


class Shift:
    """The times and counts of one run; all times are ``time.monotonic()``'s.

    :param float seconds_left: for which it may claim
    """

    def __init__(self, seconds_left):
        now = time.monotonic()
        self.seconds_left = seconds_left
        #: When the cron was told last, a carrier answered last, and more was claimed.
        self.told_at, self.answered_at, self.filled_at = now, now, 0.0
        #: Calls that the cron has not been told of; seconds that nothing was to do.
        self.done, self.waited = 0, 0.0
        #: Whether no other dispatcher has been woken.
        self.is_alone = True
        #: When it has last looked who has left since their texts were claimed, and
        #: about which event of the ledger it has asked the gate, by call.
        self.recalled_at, self.asked = 0.0, {}
        #: When its time was over, and the accounts that it has waited for since.
        self.over_at, self.slow = None, frozenset()

    def note_ended(self, count):
        """Note that so many calls have ended just now."""
        self.done += count
        self.answered_at, self.waited = time.monotonic(), 0.0

    def note_told(self, seconds_left):
        """Note that the cron was told of all, and how long it lets us go on."""
        self.seconds_left = seconds_left
        self.told_at, self.done = time.monotonic(), 0
