# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    """The helpdesk's settings for text messages."""

    _inherit = "res.config.settings"

    sms_consent_policy = fields.Selection(
        related="company_id.sms_consent_policy", readonly=False
    )
    sms_twilio_messaging_service_sid = fields.Char(
        related="company_id.sms_twilio_messaging_service_sid", readonly=False
    )
    sms_twilio_api_key_sid = fields.Char(
        related="company_id.sms_twilio_api_key_sid", readonly=False
    )
    sms_twilio_api_key_secret = fields.Char(
        related="company_id.sms_twilio_api_key_secret", readonly=False
    )
    sms_inbound_url = fields.Char(related="company_id.sms_inbound_url")

    def action_rotate_sms_webhook_key(self):
        """Replace the company's webhook key and show the new address."""
        self.company_id.action_rotate_sms_webhook_key()
        return {"type": "ir.actions.client", "tag": "reload"}
