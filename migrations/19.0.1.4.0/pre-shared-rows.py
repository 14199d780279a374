# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Allow each company its own replies and faults beside the shared ones."""

#: Constraints that allowed only one for all companies.
FORMER = (("sms_reply", "code_unique"), ("sms_fault", "fault_unique"))


def migrate(cr, _version):
    """Drop the former constraints; unique indexes by company take their place."""
    for table, name in FORMER:
        cr.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {table}_{name}")
        cr.execute(
            "DELETE FROM ir_model_constraint WHERE name = %s", [f"{table}_{name}"]
        )
