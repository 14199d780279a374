# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import random
from datetime import timedelta

from odoo import fields, models

from ..providers import faults, outbound
from ..tools import dispatch
from ..tools.texts import clean
from .sms_sms import IN_FLIGHT, UNKNOWN_STATE


class SmsSms(models.Model):
    """What becomes of a message that was not taken: by the manager's rule it is tried
    again, looked up, given to the second carrier, or ended.

    Every method wants its rows locked, and leaves the chatter to the caller, as those
    of what was taken do.
    """

    _inherit = "sms.sms"

    def _note_refused(self, outcome):
        """Note that the carrier did not take the message, or that nobody can tell.

        :param Outcome outcome: in our words
        """
        self.ensure_one()
        # Somebody may have settled it meanwhile: a delivery report, a lookup.
        if self.report_rank or self.state not in IN_FLIGHT:
            return
        self.write(
            {
                "carrier_code": clean(outcome.code),
                "carrier_detail": clean(outcome.detail),
            }
        )
        # What a carrier has taken and given no name is looked up as well.
        if outcome.kind in (outbound.UNKNOWN, outbound.ACCEPTED):
            self._mark_unknown()
        else:
            self.failure_type = outcome.failure_type
            is_again = outcome.kind == outbound.AGAIN
            default = faults.NO_CONNECTION if is_again else faults.REFUSED_OTHERWISE
            self._meet_fault(outcome.fault or default, is_taken=False)

    def _mark_unknown(self):
        """Mark messages that the carrier may have: they are looked up, not sent."""
        for company, messages in self.grouped("record_company_id").items():
            policy = self.env["sms.fault"]._get_policy(faults.NO_ANSWER, company)
            pause = timedelta(seconds=dispatch.pause_after(policy, 1, 0))
            messages.write(
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
        policy = self.env["sms.fault"]._get_policy(fault, self.record_company_id)
        self.fault_id = policy.id
        if fault == faults.TOO_FAST:
            self.sender_id._slow_down()
        if policy.action == dispatch.SENDER:
            self.sender_id._stop(policy, self.carrier_detail or self.carrier_code)
        is_senders = policy.action == dispatch.SENDER and not is_taken
        if is_senders:
            # The message itself is all right: the attempt is none of its own, nor is
            # the time until its sender may send.
            self.write({"attempts": self.attempts - 1, "tried_at": False})
        if not is_taken and self._use_backup(policy):
            return
        if is_senders:
            self._try_again(timedelta())
            return
        now = fields.Datetime.now()
        since = (now - (self.tried_at or now)).total_seconds()
        pause = dispatch.next_pause(policy, self.attempts, since, random.random())
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

        :param tools.dispatch.Policy policy: the rule for the fault that it met
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
