# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from ..providers import TelnyxProvider
from .encrypted_field import EncryptedChar, EncryptionKeyError
from .res_company import MEDIA_URLS_PARAMETER, TWILIO_URL_PARAMETER


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

    @api.model
    def _get_sms_account_fields(self):
        """Return the fields by which carriers know a company.

        :rtype: set
        """
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
        :param bool with_senders: False to read no numbers: nothing is sent by them
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

    def _read_sms_secret(self, name):
        """Return a secret of the account; None while the key to it is missing."""
        try:
            return self[name]
        except EncryptionKeyError:
            return None

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
        """Return the names of each carrier's secrets, by the carrier's code."""
        return {
            "twilio": (
                "sms_twilio_auth_token",
                "sms_twilio_second_auth_token",
                "sms_twilio_api_key_secret",
            ),
            TelnyxProvider.code: ("sms_telnyx_api_key",),
        }
