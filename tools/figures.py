# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Rates, changes and warnings computed from the statistics of text messages."""

from collections import Counter
from typing import NamedTuple

from markupsafe import Markup

#: The smallest number of texts for meaningful rates.
ENOUGH = 20
#: How many templates are named as the best, and as the worst.
RANKED = 5
#: Number of STOPs, and their share of a template's texts, from which there is a warning
STOPS, STOP_RATE = 3, 0.005
#: if the share has grown by this factor since the period before.
STOP_GROWTH = 1.5
#: Number and share of undelivered texts from which a sender counts as failing.
FAILURES, FAILURE_RATE = 5, 0.10
#: A smaller relative difference is no change.
SAME = 0.0005
#: A customer who has texted should not wait longer than this for a person's answer.
PATIENCE_HOURS = 4
#: Rates and averages: the sums of numerator and denominator.
RATES = {
    "delivery_rate": ("delivered_count", "settled_count"),
    "failure_rate": ("failed_count", "settled_count"),
    "reply_rate": ("reply_count", "sent_count"),
    "stop_rate": ("stop_count", "sent_count"),
    "confirmed_rate": ("visit_confirmed_count", "visit_count"),
    "delivery_time": ("delivery_seconds", "timed_count"),
    "answer_time": ("answer_seconds", "answered_count"),
    "reach_rate": ("reached_count", "concerned_count"),
    "alert_rate": ("alert_in_time_count", "alert_count"),
    "rating": ("rating_sum", "rating_count"),
}


class Change(NamedTuple):
    """A figure compared with that of the period before.

    :param float ratio: growth (0.1: a tenth more); None if there was nothing before
    :param int direction: 1 more, -1 less, 0 equal
    """

    ratio: float | None
    direction: int


def share(part, whole):
    """Return ``part`` divided by ``whole``, None if ``whole`` is 0."""
    return part / whole if whole else None


def compare(value, before):
    """Compare a figure with that of the period before; either may be unknown (None)."""
    if value is None or before is None:
        return Change(None, 0)
    ratio = (value - before) / before if before else None
    if ratio is not None and abs(ratio) < SAME:
        return Change(0, 0)
    return Change(ratio, (value > before) - (value < before))


def get_rates(figures):
    """Return the rates and averages of summed figures, None where unknown.

    :param dict figures: sums by measure (``report.sms_figures.MEASURES``)
    """
    sums = Counter(figures)
    sums["settled_count"] = sums["delivered_count"] + sums["failed_count"]
    return {rate: share(sums[it], sums[whole]) for rate, (it, whole) in RATES.items()}


def is_stop_rate_rising(now, before):
    """Tell if opt-outs after a template's texts are notable and have increased."""
    rate = get_rates(now)["stop_rate"] or 0
    if now["stop_count"] < STOPS or rate < STOP_RATE:
        return False
    return rate >= STOP_GROWTH * (get_rates(before)["stop_rate"] or 0)


def is_failing(figures):
    """Tell if too many of a sender's texts are not delivered."""
    rate = get_rates(figures)["failure_rate"]
    return figures["failed_count"] >= FAILURES and rate >= FAILURE_RATE


def rank_templates(figures):
    """Return the keys of the best and worst templates, of those with enough texts.

    The best bring replies, the worst opt-outs and failures. No template is in both.

    :param dict figures: sums as for :func:`get_rates`, by template key
    :return: ``(best, worst)``, lists of keys
    """
    known = {
        key: get_rates(it) for key, it in figures.items() if it["sent_count"] >= ENOUGH
    }

    def get_harm(key):
        """Return the sum of a template's opt-out rate and failure rate."""
        return known[key]["stop_rate"] + (known[key]["failure_rate"] or 0)

    worst = sorted(known, key=lambda key: (-get_harm(key), key))
    worst = [key for key in worst if get_harm(key)][:RANKED]
    best = sorted(
        (key for key in known if key not in worst),
        key=lambda key: (-known[key]["reply_rate"], get_harm(key), key),
    )
    return best[:RANKED], worst


def render_counts(rows):
    """Return an HTML table of counts.

    :param rows: triples of a count, its label, and a CSS class for the count
    """
    row = Markup("<tr><td class='text-end fw-bold pe-3 %s'>%s</td><td>%s</td></tr>")
    body = Markup("").join(
        row % (css_class, f"{count:,}", label) for count, label, css_class in rows
    )
    return Markup("<table class='o_sms_counts'><tbody>%s</tbody></table>") % body
