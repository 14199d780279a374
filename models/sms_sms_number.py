# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models

from ..providers.faults import GONE
from ..tools import consent
from .sms_sms import IN_FLIGHT, LEFT


class SmsSms(models.Model):
    """What the carrier's word on one message means for its number: an opt-out, a
    number that is no use, one that has another holder by now.
    """

    _inherit = "sms.sms"

    @api.model
    def _get_last_said(self, company, number):
        """Return the last text to a number that has left, or is leaving: what a short
        answer such as STOP or "done" is about.

        :param company: ``res.company``
        :param str number: E.164
        :return: ``sms.sms`` as superuser, may be empty
        """
        return self.sudo().search(
            [
                ("record_company_id", "=", company.id),
                ("number", "=", number),
                ("state", "in", (*IN_FLIGHT, *LEFT)),
            ],
            order="id desc",
            limit=1,
        )

    def _record_carrier_opt_out(self, code):
        """Enter into the ledger that the carrier knows of an opt-out, if we do not.

        Of who is erased the number is not known any more.
        Source: Twilio error 21610, https://www.twilio.com/docs/api/errors/21610
        """
        self.ensure_one()
        if not self.number:
            return
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

    def _end_number_after(self, policy):
        """End the number when so many messages in a row have met the same fault.

        One report may be a fault on the way. Of who is erased it is not known any more.

        :param tools.dispatch.Policy policy: the rule for that fault
        """
        self.ensure_one()
        if not self.number:
            return
        company = self._get_sms_company()
        before_sudo = (
            self.sudo().search(
                [
                    ("record_company_id", "=", company.id),
                    ("number", "=", self.number),
                    ("id", "<", self.id),
                    ("state", "in", ("error", "sent")),
                ],
                order="id desc",
                limit=policy.number_after - 1,
            )
            if policy.number_after > 1
            else self.browse()
        )
        if len(before_sudo) + 1 < policy.number_after or any(
            sms.fault_id.fault != policy.fault for sms in before_sudo
        ):
            return
        self.env["sms.unusable.number"]._note(self, policy)
        if policy.fault == GONE:
            self._record_gone(self.carrier_code)
        self._cancel_waiting(company, [self.number])

    def _record_gone(self, code):
        """Let the consent of a number expire that its carrier no longer knows.

        The next holder has agreed to nothing (47 CFR 64.1200(m)), and their START
        brings nothing back that an opt-out covers.
        """
        self.ensure_one()
        if not self.number:
            return
        company = self._get_sms_company()
        found = self.env["sms.consent"]._get_found(company, self.number)
        purposes = self.env["sms.purpose"].browse(
            purpose_id
            for purpose_id, answer in found.items()
            if purpose_id and answer.state != consent.NONE
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
