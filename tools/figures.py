# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Rates, changes and warnings of the figures of text messages."""

from typing import NamedTuple

from markupsafe import Markup

#: The least number of texts whose shares mean anything.
ENOUGH = 20
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
    get = figures.get
    settled = get("delivered_count", 0) + get("failed_count", 0)
    return {
        "delivery_rate": share(get("delivered_count", 0), settled),
        "failure_rate": share(get("failed_count", 0), settled),
        "reply_rate": share(get("reply_count", 0), get("sent_count", 0)),
        "stop_rate": share(get("stop_count", 0), get("sent_count", 0)),
        "answered_rate": share(get("answered_count", 0), get("asked_count", 0)),
        "confirmed_rate": share(get("visit_confirmed_count", 0), get("visit_count", 0)),
        "delivery_time": share(get("delivery_seconds", 0), get("timed_count", 0)),
        "reply_time": share(get("reply_seconds", 0), get("reply_count", 0)),
        "answer_time": share(get("answer_seconds", 0), get("answered_count", 0)),
        "reach_rate": share(get("reached_count", 0), get("concerned_count", 0)),
        "alert_rate": share(get("alert_in_time_count", 0), get("alert_count", 0)),
        "rating": share(get("rating_sum", 0), get("rating_count", 0)),
    }


def is_stop_rate_rising(now, before):
    """Tell if people opt out after a template's texts, and more than before."""
    rate = get_rates(now)["stop_rate"] or 0
    if now.get("stop_count", 0) < STOPS or rate < STOP_RATE:
        return False
    return rate >= STOP_GROWTH * (get_rates(before)["stop_rate"] or 0)


def is_failing(figures):
    """Tell if too many of a sender's texts are not delivered."""
    rate = get_rates(figures)["failure_rate"] or 0
    return figures.get("failed_count", 0) >= FAILURES and rate >= FAILURE_RATE


def rank_templates(figures, limit=5):
    """Return the keys of the best and worst templates, of those with enough texts.

    The best bring replies, the worst opt-outs and failures. None is on both sides.

    :return: ``(best, worst)``, lists of keys
    """
    known = {
        key: get_rates(it)
        for key, it in figures.items()
        if it.get("sent_count", 0) >= ENOUGH
    }

    def get_harm(key):
        """Return the share of people who opt out or are not reached."""
        return (known[key]["stop_rate"] or 0) + (known[key]["failure_rate"] or 0)

    worst = sorted(known, key=lambda key: (-get_harm(key), key))
    worst = [key for key in worst if get_harm(key)][:limit]
    best = sorted(
        (key for key in known if key not in worst),
        key=lambda key: (-(known[key]["reply_rate"] or 0), get_harm(key), key),
    )
    return best[:limit], worst


def render_counts(rows):
    """Return an HTML table of counts.

    :param rows: triples of a count, what it counts, and a CSS class of the count
    """
    row = Markup("<tr><td class='text-end fw-bold pe-3 %s'>%s</td><td>%s</td></tr>")
    body = Markup("").join(
        row % (css_class, f"{count:,}", label) for count, label, css_class in rows
    )
    return Markup("<table class='o_sms_counts'><tbody>%s</tbody></table>") % body
