# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...providers import SandboxProvider, voice
from ...providers.faults import BUSY, UNANSWERED
from ...providers.outbound import UNDELIVERED, DeliveryReport
from ...tools.texts import clean

#: Longest call id accepted from a client, and the keys of a phone.
ID_LENGTH, KEYS = 32, frozenset("0123456789*#")


class SmsVirtualPhone(models.AbstractModel):
    """Calls of the sandbox: the virtual phone rings, is answered and has keys.

    It reports the same as a carrier's webhooks: that a call was answered, which key was
    pressed, and that the call is over.
    """

    _inherit = "sms.virtual.phone"

    @api.model
    def get_calls(self):
        """Return the company's ringing calls, see :meth:`_prepare_call`."""
        company = self._check_phone_access()
        domain = self._get_ringing_domain() & Domain(
            "record_company_id", "=", company.id
        )
        calls_sudo = self.env["sms.sms"].sudo().search(domain, order="id")
        return [self._prepare_call(call_sudo) for call_sudo in calls_sudo]

    @api.model
    def answer_call(self, call_id):
        """Answer a ringing call; return what is said, see :meth:`_prepare_spoken`.

        :param str call_id: ``id`` of :meth:`_prepare_call`
        :raises UserError: if it no longer rings
        """
        call = self._find_ringing(call_id)
        report = SandboxProvider.parse_answer({"id": call.carrier_id})
        spoken = call._answer_call(
            call.record_company_id, call.uuid, report, SandboxProvider.code
        )
        self._notify_calls(call)
        return self._prepare_spoken(spoken)

    @api.model
    def press_key(self, call_id, key, asked=1):
        """Press a key in a call; return what is said then.

        :param str key: a digit, star or hash; empty: none was pressed in time
        :param int asked: how often the keys have been explained
        """
        call = self._find_call(call_id)
        pressed = key if isinstance(key, str) and key in KEYS else ""
        key = SandboxProvider.parse_key({"key": pressed})
        is_last = not isinstance(asked, int) or asked >= voice.ROUNDS
        company = call.record_company_id
        spoken = call._press_call_key(company, call.uuid, key, is_last)
        return self._prepare_spoken(spoken)

    @api.model
    def hang_up(self, call_id, is_declined=False):
        """End a call; a declined one was never answered."""
        call = self._find_call(call_id)
        report = DeliveryReport(
            call.carrier_id,
            UNDELIVERED,
            failure_type="sms_not_delivered",
            fault=BUSY if is_declined is True else UNANSWERED,
        )
        call._record_report(report)
        return True

    # === Calls ===

    def _find_call(self, call_id):
        """Return a call of the company, in sudo, as the public user.

        :raises UserError: if there is no such call
        """
        company = self._check_phone_access()
        public_user = self.env.ref("base.public_user")
        env_sudo = self.env(user=public_user, su=True, context={})
        call_sudo = env_sudo["sms.sms"].search(
            [
                ("uuid", "=", clean(str(call_id or "")[:ID_LENGTH])),
                ("record_company_id", "=", company.id),
                ("is_call", "=", True),
                ("provider", "=", SandboxProvider.code),
                ("carrier_id", "!=", False),
            ]
        )
        if not call_sudo:
            raise UserError(self.env._("There is no such call any more."))
        return call_sudo

    def _find_ringing(self, call_id):
        call_sudo = self._find_call(call_id)
        if not call_sudo.filtered_domain(self._get_ringing_domain()):
            raise UserError(self.env._("It does not ring any more."))
        return call_sudo

    @api.model
    def _get_ringing_domain(self):
        return (
            Domain("is_call", "=", True)
            & Domain("provider", "=", SandboxProvider.code)
            & Domain("state", "=", "pending")
            & Domain("call_ended_at", "=", False)
        )

    def _prepare_call(self, call):
        """Return a ringing call as the phone shows it.

        :return: ``id``, ``number`` (E.164), ``date`` (UTC)
        """
        return {
            "id": call.uuid,
            "number": call.number,
            "date": fields.Datetime.to_string(call.sent_at or call.create_date),
        }

    @api.model
    def _describe_call(self, call):
        """Return a call's label in the phone's list."""
        if call.delivered_at:
            return self.env._("Answered call")
        if call.filtered_domain(self._get_ringing_domain()):
            return self.env._("Incoming call")
        return self.env._("Missed call")

    def _prepare_spoken(self, spoken):
        """Return what is said in a call: ``words``, and ``asks`` (awaits a key)."""
        return {
            "words": spoken.words if spoken else "",
            "asks": bool(spoken and spoken.asks),
        }

    @api.model
    def _notify_calls(self, calls):
        """Tell open virtual phones to ring, or to stop ringing."""
        for call in calls.filtered("is_call"):
            if call.provider != SandboxProvider.code or not call.number:
                continue
            is_ringing = bool(call.filtered_domain(self._get_ringing_domain()))
            self._notify(
                call.record_company_id,
                call.number,
                self._prepare_outgoing(call),
                call={**self._prepare_call(call), "is_ringing": is_ringing},
            )
