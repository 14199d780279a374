# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.tests import BaseCase, tagged

from ...tools import figures


def sent(sent_count, **sums):
    """Return some figures."""
    return {"sent_count": sent_count, **sums}


@tagged("post_install", "-at_install")
class TestFigures(BaseCase):
    """Rates, comparisons and what needs attention, without a database."""

    def test_a_share_of_nothing_is_not_known(self):
        self.assertIsNone(figures.share(0, 0))
        self.assertEqual(figures.share(1, 4), 0.25)

    def test_comparisons(self):
        cases = {
            (12, 10): (0.2, 1),
            (5, 10): (-0.5, -1),
            (10, 10): (0, 0),
            (2001, 2000): (0.0005, 1),
            (4001, 4000): (0, 0),
            (3, 0): (None, 1),
            (0, 0): (None, 0),
            (None, 4): (None, 0),
            (4, None): (None, 0),
        }
        for (now, before), wanted in cases.items():
            with self.subTest(now=now, before=before):
                self.assertEqual(tuple(figures.compare(now, before)), wanted)

    def test_delivered_is_of_those_whose_fate_is_known(self):
        rates = figures.get_rates(sent(100, delivered_count=60, failed_count=20))
        self.assertEqual(rates["delivery_rate"], 0.75)
        self.assertEqual(rates["failure_rate"], 0.25)

    def test_each_rate_and_average(self):
        sums = {
            **sent(200, reply_count=50, stop_count=2),
            **{"delivered_count": 90, "failed_count": 10},
            **{"visit_count": 8, "visit_confirmed_count": 6},
            **{"timed_count": 5, "delivery_seconds": 30.0},
            **{"answered_count": 4, "answer_seconds": 600.0},
            **{"concerned_count": 40, "reached_count": 10},
            **{"alert_count": 16, "alert_in_time_count": 4},
            **{"rating_count": 3, "rating_sum": 12},
        }
        rates = {
            **{"delivery_rate": 0.9, "failure_rate": 0.1, "reply_rate": 0.25},
            **{"stop_rate": 0.01, "confirmed_rate": 0.75, "delivery_time": 6},
            **{"answer_time": 150, "reach_rate": 0.25, "alert_rate": 0.25},
            "rating": 4,
        }
        self.assertEqual(figures.get_rates(sums), rates)
        self.assertEqual(figures.get_rates({}), dict.fromkeys(rates))

    def test_opt_outs_rise(self):
        cases = [
            # Too few STOPs, or too small a share.
            (sent(10, stop_count=2), {}, False),
            (sent(10_000, stop_count=10), {}, False),
            (sent(100, stop_count=3), {}, True),
            (sent(1000, stop_count=5), {}, True),
            # All to texts of the period before.
            (sent(0, stop_count=3), {}, False),
            (sent(100, stop_count=3), sent(100, stop_count=2), True),
            (sent(100, stop_count=3), sent(100, stop_count=3), False),
            # More STOPs, but a smaller share.
            (sent(1000, stop_count=10), sent(100, stop_count=3), False),
        ]
        for now, before, wanted in cases:
            with self.subTest(now=now, before=before):
                self.assertIs(figures.is_stop_rate_rising(now, before), wanted)

    def test_a_sender_fails(self):
        cases = [
            ({"delivered_count": 0, "failed_count": 4}, False),
            ({"delivered_count": 45, "failed_count": 5}, True),
            ({"delivered_count": 46, "failed_count": 5}, False),
            ({"delivered_count": 0, "failed_count": 0}, False),
        ]
        for sums, wanted in cases:
            with self.subTest(sums=sums):
                self.assertIs(figures.is_failing(sums), wanted)

    def test_the_best_are_answered_and_the_worst_do_harm(self):
        best, worst = figures.rank_templates(
            {
                1: sent(100, reply_count=10),
                2: sent(100, reply_count=50),
                3: sent(100, stop_count=5, reply_count=90),
                4: sent(100, delivered_count=50, failed_count=50),
                5: sent(figures.ENOUGH - 1, reply_count=19),
                6: sent(figures.ENOUGH),
            }
        )
        self.assertEqual((best, worst), ([2, 1, 6], [4, 3]))

    def test_five_at_most_are_ranked(self):
        harmless = {key: sent(100, reply_count=key) for key in range(10)}
        harmful = {key: sent(100, stop_count=key) for key in range(10, 20)}
        best, worst = figures.rank_templates(harmless | harmful)
        self.assertEqual((best, worst), ([9, 8, 7, 6, 5], [19, 18, 17, 16, 15]))


@tagged("post_install", "-at_install")
class TestCounts(BaseCase):
    """Counts as a table: texts by people never become markup."""

    def test_the_table(self):
        self.assertEqual(
            figures.render_counts(
                [(1234, "<b>texts</b>", "text-danger"), (0, "x", "")]
            ),
            "<table class='o_sms_counts'><tbody>"
            "<tr><td class='text-end fw-bold pe-3 text-danger'>1,234</td>"
            "<td>&lt;b&gt;texts&lt;/b&gt;</td></tr>"
            "<tr><td class='text-end fw-bold pe-3 '>0</td><td>x</td></tr>"
            "</tbody></table>",
        )
