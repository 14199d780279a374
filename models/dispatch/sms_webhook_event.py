# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
import time
from dataclasses import replace
from functools import partial

from psycopg2.extras import Json

from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import SQL

from ...providers import PROVIDERS
from ...tools.texts import clean_json
from ..core.batch_jobs import contain, lock_next
from ..core.trail import LINE_IDS, log_each

_logger = logging.getLogger(__name__)
#: What carriers tell.
REPORT, TEXT = ("report", "text")
#: Reports that are worked off in one transaction.
PAGE = 500
#: Seconds in which a process wakes the worker once. One that was woken looks on for
#: longer, so it sees what came meanwhile and has woken nobody.
QUIET, LINGER = 0.5, 0.6
#: Seconds between two looks of a worker that finds nothing it may take.
PAUSE = 0.05
#: By the clock that all servers share: what came first is told by it.
NOW = SQL("date_trunc('second', clock_timestamp() AT TIME ZONE 'UTC')")
#: When this process has last woken the worker (``time.monotonic()``), by database.
_woken_at = {}


class SmsWebhookEvent(models.Model):
    """What a carrier has told, until it is worked off: delivery reports, and texts.

    The request verifies the signature, stores the event and answers. What follows from
    it is done by a worker that is woken at once (:meth:`_run`), so that a flood of
    events keeps no process from answering others. Written by :meth:`_store` alone, and
    deleted together with what it has caused.
    """

    _name = "sms.webhook.event"
    _description = "Event of a Carrier"
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

    # === The way in ===

    @api.model
    def _take_report(self, company, provider, uuid, raw):
        """Take a delivery report from its carrier.

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
        comma = SQL(", ")
        [[event_id, has_refusals]] = self.env.execute_query(
            SQL(
                "INSERT INTO sms_webhook_event (%s) VALUES (%s) RETURNING id,"
                " (SELECT sms_has_refusals FROM res_company WHERE id = company_id)",
                comma.join(map(SQL.identifier, values)),
                comma.join(SQL("%s", value) for value in values.values()),
            )
        )
        if has_refusals:
            self.env["sms.webhook.refusal"]._forget(company, provider)
        return event_id

    @api.model
    def _wake_later(self):
        """Wake the workers after the commit."""
        self.env.cr.postcommit.add(partial(_wake_once, self.env.registry))

    # === The worker ===

    @api.model
    def _run(self):
        """Work off what waits (a cron); several may run side by side.

        Texts and reports by turns, so that a flood of one holds up no other. What
        another transaction is at is tried again, until nothing waits.
        """
        cron, end = self.env["ir.cron"], time.monotonic() + LINGER
        worker = self._as_nobody()
        while True:
            done = worker._work_off_text() + worker._work_off_reports()
            if not cron._commit_progress(done, remaining=1):
                # By itself Odoo goes on with it up to a minute later.
                cron.browse(self.env.context["cron_id"])._trigger()
                return
            if done:
                continue
            if time.monotonic() > end and not worker._is_waiting():
                break
            time.sleep(PAUSE)
        cron._commit_progress(remaining=0)

    @api.model
    def _as_nobody(self):
        """Return this model as a carrier's request has it: Odoo's public user."""
        public_user = self.env.ref("base.public_user")
        return self.with_env(self.env(user=public_user, su=True, context={}))

    @api.model
    def _is_waiting(self):
        return self.env.execute_query(
            SQL(
                "SELECT EXISTS (SELECT FROM sms_webhook_event"
                " WHERE kind = ANY(%s) AND is_failed IS NOT TRUE)",
                [REPORT, TEXT],
            )
        )[0][0]

    @api.model
    def _wake(self):
        """Run the workers soon."""
        crons_sudo = self.env["ir.cron"].sudo()
        for cron_sudo in crons_sudo.search([("model_id.model", "=", self._name)]):
            cron_sudo._trigger()

    @api.model
    def _work_off_text(self):
        """Work off one text and commit it; tell if there was one. For other rooms."""
        return 0

    @api.model
    def _work_off_reports(self):
        """Work off the oldest reports and commit that; return how many they were."""
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
        """Lock the next events of those that wait; others pass over them.

        :param SQL condition: which of them
        """
        waiting = SQL("is_failed IS NOT TRUE AND %s", condition)
        return lock_next(self, waiting, SQL("id"), limit)

    def _record_safely(self):
        """Record reports of one account; one that cannot be is kept and marked."""
        # Of many the guilty one is named when each is tried alone.
        failure, named = "%s: the report cannot be recorded", self[:LINE_IDS]
        if contain(self.env, self._record, _logger, failure, named):
            self.unlink()
        elif len(self) > 1:
            for event in self:
                event._record_safely()
        else:
            self.is_failed = True

    def _record(self):
        """Record reports of one account, in their order.

        One on a message that is gone, or another company's, is a logged nothing: to
        refuse it would only make the carrier repeat it.
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

    Each process does so for itself: the workers may run once more for nothing.
    """
    now, name = time.monotonic(), registry.db_name
    if now - _woken_at.get(name, -QUIET) < QUIET:
        return
    _woken_at[name] = now
    try:
        with registry.cursor() as cr:
            api.Environment(cr, SUPERUSER_ID, {})["sms.webhook.event"]._wake()
    except Exception:  # it is stored: the next minute's look finds it
        _woken_at.pop(name, None)
        _logger.exception("The worker of carriers' events was not woken")
