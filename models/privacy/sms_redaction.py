# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
import random
from datetime import timedelta
from functools import partial

from odoo import api, fields, models
from odoo.tools import SQL

from ...providers import PROVIDERS
from ...providers.base import LookupFailed, RedactionRefused
from ...providers.faults import NO_ANSWER
from ..core.batch_jobs import lock_next, work_off_calls
from ..message.sms_sms import IN_FLIGHT

WAITING, DONE, FAILED = ("waiting", "done", "failed")
#: What happens at the carrier to a text that is erased here.
KEEP, EMPTY, DELETE = ("keep", "empty", "delete")
#: Carriers that remove single texts.
REDACTING = [code for code, cls in PROVIDERS.items() if cls.can_redact]
#: Age at which finished rows are deleted.
KEEP_DONE = timedelta(days=30)
#: A claim without a result after this time was killed, and is repeated. Longer than a
#: request takes that times out.
LEASE = timedelta(minutes=10)
#: Backoff in seconds: the first pause, doubled each time, and the longest.
FIRST_PAUSE, LONGEST_PAUSE = 60, 86400
#: Pause of an account that did not answer.
ACCOUNT_PAUSE = timedelta(minutes=1)
#: Pause of an account whose key is missing here.
LOCKED_PAUSE = timedelta(hours=1)
#: Rows are no longer retried after this time.
TRY_FOR = timedelta(days=30)
#: Condition of the rows whose company still uses the carrier, with the account that had
#: the text: others cannot be removed. Only Twilio removes texts.
IS_IN_USE = SQL(
    """EXISTS (
    SELECT FROM res_company company
     WHERE company.id = sms_redaction.company_id AND sms_redaction.provider
        IN (company.sms_provider, company.sms_backup_provider)
       AND (sms_redaction.had_at < company.sms_twilio_account_since) IS NOT TRUE)"""
)
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
    had_at = fields.Datetime(
        "At the Carrier Since", readonly=True, help="When the carrier got the text."
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
        query = """
            SELECT sms.record_company_id AS company_id, known.provider,
                   known.carrier_id, sms.id AS sms_id, sms.claimed_at AS had_at
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
        """
        self._queue(SQL(query, messages.ids, list(IN_FLIGHT)))

    @api.model
    def _queue_received(self, inbounds):
        """Queue ``sms.inbound`` records that are about to be erased."""
        self.env["sms.inbound"].flush_model()
        query = """
            SELECT company_id, provider, provider_sid AS carrier_id,
                   NULL::int AS sms_id, received_at AS had_at
              FROM sms_inbound WHERE id = ANY(%s)
        """
        self._queue(SQL(query, inbounds.ids))

    @api.model
    def _queue(self, texts):
        """Queue texts, if the company wants it and the carrier supports it.

        :param SQL texts: query with ``company_id``, ``provider``, ``carrier_id``,
            ``sms_id`` and ``had_at``, in this order
        """
        self.flush_model()
        self.env["res.company"].flush_model(["sms_redaction"])
        query = """
            INSERT INTO sms_redaction (company_id, provider, carrier_id, sms_id, had_at,
                                       is_whole, state, queued_at, attempts, next_at)
            SELECT text.*, company.sms_redaction = %(delete)s, 'waiting', %(now)s, 0,
                   %(now)s
              FROM (%(texts)s) text
              JOIN res_company company ON company.id = text.company_id
               AND company.sms_redaction IN (%(empty)s, %(delete)s)
             WHERE text.provider = ANY(%(providers)s)
       ON CONFLICT DO NOTHING
         RETURNING id
        """
        kinds = {"empty": EMPTY, "delete": DELETE, "providers": REDACTING}
        query = SQL(query, texts=texts, now=fields.Datetime.now(), **kinds)
        if self.env.execute_query(query):
            self.env["ir.cron"]._wake_sms("ir_cron_sms_redaction")

    @api.model
    def _count_for(self, messages, company_field):
        """Count the texts that will be removed at their carrier once erased here."""
        return sum(
            text.provider in REDACTING and text[company_field].sms_redaction != KEEP
            for text in messages
        )

    def action_try_again(self):
        """Queue failed removals again."""
        self.check_access("read")
        failed_sudo = self.sudo().filtered(lambda row: row.state == FAILED)
        now = fields.Datetime.now()
        again = {"state": WAITING, "attempts": 0, "queued_at": now, "next_at": now}
        failed_sudo.write(again)
        self.env["ir.cron"]._wake_sms("ir_cron_sms_redaction")

    @api.autovacuum
    def _gc_done(self):
        limit = fields.Datetime.now() - KEEP_DONE
        done = self.search([("state", "=", DONE), ("done_at", "<", limit)], limit=10000)
        done.unlink()
        return len(done), len(done) == 10000

    # === Requests to the carriers ===

    @api.model
    def _run(self):
        """Remove the due texts at their carriers, one after the other (cron)."""
        steps = (type(self)._prepare_call, type(self)._record_result)
        work_off_calls(self.env, self._claim, *steps)
        self._wake_for_next()

    @api.model
    def _claim(self):
        """Claim the next row; others are left to other workers.

        Only what :data:`IS_IN_USE` allows, so nothing in a neutralized copy.
        """
        now = fields.Datetime.now()
        due = SQL("state = 'waiting' AND next_at <= %s AND %s", now, IS_IN_USE)
        row = lock_next(self, due, SQL("next_at, id"))
        row.write({"attempts": row.attempts + 1, "next_at": now + LEASE})
        return row

    def _prepare_call(self):
        if self.company_id._find_sms_account_lock(self.provider):
            self.next_at = fields.Datetime.now() + LOCKED_PAUSE
            return None
        if not self.carrier_id:
            self._look_for_id()
        if not self.carrier_id:
            return None
        provider = self.company_id._get_sms_provider(self.provider)
        return partial(self._redact, provider, self.carrier_id, self.is_whole)

    def _look_for_id(self):
        """Take over the carrier's id assigned meanwhile, or decide what follows."""
        now, carrier_id = fields.Datetime.now(), self.sms_id.carrier_id
        is_open = self.sms_id.state in IN_FLIGHT
        same = [
            ("company_id", "=", self.company_id.id),
            ("provider", "=", self.provider),
            ("carrier_id", "=", carrier_id),
        ]
        if carrier_id and not self.search_count(same, limit=1):
            self.carrier_id = carrier_id
        elif carrier_id or not (is_open or self.sms_id.fault_id.fault == NO_ANSWER):
            # Another row has the id, or the carrier never accepted the text.
            self.write({"state": DONE, "done_at": now})
        elif is_open and now - self.queued_at < TRY_FOR:
            self.next_at = now + timedelta(hours=1)
        else:
            # Unknown whether it was accepted, and no id to ask with.
            self.write({"state": FAILED, "fault": "No id"})

    @staticmethod
    def _redact(provider, carrier_id, is_whole):
        """Ask the carrier; return the state and its error. Uses no database."""
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

    def _record_result(self, result):
        """Store what :meth:`_redact` has returned; postpone an account that fails."""
        if not self.try_lock_for_update() or self.state != WAITING:
            return
        now, (state, fault) = fields.Datetime.now(), result
        if state == DONE:
            self.write({"state": DONE, "fault": fault, "done_at": now, "sms_id": False})
        elif state == FAILED or now - self.queued_at > TRY_FOR:
            self.write({"state": FAILED, "fault": fault})
        else:
            doubled = FIRST_PAUSE * 2 ** min(self.attempts - 1, 20)
            pause = min(doubled, LONGEST_PAUSE) * random.uniform(1, 1.5)
            self.write({"next_at": now + timedelta(seconds=pause), "fault": fault})
            self._put_off_account(now + ACCOUNT_PAUSE)

    def _put_off_account(self, until):
        """Postpone all waiting rows of the account until a time."""
        self.flush_model()
        query = """
            UPDATE sms_redaction SET next_at = %(until)s
             WHERE company_id = %(company)s AND provider = %(provider)s
               AND state = 'waiting' AND next_at < %(until)s
        """
        account = {"company": self.company_id.id, "provider": self.provider}
        self.env.cr.execute(SQL(query, until=until, **account))
        self.invalidate_model()

    @api.model
    def _wake_for_next(self):
        """Wake the cron for the next row whose carrier is still in use."""
        self.flush_model()
        query = "SELECT min(next_at) FROM sms_redaction WHERE state = 'waiting' AND %s"
        [(next_at,)] = self.env.execute_query(SQL(query, IS_IN_USE))
        if next_at:
            next_at = max(next_at, fields.Datetime.now() + ACCOUNT_PAUSE)
            self.env["ir.cron"]._wake_sms("ir_cron_sms_redaction", next_at)
