# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Threads that speak to carriers, each call at its own time.

They touch no database: what they do comes in as a function, what it came to goes out
as its result. So no transaction is open and no row is locked while the network is
waited for, and a slow carrier costs nothing but its own threads.

Each account has a queue, which may have no more in flight than is left for the others,
and so half of all if it is alone: one whose carrier hangs leaves as much to the next.
The same holds for what is claimed ahead. So nobody needs to find out who is slow.

A ``ThreadPoolExecutor`` per account is as fast (612 posts a second against 607, of 100
ms each, 64 in flight), but 20 accounts whose carriers hang take 1,280 threads and 3.5
GB of address space instead of 128 and 1.2 GB, by which Odoo ends a worker; and a text
without a pace waits 0.9 s behind 64 paced ones of its account, instead of not at all.
"""

import heapq
import itertools
import math
import queue
import threading
import time
from contextlib import contextmanager

#: Calls of one account at once: what a process keeps up with through the carrier's SDK.
MAX_IN_FLIGHT = 64
#: Calls that are taken for each that can be in flight. What is urgent passes them.
AHEAD = 4
#: A queue takes more once so much of its share is free: while the next are claimed
#: there is still enough that can begin, and few at a time would cost as much as many.
REFILL = 1 / 4
#: There is so many times of both what one account can use.
SHARES = 2
#: Bytes of a thread's stack; the system's default is four times as much.
STACK_SIZE = 2 * 1024 * 1024
#: Seconds in which more results are gathered after the first.
GATHER = 0.05
#: Seconds that leaving a pool waits for calls in flight, which end by time-outs.
END_WITHIN = 30.0


@contextmanager
def thin_threads():
    """Reserve little memory for threads that are started meanwhile.

    Odoo counts what a process has reserved, not what it uses, and ends workers by that.
    """
    before = threading.stack_size(STACK_SIZE)
    try:
        yield
    finally:
        threading.stack_size(before)


class AccountQueue:
    """The calls of one account. The poster's lock guards it."""

    def __init__(self):
        #: Heaps of those that have a time, and those that have none: urgent ones first.
        self.due, self.at_once = [], []
        #: When each of those in flight has begun, the first of them first.
        self.begun = {}
        #: Submitted and not yet collected.
        self.pending = 0

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
            return heapq.heappop(self.due)[-2:]
        return heapq.heappop(self.at_once)[-2:]

    def push_due(self, at, order, lane, key, call):
        """Take a call that has a time; ``lane`` is None if it trades it with nobody."""
        heapq.heappush(self.due, (at, order, lane, key, call))

    def push_first(self, at, order, lane, key, call):
        """Take an urgent call: the next of its lane that waits gives it its time.

        Each of the others takes the time of the next, and the last that of the urgent
        one, so that the lane is no faster for it.
        """
        others = sorted(item for item in self.due if item[2] == lane and item[0] < at)
        first, *later = [*(item[0] for item in others), at]
        self.due = [item for item in self.due if item not in others]
        self.due += [(it, *item[1:]) for it, item in zip(later, others, strict=True)]
        heapq.heapify(self.due)
        self.push_due(first, order, None, key, call)

    def get_waiting(self):
        """Return the keys of the calls that have not begun."""
        return [item[-2] for item in (*self.due, *self.at_once)]

    def withdraw(self, keys=None):
        """Forget these calls, or all, unless they have begun; return their keys."""
        gone = {key for key in self.get_waiting() if keys is None or key in keys}
        for heap in (self.due, self.at_once):
            heap[:] = [item for item in heap if item[-2] not in gone]
            heapq.heapify(heap)
        self.pending -= len(gone)
        return gone


