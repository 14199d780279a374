# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
import random
import time
from datetime import datetime, timedelta
from functools import partial
from itertools import chain
from typing import NamedTuple

from psycopg2.errors import DeadlockDetected, SerializationFailure
from psycopg2.extensions import TRANSACTION_STATUS_IDLE

from odoo import fields, models
from odoo.tools import SQL

from ...providers import PROVIDERS, base, faults, outbound
from ...providers.poster import MAX_IN_FLIGHT, Poster
from ...tools.dispatch import Deadline, DispatchRun
from ..core.batch_jobs import DATABASE_FAULTS, contain, lock_next, undo
from ..core.bulk_insert import update_all
from ..core.trail import LINE_IDS, log_each, trace
from ..message.sms_sms import UNKNOWN_STATE
from ..message.sms_sms_intake import PERSONAL_PRIORITY

_logger = logging.getLogger(__name__)
#: System parameter: how many posts may be in flight at once in one worker.
IN_FLIGHT_PARAMETER = "helpdesk_mgmt_sms.in_flight"
#: Seconds that a run waits for messages due soon, as crons have minute resolution.
LINGER = 5.0
#: Seconds that a run waits for carriers' answers before it tries to claim again.
COLLECT_TIMEOUT = 0.5
#: Seconds between two claims while calls are in flight, unless somebody waits for a
#: text: claiming a few costs as much as claiming many.
CLAIM_EVERY = 0.25
#: Seconds between two reports of the run's progress to the cron.
TELL_EVERY = 0.5
#: Attempts at a step that conflicts with another transaction.
MAX_CONFLICTS = 8
#: Seconds after its claim within which a post must begin. After that the claim may
#: count as abandoned, and another worker may have taken it over.
POST_WITHIN = 60.0
#: Seconds without any answer after which a run ends: its claims are abandoned by then.
GIVE_UP = 120.0
#: Rows per batch that get a new sender, after the company's account has changed, and
#: how soon they must be due: longer than the cron's interval.
ASSIGN_SIZE, ASSIGN_AHEAD = 1000, timedelta(minutes=2)
#: How long a message waits that could not be claimed, or given a sender.
PUT_OFF = timedelta(minutes=15)
#: A message claimed longer ago than this was left behind by a crash. The calls before
#: it in a worker take less, even if each of them times out.
LEASE = timedelta(minutes=2)


class Call(NamedTuple):
    """The key of a call to a carrier, which matches the answer to its message.

    ``kind`` is ``send``, ``find`` or ``fetch``; ``attempt`` is the message's, so that
    a late answer is not taken for that of a later attempt. From ``end`` on (UTC) the
    message has expired, and no post of it begins. ``slot`` is how many seconds of its
    sender's time it was given, and ``due`` (``time.monotonic()``) when they begin.
    ``company_id``, ``number`` (E.164) and ``sender_id`` are the message's; somebody
    waits for one that ``is_urgent``.
    """

    kind: str
    sms_id: int
    attempt: int
    end: datetime | None = None
    slot: float = 0.0
    due: float = 0.0
    company_id: int = 0
    number: str = ""
    is_urgent: bool = False
    sender_id: int = 0


class Account(NamedTuple):
    """A company's account at a carrier, with its own share of the calls in flight."""

    company_id: int
    provider: str


