# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Tables in Markdown, as they stand in README.md."""


def print_table(head, rows):
    """Print a table in Markdown."""
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print(flush=True)
