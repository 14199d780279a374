# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
import random
import time
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from odoo import api, fields, models
from odoo.tools import SQL

from ...providers import PROVIDERS, base, faults
from ...tools import dispatch
from ..core.batch_jobs import lock_next
from ..core.bulk_insert import as_arrays
from ..message.sms_sms import RECORDED
from .sms_dispatcher_lookup import IS_ASKABLE, TOLERANCE

_logger = logging.getLogger(__name__)
#: Seconds ahead within which a read is waited for, as crons have minute resolution.
LINGER = 15
#: Longest wait of one run in seconds, by which it delays a server's shutdown, and how
#: often it looks meanwhile whether the worker is needed for urgent texts.
REST, LOOK_EVERY = 5.0, 0.25
#: A read without progress for this long was left behind by a crash.
LEASE = timedelta(minutes=2)
#: Reports on younger texts are read often, on older ones from time to time.
RECENT = timedelta(hours=1)
#: No report is expected any more on a text that left longer ago.
EXPECTED = timedelta(days=4)
#: Up to this many remaining texts are looked up one by one.
FEW = 20
#: HTTP statuses that say nothing about the requested page.
PASSING = (401, 403, 408, 429)
#: From this failure in a row on, the requested page itself may be the cause.
DOUBTFUL = 3
ANY = SQL("TRUE")
#: Conditions: no read of ``known`` is planned; or the next one, of an old list that was
#: read without failures, is far ahead. A read under way is not.
IS_UNPLANNED = SQL("known.next_at IS NULL")
IS_LATE = """(
    known.next_at IS NULL
 OR known.failures = 0 AND known.next_at > %(now)s + GREATEST(
        %(lease)s, make_interval(secs => known.pages * %(per_page)s))
)"""

#: System parameter: from how many texts created at once a list is long; 0: never.
LEAST_PARAMETER = "helpdesk_mgmt_sms.fetch_reports_from"
LEAST = 200


class Read(NamedTuple):
    """One read of an account's list, or the rest of one.

    ``open_ids`` are the messages whose report is expected; those seen are removed.
    """

    company: models.Model
    code: str
    provider: base.Provider
    since: datetime
    until: datetime
    resume: str
    open_ids: set


