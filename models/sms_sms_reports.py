# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models

from ..providers.base import REPORT_RANKS
from ..tools import consent
from .sms_sms import UNKNOWN_STATE

#: What the chatter and mass mailings are told of a state that Odoo does not know.
NATIVE_STATES = {UNKNOWN_STATE: "process"}
#: What mass mailings (``mailing.trace``) are told of our failure types.
NATIVE_FAILURE_TYPES = {
    "sms_no_consent": "sms_optout",
    "sms_no_provider": "sms_acc",
    "sms_too_many": "sms_duplicate",
    "sms_replaced": "sms_duplicate",
}

#: Reported by a carrier (``providers.base.REPORT_RANKS``): state of the row.
REPORT_STATES = {
    "queued": "pending",
    "sent": "pending",
    "canceled": "canceled",
    "undelivered": "error",
    "delivered": "sent",
    "read": "sent",
}


class SmsSms(models.Model):
    """What becomes of a message: delivery reports, the chatter, a late opt-out."""

    _inherit = "sms.sms"

    def _update_trackers(self):
        """Tell the chatter and mass mailings what has become of the messages."""
        for sms in self:
            tracker_sudo = sms.sms_tracker_id.sudo()
            failure_type = sms.failure_type
            if not tracker_sudo.mail_notification_id:
                failure_type = NATIVE_FAILURE_TYPES.get(failure_type, failure_type)
            tracker_sudo._action_update_from_sms_state(
                NATIVE_STATES.get(sms.state, sms.state),
                failure_type=failure_type,
                failure_reason=sms.carrier_detail or sms.gate_label,
            )

    def _apply_report(self, report):
        """Move a message forward by what its carrier says; never backward.

        Reports come late, twice and out of order. The rank alone decides.

        :param DeliveryReport report: in our words
        """
        for sms in self:
            rank = REPORT_RANKS[report.report]
            # A message that was sent again has another id: its old reports are late.
            ids = {sms.carrier_id, report.carrier_id} - {False, ""}
            if not sms.provider or len(ids) > 1 or rank <= sms.report_rank:
                continue
            state = REPORT_STATES[report.report]
            sms.write(
                {
                    "report_rank": rank,
                    "state": state,
                    "carrier_id": sms.carrier_id or report.carrier_id,
                    "carrier_code": report.code,
                    "failure_type": report.failure_type if state == "error" else False,
                    "not_before": False,
                }
            )
            sms._update_trackers()
            if report.is_opt_out:
                sms._record_carrier_opt_out(report.code)
            elif report.is_gone:
                sms._record_gone(report.code)

    def _record_carrier_opt_out(self, code):
        """Enter into the ledger that the carrier knows of an opt-out, if we do not.

        Source: Twilio error 21610, https://www.twilio.com/docs/api/errors/21610
        """
        self.ensure_one()
        company = self._get_sms_company()
        found = self.env["sms.consent"]._get_found(company, self.number)
        if self.env["sms.consent"]._is_stopped(found):
            return
        self.env["sms.consent.event"]._record(
            company,
            self.number,
            "revoked",
            "carrier",
            note=self.env._("The carrier refused the message: error %s", code),
            message_ref=self.carrier_id or self.uuid,
        )
        self._cancel_waiting(company, self.number)

    def _record_gone(self, code):
        """Let the consent of a number expire that its carrier no longer knows.

        The next holder has agreed to nothing (47 CFR 64.1200(m)). One such report may
        be a fault on the way, so the message before must have met the same.
        """
        self.ensure_one()
        company = self._get_sms_company()
        before_sudo = self.sudo().search(
            [
                ("record_company_id", "=", company.id),
                ("number", "=", self.number),
                ("id", "<", self.id),
                ("state", "in", ("error", "sent")),
            ],
            order="id desc",
            limit=1,
        )
        if before_sudo.carrier_code != code:
            return
        found = self.env["sms.consent"]._get_found(company, self.number)
        purposes = self.env["sms.purpose"].browse(
            purpose_id
            for purpose_id, answer in found.items()
            if purpose_id and answer.state in (consent.OPTED_IN, consent.PENDING)
        )
        if not purposes:
            return
        self.env["sms.consent.event"]._record(
            company,
            self.number,
            consent.EXPIRED,
            "carrier",
            purposes,
            note=self.env._("The carrier does not know the number: error %s", code),
            message_ref=self.carrier_id or self.uuid,
        )
        self._cancel_waiting(company, self.number)

    @api.model
    def _cancel_waiting(self, company, *numbers):
        """Block what waits for people who have just opted out.

        :param company: ``res.company``
        :param numbers: E.164
        """
        waiting = self.sudo().search(
            [
                ("state", "=", "outgoing"),
                ("record_company_id", "=", company.id),
                ("number", "in", numbers),
                ("exemption", "=", False),
            ]
        )
        waiting._ask_gate()
