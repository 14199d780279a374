# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from .sms_settings import SECRET_MASK, SECRET_NAMES


class SmsSettings(models.TransientModel):
    """The administrators' settings: the carrier's account, and secret addresses."""

    _inherit = "sms.settings"

    sms_twilio_account_sid = fields.Char(
        related="company_id.sms_twilio_account_sid", readonly=False
    )
    sms_twilio_auth_token = fields.Char(
        "Auth Token",
        compute="_compute_secrets",
        readonly=False,
        groups="base.group_system",
        help="It can be replaced, and not read. Twilio signs with it what it sends us.",
    )
    sms_twilio_second_auth_token = fields.Char(
        compute="_compute_secrets",
        readonly=False,
        groups="base.group_system",
        string="Second Auth Token",
        help="Only while you change the token at Twilio: what is signed with either of "
        "them is taken. Empty it when the new one is the first.",
    )
    sms_twilio_number_ids = fields.One2many(
        related="company_id.sms_twilio_number_ids",
        readonly=False,
        groups="base.group_system",
    )
    sms_twilio_messaging_service_sid = fields.Char(
        related="company_id.sms_twilio_messaging_service_sid", readonly=False
    )
    sms_twilio_api_key_sid = fields.Char(
        related="company_id.sms_twilio_api_key_sid", readonly=False
    )
    sms_twilio_api_key_secret = fields.Char(
        "API Key Secret",
        compute="_compute_secrets",
        readonly=False,
        groups="base.group_system",
        help="It can be replaced, and not read.",
    )
    sms_webhook_base_url = fields.Char(
        related="company_id.sms_webhook_base_url", readonly=False
    )
    sms_inbound_url = fields.Char(related="company_id.sms_inbound_url")
    sms_health_url = fields.Char(
        "Address for Monitoring",
        compute="_compute_sms_health_url",
        groups="base.group_system",
        help="Answers 200 while texts leave, 503 when something keeps them.",
    )

    @api.depends("company_id")
    def _compute_secrets(self):
        for settings in self:
            company_sudo = settings.company_id.sudo()
            for name in SECRET_NAMES:
                is_set = company_sudo._read_sms_secret(name) not in (False, "")
                settings[name] = is_set and SECRET_MASK

    @api.depends("company_id")
    def _compute_sms_health_url(self):
        token = self.env["sms.outbox.watch"]._get_health_token()
        for settings in self:
            base_url = settings.company_id._get_sms_base_url()
            settings.sms_health_url = f"{base_url}/helpdesk_sms/health/{token}"

    def action_rotate_sms_webhook_key(self):
        """Replace the company's webhook key and show the new address."""
        self.ensure_one()
        self.company_id._check_user_works_here()
        self.company_id.action_rotate_sms_webhook_key()
        return self.execute()
