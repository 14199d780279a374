# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models

from ..tools import consent

#: A yes that is said again within this says nothing new. Without it a machine that
#: answers our answers would fill the ledger.
RENEWAL_PAUSE = timedelta(days=1)


class SmsInboundRouter(models.AbstractModel):
    """A joining word from who has joined is a yes said anew: their consent is young."""

    _inherit = "sms.inbound.router"

    @api.model
    def _renew(self, inbound, purposes):
        """Enter a yes said anew for those purposes that the sender agrees to.

        It is a yes to the words that they have agreed to: nothing else was shown.
        Without it their consent would grow old though they go on to give it
        (``res.company.sms_consent_months``).

        :param purposes: ``sms.purpose``, those of the joining word
        """
        found = self._get_found(inbound)
        answers = [self.env["sms.consent"]._get_answer(found, it.id) for it in purposes]
        agreed_sudo = (
            self.env["sms.consent.event"]
            .sudo()
            .browse(it.event_id for it in answers if it.state == consent.OPTED_IN)
        )
        until = fields.Datetime.now() - RENEWAL_PAUSE
        old_sudo = agreed_sudo.filtered(lambda event: event.happened_at <= until)
        for evidence_sudo, events_sudo in old_sudo.grouped("evidence_id").items():
            self._record(
                inbound,
                consent.GRANTED,
                events_sudo.purpose_id,
                wordings=events_sudo.wording_id,
                wording=evidence_sudo.wording,
            )
