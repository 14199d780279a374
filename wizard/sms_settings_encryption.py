# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from ..models.encrypted_field import get_box


class SmsSettings(models.TransientModel):
    """State of the encryption of credentials and evidence, for administrators."""

    _inherit = "sms.settings"

    sms_encryption = fields.Char(
        compute="_compute_sms_encryption", groups="base.group_system"
    )
    sms_has_key = fields.Boolean(
        compute="_compute_sms_encryption", groups="base.group_system"
    )

    @api.depends("company_id")
    def _compute_sms_encryption(self):
        for settings in self:
            state = self.env["sms.encryption"]._get_state(settings.company_id)
            settings.sms_encryption = state[1]
            settings.sms_has_key = get_box().has_keys

    def action_encrypt(self):
        """Bring what is stored in line with the keys now, and not within the hour.

        :raises AccessError: for all but administrators
        """
        self.ensure_one()
        self._check_field_access(self._fields["sms_encryption"], "read")
        self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_encryption").sudo()._trigger()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "message": self.env._("It is being worked off in the background."),
                "type": "info",
            },
        }
