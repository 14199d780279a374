# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import date, timedelta
from typing import NamedTuple

from odoo import api, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ..tools import figures
from .sms_figures import MEASURES, SERIES, get_column_type, group_in_memory

#: Who may look.
GROUPS = ("helpdesk_mgmt.group_helpdesk_user", "helpdesk_mgmt_sms.group_sms_compliance")
#: Longest range, in days.
MAX_DAYS = 731
#: By what figures are told apart, in the period and in the one before: the columns, and
#: which measures are asked for. All of all would take four times as long.
SPLITS = {
    "total": ((), MEASURES),
    "day": (("day",), SERIES),
    "template": (
        ("template_id",),
        ("sent_count", "delivered_count", "failed_count", "reply_count", "stop_count"),
    ),
    "team": (("team_id",), ("asked_count", "answered_count", "answer_seconds")),
    "sender": (("sender_id",), ("delivered_count", "failed_count")),
    "fault": (("fault_id", "failure_type"), ("failed_count",)),
    "reason": (("gate_reason",), ("blocked_count",)),
    "currency": (("currency_id",), ("cost", "sent_count", "priced_count")),
}
COLUMNS = {
    **{"day": "date", "template_id": "int4", "team_id": "int4", "sender_id": "int4"},
    **{"fault_id": "int4", "failure_type": "varchar", "gate_reason": "varchar"},
    "currency_id": "int4",
}
#: Type of a measure in a day: that of the sum of many.
SUM_TYPES = {"int4": "int8", "float8": "float8", "numeric": "numeric"}


class Period(NamedTuple):
    """The days that are looked at (both included), and those before, as many."""

    first: date
    last: date

    @property
    def days(self):
        """How many days it has."""
        return (self.last - self.first).days + 1

    @property
    def before(self):
        """The first day of the period before."""
        return self.first - timedelta(days=self.days)


class SmsDashboard(models.AbstractModel):
    """The page on which a manager sees at a glance how texting goes.

    Reads the figures of days (``sms.day``) in one query, for the companies that the
    user works in now. It stores nothing.
    """

    _name = "sms.dashboard"
    _description = "Dashboard of Text Messages"

    @api.model
    def get_dashboard(self, filters=None):
        """Return all that the page shows.

        :param dict filters: ``date_from`` and ``date_to`` (ISO days, both included;
            default: the last 30), ``team_id``, ``purpose_id`` (0 or missing: all)
        :return: ``period``, ``choices``, ``is_empty``, ``attention``, ``tiles``,
            ``series``, ``templates``, ``teams``, ``failures``, ``blocked``, ``queue``
        :raises AccessError: for who may not look
        :raises UserError: for days that cannot be read
        """
        self._check_dashboard_access()
        filters = filters or {}
        period = self._read_period(filters)
        found = self._read_figures(period, filters)
        return {
            "period": self._prepare_period(period),
            "choices": self._prepare_choices(),
            "is_empty": not any(found["total"].get(True, {}).get((), {}).values()),
            "attention": self._find_attention(found, filters),
            "tiles": self._prepare_tiles(found),
            "series": self._prepare_series(found, period),
            "templates": self._prepare_templates(found),
            "teams": self._prepare_teams(found),
            "failures": self._prepare_failures(found),
            "blocked": self._prepare_blocked(found),
            "queue": self._prepare_queue(),
        }

    @api.model
    def _check_dashboard_access(self):
        if not self.env.su and not any(map(self.env.user.has_group, GROUPS)):
            raise AccessError(
                self.env._("Only helpdesk users and compliance officers see figures.")
            )

    @api.model
    def _read_period(self, filters):
        today = self.env["sms.day"]._get_today(self.env.company)
        last = min(self._read_day(filters.get("date_to")) or today, today)
        first = self._read_day(filters.get("date_from"))
        first = min(first or last - timedelta(days=29), last)
        return Period(max(first, last - timedelta(days=MAX_DAYS - 1)), last)

    @api.model
    def _read_day(self, value):
        """Return a day that a client has sent (ISO), None for none."""
        try:
            return date.fromisoformat(value) if value else None
        except (TypeError, ValueError) as error:
            raise UserError(self.env._("This is not a day: %s", value)) from error

    @api.model
    def _read_figures(self, period, filters):
        """Return the figures of a period and of the one before, told apart in all ways.

        :return: ``{split: {is now: {values of its columns: {measure: sum}}}}``, the
            splits of :data:`SPLITS`
        """
        days = self.env["sms.day"]._query_days(
            self.env.companies, period.before, period.last
        )
        conditions = [SQL("TRUE")]
        for name in ("team_id", "purpose_id"):
            if value := self._read_id(filters.get(name)):
                conditions.append(SQL("%s = %s", SQL.identifier(name), value))
        query = SQL(
            "WITH figure AS MATERIALIZED (%s) %s",
            self._query_sums(days, period, SQL(" AND ").join(conditions)),
            SQL(" UNION ALL ").join(map(self._query_split, SPLITS)),
        )
        found = {split: {True: {}, False: {}} for split in SPLITS}
        with group_in_memory(self.env.cr):
            rows = self.env.execute_query(query)
        for split, is_now, *values in rows:
            by_name = dict(zip([*COLUMNS, *MEASURES], values, strict=True))
            names, measures = SPLITS[split]
            key = tuple(by_name[name] for name in names)
            found[split][is_now][key] = {name: by_name[name] for name in measures}
        return found

    @api.model
    def _query_sums(self, rows, period, condition):
        """Return the query that reads all days once, and adds them up in two ways.

        Day by day, and by all that figures are told apart by: the splits are made of
        its thousand rows, not of the hundred thousand of a year.
        """
        names = [SQL.identifier(name) for name in COLUMNS if name != "day"]
        sums = (SQL("sum(%s) AS %s", *[SQL.identifier(it)] * 2) for it in MEASURES)
        return SQL(
            "SELECT GROUPING(day) = 0 AS is_day, is_now, day, %s, %s"
            " FROM (SELECT *, day >= %s AS is_now FROM (%s) it WHERE %s) it"
            " GROUP BY GROUPING SETS ((is_now, day), (is_now, %s))",
            SQL(", ").join(names),
            SQL(", ").join(sums),
            period.first,
            rows,
            condition,
            SQL(", ").join(names),
        )

    @api.model
    def _query_split(self, split):
        """Return the query of one split; what it does not tell is NULL."""
        names, measures = SPLITS[split]
        columns = [
            SQL.identifier(name) if name in names else SQL(f"NULL::{kind}")
            for name, kind in COLUMNS.items()
        ]
        sums = [
            SQL(f"sum({name})::{SUM_TYPES[get_column_type(name)]}")
            if name in measures
            else SQL("NULL")
            for name in MEASURES
        ]
        return SQL(
            "(SELECT %s AS split, is_now, %s"
            " FROM figure WHERE is_day = %s GROUP BY %s)",
            split,
            SQL(", ").join(columns + sums),
            "day" in names,
            SQL(", ").join(map(SQL.identifier, ("is_now", *names))),
        )

    @api.model
    def _read_id(self, value):
        """Return an id that a client has sent, or 0."""
        return value if isinstance(value, int) and value > 0 else 0

    @api.model
    def _get_rates(self, found, split="total", key=(), is_now=True):
        """Return sums and rates of one group of :meth:`_read_figures`."""
        sums = found[split][is_now].get(key, {})
        return {**dict.fromkeys(MEASURES, 0), **sums, **figures.get_rates(sums)}
