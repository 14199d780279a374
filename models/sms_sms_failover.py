# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import fields, models

from ..providers import faults
from ..tools import dispatch

#: A fault that passes is met so often at one carrier before the other is tried.
TRIES = 2


class SmsSms(models.Model):
    """Lets the other carrier have what the first one surely did not take."""

    _inherit = "sms.sms"

    refused_by = fields.Char(
        "Not Taken By",
        readonly=True,
        copy=False,
        help="The carrier that did not take it, so that the other one was asked.",
    )

    def _use_backup(self, policy):
        """Hand a message over to the other carrier, if the manager wants it.

        Only what its carrier surely did not take comes here; what nobody can tell is
        looked up where it was posted, and nowhere else.

        :param tools.dispatch.Policy policy: the rule for the fault that it met
        :return: whether the other carrier is asked next
        """
        self.ensure_one()
        if not (policy.use_backup and self._may_change_carrier(policy)):
            return False
        company = self._get_sms_company()
        others = [it for it in company._get_sms_carriers() if it != self.provider]
        sender = others and self._choose_open_senders(company, others[0])[self.id]
        if not sender:
            return False
        self.write({"sender_id": sender.id, "refused_by": self.provider})
        self._try_again(timedelta())
        return True

    def _may_change_carrier(self, policy):
        """Tell if it is time to ask the other carrier.

        A fault that ends a message is asked about once, so that two carriers cannot
        send it to and fro; one that passes is waited for at each of them in turn. Who
        has opted out at a carrier has opted out of our texts, whoever carries them.
        """
        if policy.fault == faults.OPTED_OUT:
            return False
        if policy.action == dispatch.AGAIN:
            return self.attempts % TRIES == 0
        return not self.refused_by

    def _choose_senders(self, company, code):
        """Return by which sender at a carrier each of these messages would leave.

        :param company: ``res.company`` of all of them
        :param str code: a key of ``PROVIDERS``
        :return: ``sms.sender`` by message id, empty where there is none
        """
        sender_ids = company._choose_sms_senders(
            [sms.number for sms in self],
            [sms.mail_message_id.sudo() for sms in self],
            code,
        )
        senders_sudo = self.env["sms.sender"].sudo()
        return {
            sms.id: senders_sudo.browse(sender_id or ())
            for sms, sender_id in zip(self, sender_ids, strict=True)
        }

    def _choose_open_senders(self, company, code):
        """Return :meth:`_choose_senders` of those that may send now.

        In the place of one that has stopped, any other of the carrier.
        """
        senders_sudo = self.env["sms.sender"].sudo()
        rows_sudo = senders_sudo.search(
            [("company_id", "=", company.id), ("provider", "=", code)]
        )
        open_sudo = rows_sudo.filtered(lambda it: not it._is_stopped())
        return {
            sms_id: sender if sender in open_sudo else open_sudo[:1]
            for sms_id, sender in self._choose_senders(company, code).items()
        }
