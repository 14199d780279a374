# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The calls of one account to its carrier. Who uses it sees to the locks."""

import heapq
from collections import deque


class Lane:
    """The calls of one account."""

    def __init__(self):
        #: Heap of those that have a time, and those that have none.
        self.due, self.at_once = [], deque()
        #: When each of those in flight has begun, the first of them first.
        self.begun = {}
        #: Submitted and not yet collected.
        self.pending = 0

    def add(self, key, call, due, order):
        """Take a call.

        :param float due: when it may begin (``time.monotonic()``); 0: at once
        :param int order: larger for each next one
        """
        self.pending += 1
        if due:
            heapq.heappush(self.due, (due, order, key, call))
        else:
            self.at_once.append((key, call))

    def get_wait(self, now):
        """Return the seconds until one of these calls can begin, None if none waits."""
        if self.at_once:
            return 0
        return max(self.due[0][0] - now, 0) if self.due else None

    def take(self, now):
        """Return the next call, as (key, function).

        Those that have a time come first: they are as few as their senders' speeds
        allow, and would else wait behind any backlog.
        """
        if self.due and self.due[0][0] <= now:
            return heapq.heappop(self.due)[2:]
        return self.at_once.popleft()

    def get_waiting(self):
        """Return what the calls are known by that wait."""
        return [item[2] for item in self.due] + [item[0] for item in self.at_once]

    def withdraw(self, keys=None):
        """Forget calls that wait; return what they are known by.

        :param keys: set of what those are known by, default all
        """
        waiting = self.get_waiting()
        taken = [key for key in waiting if keys is None or key in keys]
        if taken:
            gone = set(taken)
            self.due = [item for item in self.due if item[2] not in gone]
            heapq.heapify(self.due)
            self.at_once = deque(item for item in self.at_once if item[0] not in gone)
            self.pending -= len(taken)
        return taken
