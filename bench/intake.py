# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Tables of how fast messages get in: a part of ``outbox.py``."""

from common import print_table

#: Name of the way, its method (``intake_work.Intake``), with the addon or without.
WAYS = (
    ("rows by code", "make_rows", True),
    ("contacts by the way in for lists", "queue_people", True),
    ("mass composer", "compose", True),
    ("mass composer with a note each", "compose_with_log", True),
    ("bare SQL insert", "insert", True),
    ("Odoo: rows by code", "make_rows", False),
    ("Odoo: mass composer", "compose", False),
    ("Odoo: mass composer with a note each", "compose_with_log", False),
    ("Odoo: bare SQL insert", "insert", False),
)
#: A longer list of ids Odoo's composer refuses ("can't exceed buffer limit").
TOO_MANY = 10_000


def run_intake(bench):
    """Measure rows a second through the gate, beside Odoo's ways without it."""
    rows, rates = [], {}
    for size in bench.options.intake_sizes:
        for name, way, is_ours in WAYS:
            if way.startswith("compose") and size > TOO_MANY:
                continue
            database = bench.options.database if is_ours else bench.options.native
            found = bench.measure("intake", database, size, way)
            rates[name, size] = size / found["seconds"]
            rows.append(
                [
                    f"{size:,}",
                    name,
                    f"{rates[name, size]:,.0f}",
                    f"{found['seconds'] / size * 1e6:.0f}",
                    f"{found['cpu'] / size * 1e6:.0f}",
                    f"{found['memory']:.0f}",
                    f"{found['peak']:.0f}",
                ]
            )
    head = ["rows", "way", "rows/s", "µs a row", "of these Python's",
            "memory, MB", "peak, MB"]  # fmt: skip
    print_table(head, rows)
    for name, _way, is_ours in WAYS:
        for size in bench.options.intake_sizes:
            other = rates.get((f"Odoo: {name}", size))
            if is_ours and other:
                print(f"- {size:,} {name}: {rates[name, size] / other:.2f} x Odoo's")
    print()