class SmsDispatcher(models.AbstractModel):
    """The outbox's worker: claims messages, hands them to carriers, records outcomes.

    The claim is committed before the first byte leaves, and no row is locked while
    waiting for the network. So a kill at any moment leaves each message either waiting
    (never posted) or claimed (perhaps posted); a claimed one is looked up at the
    carrier before anything else is done with it. Any number of workers may run.
    """

    _name = "sms.dispatcher"
    _description = "Text Message Outbox"
    _never_gives_way = True

    def _run(self):
        run = DispatchRun(self.env["ir.cron"]._commit_progress(remaining=1))
        with Poster(self._get_in_flight()) as poster:
            while self._work_once(poster, run):
                pass
            self._schedule_next_run(run.done)

    def _work_once(self, poster, run):
        """Claim, wait for carriers, record their answers; return whether to go on."""
        self._recall(poster, run)
        is_open = self._is_open(poster, run)
        if is_open:
            self._claim_and_submit(poster, run)
            self._recall(poster, run)
        if not poster.pending:
            run.answered_at = time.monotonic()
            may_wait = is_open and run.seconds_left > 0 and run.waited < LINGER
            pause = self._wait_for_due() if may_wait else 0
            if not pause:
                return False
            run.waited += pause
        elif results := poster.collect(COLLECT_TIMEOUT):
            run.note_ended(len(results))
            self._record_safely(
                self._record_outcomes,
                results,
                lambda result: f"sms.sms({result[0].sms_id},): its outcome",
            )
        elif time.monotonic() - run.answered_at > GIVE_UP:
            _logger.error("%d calls to carriers do not end", poster.pending)
            return False
        if time.monotonic() - run.told_at > TELL_EVERY:
            run.note_told(self.env["ir.cron"]._commit_progress(run.done, remaining=1))
        return True

    def _claim_and_submit(self, poster, run):
        """Claim the messages that may leave now, and hand them to the threads."""
        if time.monotonic() - run.filled_at < CLAIM_EVERY and (
            poster.is_full
            or poster.pending
            and not self._in_new_transaction(self._find_urgent_senders)
        ):
            return
        run.filled_at = time.monotonic()
        until = Deadline(POST_WITHIN)
        self._in_new_transaction(self._mark_abandoned)
        full = run.slow.union(poster.get_full())
        lookups = self._in_new_transaction(self._claim_lookups, poster.room, full)
        self._submit(poster, lookups, until)
        accounts = self._in_new_transaction(self._get_accounts, run)
        waiting = [account for account in accounts if account not in full]
        for index, account in enumerate(waiting):
            # The remaining room is shared with the accounts that follow.
            self._recall(poster, run)
            share = poster.room // (len(waiting) - index + 1)
            room = min(poster.get_room(account), max(share, 1))
            if not room:
                continue
            calls = self._in_new_transaction(self._claim, accounts[account], room)
            self._submit(poster, calls, until)
            if len(calls) >= room and run.is_alone:
                self._in_new_transaction(self._wake_others)
                run.is_alone = False

    def _find_urgent_senders(self):
        """Return the ids of the senders with a due text that somebody waits for."""
        query = """
            SELECT id FROM sms_sender sender
             WHERE EXISTS (
                       SELECT FROM sms_sms sms
                        WHERE sms.state = 'outgoing' AND sms.sender_id = sender.id
                          AND sms.priority <= %s AND sms.not_before <= %s)
        """
        query = SQL(query, PERSONAL_PRIORITY, fields.Datetime.now())
        return {sender_id for (sender_id,) in self.env.execute_query(query)}

    def _submit(self, poster, calls, until):
        """Hand calls to the threads, as :meth:`_claim` returns them."""
        for account, key, call, delay in calls:
            guarded = partial(self._call_safely, key, call, until)
            poster.submit(account, key, guarded, delay, key.is_urgent, key.sender_id)

    @staticmethod
    def _call_safely(key, call, until):
        """Make one call; an exception in an adapter must not affect other calls.

        Runs in a thread, without the database.
        """
        is_over = key.end and fields.Datetime.now() >= key.end
        if key.kind == "send" and (is_over or until.is_over()):
            return outbound.Outcome(
                outbound.AGAIN, fault=faults.NO_CONNECTION, failure_type="sms_server"
            )
        try:
            return call()
        except base.LookupFailed:
            return None
        except Exception as error:  # the adapter failed: it may have been sent
            if key.kind != "send":
                _logger.exception("sms.sms(%s,): cannot be looked up", key.sms_id)
                return None
            _logger.exception("sms.sms(%s,): unknown outcome", key.sms_id)
            return outbound.Outcome(
                outbound.UNKNOWN,
                fault=faults.NO_ANSWER,
                failure_type="sms_server",
                detail=type(error).__name__,
            )

    def _wake(self, at=None):
        """Trigger the first dispatcher, now or at a time or list of times (UTC)."""
        self.env["ir.cron"]._wake_sms("ir_cron_sms_dispatch", at)

    def _wake_others(self):
        """Trigger the other dispatchers: more is waiting than this one can take."""
        is_other = ("id", "!=", self.env.context.get("cron_id"))
        domain = [("model_id.model", "=", self._name), is_other]
        for cron_sudo in self.env["ir.cron"].sudo().search(domain):
            cron_sudo._trigger()

    def _get_in_flight(self):
        value = self.env["ir.config_parameter"].sudo().get_param(IN_FLIGHT_PARAMETER)
        try:
            # A missing parameter is False, which ``int`` would take for 0.
            return min(max(int(value or MAX_IN_FLIGHT), 1), MAX_IN_FLIGHT)
        except ValueError:
            return MAX_IN_FLIGHT

    def _in_new_transaction(self, step, *args):
        """Run one step in a transaction of its own and commit it.

        Each statement sees what is committed by then (*read committed*): a step first
        locks its rows, then reads, then writes, so that a delivery report in between
        neither gets lost nor makes the whole step fail.
        """
        for attempt in range(MAX_CONFLICTS):
            try:
                cr = self.env.cr
                # In a test the transaction has begun already, and is the only one.
                if cr.connection.info.transaction_status == TRANSACTION_STATUS_IDLE:
                    cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
                result = step(*args)
                # The step is complete; no transaction stays open during network calls.
                self.env.cr.commit()  # pylint: disable=invalid-commit
                return result
            except (SerializationFailure, DeadlockDetected):
                undo(self.env)
                if attempt == MAX_CONFLICTS - 1:
                    raise
                time.sleep(random.uniform(0.01, 0.1) * 2**attempt)

    def _lock_messages(self, sms_ids):
        """Lock messages by id, so that none deadlock; return ``{id: attempts}``."""
        query = (
            "SELECT id, COALESCE(attempts, 0) FROM sms_sms"
            " WHERE id = ANY(%s) ORDER BY id FOR UPDATE"
        )
        self.env["sms.sms"].flush_model()
        rows = self.env.execute_query(SQL(query, sms_ids))
        self.env["sms.sms"].invalidate_model()
        return dict(rows)

    def _contain_each(self, messages, work):
        """Do some work on locked messages; one that fails must not hold up the others.

        The caller gets those that fail out of the way, by :meth:`_write_plainly`.

        :param work: function of messages
        :return: the messages that fail even alone; that is logged
        """
        if not messages:
            return messages
        failure, named = "%s: the outbox cannot handle it", messages[:LINE_IDS]
        if contain(self.env, lambda: [work(messages)], _logger, failure, named):
            return messages.browse()
        if len(messages) == 1:
            return messages
        each = (self._contain_each(sms, work) for sms in messages)
        return messages.browse().concat(*each)

    def _write_plainly(self, messages, **values):
        """Write values on messages in SQL: the ORM may fail on them, or fail again."""
        if messages:
            update_all(messages, **values)
            messages.invalidate_recordset(flush=False)

    # === Senders of waiting messages ===

    def _assign_senders(self, after=0):
        """Assign senders to waiting messages without one that sends for the company.

        Either the sender was removed, or the message is older than senders, or this
        database is a neutralized copy, or the sender has stopped and the company has a
        second carrier. That may have no sender for many of them, so they take turns.

        :param int after: id after which the batch begins
        :return: id after which the next batch begins, 0 after the last one
        """
        is_lost = SQL("sms.sender_id IS NULL")
        # Ids, so that the planner sees how few there are, and uses an index.
        if replaced := self._find_replaced_senders():
            is_lost = SQL("(%s OR sms.sender_id = ANY(%s))", is_lost, replaced)
        query = """
            SELECT sms.id FROM sms_sms sms
              JOIN res_company company ON company.id = sms.record_company_id
             WHERE sms.state = 'outgoing' AND %s
               AND company.sms_provider = ANY(%s)
               AND sms.not_before <= %s AND sms.id > %s
          ORDER BY sms.id + 0 -- the primary key would lead through all texts
             LIMIT %s FOR UPDATE OF sms SKIP LOCKED
        """
        until = fields.Datetime.now() + ASSIGN_AHEAD
        query = SQL(query, is_lost, list(PROVIDERS), until, after, ASSIGN_SIZE)
        messages = self.env["sms.sms"]._select(query)
        failed = self._contain_each(messages, self._assign_all)
        self._write_plainly(failed, not_before=fields.Datetime.now() + PUT_OFF)
        return messages[-1:].id if len(messages) == ASSIGN_SIZE else 0

    def _find_replaced_senders(self):
        """Return the ids of senders whose messages need another one.

        A stopped sender is replaced by the other carrier's if its fault allows that,
        and that carrier has a sender that may send. When its pause is over, the next
        new message tries it again.
        """
        query = """
            SELECT sender.id FROM sms_sender sender
              JOIN res_company own ON own.id = sender.company_id
             WHERE NOT sender.active
                OR sender.provider NOT IN (COALESCE(own.sms_provider, ''),
                                           COALESCE(own.sms_backup_provider, ''))
                OR (own.sms_backup_provider IS NOT NULL
                    AND sender.stopped_until > %(now)s
                    AND EXISTS (SELECT 1 FROM sms_fault fault
                                 WHERE fault.id = sender.fault_id AND fault.use_backup)
                    AND EXISTS (SELECT 1 FROM sms_sender other
                                 WHERE other.company_id = own.id AND other.active
                                   AND other.provider != sender.provider
                                   AND other.provider IN (own.sms_provider,
                                                          own.sms_backup_provider)
                                   AND COALESCE(other.stopped_until, %(now)s)
                                       <= %(now)s))
        """
        rows = self.env.execute_query(SQL(query, now=fields.Datetime.now()))
        return [row[0] for row in rows]

    def _assign_all(self, messages):
        for company, waiting in messages.grouped("record_company_id").items():
            self._assign(company, waiting)
        # The account has no sender: the gate records that on the message.
        messages.filtered(lambda sms: not sms.sender_id)._ask_gate()

    def _assign(self, company, waiting):
        """Assign senders to locked messages of one company."""
        carriers = company._get_sms_carriers()
        if not company._get_sms_sender_ids(carriers[0]):
            self.env["sms.sender"]._sync(company)
        stopped = waiting.filtered(
            lambda sms: sms.sender_id.active and sms.sender_id.provider in carriers
        )
        for sender, messages in stopped.grouped("sender_id").items():
            [code] = set(carriers) - {sender.provider}
            chosen = messages._choose_open_senders(company, code)
            found = {sms_id: it for sms_id, it in chosen.items() if it}
            self._write_senders(found, refused_by=sender.provider)
        self._write_senders((waiting - stopped)._choose_senders(company, carriers[0]))

    def _write_senders(self, chosen, **values):
        """Store the chosen senders (``sms.sender`` by message id)."""
        messages = self.env["sms.sms"].browse(chosen)
        for sender, own in messages.grouped(lambda sms: chosen[sms.id]).items():
            own.write({"sender_id": sender.id, **values})

    # === Outcomes ===

    def _record_safely(self, record, items, describe):
        """Record what carriers said; leave out only what cannot be recorded.

        A message whose outcome cannot stays claimed, and is looked up later.

        :param record: step that records a list of items, in a new transaction
        :param describe: function of an item, for the log
        :return: list of what ``record`` has returned, for all items or for each
        """
        try:
            return [self._in_new_transaction(record, items)]
        except DATABASE_FAULTS:
            raise
        except Exception:
            undo(self.env)
            if len(items) == 1:
                _logger.exception("%s cannot be recorded", describe(items[0]))
                return []
            each = (self._record_safely(record, [item], describe) for item in items)
            return list(chain.from_iterable(each))

    def _record_outcomes(self, results):
        """Record the results of the poster's calls, in bulk.

        Results of an earlier attempt than the message's last, or of a deleted message,
        are dropped.

        :param results: list of ``(Call, result)``; the result of a ``send`` is an
            ``Outcome``, of the others see :meth:`_record_lookups`
        """
        attempts = self._lock_messages([call.sms_id for call, _result in results])
        messages = self.env["sms.sms"].browse(attempts)
        ends = [
            (call.kind, call.sms_id, result)
            for call, result in results
            if attempts.get(call.sms_id) == call.attempt
        ]
        self._record_posts({row: end for kind, row, end in ends if kind == "send"})
        self._record_lookups(end for end in ends if end[0] != "send")
        answer = "%s: the carrier's answer is recorded, %s %s"
        trace(messages, answer, "state", "carrier_code")
        messages._update_trackers()
        messages.mail_message_id._notify_message_notification_update()
        self.env["sms.report.fetch"]._plan(messages)
        self._after_outcomes(messages)

    def _after_outcomes(self, messages):
        """Hook for what follows once outcomes are recorded.

        :param messages: ``sms.sms`` whose outcomes were recorded
        """

    def _record_posts(self, outcomes):
        """Record the carriers' answers to posts (``Outcome`` by message id)."""
        accepted = {
            sms_id: outcome
            for sms_id, outcome in outcomes.items()
            if outcome.kind == outbound.ACCEPTED and outcome.carrier_id
        }
        self.env["sms.sms"].browse(accepted)._record_accepted(accepted)
        for sms_id, outcome in outcomes.items():
            if sms_id not in accepted:
                self.env["sms.sms"].browse(sms_id)._record_refused(outcome)

    def _mark_abandoned(self):
        """Mark abandoned claims as unknown, so that they are looked up."""
        condition = "state = 'process' AND provider = ANY(%s) AND claimed_at < %s"
        condition = SQL(condition, list(PROVIDERS), fields.Datetime.now() - LEASE)
        abandoned = lock_next(self.env["sms.sms"], condition, SQL("id"), limit=None)
        if abandoned:
            message = "%s: unknown outcome, its worker is gone"
            log_each(_logger, logging.WARNING, abandoned, message)
        failed = self._contain_each(abandoned, self._end_claims)
        # It may have been sent, so it must not be posted again.
        lookup_at = fields.Datetime.now() + LEASE
        self._write_plainly(failed, state=UNKNOWN_STATE, lookup_at=lookup_at)

    def _end_claims(self, abandoned):
        abandoned._mark_unknown()
        abandoned._update_trackers()
