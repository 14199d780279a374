# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime, timedelta

from odoo.tests import BaseCase, tagged

from ...tools.consent import MOST_DOUBLINGS, PAUSE, SILENCE, get_next_asking

NOW = datetime(2026, 11, 27, 12)
DAY = timedelta(days=1)


@tagged("post_install", "-at_install")
class TestAsking(BaseCase):
    """A number that does not answer is left alone, each time for longer."""

    def test_when_a_number_may_be_asked_again(self):
        for newest, unanswered, start in (
            (None, [], None),
            (NOW, [], NOW + PAUSE),
            (NOW, [NOW], NOW + SILENCE),
            (NOW, [NOW - 100 * DAY, NOW], NOW + 2 * SILENCE),
            (NOW, [NOW, NOW - 100 * DAY, NOW - 300 * DAY], NOW + 4 * SILENCE),
            # It has texted a joining keyword since: an answer, and again a question.
            (NOW, [NOW - 90 * DAY], NOW + PAUSE),
            (NOW, [NOW] * 1000, NOW + SILENCE * 2**MOST_DOUBLINGS),
        ):
            with self.subTest(newest=newest, unanswered=len(unanswered)):
                self.assertEqual(get_next_asking(newest, unanswered), start)
