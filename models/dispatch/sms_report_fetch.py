# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
import random
import time
from datetime import datetime, timedelta
from typing import NamedTuple

from psycopg2 import InterfaceError, OperationalError

from odoo import api, fields, models
from odoo.tools import SQL

from ...providers import base, faults
from ...tools import dispatch
from ..core.batch_jobs import lock_next
from ..core.bulk_insert import as_arrays
from .sms_dispatcher_lookup import IS_ASKABLE, TOLERANCE

_logger = logging.getLogger(__name__)
#: What is due in so many seconds is waited for: a cron is woken to the minute only.
LINGER = 15
#: Seconds that one run waits at the most, and that a server's end is put off by.
REST = 5
#: A read that has not gone on for so long was left behind by a crash.
LEASE = timedelta(minutes=2)
#: Younger texts are read about often, older ones from time to time.
RECENT = timedelta(hours=1)
#: Nothing more is expected of a text that left so long ago.
EXPECTED = timedelta(days=4)
#: So few texts that are left over are looked up one by one.
FEW = 20
#: Answers that say nothing about the page that was asked for.
PASSING = (401, 403, 408, 429)
ANY = SQL("TRUE")


class Read(NamedTuple):
    """One read of an account's list, or the rest of one.

    ``open_ids`` are the messages whose report is expected; what was seen is removed.
    """

    company: models.Model
    code: str
    provider: base.Provider
    since: datetime
    until: datetime
    resume: str
    open_ids: set


