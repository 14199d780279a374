# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Mask the addresses of customers' preference pages in stored texts.

Agents could read them there, and act for the customer with them. Texts that still wait
get their address when they are handed to the carrier, as all texts do from now on.
"""

from odoo.tools import SQL

#: Tables and columns that hold the body of a text.
COLUMNS = (("sms_sms", "body"), ("mail_message", "body"), ("sms_inbound", "body"))
KEY = "(/sms/p/)[A-Za-z0-9]{16}(?![A-Za-z0-9])"
MASK = "_" * 16


def migrate(cr, _version):
    """Replace each key by underscores; a second run changes nothing."""
    for table, column in COLUMNS:
        query = SQL(
            "UPDATE %(table)s SET %(column)s = "
            "regexp_replace(%(column)s, %(key)s, %(mask)s, 'g') "
            "WHERE %(column)s LIKE '%%/sms/p/%%' AND %(column)s ~ %(key)s",
            table=SQL.identifier(table),
            column=SQL.identifier(column),
            key=KEY,
            mask=rf"\1{MASK}",
        )
        cr.execute(query)
