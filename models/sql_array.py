# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Long arrays for SQL, as one literal each."""

from datetime import date
from decimal import Decimal

from psycopg2.extras import Json

from odoo.tools import SQL

#: What is written in an array as ``str`` writes it.
PLAIN = (int, float, Decimal, date)


def as_array(values, kind):
    """Return an array for SQL that is made and read in a third of the usual time.

    psycopg2 writes a list as an expression, of which PostgreSQL parses and plans each
    element; a literal it reads at once.

    :param values: iterable of texts, numbers, dates, ``Json``, or None
    :param str kind: the elements' SQL type, such as ``varchar``
    :rtype: SQL
    :raises TypeError: for a value of another kind
    """
    elements = ",".join(map(_to_element, values))
    return SQL("%s::%s[]", "{" + elements + "}", SQL(kind))


def as_arrays(rows, *kinds):
    """Return rows as ``unnest`` takes them in SQL: an array for each of their columns.

    :param rows: iterable of sequences of values, as for :func:`as_array`
    :param kinds: the SQL type of each column
    :rtype: SQL
    """
    columns = list(zip(*rows, strict=True)) or [()] * len(kinds)
    return SQL(", ").join(
        as_array(column, kind) for column, kind in zip(columns, kinds, strict=True)
    )


def _to_element(value):
    """Return a value as an array's literal has it.

    Source: PostgreSQL, Arrays, Array Input and Output Syntax.
    """
    if value is None:
        return "NULL"
    if isinstance(value, PLAIN):
        return f'"{value}"'
    if isinstance(value, Json):
        value = value.dumps(value.adapted)
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} is no element of an array for SQL")
    if '"' in value or "\\" in value:
        value = value.replace("\\", r"\\").replace('"', r"\"")
    return f'"{value}"'