class SmsReportFetch(models.Model):
    """The next read of an account's list of texts, for the reports of long lists.

    One row per account, which workers take in turn: while one reads, the row comes due
    again only after a crash. Nothing is locked while waiting for the network, and each
    page is committed, so that a crash costs one page at most.
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
        """Plan a first read for texts that a carrier accepted; wake overdue reads.

        It does not wait for the next read of an old list, which may be hours ahead.
        """
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
        pauses = {"lease": LEASE, "per_page": dispatch.READ_PER_PAGE}
        if self._insert_planned(source, first, SQL(IS_LATE, now=now, **pauses)):
            self.env["ir.cron"]._wake_sms("ir_cron_sms_report_fetch", first)
        elif self.search_count([("next_at", "<=", now)], limit=1):
            self.env["ir.cron"]._wake_sms("ir_cron_sms_report_fetch")

    @api.model
    def _plan_forgotten(self):
        """Plan a read for each account from which reports are expected."""
        query = """
            FROM (SELECT DISTINCT sms.record_company_id, sms.provider %s)
              AS own (company_id, provider)
        """
        self._insert_planned(SQL(query, self._get_open_source()), fields.Datetime.now())

    @api.model
    def _insert_planned(self, source, at, condition=IS_UNPLANNED):
        """Plan a read for accounts without one; return whether there were any.

        It waits for a worker that is just ending a read, and sees the plan it leaves.

        :param source: ``FROM …`` with ``own``, of a company's id and a provider
        :param condition: which reads that are ``known`` are planned anew
        """
        query = """
            INSERT INTO sms_report_fetch AS known
                   (company_id, provider, next_at, pages, failures)
            SELECT own.company_id, own.provider, %s, 0, 0 %s
                ON CONFLICT (company_id, provider)
                DO UPDATE SET next_at = excluded.next_at
             WHERE %s
         RETURNING id
        """
        self.flush_model()
        rows = self.env.execute_query(SQL(query, at, source, condition))
        self.invalidate_model(flush=False)
        return bool(rows)

    @api.model
    def _get_open_source(self):
        """Return the query for texts with reports to read: ``FROM … WHERE …``.

        Without those that are looked up one by one.
        """
        query = """
              FROM sms_sms sms
              JOIN res_company company ON company.id = sms.record_company_id
             WHERE sms.is_report_fetched AND sms.state = 'pending'
               AND sms.lookup_at IS NULL AND COALESCE(sms.lookups, 0) = 0
               AND sms.sent_at > %s AND %s
        """
        return SQL(query, fields.Datetime.now() - EXPECTED, IS_ASKABLE)

    def _select_open(self, columns, condition=ANY):
        """Read columns of the account's ``sms`` whose reports are expected."""
        self.env["sms.sms"].flush_model()
        account = SQL("(%s, %s)", self.company_id.id, self.provider)
        query = "SELECT %s %s AND (sms.record_company_id, sms.provider) = %s AND %s"
        query = SQL(query, columns, self._get_open_source(), account, condition)
        return self.env.execute_query(query)

    # === Run ===

    @api.model
    def _run(self):
        """Read the lists of all accounts that are due (a cron)."""
        cron = self.env["ir.cron"]
        commit = self.env["sms.dispatcher"]._in_new_transaction
        seconds_left = cron._commit_progress(remaining=1)
        commit(self._plan_forgotten)
        is_rested = False
        while seconds_left > 0:
            fetch, read = commit(self._claim_next)
            if read:
                seconds_left = fetch._work_off(read)
            elif not fetch:
                due = commit(self._get_next_due)
                is_far = is_rested or due is None or due > LINGER
                if is_far or not self._rest(due):
                    break
                is_rested = True
        self._schedule_next_run()

    def _rest(self, due):
        """Wait for the next read; return whether the worker may go on.

        :param float due: in how many seconds the next read is due
        """
        cron, end = self.env["ir.cron"], time.monotonic() + min(max(due, 0.1), REST)
        while (left := end - time.monotonic()) > 0:
            if cron._must_make_way_for_sms():
                return False
            time.sleep(min(left, LOOK_EVERY))
        return True

    @api.model
    def _get_next_due(self):
        """Return in how many seconds an account is due, None if none is."""
        next_sudo = self.search([("next_at", "!=", False)], order="next_at", limit=1)
        if not next_sudo:
            return None
        return (next_sudo.next_at - fields.Datetime.now()).total_seconds()

    def _schedule_next_run(self):
        """Schedule the next run at the end of this one.

        Not through ``remaining``: Odoo would log that a run that has only waited has
        done nothing.
        """
        due = self._get_next_due()
        if due is not None:
            at = fields.Datetime.now() + timedelta(seconds=due if due > LINGER else 0)
            self.env["ir.cron"]._wake_sms("ir_cron_sms_report_fetch", at)
        self.env["ir.cron"]._commit_progress(remaining=0)

    @api.model
    def _claim_next(self):
        """Claim the account that is due, so that nobody else reads its list meanwhile.

        :return: its row, empty if none is due; and its :class:`Read`, None if there is
            nothing to read
        """
        now = fields.Datetime.now()
        fetch = lock_next(self, SQL("next_at <= %s", now), SQL("next_at"), limit=1)
        return fetch, fetch and fetch._begin(now) or None

    def _begin(self, now):
        """Return the read to do now: the rest of one under way, or else a new one."""
        company, code = self.company_id, self.provider
        self.next_at = now + LEASE
        if company._find_sms_account_lock(code):
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
        """Read a list page by page while time and expected reports are left.

        :return: seconds that the cron has left
        """
        cron = self.env["ir.cron"]
        commit = self.env["sms.dispatcher"]._in_new_transaction
        try:
            for page in read.provider.list_reports(read.since, read.until, read.resume):
                read.open_ids.difference_update(self._record(read, page.reports))
                commit(self._note_page, page)
                seconds_left = cron._commit_progress(len(page.reports), remaining=1)
                if not read.open_ids:
                    break
                if page.resume and seconds_left <= 0:
                    # This run's time is over: the next one reads the rest.
                    commit(self.write, {"next_at": fields.Datetime.now()})
                    return seconds_left
        except base.LookupFailed as error:
            commit(self._put_off, error)
        else:
            commit(self._look_up_few)
            commit(self._end)
        return cron._commit_progress(remaining=1)

    def _record(self, read, reports):
        """Record the reports of a page; leave out only those that cannot be recorded.

        :return: the ids of the messages that were reported on
        """
        record = partial(self.env["sms.sms"]._record_reports, read.company, read.code)
        recorded = self.env["sms.dispatcher"]._record_safely(
            record,
            [(None, report) for report in reports],
            lambda told: f"{self}: a report on {told[1].carrier_id}",
        )
        return [sms_id for messages in recorded for sms_id in messages._ids]

    def _note_page(self, page):
        next_at = fields.Datetime.now() + LEASE
        values = {"resume": page.resume, "pages": self.pages + 1, "failures": 0}
        self.write({**values, "next_at": next_at})

    def _put_off(self, error):
        """Retry from the same page after a pause, which follows the rules for posts."""
        is_fast = error.status == 429
        fault = faults.TOO_FAST if is_fast else faults.NO_ANSWER
        policy = self.env["sms.fault"]._get_policy(fault, self.company_id)
        failures = self.failures + 1
        pause = dispatch.pause_after(policy, failures, random.random())
        pause = min(max(pause, error.retry_after, 1), dispatch.LAST_READ)
        _logger.info("%s: the list cannot be read: %s", self, error)
        next_at = fields.Datetime.now() + timedelta(seconds=pause)
        values = {"failures": failures, "next_at": next_at}
        # The page is gone, or seems to be: start the list over.
        is_gone = 400 <= (error.status or 0) < 500 and error.status not in PASSING
        if is_gone or (failures >= DOUBTFUL and not is_fast):
            values["resume"] = False
        self.write(values)

    def _end(self):
        """Plan the next read at the end of this one."""
        now = fields.Datetime.now()
        # Until the commit nobody can add texts and believe that this read covers them.
        query = "SELECT 1 FROM sms_report_fetch WHERE id = %s FOR UPDATE"
        self.env.cr.execute(query, [self.id])
        columns = "max(sms.sent_at), max(sms.sent_at) FILTER (WHERE sms.sent_at <= %s)"
        [(youngest, youngest_old)] = self._select_open(SQL(columns, now - RECENT))
        values = {"resume": False, "failures": 0, "next_at": False}
        if youngest:
            values["next_at"] = now + self._get_pause(now, youngest)
        if self.is_full:
            pause = self._get_pause(now, youngest_old or now)
            values["full_at"] = now + max(pause, RECENT)
        self.write(values)

    def _get_pause(self, now, youngest):
        """Return how long to wait, by the age of the youngest open text."""
        age = (now - youngest).total_seconds()
        return timedelta(seconds=dispatch.read_again_after(age, self.pages))

    def _look_up_few(self):
        """Look up texts one by one if only few are still open after an hour."""
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


