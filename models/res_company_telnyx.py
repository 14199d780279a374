# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from ..providers import TelnyxProvider
from .encrypted_field import EncryptedChar
from .res_company import MEDIA_URLS_PARAMETER

CODE = TelnyxProvider.code
#: System parameter: another address than Telnyx's own (a proxy, a loopback peer).
TELNYX_URL_PARAMETER = "helpdesk_mgmt_sms.telnyx_api_url"


class ResCompany(models.Model):
    """Adds the company's account at Telnyx."""

    _inherit = "res.company"

    sms_provider = fields.Selection(
        selection_add=[(CODE, "Send via Telnyx"), ("sandbox",)],
        ondelete={CODE: "set default"},
    )
    sms_telnyx_api_key = EncryptedChar(
        "Telnyx API Key", groups="base.group_system", copy=False
    )
    sms_telnyx_public_key = fields.Char(
        "Public Key",
        groups="base.group_system",
        copy=False,
        help="By it Telnyx's requests are known. Under Keys & Credentials, Public Key.",
    )
    sms_telnyx_messaging_profile_id = fields.Char(
        "Messaging Profile ID",
        groups="base.group_system",
        copy=False,
        help="Only to send by the number pool of this profile instead of one number.",
    )
    sms_telnyx_number_ids = fields.One2many(
        "sms.carrier.number",
        "company_id",
        "Telnyx Numbers",
        domain=[("provider", "=", CODE)],
        groups="base.group_system",
    )
    sms_telnyx_inbound_url = fields.Char(
        "Telnyx Webhook",
        compute="_compute_sms_telnyx_inbound_url",
        groups="base.group_system",
        help="Enter it at Telnyx in the messaging profile, under Inbound.",
    )

    @api.depends("sms_webhook_key", "sms_webhook_base_url")
    def _compute_sms_telnyx_inbound_url(self):
        for company in self:
            company.sms_telnyx_inbound_url = company._get_sms_url("inbound", CODE)

    def _get_sms_telnyx_account(self, with_senders):
        """Return the account at Telnyx as its adapter wants it."""
        company_sudo = self.sudo()
        numbers_sudo = company_sudo.sms_telnyx_number_ids if with_senders else ()
        parameters_sudo = self.env["ir.config_parameter"].sudo()
        media_urls = parameters_sudo.get_param(MEDIA_URLS_PARAMETER) or ""
        return {
            "api_key": company_sudo._read_sms_secret("sms_telnyx_api_key"),
            "public_key": company_sudo.sms_telnyx_public_key,
            "messaging_profile_id": company_sudo.sms_telnyx_messaging_profile_id,
            "senders": [(it.number, it.country_code) for it in numbers_sudo],
            "api_url": parameters_sudo.get_param(TELNYX_URL_PARAMETER),
            "media_urls": media_urls.split(),
        }