class Poster:
    """A pool of threads that work off calls in the order of their times.

    A call that is not due keeps no thread busy. Use it as a context manager: leaving
    it waits for what is in flight.

    :param int size: calls of one account that can be in flight
    """

    def __init__(self, size=MAX_IN_FLIGHT):
        self._queues = {}
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
            thread.join(deadline - time.monotonic())

    @property
    def room(self):
        """The number of calls that can still be taken, of all accounts."""
        return max(SHARES * AHEAD * self._size - self.pending, 0)

    def get_room(self, account):
        """Return how many more calls of an account can be taken, within its share."""
        own = self._queues[account].pending if account in self._queues else 0
        room = (self.room - own) // SHARES
        return room if room >= max((own + room) * REFILL, 1) else 0

    def get_full(self):
        """Return the accounts that have no room now."""
        return [account for account in self._queues if not self.get_room(account)]

    @property
    def is_full(self):
        """Tell if all accounts that have anything have no room now."""
        return bool(self._queues) and len(self.get_full()) == len(self._queues)

    def get_slow(self, since):
        """Return the accounts with a call in flight that began before a time.

        :param float since: of ``time.monotonic()``
        """
        with self._changed:
            return {
                account
                for account, own in self._queues.items()
                if next(iter(own.begun.values()), since) < since
            }

    def submit(self, account, key, call, delay=0, is_urgent=False, lane=None):
        """Take a call.

        :param account: whose it is, any key, as that by which its result is known
        :param call: function without arguments; it must not raise
        :param float delay: seconds from now until it is due; 0: at once
        :param bool is_urgent: it passes those that wait for a free thread alone, and
            those that are due in its lane
        :param lane: those whose times are given out one after the other, any value
        """
        self.pending += 1
        with self._changed:
            own = self._queues.setdefault(account, AccountQueue())
            own.pending += 1
            order = next(self._order)
            if delay:
                push = own.push_first if is_urgent else own.push_due
                push(time.monotonic() + delay, order, lane, key, call)
            else:
                heapq.heappush(own.at_once, (not is_urgent, order, key, call))
            self._changed.notify()
            wanted = sum(min(it.pending, self._size) for it in self._queues.values())
        if len(self._threads) < min(SHARES * self._size, wanted):
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

        :param float timeout: seconds
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
                for own, _key, _result in ended:
                    own.pending -= 1
                self._recount()
            return [(key, result) for _own, key, result in ended]

    def get_waiting(self):
        """Return the keys of the calls that have not begun."""
        with self._changed:
            return [key for own in self._queues.values() for key in own.get_waiting()]

    def withdraw(self, keys=None):
        """Take back these calls, or all, unless they have begun; return their keys."""
        with self._changed:
            queues = self._queues.values()
            withdrawn = [key for own in queues for key in own.withdraw(keys)]
            self._recount()
        return withdrawn

    def allow_until(self, until):
        """Allow calls to begin until a time; by default they always may begin.

        Whoever looks from time to time which calls must not be made any more is waited
        for, should it be late.

        :param float until: of ``time.monotonic()``
        """
        with self._changed:
            is_late = time.monotonic() >= self._begin_until
            self._begin_until = until
            if is_late:
                self._changed.notify_all()

    def _recount(self):
        self._queues = {name: own for name, own in self._queues.items() if own.pending}
        self.pending = sum(own.pending for own in self._queues.values())

    def _work(self):
        while (item := self._next()) is not None:
            own, ticket, (key, call) = item
            self._results.put((own, key, call()))
            with self._changed:
                del own.begun[ticket]
                self._in_flight -= 1

    def _next(self):
        """Wait for the next call that may begin.

        :return: its queue, its number and (key, function); None at the pool's end
        """
        with self._changed:
            while not self._is_ending:
                now = time.monotonic()
                if now >= self._begin_until:
                    self._changed.wait()
                    continue
                free = SHARES * self._size - self._in_flight
                waits = [
                    (wait, len(own.begun), own)
                    for own in self._queues.values()
                    if len(own.begun) < free and (wait := own.get_wait(now)) is not None
                ]
                # Who has least in flight comes first.
                wait, _begun, own = min(
                    waits, key=lambda it: it[:2], default=(None, None, None)
                )
                if wait == 0:
                    ticket = next(self._order)
                    own.begun[ticket] = now
                    self._in_flight += 1
                    # Somebody else looks what may begin beside it, or is due next.
                    self._changed.notify()
                    return own, ticket, own.take(now)
                self._changed.wait(wait)
        return None
