# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
import random
import time
from functools import partial
from typing import NamedTuple

from psycopg2 import InterfaceError, OperationalError
from psycopg2.errors import DeadlockDetected, SerializationFailure
from psycopg2.extensions import TRANSACTION_STATUS_IDLE

from odoo import api, fields, models

from ..providers import base
from ..providers.poster import MAX_IN_FLIGHT, Poster
from .server_end import is_stopping, stopping

_logger = logging.getLogger(__name__)

#: System parameter: how many posts may be in flight at once in one worker.
IN_FLIGHT_PARAMETER = "helpdesk_mgmt_sms.in_flight"
#: Seconds that a run waits for what is due soon: a cron is woken to the minute only.
LINGER = 5.0
#: Seconds that a run waits for the carrier before it looks around again.
PATIENCE = 0.5
#: Seconds between two notes of the run's progress to the cron.
TELL_EVERY = 0.5
#: How often to start over when another transaction was in the way.
MAX_CONFLICTS = 8

#: Seconds after its claim within which a post must begin. Later its claim may have
#: been taken for abandoned, and somebody else may be at it.
POST_WITHIN = 60.0
#: Seconds without any answer after which a run ends: its claims are abandoned by then.
GIVE_UP = 120.0


class Call(NamedTuple):
    """What a call to a carrier is about: by this its answer is known again.

    ``kind`` is ``send``, ``find`` or ``fetch``; ``attempt`` is the message's, so that
    what comes too late is not taken for an answer on a later attempt.
    """

    kind: str
    sms_id: int
    attempt: int


class SmsDispatcher(models.AbstractModel):
    """The outbox's worker: claims messages, hands them to carriers, notes the end.

    The claim is committed before the first byte leaves, and no row is locked while the
    network is waited for. So a kill at any moment leaves each message either waiting
    (never posted) or claimed (perhaps posted); a claimed one is looked up at the
    carrier before anything else is done about it. Any number of workers may run.
    """

    _name = "sms.dispatcher"
    _description = "Text Message Outbox"

    @api.model
    def _run(self):
        """Work off the outbox until it is empty or the cron's time is over."""
        size = self._get_in_flight()
        seconds_left = self._commit(remaining=1)
        told_at = answered_at = time.monotonic()
        is_alone, done, waited = True, 0, 0.0
        with Poster(size) as poster:
            while True:
                is_open = seconds_left > 0 and not is_stopping()
                if is_open and self._fill(poster) and is_alone:
                    self._wake_others()
                    is_alone = False
                if not poster.pending:
                    answered_at = time.monotonic()
                    pause = self._wait_for_due() if is_open and waited < LINGER else 0
                    if not pause:
                        break
                    waited += pause
                results = poster.collect(PATIENCE) if poster.pending else []
                if results:
                    answered_at, waited = time.monotonic(), 0.0
                    self._settle_safely(results)
                elif time.monotonic() - answered_at > GIVE_UP:
                    _logger.error("%d calls to carriers do not end", poster.pending)
                    break
                done += len(results)
                if time.monotonic() - told_at > TELL_EVERY:
                    seconds_left = self._commit(done, remaining=1)
                    told_at, done = time.monotonic(), 0
            self._hand_over(done)

    @api.model
    def _fill(self, poster):
        """Claim what may leave now, and hand it to the threads.

        :return: whether there may be more than this worker can take
        """
        # Claims of a few would cost as much as claims of many.
        if poster.room < 2 * poster.size:
            return False
        until = time.monotonic() + POST_WITHIN
        room = poster.room
        self._in_new_transaction(self._mark_abandoned)
        calls = self._in_new_transaction(self._claim_lookups, room)
        calls += self._in_new_transaction(self._claim, room - len(calls))
        for key, call, delay in calls:
            poster.submit(key, partial(self._guard, key, call, until), delay)
        return len(calls) >= room

    @staticmethod
    def _guard(key, call, until):
        """Make one call; what an adapter raises must not take others along.

        Runs in a thread, without the database.

        :param Call key: what it is about
        :param float until: no post after this time (``time.monotonic()``)
        """
        if key.kind == "send" and time.monotonic() > until:
            return base.Outcome(
                base.AGAIN, fault=base.NO_CONNECTION, failure_type="sms_server"
            )
        try:
            return call()
        except base.LookupFailed:
            return None
        except Exception as error:  # a fault of the adapter: it may have been sent
            _logger.exception("A text message has an unknown outcome")
            return base.Outcome(
                base.UNKNOWN,
                fault=base.NO_ANSWER,
                failure_type="sms_server",
                detail=type(error).__name__,
            )

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
    def _wake(self, at=None):
        """Let the first dispatcher run.

        :param at: UTC datetime or a list of them, default now
        """
        cron = self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_dispatch")
        cron.sudo()._trigger(at)

    @api.model
    def _wake_others(self):
        """Wake the other dispatchers: more waits than this one can take."""
        crons_sudo = self.env["ir.cron"].sudo()
        for cron_sudo in crons_sudo.search(
            [
                ("model_id.model", "=", self._name),
                ("id", "!=", self.env.context.get("cron_id")),
            ]
        ):
            cron_sudo._trigger()

    @api.model
    def _wait_for_due(self):
        """Wait for what is due in a moment.

        :return: the seconds that were waited, 0 if nothing is due so soon
        """
        due = self._get_next_due()
        self._commit()
        if due is None or due > LINGER:
            return 0
        pause = min(max(due, 0.05), PATIENCE)
        stopping.wait(pause)
        return pause

    @api.model
    def _hand_over(self, done):
        """Say when the outbox must run again, now that this run ends.

        :param int done: how many calls the cron has not been told of yet
        """
        due = self._get_next_due()
        if due is None:
            self._commit(done, remaining=0)
            return
        if is_stopping():
            # Another process goes on: this one would be called again until its end.
            self._wake()
            self._commit(done, remaining=0)
            return
        if due > LINGER:
            at = fields.Datetime.add(fields.Datetime.now(), seconds=due)
            self._wake(at)
        self._commit(done, remaining=0 if due > LINGER else 1)

    @api.model
    def _get_in_flight(self):
        """Return how many posts may be in flight at once in this worker."""
        value = self.env["ir.config_parameter"].sudo().get_param(IN_FLIGHT_PARAMETER)
        try:
            return min(max(int(value), 1), MAX_IN_FLIGHT)
        except (TypeError, ValueError):
            return MAX_IN_FLIGHT

    @api.model
    def _commit(self, processed=0, remaining=None):
        """Commit, tell the cron, and return the seconds that are left for this run."""
        cron = self.env["ir.cron"]
        return cron._commit_progress(processed, remaining=remaining)

    @api.model
    def _in_new_transaction(self, step, *args):
        """Run one step in a transaction of its own and commit it.

        Each statement sees what is committed by then (*read committed*): a step first
        locks its rows, then reads, then writes, so that a delivery report in between
        neither gets lost nor throws the whole step away.
        """
        for attempt in range(MAX_CONFLICTS):
            try:
                cr = self.env.cr
                # In a test the transaction has begun already, and is the only one.
                if cr.connection.info.transaction_status == TRANSACTION_STATUS_IDLE:
                    cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
                result = step(*args)
                # The step is whole, and the network must not be waited for in it.
                self.env.cr.commit()  # pylint: disable=invalid-commit
                return result
            except (SerializationFailure, DeadlockDetected):
                self.env.cr.rollback()
                self.env.transaction.clear()
                if attempt == MAX_CONFLICTS - 1:
                    raise
                time.sleep(random.uniform(0.01, 0.1) * 2**attempt)
