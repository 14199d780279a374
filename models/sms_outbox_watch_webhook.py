# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models

from .sms_webhook_refusal import ADDRESS, UNSIGNED


class SmsOutboxWatch(models.AbstractModel):
    """Looks at the way in: are the carrier's requests refused, and why?"""

    _inherit = "sms.outbox.watch"

    @api.model
    def _get_refusal_facts(self, company):
        """Return how many requests were refused in a row, and why."""
        run_sudo = self.env["sms.webhook.refusal"].sudo()._get_run(company)
        return {
            "refused_requests": run_sudo.hits,
            "refused_cause": run_sudo.cause or "",
            "refused_base": run_sudo.called_base or "",
            "public_address": company._get_sms_base_url(),
        }

    @api.model
    def _explain_refusals(self, facts):
        """Return what is refused, the likely cause and what to do, in plain words."""
        if facts["refused_cause"] == ADDRESS:
            return self.env._(
                "The carrier's requests are refused, a STOP among them: it calls "
                "%(called)s, and the public address is %(address)s. Correct it in "
                "Settings, under Public address, or at the carrier.",
                called=facts["refused_base"],
                address=facts["public_address"],
            )
        if facts["refused_cause"] == UNSIGNED:
            return self.env._(
                "Requests at the carrier's address are refused, since they are not "
                "signed. If texts are missing, see if a proxy in front of Odoo drops "
                "the header of the signature. If not, make a new address in Settings."
            )
        return self.env._(
            "The carrier's requests are refused, a STOP among them: their signature is "
            "wrong. Either the token (at Telnyx the public key) in Settings is not the "
            "account's, since it was replaced there, or they were signed for another "
            "address than %s.",
            facts["public_address"],
        )
