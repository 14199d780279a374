# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
import math
import random
import time
from collections import Counter
from datetime import timedelta
from functools import partial

from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import SQL, groupby

from ...providers import PROVIDERS
from ...tools import consent, quiet_hours, verdicts
from ...tools.dispatch import HORIZON, DispatchRun
from ..core.batch_jobs import DATABASE_FAULTS
from ..core.bulk_insert import as_array
from ..core.trail import trace
from ..ledger.sms_consent_key import ConsentKeyError
from ..message.sms_sms_intake import PERSONAL_PRIORITY
from .sms_dispatcher import COLLECT_TIMEOUT, LEASE, LINGER, PUT_OFF, Account, Call
from .sms_sender_pace import IS_TRYING, NEXT_SLOT

_logger = logging.getLogger(__name__)
#: One slot in this many goes to the message that has waited longest, whatever its
#: purpose: less urgent ones still leave, only slower, while urgent ones keep coming.
OLDEST_SHARE = 10
#: The orders in which messages leave.
BY_URGENCY, BY_AGE = SQL("priority, not_before, id"), SQL("not_before, id")
#: Messages of a sender that are claimed one by one after a batch has failed.
ONE_BY_ONE = 20
#: Expired messages that are ended between two commits.
END_SIZE = 500
#: Seconds beyond the cron's time in which other accounts' texts still leave while one
#: account waits for its carrier: longer than a carrier's time-out.
OVERTIME = 15.0
#: Texts to a number wait for an older one whose next try is due within this time: after
#: a busy carrier's refusal, or when held texts are spread out. See docs/scaling.md.
ORDER_AHEAD = timedelta(minutes=30)
#: How long they wait at most for an older one that keeps failing.
ORDER_KEPT = timedelta(hours=1)
#: Condition: an older text to the number has to leave first. One that waits although it
#: was claimed was refused for now, or requeued. Abandoned claims do not count, and
#: urgent texts and answers to the person's own text never wait.
IS_BEHIND = """(
    sms_sms.exemption IS NULL AND sms_sms.gate_timing IS DISTINCT FROM 'answer'
AND (sms_sms.gate_verdict = 'hold' OR sms_sms.purpose_id != ALL(%(urgent)s))
AND EXISTS (
    SELECT FROM sms_sms older
     WHERE older.record_company_id = sms_sms.record_company_id
       AND older.number = sms_sms.number AND older.id < sms_sms.id
       AND older.state IN ('outgoing', 'process', 'unknown')
       AND CASE older.state
           WHEN 'process' THEN older.claimed_at > %(since)s
            AND (sms_sms.gate_verdict = 'hold' OR older.attempts > 1)
           WHEN 'unknown' THEN older.tried_at > %(kept)s
           ELSE older.sender_id = sms_sms.sender_id AND (
                older.not_before <= %(now)s AND older.gate_verdict = 'hold'
             OR older.not_before <= %(ahead)s AND older.claimed_at IS NOT NULL
                AND COALESCE(older.tried_at > %(kept)s, TRUE)
             OR older.not_before <= %(ahead)s AND older.gate_reason = 'quiet_hours'
                AND older.gate_verdict = 'hold'
                AND older.purpose_id = sms_sms.purpose_id)
           END)
)"""
#: Condition: the person is on another call, or was within the last minute, whichever
#: company made it. A call whose end is never reported stops counting once the carrier
#: must have ended it.
CALL_PAUSE, CALL_LONGEST = timedelta(minutes=1), timedelta(minutes=5)
IS_ENGAGED = """(
    sms_sms.is_call IS TRUE AND EXISTS (
    SELECT FROM sms_sms other
     WHERE other.is_call AND other.number = sms_sms.number AND other.id != sms_sms.id
       AND CASE WHEN other.state = 'outgoing'
                THEN other.id < sms_sms.id AND other.sender_id = sms_sms.sender_id
                 AND other.not_before <= %(now)s
                ELSE COALESCE(other.call_ended_at > %(rung)s,
                              other.claimed_at > %(called)s) END)
)"""
#: Condition: the person's own text waits to be read, and may be a STOP: its carrier was
#: answered, and nothing but automatic replies may leave before.
IS_UNREAD = """(
    sms_sms.exemption IS NULL AND EXISTS (
    SELECT FROM sms_webhook_event unread
     WHERE unread.kind = 'text' AND unread.is_failed IS NOT TRUE
       AND unread.company_id = sms_sms.record_company_id
       AND unread.number = sms_sms.number)
)"""
#: Seconds ahead beyond which no run is scheduled; a later run looks again. Otherwise
#: every run would schedule one for messages held far ahead, as by a paused broadcast.
FAR_AWAY = 24 * 3600.0
#: Seconds between two checks for opt-outs since texts were claimed.
RECALL_EVERY = 0.5
#: Seconds from the start of a check within which posts may begin. With the way to the
#: carrier it stays below two: no claimed text leaves later than that after a STOP.
RECALL_WITHIN = 1.2


