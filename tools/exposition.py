# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Prometheus' text exposition format.

Source: https://prometheus.io/docs/instrumenting/exposition_formats/ (version 0.0.4).
Why no library: docs/dependencies.md.
"""

from typing import NamedTuple

#: Prometheus 3 refuses responses without it.
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
#: Characters to escape in a label's value, and, except the quote, in a help text.
_LABEL = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})
_HELP = str.maketrans({"\\": r"\\", "\n": r"\n"})


class Metric(NamedTuple):
    """A metric: a counter if its name ends with ``_total``, else a gauge.

    ``samples`` are pairs of labels (a dict, of few and known values) and a number.
    """

    name: str
    help: str
    samples: list


def expose(metrics):
    """Return metrics in Prometheus' text format.

    :param metrics: list of :class:`Metric`
    """
    lines = []
    for metric in metrics:
        kind = "counter" if metric.name.endswith("_total") else "gauge"
        lines.append(f"# HELP {metric.name} {metric.help.translate(_HELP)}")
        lines.append(f"# TYPE {metric.name} {kind}")
        for labels, value in metric.samples:
            pairs = [f'{it}="{str(labels[it]).translate(_LABEL)}"' for it in labels]
            lines.append(f"{metric.name}{{{','.join(pairs)}}} {value}")
    return "".join(f"{line}\n" for line in lines)
