# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Call carriers on threads, each call at its due time.

The threads never use the database: they run functions and return their results. So no
transaction stays open and no row stays locked while a carrier responds, and a slow
carrier only costs its own threads.

Each account has a queue, which may have at most as many calls in flight as are left for
the others: half of all threads if it is alone. So a carrier that hangs leaves as many
for the next. The same applies to calls claimed ahead. No slow carrier must be detected.

A ``ThreadPoolExecutor`` per account is as fast (612 posts a second against 607, of 100
ms each, 64 in flight), but 20 accounts whose carriers hang take 1,280 threads and 3.5
GB of address space instead of 128 and 1.2 GB, and Odoo stops a worker by its address
space; and a text without a pace waits 0.9 s behind 64 paced ones of its account.
"""

import heapq
import itertools
import math
import queue
import threading
import time
from contextlib import contextmanager

#: Concurrent calls of one account: what a process can handle through the SDK.
MAX_IN_FLIGHT = 64
#: Calls claimed ahead for each that can be in flight. Urgent ones overtake them.
AHEAD = 4
#: A queue takes more once this part of its share is free: the rest keeps the threads
#: busy meanwhile, and claiming a few costs as much as claiming many.
REFILL = 1 / 4
#: The pool has this many times the calls that one account can use.
SHARES = 2
#: Bytes of a thread's stack, a quarter of the system's default.
STACK_SIZE = 2 * 1024 * 1024
#: Seconds to collect more results after the first.
GATHER = 0.1
#: Seconds to wait at the end for calls in flight, which have time-outs.
END_WITHIN = 30.0


@contextmanager
def thin_threads():
    """Reserve less memory for threads started in this context.

    Odoo limits the memory that a worker reserves, not what it uses.
    """
    before = threading.stack_size(STACK_SIZE)
    try:
        yield
    finally:
        threading.stack_size(before)


class AccountQueue:
    """The calls of one account. The poster's lock guards it."""

    def __init__(self):
        #: Heaps of calls with a due time, and of those without, urgent ones first.
        self.due, self.at_once = [], []
        #: The start times of calls in flight, earliest first.
        self.begun = {}
        #: Calls submitted and not yet collected.
        self.pending = 0

    def get_wait(self, now):
        """Return the seconds until the next call is due, None if none waits."""
        if self.at_once:
            return 0
        return max(self.due[0][0] - now, 0) if self.due else None

    def take(self, now):
        """Return the next call, as (key, function).

        Calls with a due time come first: their senders' rates keep them few, and they
        would otherwise wait behind any backlog.
        """
        if self.due and self.due[0][0] <= now:
            return heapq.heappop(self.due)[-2:]
        return heapq.heappop(self.at_once)[-2:]

    def push_due(self, at, order, lane, key, call):
        """Add a call with a due time; ``lane`` is None if the time cannot be traded."""
        heapq.heappush(self.due, (at, order, lane, key, call))

    def push_first(self, at, order, lane, key, call):
        """Add an urgent call, which takes the time of the next waiting one of its lane.

        Each of the others moves to the next time, and the last to that of the urgent
        one, so that the lane stays as slow as before.
        """
        others = sorted(item for item in self.due if item[2] == lane and item[0] < at)
        first, *later = [*(item[0] for item in others), at]
        self.due = [item for item in self.due if item not in others]
        self.due += [(it, *item[1:]) for it, item in zip(later, others, strict=True)]
        heapq.heapify(self.due)
        self.push_due(first, order, None, key, call)

    def get_waiting(self):
        """Return the keys of the calls that have not started."""
        return [item[-2] for item in (*self.due, *self.at_once)]

    def withdraw(self, keys=None):
        """Drop these calls, or all, unless they have started; return their keys."""
        gone = {key for key in self.get_waiting() if keys is None or key in keys}
        for heap in (self.due, self.at_once):
            heap[:] = [item for item in heap if item[-2] not in gone]
            heapq.heapify(heap)
        self.pending -= len(gone)
        return gone


class Poster:
    """A pool of threads that runs calls in the order of their due times.

    A call that is not due keeps no thread busy. Use the pool as a context manager: on
    exit it waits for calls in flight.

    :param int size: concurrent calls of one account
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
        #: Calls submitted and not yet collected.
        self.pending = 0

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        """Drop the calls that have not started, and wait for those in flight."""
        self.withdraw()
        with self._changed:
            self._is_ending = True
            self._changed.notify_all()
        deadline = time.monotonic() + END_WITHIN
        for thread in self._threads:
            thread.join(deadline - time.monotonic())

    @property
    def room(self):
        """The number of calls that the pool can still take."""
        return max(SHARES * AHEAD * self._size - self.pending, 0)

    def get_room(self, account):
        """Return how many more calls an account can submit within its share."""
        own = self._queues[account].pending if account in self._queues else 0
        room = (self.room - own) // SHARES
        return room if room >= max((own + room) * REFILL, 1) else 0

    def get_full(self):
        """Return the accounts that have no room now."""
        return [account for account in self._queues if not self.get_room(account)]

    @property
    def is_full(self):
        """Tell whether no account with calls has room now."""
        return bool(self._queues) and len(self.get_full()) == len(self._queues)

    def get_slow(self, since):
        """Return the accounts with a call in flight that started before a time.

        :param float since: of ``time.monotonic()``
        """
        with self._changed:
            return {
                account
                for account, own in self._queues.items()
                if next(iter(own.begun.values()), since) < since
            }

    def submit(self, account, key, call, delay=0, is_urgent=False, lane=None):
        """Submit a call.

        :param account: any key
        :param call: function without arguments; it must not raise
        :param float delay: seconds from now until it is due; 0: at once
        :param bool is_urgent: it overtakes calls that only wait for a thread, and those
            of its lane
        :param lane: any value; the calls of a lane get their times one after the other
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
        """Start one more thread; if the system refuses, the others suffice."""
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
        """Return finished calls; wait for the first, and a moment longer.

        :param float timeout: seconds
        :return: list of pairs of a key and a result
        """
        ended = []
        try:
            ended.append(self._results.get(timeout=timeout))
            # Recording many results costs little more than recording one.
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
        """Return the keys of the calls that have not started."""
        with self._changed:
            return [key for own in self._queues.values() for key in own.get_waiting()]

    def withdraw(self, keys=None):
        """Drop these calls, or all, unless they have started; return their keys."""
        with self._changed:
            queues = self._queues.values()
            withdrawn = [key for own in queues for key in own.withdraw(keys)]
            self._recount()
        return withdrawn

    def allow_until(self, until):
        """Let calls start until a time; without this they always may.

        So the check for calls that must not be made any more is never overtaken: if it
        is late, calls wait for it.

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
        """Wait for the next call that may start.

        :return: its queue, its ticket and (key, function); None when the pool ends
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
                # The account with the fewest calls in flight comes first.
                wait, _begun, own = min(
                    waits, key=lambda it: it[:2], default=(None, None, None)
                )
                if wait == 0:
                    ticket = next(self._order)
                    own.begun[ticket] = now
                    self._in_flight += 1
                    # Wake another thread for the next call.
                    self._changed.notify()
                    return own, ticket, own.take(now)
                self._changed.wait(wait)
        return None
