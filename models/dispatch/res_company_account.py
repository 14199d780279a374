# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from ...providers import PROVIDERS, SandboxProvider, TelnyxProvider
from ..core.encrypted_field import EncryptedChar
from .res_company import MEDIA_URLS_PARAMETER, TWILIO_URL_PARAMETER

CODE = TelnyxProvider.code
#: System parameter: another address than Telnyx's own (a proxy, a loopback peer).
TELNYX_URL_PARAMETER = "helpdesk_mgmt_sms.telnyx_api_url"
#: Carriers that reach people.
REAL = tuple(code for code in PROVIDERS if code != SandboxProvider.code)


class ResCompany(models.Model):
    """Adds the company's account at Twilio, and what is secret in it."""

    _inherit = "res.company"

    # Odoo's own, encrypted where a key is given.
    sms_twilio_auth_token = EncryptedChar()
    sms_twilio_second_auth_token = EncryptedChar(
        "Second Auth Token",
        groups="base.group_system",
        copy=False,
        help="While you change the token at Twilio: what is signed with either of them "
        "is taken. Empty it when the new one is the first.",
    )
    sms_twilio_messaging_service_sid = fields.Char(
        "Messaging Service SID",
        groups="base.group_system",
        help="Send through this service instead of a single number. It starts with MG.",
    )
    sms_twilio_api_key_sid = fields.Char(
        "API Key SID",
        groups="base.group_system",
        help="Preferred over the auth token for sending; it can be revoked alone.",
    )
    sms_twilio_api_key_secret = EncryptedChar(
        "API Key Secret", groups="base.group_system", copy=False
    )

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

    sms_backup_provider = fields.Selection(
        selection="_get_sms_backup_providers",
        string="Second Carrier",
        help="What the first carrier surely did not take leaves by this one, from a "
        "number that you have there. Which refusals count is set on the faults.",
    )

    sms_twilio_account_since = fields.Datetime(
        "Twilio Account Since",
        readonly=True,
        copy=False,
        help="Since when texts leave by the account of now. Empty: since ever.",
    )

    @api.model
    def _get_sms_account_fields(self):
        """Return the fields by which carriers know a company."""
        return {
            "sms_twilio_account_sid",
            "sms_twilio_auth_token",
            "sms_twilio_second_auth_token",
            "sms_twilio_api_key_sid",
            "sms_twilio_api_key_secret",
            "sms_telnyx_api_key",
            "sms_telnyx_public_key",
        }

    def _get_sms_account(self, code, with_senders=True):
        """Return the account as the adapter wants it: plain data, no records.

        :param str code: a key of ``PROVIDERS``
        """
        if code == TelnyxProvider.code:
            return self._get_sms_telnyx_account(with_senders)
        company_sudo = self.sudo()
        numbers_sudo = company_sudo.sms_twilio_number_ids if with_senders else ()
        parameters_sudo = self.env["ir.config_parameter"].sudo()
        return {
            "account_sid": company_sudo.sms_twilio_account_sid,
            "auth_token": company_sudo._read_sms_secret("sms_twilio_auth_token"),
            "second_auth_token": company_sudo._read_sms_secret(
                "sms_twilio_second_auth_token"
            ),
            "api_key_sid": company_sudo.sms_twilio_api_key_sid,
            "api_key_secret": company_sudo._read_sms_secret(
                "sms_twilio_api_key_secret"
            ),
            "messaging_service_sid": company_sudo.sms_twilio_messaging_service_sid,
            "senders": [
                (sender.number, sender.country_code) for sender in numbers_sudo
            ],
            "api_url": parameters_sudo.get_param(TWILIO_URL_PARAMETER),
            "media_urls": (
                parameters_sudo.get_param(MEDIA_URLS_PARAMETER) or ""
            ).split(),
        }

    def _has_locked_sms_account(self, code=None):
        """Tell if the key to a secret of the account is missing.

        :param str code: a key of ``PROVIDERS``; default: the company's own provider
        """
        self.ensure_one()
        company_sudo = self.sudo()
        names = self._get_sms_secrets().get(code or company_sudo.sms_provider, ())
        return any(company_sudo._read_sms_secret(name) is None for name in names)

    @api.model
    def _get_sms_secrets(self):
        return {
            "twilio": (
                "sms_twilio_auth_token",
                "sms_twilio_second_auth_token",
                "sms_twilio_api_key_secret",
            ),
            TelnyxProvider.code: ("sms_telnyx_api_key",),
        }

    # ------------------------------------------------------------------
    # Adds the company's account at Telnyx
    # ------------------------------------------------------------------

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

    # ------------------------------------------------------------------
    # Adds a second carrier, for what the first does not take
    # ------------------------------------------------------------------

    @api.model
    def _get_sms_backup_providers(self):
        return [(code, PROVIDERS[code].name) for code in REAL]

    def _drop_sms_backup(self):
        """Keep a second carrier only beside another one that reaches people.

        Who goes back to the sandbox wants nothing to leave.
        """
        for company in self.filtered("sms_backup_provider"):
            first = company.sms_provider
            if first not in REAL or first == company.sms_backup_provider:
                company.sms_backup_provider = False

    def _get_sms_carriers(self):
        """Return the codes of the carriers that texts leave by, the own one first."""
        self.ensure_one()
        codes = (self.sms_provider, self.sms_backup_provider)
        return tuple(code for code in codes if code in PROVIDERS)

    # ------------------------------------------------------------------
    # A company that takes another account at Twilio
    # ------------------------------------------------------------------

    # The new account knows nothing of what was handed to the former one. Asked about
    # it, it would say so, and the text would go out twice.

    def _date_sms_account_change(self, former):
        """Note when companies take another account."""
        changed = self.filtered(
            lambda it: former[it] not in (False, it.sudo().sms_twilio_account_sid)
        )
        if changed:
            changed.sms_twilio_account_since = fields.Datetime.now()
