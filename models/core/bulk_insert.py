# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Insert many rows of a model in one statement, without the ORM's work per record."""

from datetime import date
from decimal import Decimal

from psycopg2.extras import Json

from odoo.models import LOG_ACCESS_COLUMNS
from odoo.tools import SQL, split_every

#: With fewer rows it saves little, and the ORM has new records in its cache.
BULK_FROM = 50
#: Rows that are written by one statement.
INSERT_SIZE = 2000
#: Types that are written in an array literal as ``str`` writes them.
PLAIN = (int, float, Decimal, date)


def is_extended(model, known):
    """Return whether an unknown module extends a model's ``create``.

    :param known: names of the modules whose overrides are taken care of
    """
    return any(
        "create" in vars(cls) and vars(cls).get("_module") not in (None, *known)
        for cls in type(model).__mro__
    )


def create_many(model, vals_list, ready=()):
    """Store many new records: what ``BaseModel.create`` does for each, set-based.

    The same defaults, log columns, conversions, dependent fields, fields without a
    column, inverses and constraints. For code that runs as superuser: no rights are
    checked.

    :param vals_list: completed values, as the ORM takes them
    :param ready: names of fields whose values are in SQL's form already
    :raises ValueError: for an unknown field
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
    """Return defaults and log columns, for fields that the values do not give."""
    given = set.intersection(*(set(vals) for vals in vals_list))
    fallback = model._add_missing_default_values(dict.fromkeys(given))
    now, uid = model.env.cr.now(), model.env.uid
    fallback.update(dict.fromkeys(("create_date", "write_date"), now))
    fallback.update(dict.fromkeys(("create_uid", "write_uid"), uid))
    return fallback


def _insert_chunk(model, vals_list, fallback, ready):
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
    """Return a field's values as SQL takes them, converting equal ones once."""
    if values.count(values[0]) == len(values):
        return [field.convert_to_column_insert(values[0], model)] * len(values)
    return [field.convert_to_column_insert(value, model) for value in values]


def _tell_orm(records, vals_list, names):
    """Recompute what depends on new rows, and store fields without a column."""
    fields = [records._fields[name] for name in names]
    given = [field for field in fields if field.compute and not field.readonly]
    with records.env.protecting([(given, records)]):
        records.modified(records._fields, create=True)
        for field in fields:
            if field.store and not field.column_type:
                _store_without_column(field, records, vals_list)
    for field in fields:
        for inverse in records.pool.field_inverses[field]:
            records.env[inverse.model_name].invalidate_model([inverse.name])
    records._validate_fields(names)


def _store_without_column(field, records, vals_list):
    pairs = [
        (record, vals[field.name])
        for record, vals in zip(records, vals_list, strict=True)
        if vals.get(field.name)
    ]
    if pairs:
        field.create(pairs)
        records.modified([field.name], create=True)


def insert_many(model, rows):
    """Insert rows of a model in one statement, and set their ``id``, ascending.

    For tables without log columns, computed fields and Python constraints.

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
    """Insert rows by column in one statement; values that all rows share go once.

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
    query = SQL(
        "INSERT INTO %s (%s) SELECT %s FROM ROWS FROM (%s) AS new (%s)"
        " ORDER BY place RETURNING id",
        SQL.identifier(model._table),
        comma.join(names),
        comma.join(targets),
        comma.join(array for array, _column in arrays),
        comma.join(column for _array, column in arrays),
    )
    return [row_id for (row_id,) in model.env.execute_query(query)]


def update_many(model, names, rows, **shared):
    """Update many rows in one statement, past what the model does on a change.

    Flush the records before it, and invalidate their cache after it.

    :param names: names of the fields whose values differ
    :param list rows: tuples of an id and the values of ``names``, as SQL takes them
    :param shared: values that all rows get, by the name of a field
    """
    if not rows:
        return
    columns = [SQL.identifier(name) for name in ("id", *names)]
    kinds = [model._fields[name].column_type[0] for name in names]
    changes = [SQL("%s = new.%s", column, column) for column in columns[1:]]
    changes += [SQL("%s = %s", SQL.identifier(it), shared[it]) for it in shared]
    query = SQL(
        "UPDATE %(table)s SET %(changes)s FROM unnest(%(arrays)s)"
        " AS new (%(columns)s) WHERE new.id = %(table)s.id",
        table=SQL.identifier(model._table),
        changes=SQL(", ").join(changes),
        arrays=as_arrays(rows, "int4", *kinds),
        columns=SQL(", ").join(columns),
    )
    model.env.cr.execute(query)


def update_all(records, **values):
    """Write the same values into all records, as :func:`update_many` does."""
    update_many(records, (), [(row_id,) for row_id in records.ids], **values)


def as_array(values, kind):
    """Return an array for SQL as one literal, in a third of the usual time.

    psycopg2 writes a list as an expression, whose elements PostgreSQL plans one by one.

    :param values: iterable of texts, numbers, dates, ``Json``, or None
    :param str kind: the elements' SQL type, such as ``varchar``
    :raises TypeError: for a value of another kind
    """
    elements = ",".join(map(_to_element, values))
    return SQL("%s::%s[]", "{" + elements + "}", SQL(kind))


def as_arrays(rows, *kinds):
    """Return rows for ``unnest``: an array for each column, by its SQL type."""
    columns = list(zip(*rows, strict=True)) or [()] * len(kinds)
    return SQL(", ").join(
        as_array(column, kind) for column, kind in zip(columns, kinds, strict=True)
    )


def _to_element(value):
    # PostgreSQL, Arrays, Array Input and Output Syntax.
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
