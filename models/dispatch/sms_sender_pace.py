# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from typing import NamedTuple

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools import dispatch

#: Current UTC time by the database's clock, not that of the transaction's start.
CLOCK = SQL("(clock_timestamp() AT TIME ZONE 'UTC')")
#: Condition: only a report shows whether a stopped ``sender`` may send again, since one
#: has stopped it: nothing else ends a text for its sender's fault. A trial that was not
#: refused within five minutes is enough too, as some are never reported on.
NEEDS_REPORT = SQL(
    """
    (EXISTS (
        SELECT 1 FROM sms_sms refused
         WHERE refused.sender_id = sender.id AND refused.state = 'error'
           AND refused.fault_id = sender.fault_id
           AND refused.claimed_at > sender.stopped_until - interval '1 day'
     ) AND NOT EXISTS (
        SELECT 1 FROM sms_sms silent
         WHERE silent.sender_id = sender.id AND silent.state = 'pending'
           AND silent.claimed_at >= sender.stopped_until
           AND silent.claimed_at < %(clock)s - interval '5 minutes'
    ))
    """,
    clock=CLOCK,
)
#: Condition: a stopped ``sender`` has its one trial message under way. Until its
#: outcome is known, nothing else leaves by it.
IS_TRYING = SQL(
    """
    (COALESCE(sender.stop_count, 0) > 0 AND (EXISTS (
        SELECT 1 FROM sms_sms trial
         WHERE trial.sender_id = sender.id AND trial.state = 'process'
     ) OR EXISTS (
        SELECT 1 FROM sms_sms trial
         WHERE trial.sender_id = sender.id AND trial.state = 'pending'
           AND trial.claimed_at >= sender.stopped_until
     ) AND %(needs_report)s))
    """,
    needs_report=NEEDS_REPORT,
)
#: The next free slot of ``pace``. If the clock was set back since it was booked, it may
#: be hours away, and is ignored.
NEXT_SLOT = SQL("CASE WHEN pace.booked_at <= %s THEN pace.next_at END", CLOCK)


class ReadySender(NamedTuple):
    """A sender that may send now, and how much.

    ``provider`` is its adapter's code; ``capacity`` is in segments, None without a
    limit; ``rate`` in segments per second.
    """

    id: int
    company_id: int
    provider: str
    rate: float
    capacity: int


class SmsSenderPace(models.Model):
    """A sender's next slot, shared by all workers on all nodes.

    Separate from ``sms.sender``, as it changes with every batch: a manager who edits
    the speed must not wait for the outbox, nor the outbox for them. The clock is the
    database's, the only one that all nodes share.
    """

    _name = "sms.sender.pace"
    _description = "Text Message Sender's Pace"
    _log_access = False

    sender_id = fields.Many2one(
        "sms.sender", required=True, readonly=True, ondelete="cascade"
    )
    next_at = fields.Datetime(readonly=True, help="UTC: the next free slot.")
    booked_at = fields.Datetime(readonly=True, help="UTC: when it was given out.")
    slowed_at = fields.Datetime(readonly=True)
    slowed_to = fields.Float(readonly=True, default=1.0)

    _sender_unique = models.UniqueIndex("(sender_id)")

    @api.model
    def _get(self, sender):
        return self.search([("sender_id", "=", sender.id)], limit=1)

    @api.model
    def _get_ready(self):
        """Return the senders that have something to send and may do so now.

        The one whose last turn was longest ago comes first. Senders of a carrier that
        is not one of the company's two do not send, above all in a neutralized copy.

        :return: list of :class:`ReadySender`
        """
        condition = """
            sender.active AND COALESCE(sender.stopped_until, %(now)s) <= %(now)s
               AND EXISTS (SELECT 1 FROM sms_sms sms
                            WHERE sms.sender_id = sender.id
                              AND sms.state = 'outgoing' AND sms.not_before <= %(now)s)
          ORDER BY pace.next_at NULLS FIRST, sender.id
        """
        return self._read_ready(SQL(condition, now=fields.Datetime.now()))

    @api.model
    def _lock_ready(self, ready):
        """Keep other workers from booking slots of a sender at the same time.

        Otherwise each would book the free slots, and the last messages would wait in a
        worker for longer than a claim lasts.

        :return: its current state, None if another worker holds it or booked all slots
        """
        if ready.capacity is None:
            return ready
        query = (
            "SELECT sender_id FROM sms_sender_pace WHERE sender_id = %s"
            " FOR NO KEY UPDATE SKIP LOCKED"
        )
        locked = self.env.execute_query(SQL(query, ready.id))
        # Only a statement after the lock sees what others have booked before.
        rows = locked and self._read_ready(SQL("sender.id = %s", ready.id))
        return rows[0] if rows else None

    @api.model
    def _read_ready(self, condition):
        """Return the senders that meet a condition and have a free slot.

        A stopped sender has a single one, until the outcome of that message is known.
        """
        self.flush_model()
        self.env["sms.sender"].flush_model()
        self.env["sms.sms"].flush_model(["sender_id", "state"])
        query = """
            SELECT sender.id, sender.company_id, sender.provider,
                   sender.rate, sender.stop_count > 0,
                   COALESCE(pace.slowed_to, 1),
                   EXTRACT(EPOCH FROM %s - pace.slowed_at)::float,
                   EXTRACT(EPOCH FROM %s - %s)::float
              FROM sms_sender sender
              JOIN res_company company ON company.id = sender.company_id
               AND sender.provider IN (company.sms_provider,
                                       company.sms_backup_provider)
              JOIN sms_sender_pace pace ON pace.sender_id = sender.id
             WHERE NOT %s AND %s
        """
        query = SQL(query, CLOCK, NEXT_SLOT, CLOCK, IS_TRYING, condition)
        rows = self.env.execute_query(query)
        ready = []
        for *keys, rate, was_stopped, slowed_to, seconds_since, booked in rows:
            current = dispatch.current_rate(rate, slowed_to, seconds_since or 0.0)
            capacity = dispatch.capacity(current, booked or 0.0)
            if was_stopped and capacity != 0:
                # One attempt shows if it may send again.
                capacity = 1
            if capacity != 0:
                ready.append(ReadySender(*keys, current, capacity))
        return ready

    @api.model
    def _book(self, ready, segments):
        """Book slots of a sender; return the seconds until the first of them."""
        if not ready.rate:
            return 0.0
        query = """
            UPDATE sms_sender_pace pace
               SET next_at = GREATEST(%(next_slot)s, %(clock)s)
                             + %(length)s * interval '1 second',
                   booked_at = %(clock)s
             WHERE sender_id = %(sender)s
         RETURNING EXTRACT(EPOCH FROM next_at - %(clock)s)::float - %(length)s
        """
        values = {"sender": ready.id, "length": segments / ready.rate}
        query = SQL(query, **values, next_slot=NEXT_SLOT, clock=CLOCK)
        [(delay,)] = self.env.execute_query(query)
        return max(delay, 0.0)

    @api.model
    def _return_slots(self, seconds):
        """Return booked slots in which nothing will be sent.

        Later slots of other workers and those that are booked in place of these may
        coincide for a moment; their total does not grow.

        :param Counter seconds: by sender id; 0 for a sender without a limit
        """
        for sender_id, length in sorted((+seconds).items()):
            self.env.cr.execute(
                "UPDATE sms_sender_pace"
                " SET next_at = next_at - %s * interval '1 second'"
                " WHERE sender_id = %s",
                [length, sender_id],
            )
