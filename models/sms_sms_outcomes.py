# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import random
from datetime import timedelta

from odoo import fields, models
from odoo.tools import SQL

from ..providers import faults, outbound
from ..providers.outbound import REPORT_RANKS, OutboundMessage
from ..tools import retries
from .sms_sms import IN_FLIGHT, UNKNOWN_STATE

#: Reported by a carrier (``providers.outbound.REPORT_RANKS``): state of the row.
REPORT_STATES = {
    "queued": "pending",
    "sent": "pending",
    "canceled": "canceled",
    "undelivered": "error",
    "delivered": "sent",
    "read": "sent",
}
#: A delivery report is overdue after this; then the carrier is asked.
REPORT_OVERDUE = timedelta(hours=1)
#: Reports after which no other is expected.
FINAL_REPORTS = ("canceled", "undelivered", "delivered", "read")


class SmsSms(models.Model):
    """A message's way through the outbox: claimed, taken, refused, tried again.

    Every method wants its rows locked. The chatter is told by the caller, for all of a
    batch at once (:meth:`_update_trackers`).
    """

    _inherit = "sms.sms"

    def _to_outbound(self, sender):
        """Return what the adapter needs of this message.

        :param sender: the ``sms.sender`` that it leaves by
        """
        self.ensure_one()
        provider = sender.provider or self.provider
        company = self._get_sms_company()
        callback = company._get_sms_url(f"status/{self.uuid}", provider)
        return OutboundMessage(
            self.uuid,
            self.number,
            self.body,
            callback,
            sender.address,
            key=self._get_carrier_key(),
        )

    def _get_carrier_key(self):
        """Return the key by which a carrier knows another post of the same message.

        The same until it was taken; another one for what is meant to be taken again:
        after it was not delivered, or when a person sends it anew.
        """
        moments = (self.tried_at, self.sent_at)
        stamps = [str(int(it.timestamp())) if it else "0" for it in moments]
        return "-".join([self.uuid, *stamps])

    def _mark_claimed(self, provider):
        """Mark messages as being sent, before the first byte of them leaves.

        :param str provider: code of the adapter
        """
        now = fields.Datetime.now()
        self.flush_recordset()
        self.env.cr.execute(
            SQL(
                """
                UPDATE sms_sms
                   SET state = 'process', provider = %(provider)s,
                       claimed_at = %(now)s, tried_at = COALESCE(tried_at, %(now)s),
                       attempts = COALESCE(attempts, 0) + 1,
                       carrier_id = NULL, carrier_code = NULL, carrier_detail = NULL,
                       fault_id = NULL, failure_type = NULL, report_rank = 0,
                       lookups = 0, lookup_at = NULL
                 WHERE id = ANY(%(ids)s)
                """,
                provider=provider,
                now=now,
                ids=self.ids,
            )
        )
        self.invalidate_recordset(flush=False)

    def _note_accepted(self, outcomes):
        """Note that the carrier has these messages.

        A delivery report may have come before its answer: then only the id is new.

        :param dict outcomes: ``Outcome`` by message id
        """
        if not self:
            return
        self._take_back({outcome.carrier_id for outcome in outcomes.values()})
        rows = []
        for sms_id, outcome in outcomes.items():
            # What it took in words that we do not know is at least queued.
            report = (
                outcome.report if outcome.report in REPORT_STATES else outbound.QUEUED
            )
            is_final = report in FINAL_REPORTS
            rows.append(
                (
                    sms_id,
                    outcome.carrier_id or None,
                    REPORT_RANKS[report],
                    REPORT_STATES[report],
                    None if is_final else fields.Datetime.now() + REPORT_OVERDUE,
                )
            )
        now = fields.Datetime.now()
        self.env.cr.execute(
            SQL(
                """
                UPDATE sms_sms sms
                   SET sent_at = %s,
                       carrier_id = COALESCE(sms.carrier_id, new.carrier_id),
                       state = CASE WHEN COALESCE(sms.report_rank, 0) < new.rank
                                    THEN new.state
                                    ELSE sms.state END,
                       lookup_at = CASE WHEN COALESCE(sms.report_rank, 0) < new.rank
                                        THEN new.lookup_at ELSE sms.lookup_at END,
                       delivered_at = CASE WHEN new.state = 'sent'
                                           THEN COALESCE(sms.delivered_at, %s)
                                           ELSE sms.delivered_at END,
                       report_rank = GREATEST(sms.report_rank, new.rank)
                  FROM unnest(%s::int[], %s::varchar[], %s::int[], %s::varchar[],
                              %s::timestamp[])
                    AS new (id, carrier_id, rank, state, lookup_at)
                 WHERE sms.id = new.id
                """,
                now,
                now,
                *(list(column) for column in zip(*rows, strict=True)),
            )
        )
        self.invalidate_recordset(flush=False)
        self.sender_id._note_success()

    def _note_refused(self, outcome):
        """Note that the carrier did not take the message, or that nobody can tell.

        :param Outcome outcome: in our words
        """
        self.ensure_one()
        # Somebody may have settled it meanwhile: a delivery report, a lookup.
        if self.report_rank or self.state not in IN_FLIGHT:
            return
        self.write({"carrier_code": outcome.code, "carrier_detail": outcome.detail})
        if outcome.kind == outbound.UNKNOWN:
            self._mark_unknown()
        else:
            self.failure_type = outcome.failure_type
            is_again = outcome.kind == outbound.AGAIN
            default = faults.NO_CONNECTION if is_again else faults.REFUSED_OTHERWISE
            self._meet_fault(outcome.fault or default, is_taken=False)

    def _note_found(self, found):
        """Note that the carrier has a message whose outcome was unknown.

        :param providers.outbound.Found found: the message there
        """
        self.ensure_one()
        self.write({"sent_at": self.claimed_at, "state": "pending"})
        self._apply_report(found.report)
        if not self.report_rank:
            self.write({"carrier_id": found.report.carrier_id, "report_rank": 1})
        if self.state == "pending":
            self.lookup_at = fields.Datetime.now() + REPORT_OVERDUE

    def _take_back(self, carrier_ids):
        """Take the carrier's ids from other messages: they belong to these.

        Of two messages of the same words to the same number a lookup cannot tell which
        one the carrier has. Its answer and its reports can. The other is looked up
        again.

        :param set carrier_ids: what the carrier has just called these messages
        """
        carrier_ids = carrier_ids - {False, ""}
        others = self.search(
            [
                ("provider", "in", self.mapped("provider")),
                ("carrier_id", "in", carrier_ids),
                ("id", "not in", self.ids),
            ]
        )
        if others:
            others.write({"carrier_id": False, "report_rank": 0, "lookups": 0})
            others._mark_unknown()
            self.env.flush_all()

    def _mark_unknown(self):
        """Mark messages that the carrier may have: they are looked up, not sent."""
        policy = self.env["sms.fault"]._get_policy(faults.NO_ANSWER)
        pause = timedelta(seconds=retries.pause_after(policy, 1, 0))
        self.write(
            {
                "state": UNKNOWN_STATE,
                "fault_id": policy.id,
                "lookup_at": fields.Datetime.now() + pause,
            }
        )

    def _meet_fault(self, fault, is_taken):
        """Do what the manager's rule for a fault says.

        :param str fault: one of ``providers.faults``
        :param bool is_taken: the carrier had the message, and did not deliver it
        """
        self.ensure_one()
        policy = self.env["sms.fault"]._get_policy(fault)
        self.fault_id = policy.id
        if fault == faults.TOO_FAST:
            self.sender_id._slow_down()
        if policy.action == retries.SENDER:
            self.sender_id._stop(policy, self.carrier_detail or self.carrier_code)
        if not is_taken and self._use_backup(policy):
            return
        if policy.action == retries.SENDER and not is_taken:
            # The message itself is all right: it waits until its sender may send.
            self._try_again(timedelta())
            return
        now = fields.Datetime.now()
        since = (now - (self.tried_at or now)).total_seconds()
        pause = retries.next_pause(policy, self.attempts, since, random.random())
        if pause is not None:
            self._try_again(timedelta(seconds=pause))
            return
        self._fail(policy)

    def _try_again(self, pause):
        """Let a message that the carrier surely does not have wait for another try.

        Its last answer stays on it until then, so that a late report finds it.

        :param timedelta pause: how long
        """
        self.ensure_one()
        self.write(
            {
                "state": "outgoing",
                "failure_type": False,
                "not_before": fields.Datetime.now() + pause,
                "lookup_at": False,
            }
        )

    def _fail(self, policy):
        """End a message, and its number if the rule says so.

        :param tools.retries.Policy policy: the rule for the fault that it met
        """
        self.ensure_one()
        self.write(
            {
                "state": "error",
                "failure_type": self.failure_type or "sms_not_delivered",
                "fault_id": policy.id,
                "lookup_at": False,
            }
        )
        if policy.fault == faults.OPTED_OUT:
            self._record_carrier_opt_out(self.carrier_code)
        elif policy.number_after:
            self._end_number_after(policy)
