# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
import random
import time
from datetime import timedelta
from functools import partial

from odoo import api, fields, models
from odoo.tools import SQL

from ...providers import PROVIDERS
from ...providers.base import LookupFailed, RedactionRefused
from ...providers.poster import Poster
from ..message.sms_sms import IN_FLIGHT

WAITING, DONE, FAILED = ("waiting", "done", "failed")
#: What happens at the carrier to a text that is erased here.
KEEP, EMPTY, DELETE = ("keep", "empty", "delete")
#: Carriers that remove single texts.
REDACTING = [code for code, cls in PROVIDERS.items() if cls.can_redact]
#: Age at which finished rows are deleted.
KEEP_DONE = timedelta(days=30)
#: Concurrent requests to one account; few, since sending has priority.
IN_FLIGHT_REMOVALS = 4
#: Texts of one account claimed at once.
BATCH_SIZE = 16
#: A claim without a result after this time was killed, and is repeated. Longer than a
#: batch takes if every request times out.
LEASE = timedelta(minutes=10)
#: Seconds to wait for a batch's answers, before it is left until its lease ends.
GIVE_UP = 120.0
#: Backoff in seconds: the first pause, doubled each time, and the longest.
FIRST_PAUSE, LONGEST_PAUSE = 60, 86400
#: Pause of an account that did not answer.
ACCOUNT_PAUSE = timedelta(minutes=1)
#: Pause of an account whose key is missing here.
LOCKED_PAUSE = timedelta(hours=1)
#: Rows are no longer retried after this time.
TRY_FOR = timedelta(days=30)
_logger = logging.getLogger(__name__)


