# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import time
from datetime import UTC, datetime, timedelta

from odoo.tests import tagged

from ..clock import freeze_time
from ..message.common import WaitingCase
from .common import BatchCase

ZONE = "America/Denver"
#: Changes of the clock in that zone (UTC).
CHANGES = (datetime(2026, 3, 8, 9, 0), datetime(2026, 11, 1, 8, 0))


@tagged("post_install", "-at_install")
class TestSlots(BatchCase):
    """Slots that a run has not used are given out again."""

    RATE = 10

    def setUp(self):
        super().setUp()
        self.env["sms.sms"].search([("state", "=", "outgoing")]).unlink()
        self.queue_many(3 * self.RATE)
        [self.sender] = self.env["sms.sender"].search(
            [("company_id", "=", self.company.id)]
        )
        self.sender.rate = self.RATE

    def claim(self):
        """Claim messages; return the keys of the calls, and their delays in seconds."""
        ready = self.env["sms.sender.pace"]._get_ready()
        calls = self.env["sms.dispatcher"]._claim(ready, 256)
        return [key for _account, key, _call, _delay in calls], [it[3] for it in calls]

    def test_what_was_not_posted_keeps_nothing_waiting(self):
        start = time.monotonic()
        keys, delays = self.claim()
        self.assertEqual(len(keys), self.RATE)
        self.assertAlmostEqual(delays[-1], 0.9, delta=0.01)
        ready = self.env["sms.sender.pace"]._get_ready()
        # Time frees slots, and a busy machine may take long.
        since = time.monotonic() - start
        capacity = sum(sender.capacity for sender in ready)
        self.assertLessEqual(capacity, 1 + since * self.RATE)
        self.env["sms.dispatcher"]._release(keys[4:])
        again, delays = self.claim()
        since = time.monotonic() - start
        ids = [key.sms_id for key in again]
        self.assertEqual(set(ids[:6]), {key.sms_id for key in keys[4:]})
        self.assertGreaterEqual(delays[0], max(0.4 - since, 0.0))
        self.assertLess(delays[0], 0.41)

    def test_only_what_waits_again_frees_its_slots(self):
        """One of them was reported on, another was claimed by another worker since."""
        keys, _delays = self.claim()
        # Move their slots to the future, however busy the machine is.
        keys = [key._replace(due=key.due + 60) for key in keys]
        reported, stale, *others = keys
        self.env["sms.sms"].browse(reported.sms_id).report_rank = 1
        self.env.flush_all()
        calls = [reported, stale._replace(attempt=stale.attempt - 1)]
        paces = self.env["sms.sender.pace"]
        before = paces._get(self.sender).next_at
        self.env["sms.dispatcher"]._release(calls)
        paces.invalidate_model()
        self.assertEqual(paces._get(self.sender).next_at, before)
        self.env["sms.dispatcher"]._release(others)
        paces.invalidate_model()
        freed = before - paces._get(self.sender).next_at
        self.assertAlmostEqual(freed.total_seconds(), 0.8, delta=0.01)

    def test_a_slot_that_has_passed_is_not_given_out_again(self):
        """With another worker's current slots, the sender would exceed its rate."""
        late, _delays = self.claim()
        self.env.cr.execute(
            "UPDATE sms_sender_pace SET next_at = next_at - interval '1 minute'"
            " WHERE sender_id = %s",
            [self.sender.id],
        )
        late = [key._replace(due=key.due - 60) for key in late]
        others, _delays = self.claim()
        self.assertEqual(len(others), self.RATE)
        self.env["sms.dispatcher"]._release(late)
        self.assertLess(len(self.claim()[0]), self.RATE / 2)

    def test_a_sender_without_a_limit_has_no_slots(self):
        self.sender.rate = 0
        keys, delays = self.claim()
        self.assertEqual({*delays}, {0.0})
        self.env["sms.dispatcher"]._release(keys)
        self.assertEqual(len(self.claim()[0]), len(keys))


@tagged("post_install", "-at_install")
class TestClock(WaitingCase):
    """Everything is in UTC: the database's time zone and DST change nothing.

    Odoo sets the process's own time zone to UTC.
    """

    def setUp(self):
        super().setUp()
        self.assertEqual(time.tzname[0], "UTC")
        self.env.cr.execute("SELECT set_config('timezone', %s, TRUE)", [ZONE])

    def test_what_is_due_does_not_jump_with_the_clock(self):
        for change in CHANGES:
            for offset in (-1, 0, 1, 29):
                instant = change + timedelta(minutes=offset)
                with self.subTest(instant=instant), freeze_time(instant):
                    self._check_order(instant)

    def _check_order(self, instant):
        """Check order and pauses of messages around an instant (UTC)."""
        self.env["sms.sms"].search([("state", "=", "outgoing")]).state = "canceled"
        late, soon, waiting = (
            self.queue(not_before=instant + timedelta(minutes=minutes))
            for minutes in (-30, -10, 10)
        )
        self.env.flush_all()
        dispatcher = self.env["sms.dispatcher"]
        [sender] = self.env["sms.sender.pace"]._get_ready()
        self.assertEqual(list(dispatcher._lock_next(sender, 10)), [late, soon])
        (late | soon).state = "canceled"
        self.assertEqual(dispatcher._get_next_due(), 600)
        waiting._try_again(timedelta(hours=1))
        self.assertEqual(waiting.not_before, instant + timedelta(hours=1))
        self.assertEqual(dispatcher._get_next_due(), 3600)

    def test_a_senders_pace_is_kept_in_utc(self):
        sender = self.queue().sender_id
        sender.rate = 1
        self.env.flush_all()
        paces = self.env["sms.sender.pace"]
        [ready] = paces._get_ready()
        paces._book(ready, 10)
        paces.invalidate_model()
        now = datetime.now(UTC).replace(tzinfo=None)
        ahead = (paces._get(sender).next_at - now).total_seconds()
        self.assertAlmostEqual(ahead, 10, delta=5)
        self.assertFalse(paces._get_ready())
        due = self.env["sms.dispatcher"]._get_next_due()
        self.assertAlmostEqual(due, 9, delta=5)

    def test_a_clock_that_is_set_back_stops_no_sender(self):
        """The last slot that was given out is an hour in the future then."""
        sender = self.queue().sender_id
        sender.rate = 10
        paces = self.env["sms.sender.pace"]
        [ready] = paces._get_ready()
        paces._book(ready, 20)
        self.assertFalse(paces._get_ready())
        paces.invalidate_model()
        row = paces._get(sender)
        ahead = timedelta(hours=1)
        row.write({name: row[name] + ahead for name in ("next_at", "booked_at")})
        [ready] = paces._get_ready()
        self.assertEqual(self.env["sms.dispatcher"]._get_next_due(), 0)
        self.assertLess(paces._book(ready, 5), 0.1)
        self.assertAlmostEqual(paces._book(ready, 5), 0.5, delta=0.3)
