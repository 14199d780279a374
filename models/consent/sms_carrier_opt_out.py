# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
from datetime import timedelta
from functools import partial
from uuid import uuid4

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...providers import PROVIDERS
from ...providers.base import LookupFailed
from ...providers.opt_outs import NotOffered, OptOut
from ..core.batch_jobs import lock_next, work_off_calls
from ..core.bulk_insert import insert_many

WAITING, DONE, FAILED = ("waiting", "done", "failed")
#: Carriers that accept opt-outs through their API.
TAKING = [code for code, cls in PROVIDERS.items() if cls.takes_opt_outs]
#: Rows sent in one call.
BATCH_SIZE = 25
#: A claim without a result after this time was killed, and is repeated; the carrier
#: recognizes a repeat by its key.
LEASE = timedelta(minutes=10)
#: Pauses for an account that did not answer, and for one without access to the API.
PAUSE, NO_ACCESS_PAUSE = timedelta(minutes=5), timedelta(days=1)
#: Rows are no longer retried after this time.
TRY_FOR = timedelta(days=30)
#: Age at which rows are deleted, whether sent or failed.
KEPT = timedelta(days=90)
_logger = logging.getLogger(__name__)


class SmsCarrierOptOut(models.Model):
    """An opt-out, or its end, to be reported to a carrier that accepts them.

    Created in the transaction that records it in the ledger, so it is reported if and
    only if it counts here. A cron claims a batch of one account, commits, calls the
    carrier outside of a transaction, stores the result and commits. What the carrier
    itself has told us is not reported back.
    """

    _name = "sms.carrier.opt.out"
    _description = "Opt-out Told to the Carrier"
    _inherit = ["sms.personal.data", "sms.masked.number"]
    _order = "id desc"
    _rec_name = "number"
    _log_access = False

    company_id = fields.Many2one("res.company", required=True, ondelete="cascade")
    provider = fields.Char("Carrier", required=True)
    number = fields.Char(help="E.164")
    is_back = fields.Boolean("Rejoined", help="Had opted out, and takes texts again.")
    method = fields.Char("How", help="As the ledger has it.")
    said_at = fields.Datetime("Said On", required=True)
    key = fields.Char(
        required=True,
        groups="base.group_system",
        help="The carrier knows by it that it was told this before.",
    )
    state = fields.Selection(
        [(WAITING, "To be told"), (DONE, "Told"), (FAILED, "Not told")],
        required=True,
        default=WAITING,
    )
    queued_at = fields.Datetime("Recorded Here", required=True)
    next_at = fields.Datetime("Next Attempt")
    told_at = fields.Datetime("Told On")
    fault = fields.Char("Last Answer", help="What the carrier answered instead.")

    _due_index = models.Index(
        "(company_id, provider, next_at, id) WHERE state = 'waiting'"
    )
    _number_index = models.Index("(company_id, number)")

    # === Queueing ===

    @api.model
    def _queue(self, change):
        """Queue opt-outs from everything and returns for the carriers that accept them.

        A number that changes again before it was reported is reported once, as it is
        now.

        :param Change change: change of the ledger's answers
        """
        company_sudo = change.company.sudo()
        providers = [it for it in company_sudo._get_sms_carriers() if it in TAKING]
        if not providers or not change.events:
            return
        said = {change.numbers[it["number_hash"]]: it for it in change.events}
        now = fields.Datetime.now()
        rows = [
            {
                "company_id": change.company.id,
                "provider": provider,
                "number": number,
                "is_back": is_back,
                "method": said[number]["method"],
                "said_at": said[number]["happened_at"],
                "key": uuid4().hex,
                "state": WAITING,
                "queued_at": now,
                "next_at": now,
            }
            for provider in providers
            for numbers, is_back in ((change.left, False), (change.back, True))
            for number in numbers
            if number in said and said[number]["method"] != "carrier"
        ]
        # What was not told yet about these numbers has changed since.
        over = Domain("state", "!=", DONE)
        over &= Domain("company_id", "=", change.company.id)
        over &= Domain("number", "in", [*change.left, *change.back])
        self.search(over).unlink()
        if rows:
            insert_many(self, rows)
            self.env["ir.cron"]._wake_sms("ir_cron_sms_carrier_opt_out")

    def action_try_again(self):
        """Queue failed reports again."""
        self.check_access("read")
        now = fields.Datetime.now()
        failed_sudo = self.sudo().filtered(lambda row: row.state == FAILED)
        failed_sudo.write({"state": WAITING, "queued_at": now, "next_at": now})
        self.env["ir.cron"]._wake_sms("ir_cron_sms_carrier_opt_out")

    @api.autovacuum
    def _gc_over(self):
        limit = fields.Datetime.now() - KEPT
        domain = [("state", "!=", WAITING), ("queued_at", "<", limit)]
        over = self.search(domain, limit=10000)
        over.unlink()
        return len(over), len(over) == 10000

    # === Reporting: claim, commit, call without a transaction, store ===

    @api.model
    def _run(self):
        """Report due opt-outs to the carriers, one account after the other (cron)."""
        steps = (type(self)._prepare_call, type(self)._record_result)
        work_off_calls(self.env, self._claim, *steps)
        self._wake_for_next()

    @api.model
    def _claim(self):
        """Claim the next batch of one account, in the order they were queued.

        Only for companies that still use the carrier, so nothing in a neutralized copy.
        """
        now = fields.Datetime.now()
        due = [("state", "=", WAITING), ("next_at", "<=", now)]
        accounts = self._read_group(due, ["company_id", "provider"], order="id:min")
        for company, provider in accounts:
            if provider in company._get_sms_carriers():
                condition = "company_id = %s AND provider = %s AND %s"
                is_due = SQL("state = 'waiting' AND next_at <= %s", now)
                is_its = SQL(condition, company.id, provider, is_due)
                rows = lock_next(self, is_its, SQL("id"), BATCH_SIZE)
                rows.next_at = now + LEASE
                return rows
        return self.browse()

    def _prepare_call(self):
        company, code = self.company_id, self[0].provider
        provider = company._get_sms_provider(code)
        if company._find_sms_account_lock(code) or provider.missing():
            self._put_off(PAUSE, self.env._("The account is not set up."))
            return None
        told = [
            OptOut(row.number, row.said_at, row.is_back, row.method, row.key)
            for row in self
        ]
        return partial(self._tell, provider, told)

    @staticmethod
    def _tell(provider, told):
        """Call the carrier; uses the network and not the database."""
        try:
            return provider.tell_opt_outs(told)
        except (LookupFailed, NotOffered) as error:
            return error
        except Exception as error:  # a bug in the adapter: retried later
            _logger.exception("A carrier was not told of opt-outs")
            return LookupFailed(type(error).__name__)

    def _record_result(self, result):
        """Store the carrier's answer; rows dropped meanwhile are ignored."""
        rows = self.exists()
        if isinstance(result, NotOffered):
            words = self.env._("This account has no access to it (%s).", result)
            rows._put_off(NO_ACCESS_PAUSE, words)
        elif isinstance(result, LookupFailed):
            rows._put_off(PAUSE, str(result))
        else:
            refused = rows.filtered(lambda row: row.key in result)
            for row in refused:
                row.write({"state": FAILED, "fault": result[row.key]})
            told = {"state": DONE, "told_at": fields.Datetime.now(), "fault": False}
            (rows - refused).write(told)

    def _put_off(self, pause, words):
        """Postpone all waiting rows of the account, to keep their order."""
        if not self:
            return
        self.flush_model()
        now = fields.Datetime.now()
        query = """
            UPDATE sms_carrier_opt_out
               SET next_at = %(next)s, fault = %(words)s,
                   state = CASE WHEN queued_at < %(until)s THEN 'failed'
                                ELSE state END
             WHERE state = 'waiting' AND company_id = %(company)s
               AND provider = %(provider)s
        """
        values = {"next": now + pause, "words": words, "until": now - TRY_FOR}
        account = {"company": self.company_id.id, "provider": self[0].provider}
        self.env.cr.execute(SQL(query, **values, **account))
        self.invalidate_model()

    @api.model
    def _wake_for_next(self):
        waiting = [("state", "=", WAITING)]
        [(next_at,)] = self._read_group(waiting, aggregates=["next_at:min"])
        if next_at and next_at > fields.Datetime.now():
            next_at += timedelta(minutes=1)
            self.env["ir.cron"]._wake_sms("ir_cron_sms_carrier_opt_out", next_at)
