# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Threads that speak to carriers, each call at its own time.

They touch no database: what they do comes in as a function, what it came to goes out
as its result. So no transaction is open and no row is locked while the network is
waited for, and a slow carrier costs nothing but its own threads.

Each account has a lane. A lane may have no more in flight than is left for the others,
and so half of all if it is alone: one whose carrier hangs leaves as much to the next.
The same holds for what is claimed ahead. So the share of each follows from what the
others use at the moment, and nobody needs to find out whose carrier is slow.
"""

import itertools
import math
import queue
import threading
import time
from contextlib import contextmanager

from .lane import Lane

#: Calls of one account at once: what one process can keep up with through the carrier's
#: own SDK.
MAX_IN_FLIGHT = 64
#: Calls that are taken for each that can be in flight. What is urgent waits for them.
AHEAD = 4
#: A lane takes more once so much of its share is free: while the next are claimed there
#: is still enough that can begin, and few at a time would cost as much as many.
REFILL = 1 / 4
#: So many lanes' worth there is of both, so that one lane takes up half of it.
LANES = 2
#: Bytes of a thread's stack; the system's default is four times as much.
STACK_SIZE = 2 * 1024 * 1024
#: Seconds in which more results are gathered after the first.
GATHER = 0.05
#: Seconds that leaving a pool waits for calls in flight, which end by time-outs.
END_WITHIN = 30.0

#: In place of a lane that could begin something.
_NONE = (None, 0, None)


@contextmanager
def thin_threads():
    """Let threads that are started meanwhile reserve little memory.

    Odoo counts what a process has reserved, not what it uses, and ends workers by that.
    """
    before = threading.stack_size(STACK_SIZE)
    try:
        yield
    finally:
        threading.stack_size(before)


class Poster:
    """A pool of threads that work off calls in the order of their times.

    A call that is not due keeps no thread busy. Use it as a context manager: leaving
    it waits for what is in flight.

    :param int size: calls of one lane that can be in flight
    """

    def __init__(self, size=MAX_IN_FLIGHT):
        self._lanes = {}
        self._in_flight = 0
        self._results = queue.SimpleQueue()
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._is_ending = False
        self._begin_until = math.inf
        self._size = size
        self._threads = []
        #: Calls that were submitted and not yet collected.
        self.pending = 0

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        """Drop the calls that have not begun, and wait for those in flight."""
        self.withdraw()
        with self._changed:
            self._is_ending = True
            self._changed.notify_all()
        deadline = time.monotonic() + END_WITHIN
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0))

    @property
    def room(self):
        """How many more calls can be taken, of all lanes."""
        return max(LANES * AHEAD * self._size - self.pending, 0)

    def get_room(self, lane):
        """Return how many more calls of a lane can be taken: it keeps to its share.

        :param lane: any key
        """
        own = self._lanes[lane].pending if lane in self._lanes else 0
        room = (self.room - own) // LANES
        return room if room >= max((own + room) * REFILL, 1) else 0

    def get_full(self):
        """Return the lanes that have no room now."""
        return [lane for lane in self._lanes if not self.get_room(lane)]

    @property
    def is_full(self):
        """Whether all lanes that have anything have no room now."""
        return bool(self._lanes) and len(self.get_full()) == len(self._lanes)

    def get_slow(self, since):
        """Return the lanes of which a call is in flight that began before a time.

        :param float since: as ``time.monotonic()`` has it
        """
        with self._changed:
            return {
                name
                for name, lane in self._lanes.items()
                if next(iter(lane.begun.values()), since) < since
            }

    def submit(self, lane, key, call, delay=0):
        """Take a call.

        :param lane: whose it is, any key
        :param key: what its result shall be known by
        :param call: function without arguments; it must not raise
        :param float delay: seconds from now until it is due; 0: at once
        """
        self.pending += 1
        with self._changed:
            own = self._lanes.setdefault(lane, Lane())
            due = delay and time.monotonic() + delay
            own.add(key, call, due, next(self._order))
            self._changed.notify()
            wanted = sum(min(it.pending, self._size) for it in self._lanes.values())
        if len(self._threads) < min(LANES * self._size, wanted):
            self._start_thread()

    def _start_thread(self):
        """Start one more thread; where the system gives none, the others must do."""
        thread = threading.Thread(target=self._work, daemon=True)
        try:
            with thin_threads():
                thread.start()
        except RuntimeError:
            if not self._threads:
                raise
        else:
            self._threads.append(thread)

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
            with self._changed:
                for lane, _key, _result in ended:
                    lane.pending -= 1
                self._recount()
            return [(key, result) for _lane, key, result in ended]

    def get_waiting(self):
        """Return what the calls are known by that have not begun."""
        with self._changed:
            return [key for lane in self._lanes.values() for key in lane.get_waiting()]

    def withdraw(self, keys=None):
        """Take back calls that have not begun; return what they are known by.

        :param keys: set of what those are known by, default all
        """
        with self._changed:
            lanes = self._lanes.values()
            taken = [key for lane in lanes for key in lane.withdraw(keys)]
            self._recount()
        return taken

    def let_begin(self, until):
        """Let calls begin until a time, and none after it; without it they always may.

        Whoever looks from time to time which calls must not be made any more is waited
        for, should it be late.

        :param float until: as ``time.monotonic()`` has it
        """
        with self._changed:
            is_late = time.monotonic() >= self._begin_until
            self._begin_until = until
            if is_late:
                self._changed.notify_all()

    def _recount(self):
        """Count what is pending, and forget the lanes that have nothing."""
        self._lanes = {name: it for name, it in self._lanes.items() if it.pending}
        self.pending = sum(lane.pending for lane in self._lanes.values())

    def _work(self):
        """Make one call after the other, until the pool is closed."""
        while (item := self._next()) is not None:
            lane, ticket, (key, call) = item
            self._results.put((lane, key, call()))
            with self._changed:
                del lane.begun[ticket]
                self._in_flight -= 1

    def _next(self):
        """Wait for the next call that may begin.

        :return: its lane, its number and (key, function); None at the pool's end
        """
        with self._changed:
            while not self._is_ending:
                now = time.monotonic()
                if now >= self._begin_until:
                    self._changed.wait()
                    continue
                free = LANES * self._size - self._in_flight
                waits = [
                    (wait, len(lane.begun), lane)
                    for lane in self._lanes.values()
                    if len(lane.begun) < free
                    and (wait := lane.get_wait(now)) is not None
                ]
                # Who has least in flight comes first.
                wait, _begun, lane = min(waits, key=lambda it: it[:2], default=_NONE)
                if wait == 0:
                    ticket = next(self._order)
                    lane.begun[ticket] = now
                    self._in_flight += 1
                    # Somebody else looks what may begin beside it, or is due next.
                    self._changed.notify()
                    return lane, ticket, lane.take(now)
                self._changed.wait(wait)
        return None