class SmsReportFetch(models.Model):
    """When an account's list of texts is read next, for the reports of long lists.

    One row for each account, which workers take in turn: while one reads, the row is
    due again only after a crash. Nothing is locked while the network is waited for, and
    each page is committed, so that a crash costs one page at the most.
    """

    _name = "sms.report.fetch"
    _description = "Fetching of Delivery Reports"
    _log_access = False

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="cascade"
    )
    provider = fields.Char(required=True, readonly=True)
    next_at = fields.Datetime(readonly=True, help="Empty: nothing is expected.")
    full_at = fields.Datetime(
        readonly=True, help="From then on older texts are read about as well."
    )
    is_full = fields.Boolean(readonly=True, help="Older texts are read about as well.")
    resume = fields.Char(readonly=True, help="The next page of a read under way.")
    pages = fields.Integer(readonly=True, help="Pages of the last read, or of this.")
    failures = fields.Integer(readonly=True, help="In a row.")

    _account_unique = models.UniqueIndex("(company_id, provider)")

    # === Plan ===

    @api.model
    def _plan(self, messages):
        """Plan the first read about texts that were taken; wake what is due."""
        accounts = {
            (sms.record_company_id.id, sms.provider)
            for sms in messages
            if sms.is_report_fetched and sms.state == "pending" and not sms.lookup_at
        }
        if not accounts:
            return
        now = fields.Datetime.now()
        first = now + timedelta(seconds=dispatch.FIRST_READ)
        values = as_arrays(sorted(accounts), "int4", "varchar")
        source = SQL("FROM unnest(%s) AS own (company_id, provider)", values)
        planned = self._insert_planned(source, first)
        if planned:
            self._wake(first)
        elif self.search_count([("next_at", "<=", now)], limit=1):
            self._wake()

    @api.model
    def _plan_forgotten(self):
        """Plan a read for each account of which reports are expected."""
        source = SQL(
            "FROM (SELECT DISTINCT sms.record_company_id, sms.provider %s)"
            " AS own (company_id, provider)",
            self._get_open_source(),
        )
        self._insert_planned(source, fields.Datetime.now())

    @api.model
    def _insert_planned(self, source, at):
        """Plan a read for accounts that have none planned; return if there are any.

        It waits for who is just ending a read, and sees what they leave.

        :param source: ``FROM …`` with ``own``, of a company's id and a provider
        """
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                INSERT INTO sms_report_fetch AS known
                       (company_id, provider, next_at, pages, failures)
                SELECT own.company_id, own.provider, %s, 0, 0 %s
                    ON CONFLICT (company_id, provider)
                    DO UPDATE SET next_at = excluded.next_at
                 WHERE known.next_at IS NULL
             RETURNING id
                """,
                at,
                source,
            )
        )
        self.invalidate_model(flush=False)
        return bool(rows)

    @api.model
    def _wake(self, at=None):
        cron = self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_report_fetch")
        cron.sudo()._trigger(at)

    @api.model
    def _get_open_source(self):
        """Return the texts whose reports are expected from a list: ``FROM … WHERE …``.

        Those that are looked up one by one are none of them.
        """
        return SQL(
            """
                  FROM sms_sms sms
                  JOIN res_company company ON company.id = sms.record_company_id
                 WHERE sms.is_report_fetched AND sms.state = 'pending'
                   AND sms.lookup_at IS NULL AND COALESCE(sms.lookups, 0) = 0
                   AND sms.sent_at > %s AND %s
            """,
            fields.Datetime.now() - EXPECTED,
            IS_ASKABLE,
        )

    def _select_open(self, columns, condition=ANY):
        """Read columns of the account's ``sms`` whose reports are expected."""
        self.ensure_one()
        self.env["sms.sms"].flush_model()
        return self.env.execute_query(
            SQL(
                "SELECT %s %s AND sms.record_company_id = %s AND sms.provider = %s"
                " AND %s",
                columns,
                self._get_open_source(),
                self.company_id.id,
                self.provider,
                condition,
            )
        )

    # === Run ===

    @api.model
    def _run(self):
        """Read the lists of all accounts that are due (a cron)."""
        cron, commit = self.env["ir.cron"], self._in_new_transaction
        seconds_left = cron._commit_progress(remaining=1)
        commit(self._plan_forgotten)
        is_rested = False
        while seconds_left > 0:
            fetch, read = commit(self._claim_next)
            if read:
                seconds_left = fetch._work_off(read)
            elif not fetch:
                due = commit(self._get_next_due)
                if is_rested or due is None or due > LINGER:
                    break
                time.sleep(min(max(due, 0.1), REST))
                is_rested = True
        self._schedule_next_run()

    def _in_new_transaction(self, step, *args):
        return self.env["sms.dispatcher"]._in_new_transaction(step, *args)

    @api.model
    def _get_next_due(self):
        """Return in how many seconds an account is due, None if none is."""
        next_sudo = self.search([("next_at", "!=", False)], order="next_at", limit=1)
        if not next_sudo:
            return None
        return (next_sudo.next_at - fields.Datetime.now()).total_seconds()

    def _schedule_next_run(self):
        """Tell the cron when it must run again, now that this run ends.

        Not by what remains: of a run that has only waited Odoo would say in the log
        that it has done nothing.
        """
        due = self._get_next_due()
        if due is not None:
            is_soon = due <= LINGER
            at = fields.Datetime.now() + timedelta(seconds=due)
            self._wake(None if is_soon else at)
        self.env["ir.cron"]._commit_progress(remaining=0)

    @api.model
    def _claim_next(self):
        """Claim the account that is due; nobody else reads its list meanwhile.

        :return: its row, empty if none is due; and its :class:`Read`, None if there is
            nothing to read
        """
        now = fields.Datetime.now()
        fetch = lock_next(self, SQL("next_at <= %s", now), SQL("next_at"), limit=1)
        return fetch, fetch and fetch._begin(now) or None

    def _begin(self, now):
        """Return what is read now; begin anew unless a read is under way."""
        company, code = self.company_id, self.provider
        self.next_at = now + LEASE
        if company._has_locked_sms_account(code):
            return None
        if not self.resume:
            is_full = not self.full_at or self.full_at <= now
            self.write({"is_full": is_full, "pages": 0})
        ids, oldest = self._read_open(now)
        if not ids and not self.is_full:
            self.is_full = True
            ids, oldest = self._read_open(now)
        if not ids:
            self.write({"next_at": False, "resume": False})
            return None
        provider = company._get_sms_provider(code, with_senders=False)
        since, until = oldest - TOLERANCE, now + TOLERANCE
        resume = self.resume or ""
        return Read(company, code, provider, since, until, resume, set(ids))

    def _read_open(self, now):
        """Return the ids of the texts to read about, and when the first one left."""
        columns = SQL("array_agg(sms.id), min(sms.sent_at)")
        recent = SQL("sms.sent_at > %s", now - RECENT)
        return self._select_open(columns, ANY if self.is_full else recent)[0]

    def _work_off(self, read):
        """Read a list page by page, as long as there is time and something to find.

        :return: the seconds that the cron has left
        """
        cron, commit = self.env["ir.cron"], self._in_new_transaction
        try:
            for page in read.provider.list_reports(read.since, read.until, read.resume):
                read.open_ids.difference_update(self._record(read, page.reports))
                commit(self._note_page, page)
                seconds_left = cron._commit_progress(len(page.reports), remaining=1)
                if not read.open_ids:
                    break
                if page.resume and seconds_left <= 0:
                    commit(self._give_back)
                    return seconds_left
        except base.LookupFailed as error:
            commit(self._put_off, error)
        else:
            commit(self._look_up_few)
            commit(self._end)
        return cron._commit_progress(remaining=1)

    def _record(self, read, reports):
        """Record what a page says; what cannot be recorded, alone is left out.

        :return: the ids of the messages that it is about
        """
        told = [(None, report) for report in reports]
        record = self.env["sms.sms"]._record_reports
        try:
            return self._in_new_transaction(record, read.company, read.code, told)._ids
        except (OperationalError, InterfaceError):  # the database is gone
            raise
        except Exception:
            self.env.cr.rollback()
            self.env.transaction.clear()
            if len(reports) == 1:
                carrier_id = reports[0].carrier_id
                _logger.exception("%s: cannot record a report on %s", self, carrier_id)
                return ()
            return [it for one in reports for it in self._record(read, [one])]

    def _note_page(self, page):
        """Note how far the list was read."""
        self.write(
            {
                "resume": page.resume,
                "pages": self.pages + 1,
                "failures": 0,
                "next_at": fields.Datetime.now() + LEASE,
            }
        )

    def _give_back(self):
        """Leave the rest of the read to the next run: this one's time is over."""
        self.next_at = fields.Datetime.now()

    def _put_off(self, error):
        """Ask again after a pause, the same as for posts; from the same page on."""
        is_fast = error.status == 429
        fault = faults.TOO_FAST if is_fast else faults.NO_ANSWER
        policy = self.env["sms.fault"]._get_policy(fault, self.company_id)
        failures = self.failures + 1
        pause = dispatch.pause_after(policy, failures, random.random())
        pause = min(max(pause, error.retry_after, 1), dispatch.LAST_READ)
        _logger.info("%s: the list cannot be read: %s", self, error)
        values = {
            "failures": failures,
            "next_at": fields.Datetime.now() + timedelta(seconds=pause),
        }
        # A page that is gone: the list is begun anew.
        if 400 <= (error.status or 0) < 500 and error.status not in PASSING:
            values["resume"] = False
        self.write(values)

    def _end(self):
        """Plan the next read, now that this one has come to its end."""
        now = fields.Datetime.now()
        # Nobody adds texts, and finds a read planned, until this is committed.
        self.env.cr.execute(
            SQL("SELECT 1 FROM sms_report_fetch WHERE id = %s FOR UPDATE", self.id)
        )
        columns = SQL(
            "max(sms.sent_at), max(sms.sent_at) FILTER (WHERE sms.sent_at <= %s)",
            now - RECENT,
        )
        [(youngest, youngest_old)] = self._select_open(columns)
        values = {"resume": False, "failures": 0, "next_at": False}
        if youngest:
            values["next_at"] = now + self._get_pause(now, youngest)
        if self.is_full:
            pause = self._get_pause(now, youngest_old or now)
            values["full_at"] = now + max(pause, RECENT)
        self.write(values)

    def _get_pause(self, now, youngest):
        """Return how long to wait, by the age of the youngest text that is open."""
        age = (now - youngest).total_seconds()
        return timedelta(seconds=dispatch.read_again_after(age, self.pages))

    def _look_up_few(self):
        """Have texts looked up one by one when an hour has left but few of them."""
        if not self.is_full:
            return
        now = fields.Datetime.now()
        limit = max(FEW, self.pages)
        old = SQL("sms.sent_at <= %s LIMIT %s", now - RECENT, limit + 1)
        ids = [row[0] for row in self._select_open(SQL("sms.id"), old)]
        if not 0 < len(ids) <= limit:
            return
        self.env["sms.dispatcher"]._lock_messages(ids)
        messages = self.env["sms.sms"].browse(ids)
        messages.filtered(lambda sms: sms.state == "pending").lookup_at = now
        messages._wake_dispatcher()