class SmsSms(models.Model):
    """Texts of long lists, whose reports are read in pages (``sms.report.fetch``).

    Each report is a request to the callback, two or three per text: after a broadcast
    nobody else would get an answer. So such texts leave without a callback, if their
    carrier has a list of reports.
    """

    _inherit = "sms.sms"

    is_report_fetched = fields.Boolean(
        "Report Is Fetched",
        **RECORDED,
        help="It was made together with many others, so the carrier is asked for their "
        "reports page by page, instead of sending each report here.",
    )

    # Columns that change with a report are in the condition only.
    _fetched_index = models.Index(
        "(record_company_id, provider, sent_at)"
        " WHERE is_report_fetched AND state = 'pending'"
    )

    @api.model
    def _prepare_intake(self, vals_list, batch):
        """Mark the texts of a long list; the claim checks the carrier used."""
        result = super()._prepare_intake(vals_list, batch)
        is_long = 0 < self._get_long_list() <= len(vals_list)
        listing = {}
        for company_id, company in batch.companies.items():
            codes = company.sudo()._get_sms_carriers() if is_long else ()
            listing[company_id] = any(PROVIDERS[code].lists_reports for code in codes)
        for vals in vals_list:
            is_listed = listing[vals["record_company_id"]]
            vals["is_report_fetched"] = is_listed and not vals.get("is_call")
        return result

    @api.model
    def _get_long_list(self):
        """Return from how many texts created at once a list is long, 0 for never."""
        value = self.env["ir.config_parameter"].sudo().get_param(LEAST_PARAMETER, LEAST)
        try:
            return max(int(value), 0)
        except ValueError:
            return LEAST
