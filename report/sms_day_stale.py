# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from contextlib import contextmanager
from typing import NamedTuple

from odoo import api, fields, models
from odoo.tools import SQL

from ..models.core.bulk_insert import as_arrays

#: Marks processed between two commits.
BATCH_SIZE = 5000
#: More recent days are recounted every hour anyway.
MARKED_AFTER = "7 days"
#: Columns that figures of appointments depend on; first the time and the company.
COUNTED = ("start", "sms_company_id", "active", "sms_enabled", "sms_confirmation")


class Watch(NamedTuple):
    """One of our tables in which a change invalidates the figures of an old day.

    ``kind``, ``moment`` and ``company`` are expressions on ``it``, the row before or
    after the change; a company of NULL stands for all. Changes of the columns ``names``
    count, or else any change that meets the ``condition``.
    """

    kind: str
    table: str
    moment: str
    company: str
    names: tuple = ()
    events: str = "UPDATE"
    condition: str = ""


WATCHED = (
    Watch(
        "CASE WHEN it.is_call THEN 'call' ELSE 'outgoing' END",
        "sms_sms",
        "it.create_date",
        "it.record_company_id",
        ("state", "gate_verdict", "failure_type", "fault_id", "sent_at")
        + ("delivered_at", "segment_count", "price", "price_currency_id"),
    ),
    Watch(
        "'appointment'",
        "sms_reminder",
        "(SELECT event.start FROM calendar_event event WHERE event.id = it.event_id)",
        "NULL::int4",
        events="INSERT OR UPDATE",
        condition="NEW.kind IN ('moved', 'no_show')",
    ),
    Watch(
        "'alert'",
        "sms_team_alert",
        "it.created_at",
        "it.company_id",
        ("acknowledged_at", "is_in_time"),
    ),
)

#: The trigger's condition uses only the moment, so that recent rows call no function.
#: Other columns occur only in the function's body, where they do not block upgrades.
TRIGGER = """
    CREATE OR REPLACE FUNCTION sms_day_mark_{table}() RETURNS trigger AS $$
    BEGIN
        IF {what} THEN
            INSERT INTO sms_day_stale (company_id, kind, moment)
            SELECT DISTINCT {company}, {kind}, {moment}
              FROM (SELECT OLD.* UNION ALL SELECT NEW.*) AS it
             WHERE {moment} < {limit};
        END IF;
        RETURN NULL;
    END $$ LANGUAGE plpgsql;
    DROP TRIGGER IF EXISTS sms_day_mark ON {table};
    CREATE TRIGGER sms_day_mark AFTER {events} ON {table}
      FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION sms_day_mark_{table}();
"""


