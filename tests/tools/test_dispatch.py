# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from unittest.mock import patch

from odoo.tests import BaseCase, tagged

from ...tools import dispatch
from ...tools.dispatch import AGAIN, Deadline, DispatchRun, Policy


@tagged("post_install", "-at_install")
class TestPace(BaseCase):
    """A sender's throughput, and how "too fast" slows it."""

    def test_a_slowed_sender_recovers(self):
        for rate, slowed_to, seconds, expected in (
            (10, 1.0, 0, 10),
            (10, 0.5, 0, 5),
            (10, 0.25, 30, 5),
            (10, 0.25, 60, 10),
            (10, 0.25, 3600, 10),
            (10, 0.5, -5, 5),
            # One without a limit has one while it recovers.
            (0, 1.0, 0, 0),
            (0, 0.5, 0, 50),
            (0, 0.5, 30, 0),
        ):
            with self.subTest(rate=rate, slowed_to=slowed_to, seconds=seconds):
                found = dispatch.current_rate(rate, slowed_to, seconds)
                self.assertEqual(found, expected)

    def test_too_fast_halves_what_is_left(self):
        for slowed_to, seconds, expected in (
            (1.0, 0, 1 / 2),
            (1.0, 999, 1 / 2),
            (1 / 4, 0, 1 / 8),
            (1 / 4, 30, 1 / 4),
            (1 / 16, 0, 1 / 16),
        ):
            with self.subTest(slowed_to=slowed_to, seconds=seconds):
                self.assertEqual(dispatch.slower(slowed_to, seconds), expected)

    def test_how_many_segments_get_a_slot(self):
        for rate, booked, expected in (
            (0, 9, None),
            (10, 0, 10),
            (10, -3, 10),
            (10, 0.55, 4),
            (10, 0.99, 1),
            (10, 1.0, 0),
            (0.1, 0, 1),
            (0.1, 10, 0),
        ):
            with self.subTest(rate=rate, booked=booked):
                self.assertEqual(dispatch.capacity(rate, booked), expected)


@tagged("post_install", "-at_install")
class TestAgain(BaseCase):
    """Pauses before retries, and between reads of a list."""

    policy = Policy("busy", AGAIN, 10, 60, max_attempts=4, deadline=100)

    def test_pauses_double_up_to_a_limit(self):
        for attempts, share, expected in (
            (0, 0, 10),
            (1, 0, 10),
            (1, 1, 15),
            (2, 0, 20),
            (3, 0.5, 50),
            (4, 0, 60),
            (10**6, 1, 90),
        ):
            with self.subTest(attempts=attempts, share=share):
                found = dispatch.pause_after(self.policy, attempts, share)
                self.assertEqual(found, expected)

    def test_when_it_is_given_up(self):
        for attempts, seconds, changes, expected in (
            (1, 0, {}, 10),
            (3, 60, {}, 40),
            (3, 61, {}, None),
            (4, 0, {}, None),
            (1, 0, {"action": dispatch.END}, None),
            (1, 0, {"action": dispatch.NUMBER}, None),
        ):
            with self.subTest(attempts=attempts, seconds=seconds, **changes):
                policy = Policy(**{**vars(self.policy), **changes})
                found = dispatch.next_pause(policy, attempts, seconds, 0)
                self.assertEqual(found, expected)

    def test_the_list_at_the_carrier_is_read_ever_more_seldom(self):
        for age, pages, expected in (
            (0, 0, 15),
            (30, 1, 15),
            (60, 1, 30),
            (60, 20, 60),
            (10**6, 1, 6 * 3600),
            (0, 10**6, 6 * 3600),
        ):
            with self.subTest(age=age, pages=pages):
                self.assertEqual(dispatch.read_again_after(age, pages), expected)


@tagged("post_install", "-at_install")
class TestRun(BaseCase):
    """A dispatcher's deadlines and state."""

    def test_a_deadline_goes_by_the_clock_that_is_further(self):
        """One stands still while the machine sleeps, the other may be set back."""
        clocks = "odoo.addons.helpdesk_mgmt_sms.tools.dispatch.Deadline._read_clocks"
        with patch(clocks, return_value=(100, 5000)):
            deadline = Deadline(10)
        for now, expected in (
            ((100, 5000), False),
            ((110, 5010), False),
            ((111, 5000), True),
            ((111, 1000), True),
            ((100, 5011), True),
        ):
            with self.subTest(now=now), patch(clocks, return_value=now):
                self.assertIs(deadline.is_over(), expected)
        self.assertFalse(Deadline(60).is_over())

    def test_what_a_run_has_done(self):
        clock = "odoo.addons.helpdesk_mgmt_sms.tools.dispatch.time.monotonic"
        with patch(clock, return_value=50):
            run = DispatchRun(60)
        self.assertTrue(run.is_alone)
        self.assertEqual((run.seconds_left, run.told_at, run.answered_at), (60, 50, 50))
        # It claims, and checks for opt-outs, at once.
        self.assertEqual((run.done, run.filled_at, run.recalled_at), (0, 0, 0))
        self.assertEqual(run.waited, 0)
        self.assertEqual((run.asked, run.over_at, run.slow), ({}, None, frozenset()))
        run.waited = 3
        with patch(clock, return_value=55):
            run.note_ended(2)
            run.note_ended(3)
        self.assertEqual((run.done, run.answered_at, run.waited), (5, 55, 0))
        with patch(clock, return_value=58):
            run.note_told(40)
        self.assertEqual((run.done, run.told_at, run.seconds_left), (0, 58, 40))
