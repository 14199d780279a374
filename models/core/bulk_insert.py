# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Many rows of a model in one statement, past the ORM's work for each record.

Long arrays for SQL, as one literal each.
"""

from datetime import date
from decimal import Decimal

from psycopg2.extras import Json

from odoo.models import LOG_ACCESS_COLUMNS
from odoo.tools import SQL, split_every

#: From so many rows on it is worth it. Below it saves little, and who reads the new
#: records again finds them in the ORM's cache.
BULK_FROM = 50
#: Rows that are written by one statement.
INSERT_SIZE = 2000
#: What is written in an array as ``str`` writes it.
PLAIN = (int, float, Decimal, date)


def is_extended(model, known):
    """Tell if a module extends a model's ``create`` that is not known to do so.

    What it adds would be missed by who writes rows past the ORM.

    :param model: the model
    :param known: names of the modules whose additions are seen to
    """
    return any(
        "create" in vars(cls) and vars(cls).get("_module") not in (None, *known)
        for cls in type(model).__mro__
    )


def create_many(model, vals_list, ready=()):
    """Store many new records: what ``BaseModel.create`` does for each, set-based.

    The same defaults, log columns, conversions, dependent fields, fields without a
    column, inverses and constraints. Rights are the caller's to check: it is for code
    that runs as superuser.

    :param model: the model
    :param vals_list: completed values, as the ORM takes them
    :param ready: names of fields whose values are such as SQL takes
    :return: the new records, in order
    :raises ValueError: for a name that is none of a field
    """
    names = {name for vals in vals_list for name in vals}
    if unknown := names - model._fields.keys():
        raise ValueError(f"Invalid field {min(unknown)!r} in {model._name!r}")
    fallback = _get_fallback(model, vals_list)
    ids = []
    for chunk in split_every(INSERT_SIZE, vals_list, list):
        ids += _insert_chunk(model, chunk, fallback, ready)
    records = model.browse(ids)
    _tell_orm(records, vals_list, names)
    return records


def _get_fallback(model, vals_list):
    """Return what a record has where its values say nothing: defaults, its log."""
    given = set.intersection(*(set(vals) for vals in vals_list))
    fallback = model._add_missing_default_values(dict.fromkeys(given))
    now, uid = model.env.cr.now(), model.env.uid
    fallback.update(dict.fromkeys(("create_date", "write_date"), now))
    fallback.update(dict.fromkeys(("create_uid", "write_uid"), uid))
    return fallback


def _insert_chunk(model, vals_list, fallback, ready):
    """Write some rows; return their ids."""
    names = {name for vals in vals_list for name in vals} | fallback.keys()
    columns = {}
    for name in sorted(names - {"id"}):
        field, default = model._fields[name], fallback.get(name)
        if not (field.store and field.column_type):
            continue
        if name in LOG_ACCESS_COLUMNS:
            values = [default] * len(vals_list)
        else:
            values = [vals.get(name, default) for vals in vals_list]
        columns[name] = values if name in ready else _convert(model, field, values)
    return insert_columns(model, len(vals_list), columns)


def _convert(model, field, values):
    """Return a field's values as SQL takes them; equal ones are converted once."""
    if values.count(values[0]) == len(values):
        return [field.convert_to_column_insert(values[0], model)] * len(values)
    return [field.convert_to_column_insert(value, model) for value in values]


def _tell_orm(records, vals_list, names):
    """Let the ORM know of new rows: what depends on them, and their other fields."""
    fields = [records._fields[name] for name in names]
    given = [field for field in fields if field.compute and not field.readonly]
    with records.env.protecting([(given, records)]):
        records.modified(records._fields, create=True)
        for field in fields:
            if field.store and not field.column_type:
                _store_elsewhere(field, records, vals_list)
    for field in fields:
        for inverse in records.pool.field_inverses[field]:
            records.env[inverse.model_name].invalidate_model([inverse.name])
    records._validate_fields(names)


def _store_elsewhere(field, records, vals_list):
    """Store the values of a field without a column, such as a mailing's traces."""
    pairs = [
        (record, vals[field.name])
        for record, vals in zip(records, vals_list, strict=True)
        if vals.get(field.name)
    ]
    if pairs:
        field.create(pairs)
        records.modified([field.name], create=True)


def insert_many(model, rows):
    """Insert rows of a model in one statement, and give each its ``id``, ascending.

    For tables without log columns whose rows have no other effect than to be there.

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
    names, targets = [], []
    arrays = [(SQL("generate_series(1, %s)", count), SQL("place"))]
    for name, values in columns.items():
        kind = model._fields[name].column_type[0]
        column = SQL.identifier(name)
        if values.count(values[0]) == count:
            targets.append(SQL("%s::%s", values[0], SQL(kind)))
        else:
            targets.append(SQL("new.%s", column))
            arrays.append((SQL("unnest(%s)", as_array(values, kind)), column))
        names.append(column)
    comma = SQL(", ")
    rows = model.env.execute_query(
        SQL(
            "INSERT INTO %s (%s) SELECT %s FROM ROWS FROM (%s) AS new (%s)"
            " ORDER BY place RETURNING id",
            SQL.identifier(model._table),
            comma.join(names),
            comma.join(targets),
            comma.join(array for array, _column in arrays),
            comma.join(column for _array, column in arrays),
        )
    )
    return [row_id for (row_id,) in rows]


def as_array(values, kind):
    """Return an array for SQL that is made and read in a third of the usual time.

    psycopg2 writes a list as an expression, of which PostgreSQL parses and plans each
    element; a literal it reads at once.

    :param values: iterable of texts, numbers, dates, ``Json``, or None
    :param str kind: the elements' SQL type, such as ``varchar``
    :raises TypeError: for a value of another kind
    """
    elements = ",".join(map(_to_element, values))
    return SQL("%s::%s[]", "{" + elements + "}", SQL(kind))


def as_arrays(rows, *kinds):
    """Return rows as ``unnest`` takes them in SQL: an array for each of their columns.

    :param rows: iterable of sequences of values, as for :func:`as_array`
    :param kinds: the SQL type of each column
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