class SmsDispatcher(models.AbstractModel):
    """Claims the messages that may leave now, by urgency and at their sender's pace.

    Those that must no longer leave, after a STOP, are taken back while they wait.
    """

    _inherit = "sms.dispatcher"

    def _get_accounts(self, run=None):
        """Return the accounts that have something to send and may do so now.

        :param run: the run, which continues with the next messages without a sender
        :return: lists of ``ReadySender`` by :class:`Account`, in order of their turn
        """
        run = run or DispatchRun(0.0)
        self._end_expired()
        while True:
            run.assigned_to = self._assign_senders(run.assigned_to)
            accounts = self._group_ready()
            if accounts or not run.assigned_to:
                return accounts

    def _group_ready(self):
        """Return the senders that may send now, by :class:`Account`."""
        ready = self.env["sms.sender.pace"]._get_ready()
        return dict(groupby(ready, lambda it: Account(it.company_id, it.provider)))

    def _claim(self, senders, room):
        """Claim the next messages, ask the gate again and mark them as being sent.

        :param senders: list of ``ReadySender`` of one account
        :return: list of (:class:`Account`, :class:`Call`, function, delay) for the
            poster
        """
        calls = []
        for index, sender in enumerate(senders):
            share = (room - len(calls)) // (len(senders) - index)
            if sender.capacity is not None:
                share = min(share, sender.capacity)
            if share > 0:
                # Rounded at random: several workers in turn claim a slow sender's
                # batches of one, so chance decides which of these goes by age.
                oldest = int(share / OLDEST_SHARE + random.random())
                calls += self._claim_safely(sender, share, oldest)
        return calls

    def _claim_safely(self, ready, limit, oldest=0):
        """Claim messages of one sender; one that fails must not hold up the others.

        A message that fails even alone is postponed, so that those behind it get their
        turn.
        """
        try:
            with self.env.cr.savepoint():
                return self._claim_for(ready, limit, oldest)
        except DATABASE_FAULTS:  # the run handles a lost database
            raise
        except Exception:
            if limit > 1:
                singles = (self._claim_safely(ready, 1) for _one in range(ONE_BY_ONE))
                return [call for calls in singles for call in calls]
            put_off = self._postpone_next(ready, BY_AGE if oldest else BY_URGENCY)
            _logger.exception("%s: cannot be sent by sender %s", put_off, ready.id)
            return []

    def _postpone_next(self, ready, order):
        """Postpone a sender's next message, which cannot be claimed, and return it.

        In SQL: the ORM may fail on it again.
        """
        locked = self._lock_some(ready.id, order, 1)
        put_off = self.env["sms.sms"].browse(row[0] for row in locked)
        self._write_plainly(put_off, not_before=fields.Datetime.now() + PUT_OFF)
        return put_off

    def _claim_for(self, ready, limit, oldest):
        """Claim the next messages of one sender, and book their slots."""
        paces = self.env["sms.sender.pace"]
        ready = paces._lock_ready(ready)
        if not ready:
            return []
        sender = self.env["sms.sender"].browse(ready.id)
        company = sender.company_id
        if lock := company._find_sms_account_lock(sender.provider):
            sender._stop(self.env["sms.fault"]._get_policy(lock, company))
            return []
        allowed = self._lock_next(ready, limit, oldest)._ask_gate()
        if not allowed:
            return []
        allowed._mark_claimed(sender.provider)
        trace(allowed, "%s: claimed for %s, attempt %s", "sender_id", "attempts")
        # Twilio places one call a second:
        # https://www.twilio.com/docs/api/rest/making-calls
        slots = [1 if sms.is_call else sms.segment_count for sms in allowed]
        self.env["sms.sms"].flush_model()
        delay = paces._book(ready, sum(slots))
        booked_at = time.monotonic()
        bodies = allowed._get_revealed_bodies()
        calls = []
        account = Account(ready.company_id, ready.provider)
        provider = company._get_sms_provider(sender.provider)
        for sms, count in zip(allowed, slots, strict=True):
            send = sms._get_adapter_method(provider, "send")
            call = partial(send, sms._to_outbound(sender, bodies[sms.id]))
            slot = count / ready.rate if ready.rate else 0.0
            end = sms.expires_at or None
            due = booked_at + delay
            whose = (account.company_id, sms.number)
            turn = (sms.priority <= PERSONAL_PRIORITY, ready.id)
            key = Call("send", sms.id, sms.attempts, end, slot, due, *whose, *turn)
            calls.append((account, key, call, delay))
            delay += slot
        return calls

    def _lock_next(self, ready, limit, oldest=0):
        """Lock and return a sender's next messages, except those of other workers.

        First the ``oldest`` by age, then the others by urgency.
        """
        locked = self._lock_some(ready.id, BY_AGE, oldest)
        locked += self._lock_some(ready.id, BY_URGENCY, limit - len(locked), locked)
        ids, room = [], math.inf if ready.capacity is None else ready.capacity
        for sms_id, segments in locked:
            # The first one always goes: a long one might otherwise never fit.
            if ids and segments > room:
                break
            ids.append(sms_id)
            room -= segments
        return self.env["sms.sms"].browse(ids)

    def _lock_some(self, sender_id, order, limit, locked=()):
        """Lock waiting rows of a sender that no other worker has locked.

        Texts that were held, or are tried again, leave in the order in which they were
        written, per number: each waits until the carrier has the one before, whichever
        worker posts that.

        :param locked: rows that this worker has locked already
        :return: list of ``(id, segment count)``
        """
        if not limit:
            return []
        query = """
            SELECT id, GREATEST(segment_count, 1) FROM sms_sms
             WHERE state = 'outgoing' AND sender_id = %s
               AND not_before <= %s AND id != ALL(%s) AND NOT %s
          ORDER BY %s LIMIT %s FOR UPDATE OF sms_sms SKIP LOCKED
        """
        now, locked_ids = fields.Datetime.now(), [row[0] for row in locked]
        is_behind = self._get_behind_condition()
        query = SQL(query, sender_id, now, locked_ids, is_behind, order, limit)
        return self.env.execute_query(query)

    def _get_behind_condition(self):
        """Return the condition for a message (``sms_sms``) to wait for another text."""
        now = fields.Datetime.now()
        urgent = self.env["sms.purpose"].sudo().search([])
        urgent = urgent.filtered(lambda it: it.quiet_class == quiet_hours.URGENT)
        return SQL(
            f"({IS_BEHIND} OR {IS_ENGAGED} OR {IS_UNREAD})",
            now=now,
            since=now - LEASE,
            kept=now - ORDER_KEPT,
            ahead=now + ORDER_AHEAD,
            urgent=urgent.ids,
            rung=now - CALL_PAUSE,
            called=now - CALL_LONGEST,
        )

    def _get_next_due(self):
        """Return when something is due next: a message, lookup, expiry or lost claim.

        :return: seconds from now, 0 if it is due already; None if nothing waits
        """
        query = """
            SELECT EXTRACT(EPOCH FROM LEAST(
                       (SELECT min(GREATEST(sender.stopped_until, next.due,
                                            %(next_slot)s - %(horizon)s))
                          FROM sms_sender sender
                     LEFT JOIN sms_sender_pace pace ON pace.sender_id = sender.id,
                               LATERAL (SELECT not_before AS due FROM sms_sms
                                         WHERE state = 'outgoing'
                                           AND sender_id = sender.id
                                           AND NOT %(is_behind)s
                                      ORDER BY not_before LIMIT 1) AS next
                         WHERE sender.active AND NOT %(is_trying)s),
                       (SELECT sms.lookup_at %(lookups)s
                      ORDER BY sms.lookup_at LIMIT 1),
                       (SELECT sms.expires_at %(expiring)s
                      ORDER BY sms.expires_at LIMIT 1),
                       (SELECT min(claimed_at) + %(lease)s FROM sms_sms
                         WHERE state = 'process' AND provider = ANY(%(providers)s))
                   ) - %(now)s)::float
        """
        self.env["sms.sms"].flush_model()
        query = SQL(
            query,
            is_trying=IS_TRYING,
            is_behind=self._get_behind_condition(),
            horizon=timedelta(seconds=HORIZON),
            next_slot=NEXT_SLOT,
            lookups=self._get_lookup_source(),
            expiring=self._get_expiring_source(),
            lease=LEASE,
            providers=list(PROVIDERS),
            now=fields.Datetime.now(),
        )
        [(due,)] = self.env.execute_query(query)
        return due if due is None else max(due, 0.0)

    def _get_expiring_source(self):
        """Return the query for outbox messages that can expire: ``FROM … WHERE …``."""
        query = """
              FROM sms_sms sms
              JOIN res_company company ON company.id = sms.record_company_id
               AND company.sms_provider = ANY(%s)
             WHERE sms.expires_at IS NOT NULL AND sms.state = 'outgoing'
        """
        return SQL(query, list(PROVIDERS))

    def _end_expired(self):
        """End expired messages, except those that another worker has locked.

        Their turn may be far away, since their sender has stopped or their next try is
        later; until then they would be shown as waiting.
        """
        query = """
            SELECT sms.id %s AND sms.expires_at <= %s
          ORDER BY sms.expires_at LIMIT %s FOR UPDATE OF sms SKIP LOCKED
        """
        source, now = self._get_expiring_source(), fields.Datetime.now()
        expired = self.env["sms.sms"]._select(SQL(query, source, now, END_SIZE))
        failed = self._contain_each(expired, lambda messages: messages._ask_gate())
        self._write_plainly(failed, state="canceled")

    # === End of a run ===

    def _is_open(self, poster, run):
        """Return whether more may be claimed; if not, requeue what has not begun.

        When the cron's time is over and carriers are slow, the other accounts go on
        until the calls in flight have ended, so that nobody waits for the slow ones.
        """
        if run.seconds_left > 0:
            return True
        if run.over_at is None:
            run.over_at = time.monotonic()
        elif time.monotonic() - run.over_at < OVERTIME:
            run.slow = poster.get_slow(run.over_at)
            if run.slow:
                return True
        if calls := poster.withdraw():
            self._in_new_transaction(self._release, calls)
        return False

    def _release(self, calls):
        """Requeue claimed messages that were certainly never posted.

        Their slots are returned: otherwise a sender with a long queue would stand still
        at the end of each run. Past slots are not: messages booked in their place would
        leave together with those that others have booked for now.

        :param calls: list of ``Call``
        :return: the ``sms.sms`` that wait again
        """
        attempts = self._lock_messages([call.sms_id for call in calls])
        slots, lookups, now = {}, [], time.monotonic()
        for call in calls:
            if attempts.get(call.sms_id) != call.attempt:
                continue
            if call.kind == "send":
                slots[call.sms_id] = call.slot if call.due > now else 0.0
            else:
                lookups.append(call.sms_id)
        query = """
            UPDATE sms_sms
               SET state = 'outgoing', attempts = attempts - 1,
                   tried_at = CASE WHEN attempts > 1 THEN tried_at END
             WHERE id = ANY(%s) AND state = 'process' AND report_rank = 0
         RETURNING id, sender_id
        """
        released = self.env.execute_query(SQL(query, list(slots)))
        seconds = Counter()
        for sms_id, sender_id in released:
            seconds[sender_id] += slots[sms_id]
        self.env["sms.sender.pace"]._return_slots(seconds)
        asked = self.env["sms.sms"].browse(lookups).filtered("lookup_at")
        self._write_plainly(asked, lookup_at=fields.Datetime.now())
        self.env["sms.sms"].invalidate_model()
        return self.env["sms.sms"].browse(row[0] for row in released)

    def _wait_for_due(self):
        """Wait for a message that is due soon.

        :return: seconds waited, 0 if nothing is due soon
        """
        due = self._get_next_due()
        self.env["ir.cron"]._commit_progress()
        if due is None or due > LINGER:
            return 0
        pause = min(max(due, 0.05), COLLECT_TIMEOUT)
        time.sleep(pause)
        return pause

    def _schedule_next_run(self, done):
        """Schedule the outbox's next run at the end of this one."""
        due = self._get_next_due()
        is_soon = due is not None and due <= LINGER
        if due is not None and LINGER < due < FAR_AWAY:
            self._wake(fields.Datetime.add(fields.Datetime.now(), seconds=due))
        self.env["ir.cron"]._commit_progress(done, remaining=int(is_soon))

    # === Recall of claimed messages that have not begun ===

    # Behind a slow carrier a claimed text may wait for minutes, longer than a STOP may
    # take ("at once" is our target; 47 CFR 64.1200(a)(10): a reasonable time). The
    # threads do no database work. So the run checks for them, twice a second, and they
    # begin no more calls when its last check is too long ago.

    def _recall(self, poster, run):
        """Withdraw calls that must no longer begin; allow the others for a while."""
        looked_at = time.monotonic()
        if looked_at - run.recalled_at < RECALL_EVERY:
            return
        run.recalled_at = looked_at
        calls = [call for call in poster.get_waiting() if call.kind == "send"]
        blocked = calls and self._in_new_transaction(self._find_blocked, calls, run)
        withdrawn = poster.withdraw(blocked) if blocked else []
        poster.allow_until(looked_at + RECALL_WITHIN)
        if withdrawn:
            self._in_new_transaction(self._block_withdrawn, withdrawn)

    def _find_blocked(self, calls, run):
        """Return the calls whose sender has stopped, or whose message the gate blocks.

        The gate is asked only about numbers for which consent has ended, once per event
        of the ledger: some messages pass it nevertheless, such as the confirmation of a
        STOP.

        :param calls: list of ``Call`` that have not begun
        """
        ended = self._find_ended(calls)
        doubtful = [call for call in ended if run.asked.get(call) != ended[call]]
        run.asked = ended
        by_id = {call.sms_id: call for call in doubtful}
        messages = self.env["sms.sms"].browse(by_id).exists()
        blocked = []
        # A text about which the gate cannot be asked must not leave either.
        failed = self._contain_each(
            messages, lambda asked: blocked.extend(self._filter_blocked(asked))
        )
        withdrawn = {by_id[sms.id] for sms in [*blocked, *failed]}
        return withdrawn | self._find_stopped(calls)

    def _filter_blocked(self, messages):
        """Return the messages that the gate blocks by now; nothing is written."""
        readers = messages.partner_id._get_sms_readers()
        questions = [it._get_question(readers, sms_id=it.id) for it in messages]
        decided = zip(messages, self.env["sms.gate"]._decide(questions), strict=True)
        return [sms for sms, (it, _event_id) in decided if it.verdict == verdicts.BLOCK]

    def _find_stopped(self, calls):
        """Return the calls whose sender has stopped, or was removed, since then."""
        domain = Domain("id", "in", list({call.sender_id for call in calls}))
        is_stopped = Domain("stopped_until", ">", fields.Datetime.now())
        working = self.env["sms.sender"].search(domain & ~is_stopped)
        return {call for call in calls if call.sender_id not in working._ids}

    def _find_ended(self, calls):
        """Return the calls to numbers for which consent has ended, and by which event.

        Without the ledger's key numbers cannot be matched: all calls are returned.

        :return: ``{call: newest event's id}``, 0 without the key
        """
        if not calls:
            return {}
        try:
            hashes = self.env["sms.consent.key"]._hash(call.number for call in calls)
        except ConsentKeyError:
            return dict.fromkeys(calls, 0)
        query = """
            SELECT answer.*
              FROM unnest(%s) AS wanted (number_hash),
                   LATERAL (
                       SELECT company_id, number_hash, max(event_id)
                         FROM sms_consent
                        WHERE company_id = ANY(%s)
                          AND number_hash = wanted.number_hash
                          AND state IN %s
                     GROUP BY company_id, number_hash
                       OFFSET 0
                   ) AS answer
        """
        wanted = as_array(set(hashes.values()), "varchar")
        company_ids = list({call.company_id for call in calls})
        ended = (consent.OPTED_OUT, consent.NONE)
        rows = self.env.execute_query(SQL(query, wanted, company_ids, ended))
        events = {(company_id, value): event_id for company_id, value, event_id in rows}
        keys = {call: (call.company_id, hashes.get(call.number)) for call in calls}
        return {call: events[key] for call, key in keys.items() if events.get(key)}

    def _block_withdrawn(self, calls):
        """Requeue withdrawn messages and have the gate block those it refuses.

        In one transaction, so that nobody claims them in between. A crash before it
        leaves them claimed: they are looked up, and the gate is asked before a retry.
        """
        failed = self._contain_each(self._release(calls), self._block_released)
        self._write_plainly(failed, not_before=fields.Datetime.now() + PUT_OFF)

    def _block_released(self, released):
        """Have the gate block messages that wait again."""
        released._ask_gate()
        released.mail_message_id._notify_message_notification_update()
