# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Threads that speak to carriers, each call at its own time.

They touch no database: what they do comes in as a function, what it came to goes out
as its result. So no transaction is open and no row is locked while the network is
waited for, and a slow carrier costs nothing but its own thread.
"""

import heapq
import itertools
import queue
import threading
import time
import weakref
from collections import deque

#: Calls at once: what one process can keep up with through the carrier's own SDK.
MAX_IN_FLIGHT = 64
#: Calls that are taken for each that can be in flight. What is urgent waits for them.
AHEAD = 4
#: Seconds in which more results are gathered after the first.
GATHER = 0.03
#: Seconds that leaving a pool waits for calls in flight, which end by time-outs.
END_WITHIN = 30.0

_open = weakref.WeakSet()


def wait_until_closed(timeout):
    """Wait until no pool of this process is open.

    :param float timeout: seconds to wait at most
    """
    deadline = time.monotonic() + timeout
    while any(not poster.is_closed for poster in list(_open)):
        if time.monotonic() > deadline:
            return
        time.sleep(0.05)


class Poster:
    """A pool of threads that work off calls in the order of their times.

    A call that is not due keeps no thread busy. Use it as a context manager: leaving
    it waits for what is in flight.
    """

    def __init__(self, size=MAX_IN_FLIGHT):
        self._due = []
        self._at_once = deque()
        self._results = queue.SimpleQueue()
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._is_ending = False
        #: Nothing is in flight any more, and what came of it was collected.
        self.is_closed = False
        #: Calls at once.
        self.size = size
        self._threads = []
        #: Calls that were submitted and not yet collected.
        self.pending = 0

    def __enter__(self):
        _open.add(self)
        return self

    def __exit__(self, *_error):
        """Drop the calls that are not due yet, and wait for those in flight."""
        with self._changed:
            self._is_ending = True
            self._due.clear()
            self._at_once.clear()
            self._changed.notify_all()
        deadline = time.monotonic() + END_WITHIN
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0))
        self.is_closed = True

    @property
    def room(self):
        """How many more calls can be taken: enough to keep the threads busy."""
        return max(AHEAD * self.size - self.pending, 0)

    def submit(self, key, call, delay=0):
        """Take a call.

        :param key: what its result shall be known by
        :param call: function without arguments; it must not raise
        :param float delay: seconds from now until it is due; 0: at once
        """
        self.pending += 1
        with self._changed:
            if delay:
                due = time.monotonic() + delay
                heapq.heappush(self._due, (due, next(self._order), key, call))
            else:
                self._at_once.append((key, call))
            self._changed.notify()
        if len(self._threads) < min(self.size, self.pending):
            thread = threading.Thread(target=self._work, daemon=True)
            self._threads.append(thread)
            thread.start()

    def collect(self, timeout):
        """Return what has ended, after waiting for the first of it and a moment more.

        :param float timeout: seconds to wait at most
        :return: list of pairs of a key and a result
        """
        ended = []
        try:
            ended.append(self._results.get(timeout=timeout))
            # To write down many costs little more than to write down one.
            time.sleep(GATHER)
            while True:
                ended.append(self._results.get_nowait())
        except queue.Empty:
            self.pending -= len(ended)
            return ended

    def _work(self):
        """Make one call after the other, until the pool is closed."""
        while (item := self._next()) is not None:
            key, call = item
            self._results.put((key, call()))

    def _next(self):
        """Wait for the next call that is due; return its key and function, or None.

        Those that have a time come before those that have none: they are as few as
        their senders' speeds allow, and would else wait behind any backlog.
        """
        with self._changed:
            while not self._is_ending:
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._due)[2:]
                if self._at_once:
                    return self._at_once.popleft()
                self._changed.wait(wait)
        return None
