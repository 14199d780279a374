# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Many rows of a model in one statement, past the ORM's work for each record."""

from odoo.tools import SQL


def insert_many(model, rows):
    """Insert rows of a model in one statement, and give each its ``id``, ascending.

    For rows that have no other effect than to be there, or whose caller sees to it.

    :param model: the model
    :param rows: dicts of stored fields as SQL takes them, all with the same keys
    :return: their ids, in order
    """
    if not rows:
        return []
    names = list(rows[0])
    ids = insert_columns(
        model, len(rows), {name: [row[name] or None for row in rows] for name in names}
    )
    for row, row_id in zip(rows, ids, strict=True):
        row["id"] = row_id
    return ids


def insert_columns(model, count, columns):
    """Insert rows of a model in one statement, given by column.

    What is the same in all rows is sent once.

    :param model: the model
    :param int count: how many rows
    :param dict columns: a list of ``count`` values by the name of a stored field
    :return: their ids, in order
    """
    cr = model.env.cr
    cr.execute(
        SQL(
            "SELECT nextval(%s) FROM generate_series(1, %s)",
            f"{model._table}_id_seq",
            count,
        )
    )
    ids = sorted(row[0] for row in cr.fetchall())
    names, targets, arrays = [], [], []
    for name, values in {**columns, "id": ids}.items():
        kind = SQL(model._fields[name].column_type[0])
        column = SQL.identifier(name)
        if values.count(values[0]) == count > 1:
            targets.append(SQL("%s::%s", values[0], kind))
        else:
            targets.append(SQL("new.%s", column))
            arrays.append((SQL("%s::%s[]", values, kind), column))
        names.append(column)
    comma = SQL(", ")
    cr.execute(
        SQL(
            "INSERT INTO %s (%s) SELECT %s FROM unnest(%s) AS new (%s)",
            SQL.identifier(model._table),
            comma.join(names),
            comma.join(targets),
            comma.join(array for array, _column in arrays),
            comma.join(column for _array, column in arrays),
        )
    )
    return ids
