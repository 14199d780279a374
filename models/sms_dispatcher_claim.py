# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
import random
import time
from datetime import timedelta
from functools import partial

from psycopg2 import InterfaceError, OperationalError

from odoo import api, fields, models
from odoo.tools import SQL

from ..providers import PROVIDERS, faults
from ..tools.dispatch import HORIZON
from .sms_dispatcher import Account, Call
from .sms_dispatcher_settle import LEASE
from .sms_sender_pace import IS_TRYING, NEXT_SLOT

_logger = logging.getLogger(__name__)

#: One in so many goes to whoever has waited longest, whatever its purpose: what is less
#: urgent goes on, only slower, while urgent messages keep coming.
PATIENT_SHARE = 10
#: The orders in which messages leave.
BY_URGENCY, BY_PATIENCE = SQL("priority, not_before, id"), SQL("not_before, id")
#: After a failure so many messages of a sender are tried one by one.
ONE_BY_ONE = 20
#: A message that cannot be claimed waits so long.
PUT_OFF = timedelta(minutes=15)


class SmsDispatcher(models.AbstractModel):
    """What may leave now: taken in order of urgency, at its sender's speed."""

    _inherit = "sms.dispatcher"

    @api.model
    def _get_accounts(self):
        """Return the accounts that have something to send and may do so now.

        :return: lists of ``ReadySender`` by :class:`Account`, in the order of its turn
        """
        self._end_expired()
        self._assign_senders()
        accounts = {}
        for ready in self.env["sms.sender.pace"]._get_ready():
            account = Account(ready.company_id, ready.provider)
            accounts.setdefault(account, []).append(ready)
        return accounts

    @api.model
    def _claim(self, senders, room):
        """Take the next messages, ask the gate again and mark them as being sent.

        :param senders: list of ``ReadySender`` of one account
        :param int room: how many can be posted now
        :return: list of (:class:`Account`, :class:`Call`, function, delay) for the
            poster
        """
        calls = []
        for index, sender in enumerate(senders):
            share = (room - len(calls)) // (len(senders) - index)
            if sender.capacity is not None:
                share = min(share, sender.capacity)
            if share > 0:
                calls += self._claim_safely(sender, share, self._draw_patient(share))
        return calls

    @api.model
    def _draw_patient(self, limit):
        """Return how many of a batch go to whoever has waited longest.

        A slow sender's batch is one message: of those it is one in so many, by chance,
        since several workers take them in turn.

        :param int limit: how many the batch may have
        """
        return int(limit / PATIENT_SHARE + random.random())

    @api.model
    def _claim_safely(self, ready, limit, patient=0):
        """Take messages of one sender; what fails must not hold up the other senders.

        A message with which it fails even alone waits for a while, so that those
        behind it come to their turn.

        :param ReadySender ready: the sender
        :param int limit: messages at most
        :param int patient: so many of them have waited longest, the others are the most
            urgent
        """
        try:
            with self.env.cr.savepoint():
                return self._claim_for(ready, limit, patient)
        except (OperationalError, InterfaceError):  # the database: the run's to decide
            raise
        except Exception:
            self.env.invalidate_all(flush=False)
            if limit > 1:
                singles = (self._claim_safely(ready, 1) for _one in range(ONE_BY_ONE))
                return [call for calls in singles for call in calls]
            _logger.exception("A text message of sender %s cannot be sent", ready.id)
            self._put_off(ready, BY_PATIENCE if patient else BY_URGENCY)
            return []

    @api.model
    def _put_off(self, ready, order):
        """Let the next message of a sender wait: it cannot be claimed.

        By SQL: whatever is wrong with it, the ORM may meet it again.

        :param SQL order: by which it is the next
        """
        rows = self._lock_some(ready.id, order, 1)
        self.env.cr.execute(
            SQL(
                "UPDATE sms_sms SET not_before = %s WHERE id = ANY(%s)",
                fields.Datetime.now() + PUT_OFF,
                [row[0] for row in rows],
            )
        )

    @api.model
    def _claim_for(self, ready, limit, patient):
        """Take the next messages of one sender, and give them their slots.

        :param ReadySender ready: the sender
        :param int limit: messages at most
        :param int patient: so many of them have waited longest
        """
        ready = self.env["sms.sender.pace"]._lock(ready)
        if not ready:
            return []
        sender = self.env["sms.sender"].browse(ready.id)
        if sender.company_id._has_locked_sms_account(sender.provider):
            policies = self.env["sms.fault"]
            sender._stop(policies._get_policy(faults.LOCKED, sender.company_id))
            return []
        allowed = self._lock_next(ready, limit, patient)._ask_gate()
        if not allowed:
            return []
        allowed._mark_claimed(sender.provider)
        segments = allowed.mapped("segment_count")
        self.env["sms.sms"].flush_model()
        delay = self.env["sms.sender.pace"]._book(ready, sum(segments))
        booked_at = time.monotonic()
        allowed = allowed.with_context(sms_bodies=allowed._get_revealed_bodies())
        calls = []
        account = Account(ready.company_id, ready.provider)
        provider = sender.company_id._get_sms_provider(sender.provider)
        for sms, count in zip(allowed, segments, strict=True):
            call = partial(provider.send, sms._to_outbound(sender))
            slot = count / ready.rate if ready.rate else 0.0
            end = sms.expires_at or None
            due = booked_at + delay
            whose = (account.company_id, sms.number)
            key = Call("send", sms.id, sms.attempts, end, slot, due, *whose)
            calls.append((account, key, call, delay))
            delay += slot
        return calls

    @api.model
    def _lock_next(self, ready, limit, patient=0):
        """Return the next messages of a sender, locked; those of others are skipped.

        First those that have waited longest, then by urgency.

        :param ReadySender ready: the sender
        :param int limit: messages at most
        :param int patient: so many of them have waited longest
        """
        taken = self._lock_some(ready.id, BY_PATIENCE, patient)
        taken += self._lock_some(ready.id, BY_URGENCY, limit - len(taken), taken)
        if ready.capacity is None:
            return self._browse(taken)
        fitting, left = [], ready.capacity
        for row in taken:
            # The first one goes, however long: else it would never fit.
            if fitting and row[1] > left:
                break
            fitting.append(row)
            left -= row[1]
        return self._browse(fitting)

    @api.model
    def _browse(self, rows):
        """Return the messages of some locked rows."""
        return self.env["sms.sms"].browse(row[0] for row in rows)

    @api.model
    def _lock_some(self, sender_id, order, limit, taken=()):
        """Lock waiting rows of a sender that no other worker has locked.

        :param SQL order: by which the next are found
        :param taken: rows that are locked already
        :return: list of ``(id, segment count)``
        """
        if not limit:
            return []
        return self.env.execute_query(
            SQL(
                """
                SELECT id, GREATEST(segment_count, 1) FROM sms_sms
                 WHERE state = 'outgoing' AND sender_id = %s AND not_before <= %s
                   AND id != ALL(%s)
              ORDER BY %s
                 LIMIT %s
                   FOR UPDATE SKIP LOCKED
                """,
                sender_id,
                fields.Datetime.now(),
                [row[0] for row in taken],
                order,
                limit,
            )
        )

    @api.model
    def _get_next_due(self):
        """Return in how many seconds something is due: a message, a lookup, a crash.

        :return: seconds, 0 for what waits already; None if nothing waits
        """
        self.env["sms.sms"].flush_model()
        [(due,)] = self.env.execute_query(
            SQL(
                """
                SELECT EXTRACT(EPOCH FROM LEAST(
                           (SELECT min(GREATEST(sender.stopped_until, next.due,
                                                %(next_slot)s - %(horizon)s))
                              FROM sms_sender sender
                         LEFT JOIN sms_sender_pace pace ON pace.sender_id = sender.id,
                                   LATERAL (SELECT not_before AS due FROM sms_sms
                                             WHERE state = 'outgoing'
                                               AND sender_id = sender.id
                                          ORDER BY not_before LIMIT 1) AS next
                             WHERE sender.active AND NOT %(is_trying)s),
                           (SELECT sms.lookup_at %(lookups)s
                          ORDER BY sms.lookup_at LIMIT 1),
                           (SELECT sms.expires_at %(expiring)s
                          ORDER BY sms.expires_at LIMIT 1),
                           (SELECT min(claimed_at) + %(lease)s FROM sms_sms
                             WHERE state = 'process' AND provider = ANY(%(providers)s))
                       ) - %(now)s)::float
                """,
                is_trying=IS_TRYING,
                horizon=timedelta(seconds=HORIZON),
                next_slot=NEXT_SLOT,
                lookups=self._get_lookup_source(),
                expiring=self._get_expiring_source(),
                lease=LEASE,
                providers=list(PROVIDERS),
                now=fields.Datetime.now(),
            )
        )
        return due if due is None else max(due, 0.0)
