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

    def _note_sms_account_change(self, former):
        """Note when companies take another account.

        :param dict former: the account that they had, by company
        """
        changed = self.filtered(
            lambda it: former[it] not in (False, it.sudo().sms_twilio_account_sid)
        )
        if changed:
            changed.sms_twilio_account_since = fields.Datetime.now()