class SmsRedaction(models.Model):
    """A text that was erased here and is to be removed at its carrier.

    It has the carrier's id, but no content. Created in the transaction that erases the
    text, by :meth:`_queue_sent` and :meth:`_queue_received`. A cron asks the carrier
    until it succeeds: it claims, commits, calls outside of a transaction, stores the
    result and commits. Removing a text twice does no harm, so it may be killed in
    between.
    """

    _name = "sms.redaction"
    _description = "Text to Be Removed at the Carrier"
    _order = "id desc"
    _rec_name = "carrier_id"
    _log_access = False

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="cascade"
    )
    provider = fields.Char("Carrier", required=True, readonly=True)
    carrier_id = fields.Char(
        "Carrier's ID",
        readonly=True,
        help="Empty until the carrier has given the text an ID.",
    )
    sms_id = fields.Many2one(
        "sms.sms", readonly=True, index="btree_not_null", ondelete="set null"
    )
    is_whole = fields.Boolean(
        "Entire Record",
        readonly=True,
        help="The record itself, not only its content and media.",
    )
    state = fields.Selection(
        [(WAITING, "To be removed"), (DONE, "Removed"), (FAILED, "Not removed")],
        required=True,
        readonly=True,
        default=WAITING,
    )
    queued_at = fields.Datetime("Erased Here", required=True, readonly=True)
    attempts = fields.Integer(required=True, readonly=True, default=0)
    next_at = fields.Datetime("Next Attempt", readonly=True)
    done_at = fields.Datetime("Removed On", readonly=True)
    fault = fields.Char(
        "Last Answer", readonly=True, help="What the carrier answered instead."
    )

    _carrier_unique = models.UniqueIndex(
        "(company_id, provider, carrier_id) WHERE carrier_id IS NOT NULL"
    )
    _due_index = models.Index(
        "(company_id, provider, next_at, id) WHERE state = 'waiting'"
    )
    # For frequent lookups by the watch and monitoring, among many finished rows.
    _open_index = models.Index("(company_id) WHERE state IN ('waiting', 'failed')")

    @api.model
    def _queue_sent(self, messages):
        """Queue ``sms.sms`` records that are about to be erased.

        Under every id that a carrier has assigned: it has a text for each attempt. That
        of an earlier attempt may be the other carrier's, which knows its own ids.
        """
        self.env["sms.sms"].flush_model()
        query = SQL(
            """
            SELECT sms.record_company_id AS company_id, known.provider,
                   known.carrier_id, sms.id AS sms_id
              FROM sms_sms sms, LATERAL (
                       SELECT sms.provider, sms.carrier_id UNION
                       SELECT tried.provider, report.carrier_id
                         FROM sms_report report,
                              unnest(ARRAY[sms.provider, sms.refused_by])
                                  AS tried (provider)
                        WHERE report.sms_id = sms.id
                   ) known
             WHERE sms.id = ANY(%s)
               AND (known.carrier_id IS NOT NULL
                    OR sms.carrier_id IS NULL AND sms.state = ANY(%s))
            """,
            messages.ids,
            list(IN_FLIGHT),
        )
        self._queue(query)

    @api.model
    def _queue_received(self, inbounds):
        """Queue ``sms.inbound`` records that are about to be erased."""
        self.env["sms.inbound"].flush_model()
        query = SQL(
            """
            SELECT company_id, provider, provider_sid AS carrier_id, NULL::int AS sms_id
              FROM sms_inbound WHERE id = ANY(%s)
            """,
            inbounds.ids,
        )
        self._queue(query)

    @api.model
    def _queue(self, texts):
        """Queue texts, if the company wants it and the carrier supports it.

        :param SQL texts: query with ``company_id``, ``provider``, ``carrier_id`` and
            ``sms_id``
        """
        self.flush_model()
        self.env["res.company"].flush_model(["sms_redaction"])
        query = SQL(
            """
            INSERT INTO sms_redaction (company_id, provider, carrier_id, sms_id,
                                       is_whole, state, queued_at, attempts, next_at)
            SELECT text.company_id, text.provider, text.carrier_id, text.sms_id,
                   company.sms_redaction = %(delete)s, 'waiting', %(now)s, 0, %(now)s
              FROM (%(texts)s) text
              JOIN res_company company ON company.id = text.company_id
               AND company.sms_redaction IN (%(empty)s, %(delete)s)
             WHERE text.provider = ANY(%(providers)s)
       ON CONFLICT DO NOTHING
         RETURNING id
            """,
            empty=EMPTY,
            delete=DELETE,
            now=fields.Datetime.now(),
            texts=texts,
            providers=REDACTING,
        )
        if self.env.execute_query(query):
            self._wake()

    @api.model
    def _count_for(self, messages, company_field):
        """Count the texts that will be removed at their carrier once erased here."""
        return sum(
            text.provider in REDACTING and text[company_field].sms_redaction != KEEP
            for text in messages
        )

    @api.model
    def _wake(self, at=None):
        """Wake the cron, now or at a time (UTC)."""
        self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_redaction").sudo()._trigger(at)

    def action_try_again(self):
        """Queue failed removals again."""
        self.check_access("read")
        failed_sudo = self.sudo().filtered(lambda row: row.state == FAILED)
        now = fields.Datetime.now()
        failed_sudo.write(
            {"state": WAITING, "attempts": 0, "queued_at": now, "next_at": now}
        )
        self._wake()

    @api.autovacuum
    def _gc_done(self):
        limit = fields.Datetime.now() - KEEP_DONE
        done = self.search([("state", "=", DONE), ("done_at", "<", limit)], limit=10000)
        done.unlink()
        return len(done), len(done) == 10000

    # === Requests to the carriers ===

    @api.model
    def _run(self):
        """Remove the due texts at their carriers (cron)."""
        cron = self.env["ir.cron"]
        with Poster(IN_FLIGHT_REMOVALS) as poster:
            while rows := self._claim():
                for row in rows:
                    account = (row.company_id.id, row.provider)
                    provider = row.company_id._get_sms_provider(row.provider)
                    asked = (provider, row.carrier_id, row.is_whole)
                    poster.submit(account, row.id, partial(self._redact, *asked))
                cron._commit_progress(remaining=1)
                results, deadline = [], time.monotonic() + GIVE_UP
                while poster.pending and time.monotonic() < deadline:
                    results += poster.collect(1.0)
                self._settle(results)
                if not cron._commit_progress(len(results), remaining=1):
                    return
        self._wake_for_next()
        cron._commit_progress(remaining=0)

    @api.model
    def _claim(self):
        """Claim the next rows of each account, skipping those of other workers.

        Only for companies that still use the carrier, so nothing in a neutralized copy.
        """
        self.flush_model()
        now = fields.Datetime.now()
        query = SQL(
            """
            SELECT due.id
              FROM (SELECT DISTINCT company_id, provider FROM sms_redaction
                     WHERE state = 'waiting' AND next_at <= %(now)s) account
              JOIN res_company company ON company.id = account.company_id
               AND account.provider IN (company.sms_provider,
                                        company.sms_backup_provider),
                   LATERAL (SELECT id FROM sms_redaction row
                             WHERE row.company_id = account.company_id
                               AND row.provider = account.provider
                               AND row.state = 'waiting' AND next_at <= %(now)s
                          ORDER BY next_at, id
                             LIMIT %(limit)s FOR UPDATE SKIP LOCKED) due
            """,
            now=now,
            limit=BATCH_SIZE,
        )
        rows = self.env.execute_query(query)
        self.invalidate_model()
        claimed = self.browse(row[0] for row in rows)
        for row in claimed:
            row.attempts += 1
        claimed.next_at = now + LEASE
        locked = claimed.filtered(
            lambda row: row.company_id._has_locked_sms_account(row.provider)
        )
        locked.next_at = now + LOCKED_PAUSE
        nameless = (claimed - locked).filtered(lambda row: not row.carrier_id)
        return claimed - locked - nameless._look_for_id()

    def _look_for_id(self):
        """Take over carrier ids assigned meanwhile; return rows still without one.

        A text that the carrier never accepted needs no removal.
        """
        now = fields.Datetime.now()
        for row in self:
            sms = row.sms_id
            if sms.carrier_id:
                row._take_id(sms.carrier_id)
            if row.carrier_id or row.state != WAITING:
                continue
            if sms.state not in IN_FLIGHT:  # never accepted: nothing to remove
                row.write({"state": DONE, "done_at": now})
            elif now - row.queued_at < TRY_FOR:
                row.next_at = now + timedelta(hours=1)
            else:
                # Unknown whether it was accepted, and no id to ask with.
                row.write({"state": FAILED, "fault": "No id"})
        return self.filtered(lambda row: not row.carrier_id)

    def _take_id(self, carrier_id):
        """Store the carrier's id, unless another row has it already."""
        domain = [
            ("company_id", "=", self.company_id.id),
            ("provider", "=", self.provider),
            ("carrier_id", "=", carrier_id),
        ]
        if self.search_count(domain, limit=1):
            self.write({"state": DONE, "done_at": fields.Datetime.now()})
        else:
            self.carrier_id = carrier_id

    @staticmethod
    def _redact(provider, carrier_id, is_whole):
        """Ask the carrier; return the state and its error. Runs in a thread."""
        try:
            provider.redact(carrier_id, is_whole)
        except RedactionRefused as error:
            return FAILED, str(error)
        except LookupFailed as error:
            return WAITING, str(error)
        except Exception as error:  # a bug in the adapter
            _logger.exception("%s: not removed at the carrier", carrier_id)
            return WAITING, type(error).__name__
        return DONE, False

    @api.model
    def _settle(self, results):
        """Store results, pairs of a row's id and the result of :meth:`_redact`."""
        now = fields.Datetime.now()
        put_off = set()
        for row_id, (state, fault) in sorted(results):
            row = self.browse(row_id)
            if not row.try_lock_for_update() or row.state != WAITING:
                continue
            if state == WAITING and now - row.queued_at > TRY_FOR:
                state = FAILED
            values = {"state": state, "fault": fault}
            if state == WAITING:
                doubled = FIRST_PAUSE * 2 ** min(row.attempts - 1, 20)
                pause = min(doubled, LONGEST_PAUSE) * random.uniform(1, 1.5)
                values["next_at"] = now + timedelta(seconds=pause)
                put_off.add((row.company_id.id, row.provider))
            elif state == DONE:
                values.update(done_at=now, sms_id=False)
            row.write(values)
        self._put_off(put_off, now + ACCOUNT_PAUSE)

    @api.model
    def _put_off(self, accounts, until):
        """Postpone accounts (pairs of company id and provider) until a time."""
        self.flush_model()
        for company_id, provider in accounts:
            query = SQL(
                """
                UPDATE sms_redaction SET next_at = %(until)s
                 WHERE company_id = %(company)s AND provider = %(provider)s
                   AND state = 'waiting' AND next_at < %(until)s
                """,
                company=company_id,
                provider=provider,
                until=until,
            )
            self.env.cr.execute(query)
        self.invalidate_model()

    @api.model
    def _wake_for_next(self):
        """Wake the cron for the next row whose carrier is still in use."""
        self.flush_model()
        query = SQL(
            """
            SELECT min(row.next_at) FROM sms_redaction row
              JOIN res_company company ON company.id = row.company_id
               AND row.provider IN (company.sms_provider, company.sms_backup_provider)
             WHERE row.state = 'waiting'
            """
        )
        [(next_at,)] = self.env.execute_query(query)
        if next_at:
            self._wake(max(next_at, fields.Datetime.now() + ACCOUNT_PAUSE))
