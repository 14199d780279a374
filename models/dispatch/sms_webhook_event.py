# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
import time
from dataclasses import replace
from functools import partial

from psycopg2.errors import UniqueViolation
from psycopg2.extras import Json

from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import SQL

from ...providers import PROVIDERS
from ...tools.texts import clean_json
from ..core.batch_jobs import lock_next
from ..core.trail import log_each

_logger = logging.getLogger(__name__)
#: Kinds of events.
REPORT, TEXT = ("report", "text")
#: Reports that are processed in one transaction.
PAGE = 500
#: Seconds within which a process wakes the worker only once. A woken worker keeps
#: looking for longer than that, so it sees events that have woken nobody.
QUIET, LINGER = 0.5, 0.6
#: Seconds between two looks of a worker that finds nothing it may take.
PAUSE = 0.05
#: Time by the database's clock, which all servers share: it decides what came first.
NOW = SQL("date_trunc('second', clock_timestamp() AT TIME ZONE 'UTC')")
#: When this process has last woken the worker (``time.monotonic()``), by database.
_woken_at = {}


class SmsWebhookEvent(models.Model):
    """A delivery report or text from a carrier, until it is processed.

    The request verifies the signature, stores the event and answers. A worker that is
    woken at once does the rest (:meth:`_run`), so that a flood of events does not keep
    processes from answering others. Written by :meth:`_store` alone, and deleted in the
    transaction that processes it.
    """

    _name = "sms.webhook.event"
    _description = "Event of a Carrier"
    _never_gives_way = True
    _inherit = ["sms.personal.data"]
    _order = "id"
    _log_access = False

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="cascade"
    )
    provider = fields.Char("Carrier", required=True, readonly=True)
    kind = fields.Selection(
        [(REPORT, "Delivery report"), (TEXT, "Text")], required=True, readonly=True
    )
    uuid = fields.Char("Our Key of the Message", readonly=True)
    number = fields.Char("From", readonly=True, groups="base.group_system")
    raw = fields.Json("Raw Data", readonly=True, groups="base.group_system")
    received_at = fields.Datetime(required=True, readonly=True)
    is_failed = fields.Boolean(
        readonly=True, help="It could not be worked off. The server's log says why."
    )

    _queue_index = models.Index("(kind, id) WHERE is_failed IS NOT TRUE")
    _number_index = models.Index("(company_id, number, id) WHERE kind = 'text'")

    # === The way in ===

    @api.model
    def _take_report(self, company, provider, uuid, raw):
        """Accept a delivery report from its carrier.

        :param str uuid: our own key of the message, which nobody can guess
        :param dict raw: the report as it came, which the carrier has signed
        """
        self._store(company, provider, REPORT, raw, uuid=uuid)
        self._wake_later()

    @api.model
    def _store(self, company, provider, kind, raw, **values):
        """Store an event in one statement.

        :param values: of other fields, as SQL takes them
        :return: its id
        """
        values = {
            "company_id": company.id,
            "provider": provider,
            "kind": kind,
            "raw": Json(clean_json(raw)),
            "received_at": NOW,
            **values,
        }
        names = SQL(", ").join(map(SQL.identifier, values))
        cells = SQL(", ").join(SQL("%s", value) for value in values.values())
        query = (
            "INSERT INTO sms_webhook_event (%s) VALUES (%s) RETURNING id,"
            " (SELECT sms_has_refusals FROM res_company WHERE id = company_id)"
        )
        [[event_id, has_refusals]] = self.env.execute_query(SQL(query, names, cells))
        if has_refusals:
            self.env["sms.webhook.refusal"]._forget(company, provider, kind == TEXT)
        return event_id

    @api.model
    def _wake_later(self):
        """Wake the workers after the commit."""
        self.env.cr.postcommit.add(partial(_wake_once, self.env.registry))

    # === The worker ===

    @api.model
    def _run(self):
        """Process waiting events (a cron); several may run side by side.

        Texts and reports take turns, so that a flood of one does not hold up the other.
        Events that another transaction has locked are tried again, until none waits.
        """
        cron, end = self.env["ir.cron"], time.monotonic() + LINGER
        worker, has_read = self._as_nobody(), False
        while True:
            texts = worker._work_off_text()
            has_read |= bool(texts)
            done = texts + worker._work_off_reports()
            if not cron._commit_progress(done, remaining=1):
                # Otherwise Odoo would continue up to a minute later.
                cron.browse(self.env.context["cron_id"])._trigger()
                break
            if not done and not self._wait_for_event(end):
                cron._commit_progress(remaining=0)
                break
        if has_read:
            # Messages to these numbers have waited for it.
            self.env["sms.dispatcher"]._wake()

    @api.model
    def _wait_for_event(self, end):
        """Wait for an event until a time; return whether there is one.

        :param float end: by ``time.monotonic()``
        """
        cron, dispatcher = self.env["ir.cron"], self.env["sms.dispatcher"]
        while True:
            time.sleep(PAUSE)
            if dispatcher._in_new_transaction(self._is_waiting):
                return True
            if time.monotonic() > end:
                return False
            if cron._lacks_sms_worker():
                # It looks again afterwards, for events that have woken nobody.
                cron.browse(self.env.context["cron_id"])._trigger()
                return False

    @api.model
    def _as_nobody(self):
        """Return this model as in a carrier's request: the public user, in sudo."""
        public_user = self.env.ref("base.public_user")
        return self.with_env(self.env(user=public_user, su=True, context={}))

    @api.model
    def _is_waiting(self):
        return bool(self.search_count([("is_failed", "!=", True)], limit=1))

    @api.model
    def _wake(self):
        for name in ("ir_cron_sms_webhook", "ir_cron_sms_webhook_2"):
            self.env["ir.cron"]._wake_sms(name)

    @api.model
    def _work_off_text(self):
        """Hook: process one text and commit; return how many were processed."""
        return 0

    @api.model
    def _work_off_reports(self):
        """Process the oldest reports and commit; return how many there were."""
        return self.env["sms.dispatcher"]._in_new_transaction(self._record_next)

    @api.model
    def _record_next(self):
        events = self._lock_next(SQL("kind = %s", REPORT), PAGE)
        accounts = events.grouped(lambda event: (event.company_id, event.provider))
        for own in accounts.values():
            own._record_safely()
        return len(events)

    @api.model
    def _lock_next(self, condition, limit=1):
        """Lock the next waiting events; other workers skip them.

        :param SQL condition: which events
        """
        waiting = SQL("is_failed IS NOT TRUE AND %s", condition)
        return lock_next(self, waiting, SQL("id"), limit)

    def _record_safely(self):
        """Record reports of one account; mark and keep those that fail."""
        record = type(self)._record_again
        failed = self.env["sms.dispatcher"]._contain_each(self, record)
        (self - failed).unlink()
        failed.is_failed = True

    def _record_again(self):
        """Record reports; again if another transaction has just stored an id of theirs.

        A lookup may have given it to another message with the same words. That is
        committed by now, so it is seen and corrected.
        """
        try:
            with self.env.cr.savepoint():
                return self._record()
        except UniqueViolation:
            return self._record()

    def _record(self):
        """Record reports of one account, in their order.

        One on a deleted message, or another company's, is only logged: a refusal would
        just make the carrier repeat it.
        """
        company, provider = self.company_id, self[:1].provider
        parse = PROVIDERS[provider].parse_report
        reports = [
            (event.uuid, replace(parse(event.raw), received_at=event.received_at))
            for event in self
        ]
        found = self.env["sms.sms"]._record_reports(company, provider, reports)
        uuids = {uuid for uuid, _report in reports}
        if unknown := uuids - set(found.mapped("uuid")):
            events = self.filtered(lambda event: event.uuid in unknown)
            log_each(_logger, logging.INFO, events, "%s: report on no message of ours")
        return True


def _wake_once(registry):
    """Wake the workers, after a commit; not again within :data:`QUIET`.

    Each process does so for itself: the workers may run once more than needed.
    """
    now, name = time.monotonic(), registry.db_name
    if now - _woken_at.get(name, -QUIET) < QUIET:
        return
    _woken_at[name] = now
    try:
        with registry.cursor() as cr:
            api.Environment(cr, SUPERUSER_ID, {})["sms.webhook.event"]._wake()
    except Exception:  # it is stored: the cron finds it within a minute
        _woken_at.pop(name, None)
        _logger.exception("The worker of carriers' events was not woken")
