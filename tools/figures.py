# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Rates, changes and warnings of the figures of text messages."""

from collections import Counter
from typing import NamedTuple

from markupsafe import Markup

#: The least number of texts whose shares mean anything.
ENOUGH = 20
#: So many are named as the best, and as the worst.
RANKED = 5
#: STOPs and their share of a template's texts from which it is worth a look,
STOPS, STOP_RATE = 3, 0.005
#: if the share has grown to so many times that of the period before.
STOP_GROWTH = 1.5
#: Undelivered texts and their share from which a sender is failing.
FAILURES, FAILURE_RATE = 5, 0.10
#: Less than this is no change.
SAME = 0.0005
#: A customer who has texted should not wait longer than this for a person's answer.
PATIENCE_HOURS = 4
#: Rates and averages: which sum, in parts of which other.
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

    :param float ratio: growth (0.1: a tenth more); None where there was nothing
    :param int direction: 1 more, -1 less, 0 as much
    """

    ratio: float | None
    direction: int


def share(part, whole):
    """Return ``part`` of ``whole`` as a number from 0 to 1; None of nothing."""
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
    """Return the rates and averages of some added-up figures, None where unknown.

    :param dict figures: sums by measure (``report.sms_figures.MEASURES``)
    """
    sums = Counter(figures)
    sums["settled_count"] = sums["delivered_count"] + sums["failed_count"]
    return {rate: share(sums[it], sums[whole]) for rate, (it, whole) in RATES.items()}


def is_stop_rate_rising(now, before):
    """Tell if people opt out after a template's texts, and more than before."""
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

    The best bring replies, the worst opt-outs and failures. None is on both sides.

    :return: ``(best, worst)``, lists of keys
    """
    known = {
        key: get_rates(it) for key, it in figures.items() if it["sent_count"] >= ENOUGH
    }

    def get_harm(key):
        """Return the share of people who opt out or are not reached."""
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

    :param rows: triples of a count, what it counts, and a CSS class of the count
    """
    row = Markup("<tr><td class='text-end fw-bold pe-3 %s'>%s</td><td>%s</td></tr>")
    body = Markup("").join(
        row % (css_class, f"{count:,}", label) for count, label, css_class in rows
    )
    return Markup("<table class='o_sms_counts'><tbody>%s</tbody></table>") % body
