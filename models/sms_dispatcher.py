# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
import random
import time
from datetime import timedelta

from psycopg2.errors import SerializationFailure

from odoo import api, fields, models
from odoo.tools import SQL

from ..providers import PROVIDERS
from ..providers.base import (
    ACCEPTED,
    AGAIN,
    REFUSED,
    UNDELIVERED,
    UNKNOWN,
    DeliveryReport,
    OutboundMessage,
    Outcome,
)
from .sms_sms import UNKNOWN_STATE
from .sms_sms_reports import REPORT_STATES

_logger = logging.getLogger(__name__)

#: Messages of one batch. With the carrier's time-out it bounds how long a batch takes.
BATCH_SIZE = 10
#: A message that is being sent for longer than this was left behind by a crash: more
#: than a whole batch of time-outs takes.
LEASE = timedelta(minutes=5)
#: How often to try again what the carrier surely did not take, and the first pause.
MAX_ATTEMPTS = 6
FIRST_PAUSE = timedelta(seconds=30)
#: How often to start over when a delivery report changed the row meanwhile.
MAX_CONFLICTS = 5


class SmsDispatcher(models.AbstractModel):
    """The outbox's worker: claims messages, hands them to the carrier, notes the end.

    The claim is committed before the first byte leaves, and no row is locked while the
    network is waited for. So a kill at any moment leaves each message either waiting
    (never posted) or claimed (perhaps posted), and a claimed one is never posted again.
    """

    _name = "sms.dispatcher"
    _description = "Text Message Outbox"

    @api.model
    def _run(self):
        """Work off the outbox until it is empty or the cron's time is over."""
        self._in_new_transaction(self._mark_abandoned)
        while (batch := self._in_new_transaction(self._claim)) is not None:
            # No database work from here to the outcomes: no lock, no transaction.
            outcomes = [
                (sms_id, self._send_one(provider, message))
                for sms_id, provider, message in batch
            ]
            self._in_new_transaction(self._settle, outcomes)
            if not self._commit(len(batch), remaining=self._count_waiting()):
                break

    @api.model
    def _commit(self, processed=0, remaining=None):
        """Commit, tell the cron, and return the seconds that are left for this run."""
        cron = self.env["ir.cron"]
        return cron._commit_progress(processed, remaining=remaining)

    @api.model
    def _in_new_transaction(self, step, *args):
        """Run one step in a transaction of its own and commit it.

        A delivery report may change a row between our snapshot and our update;
        PostgreSQL then refuses the update, and the step starts over.
        """
        for attempt in range(MAX_CONFLICTS):
            try:
                result = step(*args)
                self._commit()
                return result
            except SerializationFailure:
                self.env.cr.rollback()
                self.env.transaction.clear()
                if attempt == MAX_CONFLICTS - 1:
                    raise
                time.sleep(random.uniform(0.01, 0.1) * 2**attempt)

    @api.model
    def _claim(self):
        """Take the next messages, ask the gate again and mark them as being sent.

        :return: list of ``(sms id, Provider, OutboundMessage)``, plain data; empty if
            the gate blocked all of them, None if nothing waits
        """
        messages = self._lock_next()
        if not messages:
            return None
        allowed = messages._ask_gate()
        batch = []
        for company, rows in allowed.grouped(
            lambda sms: sms._get_sms_company()
        ).items():
            provider = company._get_sms_provider()
            rows.write(
                {
                    "state": "process",
                    "provider": provider.code,
                    "claimed_at": fields.Datetime.now(),
                }
            )
            for sms in rows:
                sms.attempts += 1
                callback = company._get_sms_url(f"status/{sms.uuid}")
                message = OutboundMessage(sms.uuid, sms.number, sms.body, callback)
                batch.append((sms.id, provider, message))
        return batch

    @api.model
    def _send_one(self, provider, message):
        """Hand over one message; what an adapter raises must not take others along.

        :rtype: Outcome
        """
        try:
            return provider.send(message)
        except Exception as error:  # a fault of the adapter: it may have been sent
            _logger.exception("Text message %s has an unknown outcome", message.uuid)
            return Outcome(UNKNOWN, detail=type(error).__name__)

    @api.model
    def _lock_next(self):
        """Return the next waiting messages, locked; those of others are skipped."""
        self.env["sms.sms"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT sms.id
                  FROM sms_sms sms
                  JOIN sms_purpose purpose ON purpose.id = sms.purpose_id
                 WHERE %s
              ORDER BY purpose.sequence, sms.id
                 LIMIT %s
                   FOR UPDATE OF sms SKIP LOCKED
                """,
                self._waiting_condition(),
                BATCH_SIZE,
            )
        )
        return self.env["sms.sms"].browse(row[0] for row in rows)

    @api.model
    def _waiting_condition(self):
        """Return the SQL condition of what may leave now (table ``sms``)."""
        return SQL(
            """
            sms.state = 'outgoing'
            AND COALESCE(sms.not_before, %(now)s) <= %(now)s
            AND sms.record_company_id IN (
                SELECT id FROM res_company WHERE sms_provider = ANY(%(providers)s)
            )
            """,
            now=fields.Datetime.now(),
            providers=list(PROVIDERS),
        )

    @api.model
    def _count_waiting(self):
        """Return how many messages may leave now."""
        self.env["sms.sms"].flush_model()
        query = SQL(
            "SELECT count(*) FROM sms_sms sms WHERE %s", self._waiting_condition()
        )
        return self.env.execute_query(query)[0][0]

    @api.model
    def _settle(self, outcomes):
        """Write what became of a batch.

        :param outcomes: list of ``(sms id, Outcome)``
        """
        for sms_id, outcome in outcomes:
            sms = self.env["sms.sms"].browse(sms_id)
            sms.write(
                {
                    "sent_at": outcome.kind == ACCEPTED and fields.Datetime.now(),
                    "carrier_id": sms.carrier_id or outcome.carrier_id,
                    "carrier_code": outcome.code,
                    "carrier_detail": outcome.detail,
                }
            )
            if outcome.kind in (ACCEPTED, REFUSED):
                self._settle_final(sms, outcome)
            else:
                self._settle_open(sms, outcome)
            sms.mail_message_id._notify_message_notification_update()
        done = self.env["sms.sms"].browse(sms_id for sms_id, _outcome in outcomes)
        self.env["sms.virtual.phone"]._notify_outgoing(done)

    @api.model
    def _settle_final(self, sms, outcome):
        """Note that the carrier took the message, or that it never will."""
        refused = outcome.kind == REFUSED
        report = UNDELIVERED if refused else outcome.report
        # What it took in words that we do not know is at least queued.
        if report not in REPORT_STATES:
            report = "queued"
        sms._apply_report(
            DeliveryReport(
                outcome.carrier_id,
                report,
                outcome.code,
                outcome.failure_type,
                outcome.is_opt_out,
            )
        )

    @api.model
    def _settle_open(self, sms, outcome):
        """Note an attempt without an end: try again later, or ask the carrier.

        A delivery report may have settled it meanwhile; then there is nothing to do.
        """
        if sms.report_rank:
            return
        if outcome.kind != AGAIN:
            sms.state = UNKNOWN_STATE
        elif sms.attempts >= MAX_ATTEMPTS:
            sms.write({"state": "error", "failure_type": outcome.failure_type})
        else:
            pause = FIRST_PAUSE * 2 ** (sms.attempts - 1) * random.uniform(1, 1.5)
            not_before = fields.Datetime.now() + pause
            sms.write({"state": "outgoing", "not_before": not_before})
            sms._wake_dispatcher(at=not_before)
        sms._update_trackers()

    @api.model
    def _mark_abandoned(self):
        """Mark what a crash left behind: it may have been sent, so it is not sent.

        Its delivery report settles it; its address holds the message's own key.
        """
        abandoned = self.env["sms.sms"].search(
            [
                ("state", "=", "process"),
                ("provider", "in", list(PROVIDERS)),
                ("claimed_at", "<", fields.Datetime.now() - LEASE),
            ]
        )
        if abandoned:
            _logger.warning("%d text messages with an unknown outcome", len(abandoned))
            abandoned.state = UNKNOWN_STATE
            abandoned._update_trackers()
