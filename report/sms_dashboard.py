# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import date, timedelta
from typing import NamedTuple

from babel.dates import format_skeleton

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.misc import babel_locale_parse

from ..models.core.moments import get_spoken_lang
from ..models.core.sql_settings import group_in_memory
from ..tools import figures
from .sms_figures import DIMENSIONS, MEASURES, SERIES

#: Groups that may see the figures.
GROUPS = ("helpdesk_mgmt.group_helpdesk_user", "helpdesk_mgmt_sms.group_sms_compliance")
DIGEST = "helpdesk_mgmt_sms.digest_digest_sms"
#: Longest period, in days, and the earliest last day: there are no dates before year 1.
MAX_DAYS, EARLIEST = 731, date(1970, 1, 1)
#: For periods with more days the charts show weeks.
MAX_POINTS = 62
#: Columns and measures of each breakdown. All measures in all breakdowns would take
#: four times as long.
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
    "currency": (
        ("currency_id",),
        ("cost", "sent_count", "priced_count", "call_cost", "call_count"),
    ),
}
#: Type of each column of the breakdowns.
COLUMNS = {
    name: DIMENSIONS.get(name, "date")
    for names, _measures in SPLITS.values()
    for name in names
}
#: Type of the sum of a measure.
SUM_TYPES = {"int4": "int8", "float8": "float8", "numeric": "numeric"}


class Period(NamedTuple):
    """The days shown, first and last included, and the same number before."""

    first: date
    last: date

    @property
    def days(self):
        """The number of days."""
        return (self.last - self.first).days + 1

    @property
    def before(self):
        """The first day of the previous period."""
        return self.first - timedelta(days=self.days)


