# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import date, datetime, time, timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, sql

from ..tools.appointments import to_local, to_utc
from .sms_analysis_query import SOURCES, make_facts
from .sms_figures import DIMENSIONS, MEASURES, Average

#: Days whose facts may still change, since answers and reports arrive late.
UNSETTLED_DAYS = 8
#: Days whose figures are read live from the facts: today and yesterday.
LIVE_DAYS = 2
#: Days counted between two commits.
CHUNK_DAYS = 31
COLUMNS = SQL(", ").join(map(SQL.identifier, ("day", *DIMENSIONS, *MEASURES)))
#: Figures of a company's counted days.
COUNTED_DAYS = "SELECT %s FROM sms_day WHERE company_id = %s AND day BETWEEN %s AND %s"


class SmsDay(models.Model):
    """Daily figures, so that a year of messages can be read fast.

    A cron sums the facts of the analysis (:func:`make_facts`). It recounts the last
    days, and older ones with late changes (``sms.day.stale``). Other days stay as they
    are, even if a person is erased later. Days are in the company's time zone.
    """

    _name = "sms.day"
    _inherit = ["sms.figures"]
    _description = "Figures of Text Messages by Day"
    _order = "day desc, id desc"
    _rec_name = "day"

    day = fields.Date("When", required=True)
    # Here the sums of many facts: not exported, as they are no times and no rating.
    delivery_seconds = Average(exportable=False)
    reply_seconds = Average(exportable=False)
    answer_seconds = Average(exportable=False)
    alert_seconds = Average(exportable=False)
    rating_sum = Average(exportable=False)

    _day_index = models.Index("(company_id, day)")

    def _auto_init(self):
        """Have all days recounted if there are new columns."""
        known = sql.table_columns(self.env.cr, self._table)
        result = super()._auto_init()
        if known and {*DIMENSIONS, *MEASURES} - known.keys():
            self.env.cr.execute("TRUNCATE sms_day")
        return result

    # === Counting ===

    @api.model
    def _run(self):
        """Update the figures, company by company (cron)."""
        if not self._count_stale():
            return
        cron = self.env["ir.cron"]
        for company in self.env["res.company"].sudo().search([]):
            first, today = self._get_first_day(company), self._get_today(company)
            while first and first <= today:
                until = min(first + timedelta(days=CHUNK_DAYS - 1), today)
                self._count(company, first, until)
                first = until + timedelta(days=1)
                if not cron._commit_progress(1, remaining=int(first <= today)):
                    return

    @api.model
    def _count_stale(self):
        """Recount settled days with late changes; return whether time is left.

        Only the changed kind of facts, as others may have been erased since. Unsettled
        days are recounted anyway.
        """
        while marks := self.env["sms.day.stale"]._take():
            firsts = {it: self._get_first_day(it) for it, _kind, _day in marks}
            for company, kind, day in sorted(marks, key=lambda it: it[2]):
                if firsts[company] and day < firsts[company]:
                    self._count(company, day, day, kind)
            if not self.env["ir.cron"]._commit_progress(len(marks)):
                return False
        return True

    @api.model
    def _count(self, company, first, last, kind=None):
        """Recount the days ``first`` to ``last``, for all kinds of facts or one."""
        self.env.flush_all()
        days = Domain("day", ">=", first) & Domain("day", "<=", last)
        days &= Domain("company_id", "=", company.id)
        self.search(days & Domain("kind", "=", kind) if kind else days).unlink()
        facts = self._query_facts(company, first, last, kind)
        self.env.cr.execute(SQL("INSERT INTO sms_day (%s) %s", COLUMNS, facts))
        self.invalidate_model()

    @api.model
    def _get_first_day(self, company):
        """Return the first unsettled day, which is recounted; None without facts."""
        if last := self._get_last_day(company):
            return last - timedelta(days=UNSETTLED_DAYS)
        query = "SELECT min(date) FROM (%s) fact"
        query = SQL(query, make_facts(company_ids=company.ids))
        [[moment]] = self.env.execute_query(query)
        return moment and self._to_day(company, moment)

    @api.model
    def _get_last_day(self, company):
        own = [("company_id", "=", company.id)]
        return self.sudo().search(own, order="day DESC", limit=1).day

    # === Days ===

    @api.model
    def _to_day(self, company, moment):
        """Return the day of a time (UTC) in the company's time zone."""
        return to_local(moment, company._get_sms_zone()).date()

    @api.model
    def _get_today(self, company):
        return self._to_day(company, fields.Datetime.now())

    @api.model
    def _to_utc(self, company, day):
        """Return the time (UTC) at which a day begins for the company."""
        return to_utc(datetime.combine(day, time()), company._get_sms_zone())

    # === Reading ===

    @api.model
    def _query_facts(self, company, first, last, kind=None):
        """Return the query that sums the facts of days into :data:`COLUMNS`."""
        return SQL(" UNION ALL ").join(
            self._query_source(source, company, first, last)
            for source in SOURCES
            if kind in (None, source.kind)
        )

    @api.model
    def _query_source(self, source, company, first, last):
        """Return the query that sums the facts of one kind.

        Only in the columns that it has: summing all of them takes half as long again.
        """
        since = self._to_utc(company, first)
        until = self._to_utc(company, last + timedelta(days=1))
        facts = make_facts(source.kind, since, until, company.ids)
        own = ["kind", "company_id", *filter(source.columns.get, DIMENSIONS)]
        names = ", ".join(
            name if name in own else f"NULL::{kind} AS {name}"
            for name, kind in DIMENSIONS.items()
        )
        sums = ", ".join(
            f"COALESCE(sum({name}), 0)::{kind} AS {name}"
            if name in source.columns
            else f"0::{kind} AS {name}"
            for name, kind in MEASURES.items()
        )
        query = """
            SELECT (date AT TIME ZONE 'UTC' AT TIME ZONE %s)::date AS day, %s, %s
              FROM (%s) fact GROUP BY 1, %s
        """
        zone, groups = company._get_sms_zone(), SQL(", ".join(own))
        return SQL(query, zone, SQL(names), SQL(sums), facts, groups)

    @api.model
    def _query_days(self, companies, first, last):
        """Return the query for the figures of days, the last ones live."""
        self.env.flush_all()
        parts = []
        for company in companies:
            live = self._get_live_day(company)
            if first < live:
                until = min(last, live - timedelta(days=1))
                parts.append(SQL(COUNTED_DAYS, COLUMNS, company.id, first, until))
            if last >= live:
                parts.append(self._query_facts(company, max(first, live), last))
        return SQL(" UNION ALL ").join(SQL("(%s)", part) for part in parts)

    @api.model
    def _get_live_day(self, company):
        """Return the first day whose figures are read live from the facts.

        If the cron is late, it is the last day that was counted.
        """
        live = self._get_today(company) - timedelta(days=LIVE_DAYS - 1)
        return min(live, self._get_last_day(company) or date.min)
