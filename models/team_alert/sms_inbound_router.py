# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models

from ..desk.sms_inbound_router import SERVICE
from ..ledger.sms_purpose import INTERNAL


class SmsInboundRouter(models.AbstractModel):
    """Answers to the codes of team alerts."""

    _inherit = "sms.inbound.router"

    @api.model
    def _say_alert(self, inbound, code, partner, fillers):
        """Queue an answer about a team alert, unless the number has had too many.

        :param str code: one of ``sms.reply.code``
        """
        inbound.kind = "answer"
        if not self._may_answer(inbound, SERVICE):
            return
        replies = self.env["sms.reply"]
        body = replies._render(code, inbound.company_id, partner.lang, **fillers)
        replies._queue_text(
            body,
            inbound.company_id,
            inbound.number,
            partner,
            purpose_id=self.env["sms.purpose"]._get(INTERNAL).id,
            exemption=SERVICE,
        )
