# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Prepare the table of verifications to be append-only.

Its log columns refer to users: deleting a user would change a row that must not change.
"""

from odoo.tools import SQL

#: Columns that Odoo has added to the table of verifications.
LOG_COLUMNS = ("create_uid", "create_date", "write_uid", "write_date")


def migrate(cr, _version):
    """Drop the log columns, and their foreign keys with them."""
    for name in LOG_COLUMNS:
        query = "ALTER TABLE IF EXISTS sms_consent_check DROP COLUMN IF EXISTS %s"
        cr.execute(SQL(query, SQL.identifier(name)))
