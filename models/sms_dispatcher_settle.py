# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
from datetime import timedelta

from psycopg2 import InterfaceError, OperationalError

from odoo import api, fields, models
from odoo.tools import SQL

from ..providers import PROVIDERS, outbound

_logger = logging.getLogger(__name__)

#: A message that is being sent for longer than this was left behind by a crash. Longer
#: than what waits before it in a worker can take, each with the carrier's time-outs.
LEASE = timedelta(minutes=2)


class SmsDispatcher(models.AbstractModel):
    """What became of a batch: written down in bulk, rows locked first."""

    _inherit = "sms.dispatcher"

    @api.model
    def _settle_safely(self, results):
        """Write down what the calls came to; one that cannot be, alone is left out.

        It stays claimed, is looked up in a while, and keeps nobody else waiting.

        :param results: as for :meth:`_settle`
        """
        try:
            self._in_new_transaction(self._settle, results)
        except (OperationalError, InterfaceError):  # the database is gone
            raise
        except Exception:
            self.env.cr.rollback()
            self.env.transaction.clear()
            if len(results) == 1:
                _logger.exception("The end of text message %s is lost", results[0][0])
                return
            for result in results:
                self._settle_safely([result])

    @api.model
    def _settle(self, results):
        """Write down what the poster's calls came to.

        What is about an earlier attempt than the message's last, or about a message
        that is gone, is dropped.

        :param results: list of ``(Call, result)``; the result of a ``send`` is an
            ``Outcome``, of the others see :meth:`_settle_lookups`
        """
        attempts = self._lock([call.sms_id for call, _result in results])
        messages = self.env["sms.sms"].browse(attempts)
        ends = [
            (call.kind, call.sms_id, result)
            for call, result in results
            if attempts.get(call.sms_id) == call.attempt
        ]
        self._settle_sent({row: end for kind, row, end in ends if kind == "send"})
        self._settle_lookups(end for end in ends if end[0] != "send")
        messages._update_trackers()
        messages.mail_message_id._notify_message_notification_update()
        self._after_outcomes(messages)

    @api.model
    def _after_outcomes(self, messages):
        """Extend this with what follows once the outcomes of posts are recorded.

        :param messages: ``sms.sms`` whose outcomes were recorded
        """

    @api.model
    def _lock(self, sms_ids):
        """Lock some messages, in one order for all who lock several.

        :return: how often each has been tried, by id; without those that are gone
        """
        self.env["sms.sms"].flush_model()
        rows = self.env.execute_query(
            SQL(
                "SELECT id, COALESCE(attempts, 0) FROM sms_sms"
                " WHERE id = ANY(%s) ORDER BY id FOR UPDATE",
                sms_ids,
            )
        )
        self.env["sms.sms"].invalidate_model()
        return dict(rows)

    @api.model
    def _settle_sent(self, outcomes):
        """Write what the carrier said when it was handed the messages.

        :param dict outcomes: ``Outcome`` by message id
        """
        accepted = {
            sms_id: outcome
            for sms_id, outcome in outcomes.items()
            if outcome.kind == outbound.ACCEPTED and outcome.carrier_id
        }
        self.env["sms.sms"].browse(accepted)._note_accepted(accepted)
        for sms_id, outcome in outcomes.items():
            if sms_id not in accepted:
                self.env["sms.sms"].browse(sms_id)._note_refused(outcome)

    @api.model
    def _mark_abandoned(self):
        """Mark what a crash left behind: it may have been sent, so it is looked up."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id FROM sms_sms
                 WHERE state = 'process' AND provider = ANY(%s) AND claimed_at < %s
                   FOR UPDATE SKIP LOCKED
                """,
                list(PROVIDERS),
                fields.Datetime.now() - LEASE,
            )
        )
        abandoned = self.env["sms.sms"].browse(row[0] for row in rows)
        if abandoned:
            _logger.warning("%d text messages with an unknown outcome", len(abandoned))
            abandoned._mark_unknown()
            abandoned._update_trackers()
