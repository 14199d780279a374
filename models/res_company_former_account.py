# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class ResCompany(models.Model):
    """A company that takes another account at Twilio.

    The new account knows nothing of what was handed to the former one. Asked about it,
    it would say so, and the text would go out twice.
    """

    _inherit = "res.company"

    sms_twilio_account_since = fields.Datetime(
        "Twilio Account Since",
        readonly=True,
        copy=False,
        help="Since when texts leave by the account of now. Empty: since ever.",
    )

    def write(self, vals):
        """Note when a company takes another account."""
        if "sms_twilio_account_sid" not in vals:
            return super().write(vals)
        former = {it.id: it.sudo().sms_twilio_account_sid for it in self}
        result = super().write(vals)
        changed = self.filtered(
            lambda it: former[it.id] not in (False, it.sudo().sms_twilio_account_sid)
        )
        if changed:
            changed.sms_twilio_account_since = fields.Datetime.now()
        return result
