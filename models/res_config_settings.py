# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

#: Shown for a secret that is set. What a browser is given stays in its caches.
SECRET_MASK = "••••••••"


class ResConfigSettings(models.TransientModel):
    """The helpdesk's settings for text messages."""

    _inherit = "res.config.settings"

    sms_consent_policy = fields.Selection(
        related="company_id.sms_consent_policy", readonly=False
    )
    sms_team_id = fields.Many2one(related="company_id.sms_team_id", readonly=False)
    sms_privacy_url = fields.Char(related="company_id.sms_privacy_url", readonly=False)
    sms_terms_url = fields.Char(related="company_id.sms_terms_url", readonly=False)
    sms_join_page = fields.Boolean(related="company_id.sms_join_page", readonly=False)
    sms_join_url = fields.Char(related="company_id.sms_join_url")
    sms_free_right = fields.Selection(
        related="company_id.sms_free_right", readonly=False, required=True
    )
    sms_bulk_right = fields.Selection(
        related="company_id.sms_bulk_right", readonly=False, required=True
    )
    sms_bulk_from = fields.Integer(related="company_id.sms_bulk_from", readonly=False)
    sms_user_limit = fields.Integer(related="company_id.sms_user_limit", readonly=False)
    sms_approve_from = fields.Integer(
        related="company_id.sms_approve_from", readonly=False
    )
    sms_courtesy_days = fields.Selection(
        related="company_id.sms_courtesy_days", readonly=False
    )
    sms_courtesy_from = fields.Float(
        related="company_id.sms_courtesy_from", readonly=False
    )
    sms_courtesy_to = fields.Float(related="company_id.sms_courtesy_to", readonly=False)
    sms_quiet_hours = fields.Boolean(
        related="company_id.sms_quiet_hours", readonly=False
    )
    sms_review_days = fields.Integer(
        related="company_id.sms_review_days", readonly=False
    )
    sms_opt_in_reminder_hours = fields.Integer(
        related="company_id.sms_opt_in_reminder_hours", readonly=False
    )
    sms_segment_price = fields.Float(
        related="company_id.sms_segment_price", readonly=False
    )
    sms_segment_currency_id = fields.Many2one(
        related="company_id.sms_segment_currency_id", readonly=False
    )
    sms_consent_months = fields.Integer(
        related="company_id.sms_consent_months", readonly=False
    )
    sms_keep_text_months = fields.Integer(
        related="company_id.sms_keep_text_months", readonly=False
    )
    sms_keep_raw_months = fields.Integer(
        related="company_id.sms_keep_raw_months", readonly=False
    )
    sms_keep_consent_years = fields.Integer(
        related="company_id.sms_keep_consent_years", readonly=False
    )
    sms_keep_opt_out_years = fields.Integer(
        related="company_id.sms_keep_opt_out_years", readonly=False
    )
    sms_twilio_messaging_service_sid = fields.Char(
        related="company_id.sms_twilio_messaging_service_sid", readonly=False
    )
    sms_twilio_api_key_sid = fields.Char(
        related="company_id.sms_twilio_api_key_sid", readonly=False
    )
    sms_twilio_api_key_secret = fields.Char(
        "API Key Secret",
        compute="_compute_sms_twilio_api_key_secret",
        inverse="_inverse_sms_twilio_api_key_secret",
        groups="base.group_system",
        help="It can be replaced, and not read.",
    )
    sms_outbox_trouble = fields.Text(compute="_compute_sms_outbox_trouble")
    sms_health_url = fields.Char(
        "Address for Monitoring",
        compute="_compute_sms_health_url",
        groups="base.group_system",
        help="Answers 200 while texts leave, 503 when something keeps them.",
    )
    sms_inbound_url = fields.Char(related="company_id.sms_inbound_url")

    @api.depends("company_id")
    def _compute_sms_twilio_api_key_secret(self):
        for settings in self:
            is_set = bool(settings.company_id.sms_twilio_api_key_secret)
            settings.sms_twilio_api_key_secret = is_set and SECRET_MASK

    @api.depends("company_id")
    def _compute_sms_outbox_trouble(self):
        alerts = self.env["sms.outbox.alert"]
        for settings in self:
            found = alerts.search(
                [
                    ("company_id", "=", settings.company_id.id),
                    ("closed_at", "=", False),
                ]
            )
            settings.sms_outbox_trouble = "\n".join(found.mapped("message"))

    @api.depends("company_id")
    def _compute_sms_health_url(self):
        token = self.env["sms.outbox.watch"]._get_health_token()
        for settings in self:
            base_url = settings.company_id.get_base_url()
            settings.sms_health_url = f"{base_url}/helpdesk_sms/health/{token}"

    def _inverse_sms_twilio_api_key_secret(self):
        for settings in self:
            if settings.sms_twilio_api_key_secret != SECRET_MASK:
                settings.company_id.sms_twilio_api_key_secret = (
                    settings.sms_twilio_api_key_secret
                )

    def action_rotate_sms_webhook_key(self):
        """Replace the company's webhook key and show the new address."""
        self.company_id.action_rotate_sms_webhook_key()
        return {"type": "ir.actions.client", "tag": "reload"}
