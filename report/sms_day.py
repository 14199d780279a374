# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import date, datetime, timedelta

import pytz

from odoo import api, fields, models
from odoo.tools import SQL, sql

from .sms_analysis_query import make_facts
from .sms_figures import DIMENSIONS, MEASURES, get_column_type

#: Days whose facts may still change: answers come, carriers report late.
UNSETTLED_DAYS = 8
#: Days of which the figures are asked of the facts themselves: today and yesterday.
LIVE_DAYS = 2
#: Days that are counted between two commits.
CHUNK_DAYS = 31


class SmsDay(models.Model):
    """The figures of each day, so that a year of messages is read at once.

    Added up from the same facts that the analysis shows (:func:`make_facts`) by a cron
    that counts the last days anew, and older ones where something came late
    (``sms.day.stale``). What is older stays as it was counted: a person who is erased
    later was texted all the same. Days are those of the company's own clock.
    """

    _name = "sms.day"
    _inherit = ["sms.figures"]
    _description = "Figures of Text Messages by Day"
    _order = "day desc, id desc"
    _rec_name = "day"

    day = fields.Date("When", required=True, readonly=True)

    _day_index = models.Index("(company_id, day)")

    def _auto_init(self):
        """Let all be counted anew when something is counted that was not before."""
        known = sql.table_columns(self.env.cr, self._table)
        result = super()._auto_init()
        if known and {*DIMENSIONS, *MEASURES} - known.keys():
            self.env.cr.execute("TRUNCATE sms_day")
        return result

    # ------------------------------------------------------------------
    # Counting
    # ------------------------------------------------------------------

    @api.model
    def _run(self):
        """Bring the figures up to date, company by company (a cron)."""
        if not self._count_stale():
            return
        for company in self.env["res.company"].sudo().search([]):
            first, today = self._get_first_day(company), self._get_today(company)
            while first and first <= today:
                until = min(first + timedelta(days=CHUNK_DAYS - 1), today)
                self._count(company, first, until)
                first = until + timedelta(days=1)
                if not self.env["ir.cron"]._commit_progress(
                    1, remaining=int(first <= today)
                ):
                    return

    @api.model
    def _count_stale(self):
        """Count anew what came late to days that are settled; say if time is left.

        Only that kind of facts: of the others some may have been forgotten since. Days
        that are not settled yet are counted anyhow.
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
        """Count the facts of some days anew.

        :param company: ``res.company``, one
        :param date first: a day of the company's own clock
        :param date last: the last of them
        :param str kind: only this kind of facts
        """
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "DELETE FROM sms_day WHERE company_id = %s AND day BETWEEN %s AND %s"
                " AND (%s IS NULL OR kind = %s)",
                company.id,
                first,
                last,
                kind,
                kind,
            )
        )
        names = SQL(", ").join(map(SQL.identifier, ("day", *DIMENSIONS, *MEASURES)))
        facts = self._query_facts(company, first, last, kind)
        self.env.cr.execute(SQL("INSERT INTO sms_day (%s) %s", names, facts))
        self.invalidate_model()

    @api.model
    def _get_first_day(self, company):
        """Return from which day on all is counted anew; None where nothing is."""
        found = self.env.execute_query(
            SQL("SELECT max(day) FROM sms_day WHERE company_id = %s", company.id)
        )[0][0]
        if found:
            return found - timedelta(days=UNSETTLED_DAYS)
        sources = self.env["sms.analysis"]._get_sources()
        facts = make_facts(sources, company_ids=company.ids)
        moment = self.env.execute_query(SQL("SELECT min(date) FROM (%s) fact", facts))
        return moment[0][0] and self._to_day(company, moment[0][0])

    # ------------------------------------------------------------------
    # Days and hours
    # ------------------------------------------------------------------

    @api.model
    def _get_zone(self, company):
        """Return the name of the zone by whose clock a company's days are counted."""
        return company._get_sms_place().zones[0]

    @api.model
    def _to_day(self, company, moment):
        """Return the day of a time (UTC) by the company's clock."""
        zone = pytz.timezone(self._get_zone(company))
        return pytz.utc.localize(moment).astimezone(zone).date()

    @api.model
    def _get_today(self, company):
        """Return what day it is where the company is."""
        return self._to_day(company, fields.Datetime.now())

    @api.model
    def _to_utc(self, company, day):
        """Return when a day begins by the company's clock, in UTC."""
        zone = pytz.timezone(self._get_zone(company))
        local = zone.localize(datetime(day.year, day.month, day.day))
        return local.astimezone(pytz.utc).replace(tzinfo=None)

    # ------------------------------------------------------------------
    # Reading
    # ------------------------------------------------------------------

    @api.model
    def _query_facts(self, company, first, last, kind=None):
        """Return the query that adds up the facts of some days, in our columns.

        :param str kind: only this kind of facts
        """
        sources = self.env["sms.analysis"]._get_sources()
        facts = make_facts(
            [source for source in sources if kind in (None, source.kind)],
            self._to_utc(company, first),
            self._to_utc(company, last + timedelta(days=1)),
            company.ids,
        )
        names = ", ".join(DIMENSIONS)
        sums = ", ".join(
            f"COALESCE(sum({name}), 0)::{get_column_type(name)} AS {name}"
            for name in MEASURES
        )
        places = ", ".join(str(place + 1) for place in range(len(DIMENSIONS) + 1))
        return SQL(
            "SELECT (date AT TIME ZONE 'UTC' AT TIME ZONE %s)::date AS day, %s, %s"
            " FROM (%s) fact GROUP BY %s",
            self._get_zone(company),
            SQL(names),
            SQL(sums),
            facts,
            SQL(places),
        )

    @api.model
    def _query_days(self, companies, first, last):
        """Return the query of the figures of some days, the last of them live.

        :param companies: ``res.company`` records
        :param date first: the first day
        :param date last: the last day
        """
        self.env.flush_all()
        names = SQL(", ").join(map(SQL.identifier, ("day", *DIMENSIONS, *MEASURES)))
        parts = []
        for company in companies:
            live = self._get_live_day(company)
            if first < live:
                until = min(last, live - timedelta(days=1))
                parts.append(
                    SQL(
                        "SELECT %s FROM sms_day"
                        " WHERE company_id = %s AND day BETWEEN %s AND %s",
                        names,
                        company.id,
                        first,
                        until,
                    )
                )
            if last >= live:
                parts.append(self._query_facts(company, max(first, live), last))
        return SQL(" UNION ALL ").join(SQL("(%s)", part) for part in parts)

    @api.model
    def _get_live_day(self, company):
        """Return from which day on the facts themselves are asked.

        Where the cron has not come by, from the last that it has counted.
        """
        counted = self.env.execute_query(
            SQL("SELECT max(day) FROM sms_day WHERE company_id = %s", company.id)
        )[0][0]
        live = self._get_today(company) - timedelta(days=LIVE_DAYS - 1)
        return min(live, counted or date.min)
