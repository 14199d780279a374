# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from dataclasses import replace

from odoo import api, fields, models
from odoo.tools import SQL

from ..providers.faults import UNSURE
from ..providers.outbound import REPORT_RANKS, UNDELIVERED
from ..tools.texts import clean
from .sms_sms import UNKNOWN_STATE
from .sms_sms_outcomes import FINAL_REPORTS, REPORT_OVERDUE, REPORT_STATES

#: What the chatter and mass mailings are told of a state that Odoo does not know.
NATIVE_STATES = {UNKNOWN_STATE: "process"}
#: What mass mailings (``mailing.trace``) are told of our failure types.
NATIVE_FAILURE_TYPES = {
    "sms_no_consent": "sms_optout",
    "sms_no_provider": "sms_acc",
    "sms_too_many": "sms_duplicate",
    "sms_replaced": "sms_duplicate",
}
#: What is asked of a message that is reported on.
REPORTED_FIELDS = (
    *("uuid", "state", "provider", "carrier_id", "report_rank", "claimed_at"),
    *("carrier_code", "carrier_detail", "failure_type", "fault_id", "lookup_at"),
    *("record_company_id", "mail_message_id", "erased_at", "delivered_at"),
    *("gate_reason", "gate_verdict", "inbound_id"),
)


class SmsSms(models.Model):
    """What becomes of a message: delivery reports, and what the chatter is told."""

    _inherit = "sms.sms"

    def _update_trackers(self):
        """Tell the chatter and mass mailings what has become of the messages."""
        for (state, failure_type, reason), messages in self.grouped(
            lambda sms: (
                sms.state,
                sms.failure_type,
                sms.carrier_detail or sms.fault_id.name or sms.gate_label,
            )
        ).items():
            trackers_sudo = messages.sms_tracker_id.sudo()
            for told_by, told in (
                (failure_type, trackers_sudo.filtered("mail_notification_id")),
                (
                    NATIVE_FAILURE_TYPES.get(failure_type, failure_type),
                    trackers_sudo.filtered(lambda row: not row.mail_notification_id),
                ),
            ):
                if told:
                    told._action_update_from_sms_state(
                        NATIVE_STATES.get(state, state),
                        failure_type=told_by,
                        failure_reason=reason,
                    )
        self._notify_changed()

    def _take_report(self, report):
        """Keep a delivery report as it came, and move the message by it.

        :param DeliveryReport report: in our words
        """
        self.ensure_one()
        # The outbox may be writing its own end of it: one after the other.
        self.env["sms.dispatcher"]._lock(self.ids)
        self._take_report_locked(report)

    @api.model
    def _take_report_by_uuid(self, company, uuid, report, provider=None):
        """Take a report on the message with a key of ours: :meth:`_take_report`.

        Carriers report several times on each message, so this finds and locks it at
        once, and reads no more of it than is asked.

        :param company: ``res.company`` whose message it must be
        :param str uuid: the message's own
        :param DeliveryReport report: in our words
        :param str provider: code of the carrier that reports
        :return: whether there is such a message
        """
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM sms_sms"
                " WHERE uuid = %s AND record_company_id = %s FOR UPDATE",
                uuid,
                company.id,
            )
        )
        message = self.browse(row[0] for row in rows)
        message.invalidate_recordset()
        for sms in message:
            sms.fetch(REPORTED_FIELDS)
            sms._take_report_locked(report, provider)
        return bool(message)

    def _take_report_locked(self, report, provider=None):
        """Keep a report on a message whose row is locked, and move it by that.

        What a carrier says that has not taken it is kept, and moves nothing: the
        message is another carrier's now.

        :param DeliveryReport report: in our words
        :param str provider: code of the carrier that reports, if another one may
        """
        report = replace(
            report,
            carrier_id=clean(report.carrier_id),
            code=clean(report.code),
            raw={clean(key): clean(value) for key, value in report.raw.items()},
        )
        is_known = provider in (None, self.provider) and self._knows_attempt(report)
        self.env["sms.report"]._keep(self, report)
        if is_known:
            self._apply_report(report)
        is_own = report.carrier_id and report.carrier_id == self.carrier_id
        if report.price and is_own and provider in (None, self.provider):
            self._note_prices(self.provider, {report.carrier_id: report.price})

    def _knows_attempt(self, report):
        """Tell if a report is on the attempt that counts, not on an earlier one.

        While the carrier's own answer is outstanding its id is not known yet; what has
        reported before the attempt began is an earlier one's.
        """
        self.ensure_one()
        if self.carrier_id or not report.carrier_id or not self.claimed_at:
            return True
        reported_sudo = self.env["sms.report"].sudo()
        return not reported_sudo.search_count(
            [
                ("sms_id", "=", self.id),
                ("carrier_id", "=", report.carrier_id),
                ("received_at", "<", self.claimed_at),
            ],
            limit=1,
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
            if not sms.carrier_id:
                sms._take_back({report.carrier_id})
            sms.write(
                {
                    "report_rank": rank,
                    "state": REPORT_STATES[report.report],
                    "carrier_id": sms.carrier_id or report.carrier_id,
                    "carrier_code": report.code,
                    "failure_type": False,
                    "fault_id": False,
                    "delivered_at": sms._get_delivered_at(report.report),
                }
            )
            # Whoever posted it may be dead, and the next report be lost: ask then.
            is_final = report.report in FINAL_REPORTS
            overdue_at = fields.Datetime.now() + REPORT_OVERDUE
            sms.lookup_at = not is_final and overdue_at
            if report.report == UNDELIVERED:
                sms.failure_type = report.failure_type or "sms_not_delivered"
                sms._meet_fault(report.fault or UNSURE, is_taken=True)
            sms._update_trackers()
