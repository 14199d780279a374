# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import math
import threading
import time
from contextlib import contextmanager
from functools import partial
from unittest.mock import patch

from odoo.tests import BaseCase

from ...providers import poster as poster_module
from ...providers.poster import (
    AHEAD,
    REFILL,
    SHARES,
    STACK_SIZE,
    AccountQueue,
    Poster,
    thin_threads,
)

SIZE = 8
#: Seconds after which nothing more is expected.
PATIENCE = 5


class TestPoster(BaseCase):
    """The sharing of threads between accounts, with real threads."""

    def setUp(self):
        super().setUp()
        self.release = threading.Event()
        self.addCleanup(self.release.set)
        # A test that waits in vain fails soon.
        self.patch(poster_module, "END_WITHIN", PATIENCE)
        self.lock = threading.Lock()
        self.begun = []

    @contextmanager
    def start(self):
        """Yield a pool, and release hanging calls whatever the test's result."""
        with Poster(SIZE) as poster:
            try:
                yield poster
            finally:
                self.release.set()

    def hang(self, name):
        """Simulate a call whose carrier does not answer."""
        with self.lock:
            self.begun.append(name)
        self.release.wait(20)
        return name

    def submit(self, poster, account, count, call=None, delay=0):
        """Submit ``count`` calls of an account, each identified by it and a number."""
        for index in range(count):
            key = (account, index)
            poster.submit(account, key, call or partial(self.hang, account), delay)

    def wait_begun(self, account, count):
        """Wait until ``count`` calls of an account have begun, and no more follow."""
        deadline = time.monotonic() + PATIENCE
        while self.begun.count(account) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.05)
        self.assertEqual(self.begun.count(account), count)

    def collect(self, poster, count):
        """Return the next ``count`` keys as their calls end."""
        keys = []
        deadline = time.monotonic() + PATIENCE
        while len(keys) < count and time.monotonic() < deadline:
            keys += [key for key, _result in poster.collect(0.2)]
        return keys

    def assertNothingEnds(self, poster):
        """Check that nothing ends for a moment; whoever waits longer sees it begin."""
        late = threading.Timer(PATIENCE, poster.allow_until, (math.inf,))
        late.start()
        self.addCleanup(late.cancel)
        self.assertEqual(poster.collect(0.05), [])

    def test_one_alone_has_all_that_one_may_have(self):
        with self.start() as poster:
            self.submit(poster, "one", 5 * SIZE)
            self.wait_begun("one", SIZE)
            self.release.set()
            self.assertEqual(len(self.collect(poster, 5 * SIZE)), 5 * SIZE)
            self.assertEqual((poster.pending, len(poster._threads)), (0, SIZE))

    def test_one_that_hangs_keeps_no_other_waiting(self):
        with self.start() as poster:
            self.submit(poster, "hangs", 4 * SIZE)
            self.wait_begun("hangs", SIZE)
            self.submit(poster, "sound", 50, lambda: None)
            keys = self.collect(poster, 50)
            self.assertEqual({account for account, _index in keys}, {"sound"})
            self.assertEqual(len(keys), 50)
            # Half of what is left is as much as before.
            self.submit(poster, "late", 4 * SIZE)
            self.wait_begun("late", SIZE // 2)

    def test_many_that_hang_leave_something_to_the_next(self):
        """The last account gets a thread at once, and the threads are limited."""
        with self.start() as poster:
            for account, share in enumerate((SIZE, SIZE // 2, SIZE // 4, SIZE // 8)):
                self.submit(poster, account, 4 * SIZE)
                self.wait_begun(account, share)
            self.submit(poster, "sound", 1, lambda: None)
            self.assertEqual(self.collect(poster, 1), [("sound", 0)])
            self.assertLessEqual(len(poster._threads), SHARES * SIZE)

    def test_those_who_wait_get_what_those_who_hang_let_go(self):
        with self.start() as poster:
            self.submit(poster, "first", 4 * SIZE)
            self.wait_begun("first", SIZE)
            self.submit(poster, "second", 4 * SIZE)
            self.wait_begun("second", SIZE // 2)
            self.release.set()
            keys = self.collect(poster, 8 * SIZE)
            self.assertEqual(len(set(keys)), 8 * SIZE)

    def test_what_is_claimed_ahead_is_shared_as_well(self):
        with self.start() as poster:
            most = AHEAD * SIZE
            self.assertEqual(poster.get_room("one"), most)
            self.submit(poster, "one", 1)
            self.assertEqual(poster.get_room("two"), most - 1)
            self.submit(poster, "one", most - 1)
            self.assertEqual(poster.get_room("one"), 0)
            self.assertTrue(poster.is_full)
            self.assertEqual(poster.get_full(), ["one"])
            self.assertEqual(poster.get_room("two"), most // 2)
            self.submit(poster, "two", most // 2)
            self.assertEqual(poster.get_room("three"), most // 4)
            # An account without calls gets the last place; then there is no room.
            self.submit(poster, "three", most // 2 - 2)
            self.assertEqual((poster.room, poster.get_room("four")), (2, 1))
            self.submit(poster, "three", 3)
            self.assertEqual((poster.room, poster.get_room("four")), (0, 0))

    def test_who_has_nothing_is_not_full_and_one_that_has_room_is_enough(self):
        with self.start() as poster:
            self.assertEqual((poster.is_full, poster.get_full()), (False, []))
            self.submit(poster, "one", AHEAD * SIZE, delay=60)
            self.submit(poster, "two", 1, delay=60)
            self.assertEqual((poster.is_full, poster.get_full()), (False, ["one"]))
            self.assertEqual(poster.room, (SHARES - 1) * AHEAD * SIZE - 1)

    def test_leaving_waits_for_what_is_in_flight_and_drops_the_rest(self):
        ended = []

        def work(name):
            self.begun.append(name)
            self.release.wait(20)
            ended.append(name)

        with Poster(1) as poster:
            for name in ("first", "second"):
                poster.submit("one", name, partial(work, name))
            self.wait_begun("first", 1)
            # A thread that hangs for ever keeps no process alive.
            self.assertTrue(all(it.daemon for it in poster._threads))
            threading.Timer(0.05, self.release.set).start()
        self.assertEqual(ended, ["first"])
        self.assertFalse(any(it.is_alive() for it in poster._threads))

    def test_leaving_waits_no_longer_than_it_may(self):
        self.patch(poster_module, "END_WITHIN", 0.05)
        with Poster(2) as poster:
            self.submit(poster, "one", 2)
            self.wait_begun("one", 2)
            begun = time.monotonic()
        self.assertLess(time.monotonic() - begun, PATIENCE)

    def test_threads_reserve_little_memory_and_only_ours(self):
        # Those of another poster may just be starting.
        self.addCleanup(threading.stack_size, threading.stack_size(0))
        with thin_threads():
            self.assertEqual(threading.stack_size(), STACK_SIZE)
        self.assertEqual(threading.stack_size(), 0)

    def test_what_is_due_and_alone(self):
        for name in ("push_due", "push_first"):
            own = AccountQueue()
            getattr(own, name)(5, 0, "sender", "due", None)
            with self.subTest(name=name):
                waits = [own.get_wait(now) for now in (3, 5, 6)]
                self.assertEqual(waits, [2, 0, 0])
                self.assertEqual(own.take(5), ("due", None))
                self.assertIsNone(own.get_wait(5))

    def test_few_are_not_worth_a_claim(self):
        with self.start() as poster:
            enough = int(AHEAD * SIZE * REFILL)
            self.submit(poster, "one", AHEAD * SIZE - enough + 1, delay=60)
            self.assertEqual(poster.get_room("one"), 0)
            poster.withdraw()
            self.submit(poster, "one", AHEAD * SIZE - enough, delay=60)
            self.assertEqual(poster.get_room("one"), enough)

    def test_what_has_not_begun_is_taken_back(self):
        with self.start() as poster:
            self.submit(poster, "one", 2 * SIZE)
            self.submit(poster, "two", 1, lambda: None, 60)
            self.wait_begun("one", SIZE)
            taken = poster.withdraw()
            self.assertEqual(len(taken), SIZE + 1)
            self.assertEqual(poster.pending, SIZE)
            self.release.set()
            keys = self.collect(poster, SIZE)
            self.assertEqual(len(keys), SIZE)
            self.assertFalse(set(keys) & set(taken))

    def test_who_is_slow_is_known_by_what_is_in_flight(self):
        with self.start() as poster:
            self.submit(poster, "slow", 1)
            self.submit(poster, "later", 1, delay=60)
            self.wait_begun("slow", 1)
            since = time.monotonic()
            self.submit(poster, "new", 1)
            self.wait_begun("new", 1)
            self.assertEqual(poster.get_slow(since), {"slow"})
            self.assertEqual(poster.get_slow(time.monotonic()), {"slow", "new"})

    def test_what_is_due_does_not_wait_for_a_backlog(self):
        with self.start() as poster:
            order = []
            for index in range(50):
                poster.submit("one", index, lambda: time.sleep(0.02))
            poster.submit("one", "due", lambda: order.append(poster.pending), 0.01)
            self.collect(poster, 51)
            self.assertGreater(order[0], 20)

    def test_what_is_urgent_does_not_wait_for_a_backlog_either(self):
        with self.start() as poster:
            order = []
            for index in range(50):
                poster.submit("one", index, lambda: time.sleep(0.02))
            # In order of arrival, not of their keys.
            for name in (52, 51):
                poster.submit("one", name, partial(order.append, name), is_urgent=True)
            keys = self.collect(poster, 52)
            self.assertEqual(order, [52, 51])
            self.assertLess(keys.index(51), 4 * SIZE)

    def test_what_is_urgent_takes_the_first_time_of_its_lane(self):
        """As many leave in the same time, each at one of the assigned times."""
        own = AccountQueue()
        for order, at in enumerate((20, 40, 60)):
            own.push_due(at, order, "sender", f"list {order}", None)
        own.push_due(20, 3, "other", "other lane", None)
        own.push_due(110, 6, "sender", "last", None)
        own.push_first(80, 4, "sender", "first", None)
        own.push_first(100, 5, "sender", "second", None)
        lists = [f"list {order}" for order in range(3)]
        begun = {}
        for now in range(0, 111, 5):
            while own.get_wait(now) == 0:
                begun[own.take(now)[0]] = now
        names = ("other lane", "first", "second", *lists, "last")
        times = (20, 20, 40, 60, 80, 100, 110)
        self.assertEqual(begun, dict(zip(names, times, strict=True)))

    def test_what_is_not_due_waits_and_keeps_nobody_waiting(self):
        with self.start() as poster:
            poster.submit("one", "later", lambda: None, 60)
            poster.submit("one", "soon", lambda: None, 0.05)
            poster.submit("one", "urgent", lambda: None, 0.05, is_urgent=True)
            poster.submit("one", "now", lambda: None)
            self.assertEqual(set(self.collect(poster, 3)), {"now", "soon", "urgent"})
            self.assertEqual(poster.get_waiting(), ["later"])

    def test_who_came_first_is_first_at_the_same_time(self):
        with self.start() as poster, patch.object(time, "monotonic", return_value=1):
            for name in ("first", "again"):
                poster.submit("one", name, lambda: None, 60)
            self.assertEqual(poster.get_waiting(), ["first", "again"])

    def test_what_is_urgent_takes_no_time_of_another_lane(self):
        for lane, first in (("sender", "urgent"), ("other", "list")):
            with self.subTest(lane=lane), self.start() as poster:
                poster.submit("one", "list", lambda: None, 60, lane="sender")
                poster.submit("one", "urgent", lambda: None, 120, True, lane)
                self.assertEqual(poster.get_waiting()[0], first)

    def test_some_of_what_has_not_begun_are_taken_back(self):
        with self.start() as poster:
            self.submit(poster, "one", SIZE + 2)
            self.wait_begun("one", SIZE)
            self.submit(poster, "two", 2, lambda: None, 60)
            waiting = set(poster.get_waiting())
            self.assertEqual(len(waiting), 4)
            gone = {("one", SIZE), ("one", 0), ("two", 1)}
            self.assertEqual(set(poster.withdraw(gone)), gone & waiting)
            self.assertEqual(set(poster.get_waiting()), waiting - gone)
            self.assertEqual(poster.pending, SIZE + 2)

    def test_nothing_begins_beyond_the_time_until_which_it_may(self):
        with self.start() as poster:
            poster.allow_until(time.monotonic())
            self.submit(poster, "one", 2, lambda: None)
            self.submit(poster, "due", 1, lambda: None, 0.01)
            self.assertNothingEnds(poster)
            poster.allow_until(time.monotonic() + 60)
            self.assertEqual(len(self.collect(poster, 3)), 3)

    def test_the_time_until_which_they_may_begin_is_over_when_it_comes(self):
        with self.start() as poster, patch.object(time, "monotonic", return_value=1):
            poster.allow_until(1)
            poster.submit("one", "call", lambda: None)
            self.assertNothingEnds(poster)
            poster.allow_until(2)
            self.assertEqual(poster.collect(PATIENCE), [("call", None)])

    def test_where_the_system_gives_no_more_threads_the_others_do(self):
        none_left = patch.object(threading.Thread, "start", side_effect=RuntimeError)
        with self.start() as poster:
            with none_left, self.assertRaises(RuntimeError):
                poster.submit("one", 1, lambda: None)
            poster.submit("one", 2, lambda: None)
            self.assertEqual(len(self.collect(poster, 2)), 2)
            with none_left:
                self.submit(poster, "two", 3, lambda: None)
            self.assertEqual(len(self.collect(poster, 3)), 3)
            self.assertEqual(len(poster._threads), 1)
