# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json

from odoo import models

from ...providers import faults
from ..core.encrypted_field import KEY_OPTION, KEY_VARIABLE, get_box
from ..core.sms_encryption import STATE_PARAMETER
from .sms_health import DONE, SKIPPED, TODO, WRONG


class SmsEncryption(models.AbstractModel):
    """Describes the state of the encryption for the health panel."""

    _inherit = "sms.encryption"

    def _get_state(self, company):
        """Return one of the health panel's states, and a description."""
        box = get_box()
        how = self.env._(
            "Set a key as %(variable)s in the environment, or as %(option)s in the "
            "configuration file.",
            variable=KEY_VARIABLE,
            option=KEY_OPTION,
        )
        parameters_sudo = self.env["ir.config_parameter"].sudo()
        found = json.loads(parameters_sudo.get_param(STATE_PARAMETER) or "{}")
        if box.bad_count:
            return WRONG, self.env._("The encryption key is invalid. %s", how)
        if company._find_sms_account_lock() == faults.LOCKED:
            return WRONG, self.env._(
                "The carrier's account was encrypted with a key that the server does "
                "not have. Texts wait until it is given back. %s",
                how,
            )
        if found.get("lost"):
            return WRONG, self.env._(
                "%s rows were encrypted with a key that the server does not have. "
                "Nothing is lost: give it back.",
                found["lost"],
            )
        if found.get("key", "") != box.key_id:
            return TODO, self.env._(
                "Existing data is being encrypted in the background."
            )
        if not box.key_id:
            text = self.env._("Credentials and evidence are not encrypted. %s", how)
            return SKIPPED, text
        return DONE, self.env._(
            "Credentials and evidence are encrypted with the key %s.", box.key_id
        )