class SmsDashboard(models.AbstractModel):
    """The dashboard of text messages, for the user's selected companies.

    It reads the daily figures (``sms.day``) in one query, and stores nothing.
    """

    _name = "sms.dashboard"
    _description = "Dashboard of Text Messages"

    @api.model
    @api.readonly
    def get_dashboard(self, filters=None):
        """Return the content of the page.

        :param dict filters: ``date_from`` and ``date_to`` (ISO dates, both included;
            default: the last 30 days), ``team_id``, ``purpose_id`` (0 or missing: all)
        :return: ``period``, ``choices``, ``is_empty``, ``attention``, ``tiles``,
            ``series``, ``templates``, ``teams``, ``failures``, ``blocked``, ``queue``,
            ``gets_mail`` (the user gets the weekly e-mail; None if it was deleted)
        :raises AccessError: for users without one of :data:`GROUPS`
        :raises UserError: for invalid dates
        """
        self._check_dashboard_access()
        filters = filters or {}
        period = self._read_period(filters)
        found = self._read_figures(period, filters)
        digest_sudo = self._get_digest_sudo()
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
            "gets_mail": digest_sudo and (self.env.user in digest_sudo.user_ids),
        }

    def _check_dashboard_access(self):
        if not self.env.su and not any(map(self.env.user.has_group, GROUPS)):
            raise AccessError(
                self.env._("Only helpdesk users and compliance officers see figures.")
            )

    def _read_period(self, filters):
        today = self.env["sms.day"]._get_today(self.env.company)
        last = min(self._read_day(filters.get("date_to")) or today, today)
        last = max(last, EARLIEST)
        first = self._read_day(filters.get("date_from"))
        first = min(first or last - timedelta(days=29), last)
        return Period(max(first, last - timedelta(days=MAX_DAYS - 1)), last)

    def _read_day(self, value):
        """Return a date sent by a client (ISO), or None."""
        try:
            return date.fromisoformat(value) if value else None
        except (TypeError, ValueError) as error:
            raise UserError(self.env._("This is not a day: %s", value)) from error

    def _read_figures(self, period, filters):
        """Return the figures of a period and the previous one, by :data:`SPLITS`.

        :return: ``{split: {is_now: {values of its columns: {measure: sum}}}}``
        """
        span = (period.before, period.last)
        days = self.env["sms.day"]._query_days(self.env.companies, *span)
        conditions = [SQL("TRUE")]
        for name in ("team_id", "purpose_id"):
            if value := self._read_id(filters, name):
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

    def _query_sums(self, rows, period, condition):
        """Return the query for the sums by day, and by all other columns.

        The breakdowns are computed from its thousand rows instead of a year's hundred
        thousand.
        """
        names = SQL(", ").join(SQL.identifier(it) for it in COLUMNS if it != "day")
        sums = SQL(", ").join(SQL(f"sum({it}) AS {it}") for it in MEASURES)
        query = """
            SELECT GROUPING(day) = 0 AS is_day, is_now, day, %s, %s
              FROM (SELECT *, day >= %s AS is_now FROM (%s) it WHERE %s) it
          GROUP BY GROUPING SETS ((is_now, day), (is_now, %s))
        """
        return SQL(query, names, sums, period.first, rows, condition, names)

    def _query_split(self, split):
        """Return the query of one breakdown; columns that it lacks are NULL."""
        names, measures = SPLITS[split]
        columns = [
            SQL.identifier(name) if name in names else SQL(f"NULL::{kind}")
            for name, kind in COLUMNS.items()
        ]
        sums = [
            SQL(f"sum({name})::{SUM_TYPES[kind]}") if name in measures else SQL("NULL")
            for name, kind in MEASURES.items()
        ]
        query = "(SELECT %s, is_now, %s FROM figure WHERE is_day = %s GROUP BY %s)"
        groups = SQL(", ").join(map(SQL.identifier, ("is_now", *names)))
        return SQL(query, split, SQL(", ").join(columns + sums), "day" in names, groups)

    def _read_id(self, filters, name):
        value = filters.get(name)
        return value if isinstance(value, int) and value > 0 else 0

    def _get_rates(self, found, is_now=True):
        sums = found["total"][is_now].get((), {})
        return {**dict.fromkeys(MEASURES, 0), **sums, **figures.get_rates(sums)}

    @api.model
    def set_weekly_mail(self, is_wanted):
        """Subscribe the user to the weekly e-mail with the figures, or unsubscribe.

        :return: whether the user is subscribed
        :raises AccessError: for users without one of :data:`GROUPS`
        """
        self._check_dashboard_access()
        digest_sudo = self._get_digest_sudo()
        if not digest_sudo:
            return False
        if is_wanted:
            digest_sudo._action_subscribe_users(self.env.user)
        else:
            digest_sudo._action_unsubscribe_users(self.env.user)
        return bool(is_wanted)

    def _get_digest_sudo(self):
        """Return our digest in sudo, or None if it was deleted."""
        digest = self.env.ref(DIGEST, raise_if_not_found=False)
        return digest and digest.sudo()

    # === Charts and lists ===

    def _prepare_series(self, found, period):
        step = 1 if period.days <= MAX_POINTS else 7
        days = range(0, period.days, step)
        starts = [period.first + timedelta(days=offset) for offset in days]
        points = {name: [0] * len(starts) for name in SERIES}
        for (day,), sums in found["day"][True].items():
            place = (day - period.first).days // step
            for name in SERIES:
                points[name][place] += sums[name]
        locale = babel_locale_parse(get_spoken_lang(self.env))
        labels = [format_skeleton("MMMd", it, locale=locale) for it in starts]
        return {"labels": labels, "is_weekly": step > 1, **points}

    def _prepare_templates(self, found):
        sums = {key[0]: it for key, it in found["template"][True].items() if key[0]}
        best, worst = figures.rank_templates(sums)
        names = self._get_names("sms.template", [*best, *worst])
        shown = ("delivery_rate", "reply_rate", "stop_rate")
        rows = {}
        for template_id, name in names.items():
            rates = figures.get_rates(sums[template_id])
            rows[template_id] = {
                "id": template_id,
                "name": name,
                "sent": sums[template_id]["sent_count"],
                **{rate: rates[rate] for rate in shown},
            }
        return {"best": [rows[it] for it in best], "worst": [rows[it] for it in worst]}

    def _prepare_teams(self, found):
        """Return how fast each team answers, the busiest teams first."""
        teams = found["team"][True].items()
        asked = {key[0]: it for key, it in teams if it["asked_count"]}
        names = self._get_names("helpdesk.ticket.team", filter(None, asked))
        busiest = sorted(asked.items(), key=lambda pair: -pair[1]["asked_count"])
        return [
            {
                "id": team_id or 0,
                "name": names.get(team_id) or self.env._("No team"),
                "asked": it["asked_count"],
                "answered": it["answered_count"],
                "answer_time": figures.get_rates(it)["answer_time"],
            }
            for team_id, it in busiest
        ]

    def _prepare_failures(self, found):
        """Return why texts were not delivered, in plain words, with advice."""
        labels = self.env["sms.consent.details"]._get_labels("sms.sms", "failure_type")
        rows = []
        for (fault_id, failure), sums in found["fault"][True].items():
            fault_sudo = self.env["sms.fault"].sudo().browse(fault_id or [])
            name = fault_sudo.name or labels.get(failure) or self.env._("Not known")
            row = {
                "name": name,
                "advice": fault_sudo.advice or "",
                "count": sums["failed_count"],
                "fault_id": fault_id or 0,
                "failure_type": failure or "",
            }
            rows.append(row)
        return self._get_largest(rows)

    def _prepare_blocked(self, found):
        labels = self.env["sms.consent.details"]._get_labels("sms.sms", "gate_reason")
        return self._get_largest(
            {
                "key": reason or "",
                "name": labels.get(reason) or self.env._("Not known"),
                "count": sums["blocked_count"],
            }
            for (reason,), sums in found["reason"][True].items()
        )

    def _get_largest(self, rows):
        """Return the six rows with the largest counts, without zeros."""
        counted = filter(lambda row: row["count"], rows)
        return sorted(counted, key=lambda row: -row["count"])[:6]

    def _prepare_queue(self):
        """Return the outbox's current state; partial indexes make this fast."""
        texts_sudo, now = self.env["sms.sms"].sudo(), fields.Datetime.now()
        own = Domain("record_company_id", "in", self.env.companies.ids)
        own &= Domain("is_call", "=", False)
        waiting = own & Domain("state", "=", "outgoing")
        due = waiting & Domain("not_before", "<=", now)
        counted = ["__count", "not_before:min"]
        [(count, oldest)] = texts_sudo._read_group(due, aggregates=counted)
        return {
            "waiting": count,
            "held": texts_sudo.search_count(waiting & Domain("not_before", ">", now)),
            "sending": texts_sudo.search_count(own & Domain("state", "=", "process")),
            "oldest_seconds": (now - oldest).total_seconds() if oldest else 0,
        }

    def _get_names(self, model, ids):
        records_sudo = self.env[model].sudo().browse(ids).exists()
        names = {record.id: record.display_name for record in records_sudo}
        return {it: names.get(it) or self.env._("Deleted") for it in ids} | names
