# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Masks the addresses of customers' pages in texts that are stored already.

Agents could read them there, and speak for the customer by them. What still waits gets
its address when it is handed over, as from now on every text does.
"""

from odoo.tools import SQL

#: What holds the words of a text: table and column.
COLUMNS = (("sms_sms", "body"), ("mail_message", "body"), ("sms_inbound", "body"))
KEY = "(/sms/p/)[A-Za-z0-9]{16}(?![A-Za-z0-9])"
MASK = "_" * 16


def migrate(cr, _version):
    """Put a blank in the place of each key; again changes nothing."""
    for table, column in COLUMNS:
        cr.execute(
            SQL(
                "UPDATE %(table)s SET %(column)s = "
                "regexp_replace(%(column)s, %(key)s, %(mask)s, 'g') "
                "WHERE %(column)s LIKE '%%/sms/p/%%' AND %(column)s ~ %(key)s",
                table=SQL.identifier(table),
                column=SQL.identifier(column),
                key=KEY,
                mask=rf"\1{MASK}",
            )
        )
