# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How workers side by side share out the rows of a queue."""

from odoo.tools import SQL


def lock_next(model, condition, order, limit=1):
    """Lock the next rows of a queue until the commit; others pass over them.

    Who asks the network about a row writes the end of a lease on it and commits before:
    then the row stays theirs, and whom a kill keeps from the end leaves it to others.

    :param model: the model of the rows, in the environment of the cron
    :param SQL condition: which rows are due
    :param SQL order: which of them are first
    :return: the rows, read anew; none, if there is none or others have them all
    """
    model.flush_model()
    rows = model.env.execute_query(
        SQL(
            "SELECT id FROM %s WHERE %s ORDER BY %s LIMIT %s FOR UPDATE SKIP LOCKED",
            SQL.identifier(model._table),
            condition,
            order,
            limit,
        )
    )
    model.invalidate_model()
    return model.browse(row_id for (row_id,) in rows)
