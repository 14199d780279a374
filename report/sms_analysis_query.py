# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The query of all facts of text messages, one row each.

The analysis reads it as it is, the table by day adds it up. What a fact does not know
is NULL, of counts 0.
"""

from odoo.tools import SQL

from .sms_analysis_sources import SOURCES
from .sms_figures import DIMENSIONS, MEASURES, RATES, get_column_type

#: Places of the kinds in a fact's id, which is that of its row times their number.
KINDS = (
    "outgoing",
    "incoming",
    "consent",
    "click",
    "appointment",
    "rating",
    "alert",
    "recipient",
    "news",
    "mute",
)

#: What single facts have, and the table by day has not: column and its type.
DETAILS = {
    "partner_id": "int4",
    "masked_number": "varchar",
    "automation_id": "int4",
    "broadcast_id": "int4",
    "incident_id": "int4",
    "user_id": "int4",
    "outcome": "varchar",
    "inbound_kind": "varchar",
}


def make_facts(sources=SOURCES, since=None, until=None, company_ids=None):
    """Return the query of all facts.

    :param sources: see ``sms_analysis_sources``
    :param datetime since: UTC, only facts from then on
    :param datetime until: UTC, only facts before
    """
    return SQL(" UNION ALL ").join(
        _select(source, since, until, company_ids) for source in sources
    )


def _select(source, since, until, company_ids):
    """Return the SELECT of a source, with all columns in their order and type."""
    place = KINDS.index(source.kind)
    columns = [
        SQL(f"{source.row_id}::bigint * {len(KINDS)} + {place} AS id"),
        SQL(f"'{source.kind}'::varchar AS kind"),
        SQL(f"{source.moment} AS date"),
        SQL(f"{source.company} AS company_id"),
    ]
    for name, kind in {**DETAILS, **DIMENSIONS}.items():
        if name not in ("kind", "company_id"):
            value = source.columns.get(name, "NULL")
            columns.append(SQL(f"({value})::{kind} AS {name}"))
    for name in MEASURES:
        value = source.columns.get(name, "0" if name.endswith("_count") else "NULL")
        columns.append(SQL(f"({value})::{get_column_type(name)} AS {name}"))
    columns += [SQL(f"NULL::float8 AS {name}") for name in RATES]
    conditions = [SQL(f"({source.condition})")]
    if since:
        conditions.append(SQL(f"{source.moment} >= %s", since))
    if until:
        conditions.append(SQL(f"{source.moment} < %s", until))
    if company_ids is not None:
        conditions.append(SQL(f"{source.company} = ANY(%s)", company_ids))
    return SQL(
        "SELECT %s FROM %s WHERE %s",
        SQL(", ").join(columns),
        SQL(source.tables),
        SQL(" AND ").join(conditions),
    )
