# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Makes room for an append-only record of verifications.

Its log columns point at users: deleting one would change a row that must not change.
"""

from odoo.tools import SQL

#: Columns that Odoo has added to the record of verifications.
LOG_COLUMNS = ("create_uid", "create_date", "write_uid", "write_date")


def migrate(cr, _version):
    """Drop the log columns, and their keys with them."""
    for name in LOG_COLUMNS:
        query = "ALTER TABLE IF EXISTS sms_consent_check DROP COLUMN IF EXISTS %s"
        cr.execute(SQL(query, SQL.identifier(name)))