class SmsDayStale(models.Model):
    """A mark that the figures of an old day are outdated by a late change.

    Written by triggers on our own tables, since reports, prices and claims are written
    by SQL, and by :meth:`_marking` on Odoo's tables; read and deleted by the counting
    cron. Rows are only inserted, so nobody waits for a lock.
    """

    _name = "sms.day.stale"
    _description = "Day of Text Messages to Be Counted Anew"
    _log_access = False

    company_id = fields.Many2one("res.company", ondelete="cascade", help="Empty: each.")
    kind = fields.Char(required=True)
    moment = fields.Datetime(required=True)

    def init(self):
        """Install the triggers once all tables exist."""
        self.pool.post_init(self._install)

    @api.model
    def _install(self):
        for watch in WATCHED:
            self.env.cr.execute(self._make_trigger(watch))

    @api.model
    def _make_trigger(self, watch):
        """Return the statements that install the trigger of a table."""
        limit = f"now() AT TIME ZONE 'UTC' - interval '{MARKED_AFTER}'"
        rows, moments = (
            [text.replace("it.", f"{row}.") for row in ("OLD", "NEW")]
            for text in (", ".join(f"it.{it}" for it in watch.names), watch.moment)
        )
        return TRIGGER.format(
            **watch._asdict(),
            limit=limit,
            what=f"({rows[0]}) IS DISTINCT FROM ({rows[1]})" if watch.names else "TRUE",
            when=watch.condition or f"LEAST({', '.join(moments)}) < {limit}",
        )

    @contextmanager
    def _marking(self, kind, records, moment, company, *names):
        """Mark the old days whose figures a change of records invalidates.

        A context manager around ``_write_multi``, which also writes computed fields.

        :param str kind: kind of the facts
        :param str moment: column with the time at which a record counts
        :param str company: column with the company, or None for all companies
        :param names: other columns that the figures depend on
        """
        columns = SQL(", ").join(map(SQL.identifier, ("id", *names)))
        query = SQL(
            "SELECT %s, %s, %s FROM %s WHERE id = ANY(%s)"
            " AND %s < now() AT TIME ZONE 'UTC' - %s::interval",
            SQL.identifier(company) if company else SQL("NULL::int4"),
            SQL.identifier(moment),
            columns,
            SQL.identifier(records._table),
            records.ids,
            SQL.identifier(moment),
            MARKED_AFTER,
        )
        before = set(self.env.execute_query(query))
        yield
        changed = before.symmetric_difference(self.env.execute_query(query))
        if not changed:
            return
        moments = as_arrays({row[:2] for row in changed}, "int4", "timestamp")
        query = """
            INSERT INTO sms_day_stale (company_id, kind, moment)
            SELECT company_id, %s, moment
              FROM unnest(%s) AS changed (company_id, moment)
        """
        self.env.cr.execute(SQL(query, kind, moments))

    @api.model
    def _mark_prices(self, company, since):
        """Mark the days from ``since`` on (None: all) after a change of prices."""
        query = """
            INSERT INTO sms_day_stale (company_id, kind, moment)
            SELECT DISTINCT company_id, kind,
                   (day + interval '12 hours') AT TIME ZONE %s AT TIME ZONE 'UTC'
              FROM sms_day
             WHERE company_id = %s AND kind = 'outgoing'
               AND day >= COALESCE(%s, '-infinity'::date) - 1
        """
        self.env.cr.execute(SQL(query, company._get_sms_zone(), company.id, since))

    @api.model
    def _take(self):
        """Delete a batch of marks; return them as (company, kind, day) tuples."""
        rows_sudo = self.sudo().search([], order="id", limit=BATCH_SIZE)
        marks = {(row.company_id, row.kind, row.moment) for row in rows_sudo}
        rows_sudo.unlink()
        everybody, days = self.env["res.company"].sudo().search([]), self.env["sms.day"]
        return {
            (company, kind, days._to_day(company, moment))
            for companies, kind, moment in marks
            for company in companies or everybody
        }


class SmsPrice(models.Model):
    """Marks settled days when the prices of their texts change."""

    _inherit = "sms.price"

    @api.model_create_multi
    def create(self, vals_list):
        """Mark the days for which the new prices are valid."""
        prices = super().create(vals_list)
        prices._mark_days()
        return prices

    def write(self, vals):
        """Mark the days for which the prices were valid, or are now."""
        self._mark_days()
        result = super().write(vals)
        self._mark_days()
        return result

    @api.ondelete(at_uninstall=False)
    def _mark_days(self):
        for price in self:
            self.env["sms.day.stale"]._mark_prices(
                price.company_id, price.valid_from or None
            )


class CalendarEvent(models.Model):
    """Marks old days when appointments on them change."""

    _inherit = "calendar.event"

    def _write_multi(self, vals_list):
        if not any(vals.keys() & COUNTED for vals in vals_list):
            return super()._write_multi(vals_list)
        with self.env["sms.day.stale"]._marking("appointment", self, *COUNTED):
            return super()._write_multi(vals_list)


class RatingRating(models.Model):
    """Marks old days when ratings on them change."""

    _inherit = "rating.rating"

    def _write_multi(self, vals_list):
        with self.env["sms.day.stale"]._marking("rating", self, "write_date", None):
            return super()._write_multi(vals_list)
